//! The report as one HTML page without scripts or outside files.

use std::fmt::Write;

use crate::report::Report;
use crate::{Picture, Row};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#1b2733}\
table{border-collapse:collapse;margin:1em 0}td,th{padding:.25em .7em;text-align:right;border-bottom:1px solid #dde4ea}\
td:first-child,th:first-child,td.l,th.l{text-align:left}tr.best{background:#e8f1fb;font-weight:600}\
svg{background:#fff}figure{display:inline-block;margin:0 1em 1em 0}figcaption{color:#556;font-size:13px}img{border:1px solid #dde4ea}\
.note{color:#556}";

pub(crate) fn page(report: &Report) -> String {
    let title = escape(&report.dataset);
    let [train, test] = report.objects;
    let seeds: Vec<String> = report.protocol.seeds.iter().map(u64::to_string).collect();
    let mut page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Spectra: {title}</title><style>{STYLE}</style>\
         <h1>{title}</h1><p class=note>{train} training and {test} test objects, {} skipped. Poses: {}. Seeds {}. \
         Regularisation chosen by {}-fold cross-validation inside the training objects; the test objects were read once.</p>",
        report.skipped,
        escape(&report.protocol.rotation),
        seeds.join(", "),
        report.protocol.folds
    );
    page.push_str(&table(&report.rows));
    page.push_str(&reconstructions(report));
    if let Some(best) = best(&report.rows) {
        let _infallible = write!(
            page,
            "<h2>{} + {}</h2>",
            escape(&best.features),
            escape(&best.classifier)
        );
        page.push_str(&confusion(best, &report.classes));
    }
    if !report.map.is_empty() {
        let _infallible = write!(
            page,
            "<h2>Test objects by {} (t-SNE; hover names an object)</h2>",
            escape(&report.map_of)
        );
        page.push_str(&map(report));
    }
    if report.curve.len() > 1 {
        page.push_str("<h2>Pre-training: error on corrupted cells</h2>");
        page.push_str(&curve(&report.curve));
    }
    page.push_str(&per_class(report));
    if !report.pictures.is_empty() {
        page.push_str("<h2>Shapes</h2>");
        report
            .pictures
            .iter()
            .for_each(|picture| page.push_str(&figure(picture)));
    }
    page.push_str("</html>\n");
    page
}

fn best(rows: &[Row]) -> Option<&Row> {
    rows.iter()
        .max_by(|a, b| a.accuracy_mean.total_cmp(&b.accuracy_mean))
}

fn table(rows: &[Row]) -> String {
    let mut out = "<table><tr><th>features<th>columns<th class=l>classifier<th class=l>poses<th>labels %<th>accuracy %<th>class mean %<th>seeds<th class=l>chosen".to_owned();
    let top = best(rows).map_or(0.0, |row| row.accuracy_mean);
    for row in rows {
        let spread = if row.seeds.len() > 1 {
            format!(" ± {:.2}", 100.0 * row.accuracy_std)
        } else {
            String::new()
        };
        let mark = if row.accuracy_mean == top {
            " class=best"
        } else {
            ""
        };
        let _infallible = write!(
            out,
            "<tr{mark}><td>{}<td>{}<td class=l>{}<td class=l>{}<td>{}<td>{:.2}{spread}<td>{:.2}<td>{}<td class=l>{}",
            escape(&row.features),
            row.columns,
            escape(&row.classifier),
            escape(&row.rotation),
            100.0 * row.labels,
            100.0 * row.accuracy_mean,
            100.0 * row.class_mean,
            row.seeds.len(),
            escape(&row.chosen)
        );
    }
    out + "</table>"
}

/// What completions are worth, with the error of each degree as bars.
fn reconstructions(report: &Report) -> String {
    if report.reconstructions.is_empty() {
        return String::new();
    }
    let mut out = "<h2>Recognising corrupted and completed objects: mean average precision, %</h2><table><tr><th>corruption\
        <th class=l>completed by<th>floor (corrupted)<th>completed<th>ceiling (clean)<th>retrieval<th>error before<th>error after\
        <th class=l>relative error of each degree after"
        .to_owned();
    for row in &report.reconstructions {
        let _infallible = write!(
            out,
            "<tr><td>{}<td class=l>{}<td>{:.2}<td>{:.2}<td>{:.2}<td>{:.2}<td>{:.4}<td>{:.4}<td class=l>{}",
            escape(&row.corruption),
            escape(&row.model),
            100.0 * row.floor,
            100.0 * row.recon_map,
            100.0 * row.ceiling,
            100.0 * row.retrieval_map,
            row.error_before,
            row.error_after,
            bars(&row.degree_errors)
        );
    }
    out + "</table>"
}

/// One bar for each value; full height is 1.
fn bars(values: &[f64]) -> String {
    let mut out = format!("<svg width={} height=24>", 8 * values.len());
    for (degree, value) in values.iter().enumerate() {
        let height = 24.0 * value.clamp(0.0, 1.0);
        let _infallible = write!(
            out,
            "<rect x={} y={:.1} width=6 height={height:.1} fill='rgb(20,82,150)'><title>degree {degree}: {value:.3}</title></rect>",
            8 * degree,
            24.0 - height
        );
    }
    out + "</svg>"
}

/// Rows are true classes, columns predicted ones; hovering names the cell.
fn confusion(row: &Row, classes: &[String]) -> String {
    let n = classes.len();
    let (cell, left) = (if n <= 12 { 34 } else { 14 }, 110);
    let size = left + n * cell + 10;
    let mut out = format!("<svg width={size} height={size} font-size=11>");
    for (truth, counts) in row.confusion.iter().enumerate() {
        let total: u32 = counts.iter().sum();
        let middle = truth * cell + cell / 2 + 4;
        let name = escape(&classes[truth]);
        let _infallible = write!(
            out,
            "<text x={} y={middle} text-anchor=end>{name}</text>",
            left - 6
        );
        for (predicted, &count) in counts.iter().enumerate() {
            let share = f64::from(count) / f64::from(total.max(1));
            let (x, y) = (left + predicted * cell, truth * cell);
            let label = format!(
                "{name} taken for {}: {count} of {total}",
                escape(&classes[predicted])
            );
            let _infallible = write!(
                out,
                "<rect x={x} y={y} width={cell} height={cell} fill='rgb(20,82,150)' fill-opacity={share:.3} stroke='#eef'><title>{label}</title></rect>"
            );
            if n <= 12 && count > 0 {
                let fill = if share > 0.5 { "#fff" } else { "#345" };
                let _infallible = write!(
                    out,
                    "<text x={} y={} text-anchor=middle fill='{fill}' pointer-events=none>{count}</text>",
                    x + cell / 2,
                    y + cell / 2 + 4
                );
            }
        }
    }
    for (predicted, name) in classes.iter().enumerate() {
        let (x, y) = (left + predicted * cell + cell / 2 + 4, n * cell + 8);
        let _infallible = write!(
            out,
            "<text x={x} y={y} text-anchor=end transform='rotate(-60 {x} {y})'>{}</text>",
            escape(name)
        );
    }
    out + "</svg>"
}

fn color(class: usize, classes: usize) -> String {
    format!(
        "hsl({} 70% {}%)",
        360 * class / classes.max(1),
        if class.is_multiple_of(2) { 42 } else { 58 }
    )
}

fn map(report: &Report) -> String {
    let (width, height) = (760.0, 520.0);
    let span = |values: &mut dyn Iterator<Item = f32>| {
        let (low, high) = values.fold((f32::MAX, f32::MIN), |(low, high), v| {
            (low.min(v), high.max(v))
        });
        (f64::from(low), f64::from(high - low).max(1e-9))
    };
    let (x0, dx) = span(&mut report.map.iter().map(|p| p.x));
    let (y0, dy) = span(&mut report.map.iter().map(|p| p.y));
    let mut out = format!("<svg width={} height={height} font-size=12>", width + 160.0);
    for point in &report.map {
        let x = 10.0 + (f64::from(point.x) - x0) / dx * (width - 20.0);
        let y = height - 10.0 - (f64::from(point.y) - y0) / dy * (height - 20.0);
        let _infallible = write!(
            out,
            "<circle cx={x:.1} cy={y:.1} r=3.5 fill='{}' fill-opacity=.75><title>{} ({})</title></circle>",
            color(point.class, report.classes.len()),
            escape(&point.id),
            escape(&report.classes[point.class])
        );
    }
    for (class, name) in report.classes.iter().enumerate() {
        let y = 20 + 12 * class;
        let _infallible = write!(
            out,
            "<circle cx={} cy={} r=4 fill='{}'/><text x={} y={y}>{}</text>",
            width + 12.0,
            y - 4,
            color(class, report.classes.len()),
            width + 22.0,
            escape(name)
        );
    }
    out + "</svg>"
}

fn curve(points: &[(f64, f64)]) -> String {
    let (width, height) = (760.0, 220.0);
    let last = points.iter().fold(1.0, |last: f64, p| last.max(p.0));
    let top = points.iter().fold(1e-12, |top: f64, p| top.max(p.1));
    let place = |(step, error): &(f64, f64)| {
        format!(
            "{:.1},{:.1}",
            50.0 + step / last * (width - 60.0),
            height - 20.0 - error / top * (height - 30.0)
        )
    };
    let line: Vec<String> = points.iter().map(place).collect();
    format!(
        "<svg width={width} height={height} font-size=12><polyline points='{}' fill=none stroke='rgb(20,82,150)' stroke-width=1.2 />\
         <text x=2 y=16>{top:.3}</text><text x=2 y={}>0</text><text x={} y={} text-anchor=end>step {last}</text></svg>",
        line.join(" "),
        height - 20.0,
        width - 10.0,
        height - 4.0
    )
}

fn per_class(report: &Report) -> String {
    let rows: Vec<&Row> = report
        .rows
        .iter()
        .filter(|row| row.classifier == "svm")
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut out =
        "<h2>Accuracy within each class, linear SVM, %</h2><table><tr><th>class".to_owned();
    for row in &rows {
        let _infallible = write!(out, "<th>{}", escape(&row.features));
    }
    for (class, name) in report.classes.iter().enumerate() {
        let _infallible = write!(out, "<tr><td>{}", escape(name));
        for row in &rows {
            let _infallible = match row.per_class[class] {
                Some(share) => write!(out, "<td>{:.1}", 100.0 * share),
                None => write!(out, "<td>"),
            };
        }
    }
    out + "</table>"
}

fn figure(picture: &Picture) -> String {
    format!(
        "<figure><img src='data:image/png;base64,{}' alt='{}'><figcaption>{}</figcaption></figure>",
        base64(&picture.png),
        escape(&picture.caption),
        escape(&picture.caption)
    )
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .enumerate()
            .fold(0u32, |word, (i, b)| word | u32::from(*b) << (16 - 8 * i));
        for digit in 0..4 {
            let shown = digit <= chunk.len();
            let value = (word >> (18 - 6 * digit)) as usize & 63;
            text.push(if shown {
                char::from(DIGITS[value])
            } else {
                '='
            });
        }
    }
    text
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
        .replace('"', "&quot;")
}
