//! The report as one HTML page without scripts or outside files.

use std::fmt::Write;

use crate::report::Report;
use crate::{Picture, Row, figure};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#1b2733}\
table{border-collapse:collapse;margin:1em 0}td,th{padding:.25em .7em;text-align:right;border-bottom:1px solid #dde4ea}\
td:first-child,th:first-child,td.l,th.l{text-align:left}tr.best{background:#e8f1fb;font-weight:600}\
svg{background:#fff}figure{display:inline-block;margin:0 1em 1em 0}figcaption{color:#556;font-size:13px}img{border:1px solid #dde4ea}\
.note{color:#556}";

pub(crate) fn page(report: &Report) -> String {
    let title = escape(&report.dataset);
    let seeds: Vec<String> = report.protocol.seeds.iter().map(u64::to_string).collect();
    let mut page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Spectra: {title}</title><style>{STYLE}</style>\
         <h1>{title}</h1><p class=note>{}; seeds {}; the test objects were read once.</p>",
        escape(&report.how()),
        seeds.join(", "),
    );
    page.push_str(&table(&report.rows));
    page.push_str(&reconstructions(report));
    if let Some(best) = best(&report.rows) {
        let _infallible = write!(
            page,
            "<h2>Confusion: {}; {}</h2><p class=note>The row of the highest test accuracy, its first seed.</p>",
            label(best),
            escape(&best.classifier)
        );
        page.push_str(&figure::confusion(best, &report.classes));
    }
    if !report.map.is_empty() {
        let _infallible = write!(
            page,
            "<h2>Test objects by {} (t-SNE; hover names an object)</h2>",
            escape(&report.map_of)
        );
        page.push_str(&figure::map(&report.map, &report.classes));
    }
    if report.curve.len() > 1 {
        page.push_str("<h2>Pre-training: error on corrupted cells</h2>");
        page.push_str(&figure::curve(&report.curve));
    }
    page.push_str(&per_class(report));
    let mut section = "";
    for picture in &report.pictures {
        if picture.section != section {
            section = &picture.section;
            let _infallible = write!(page, "<h2>{}</h2>", escape(section));
        }
        page.push_str(&shown(picture));
    }
    page.push_str("</html>\n");
    page
}

pub(crate) fn best(rows: &[Row]) -> Option<&Row> {
    rows.iter()
        .max_by(|a, b| a.accuracy_mean.total_cmp(&b.accuracy_mean))
}

/// What tells a row from others of the same classifier.
fn label(row: &Row) -> String {
    format!(
        "{}, {}, {} % of the labels",
        escape(&row.features),
        escape(&row.rotation),
        row.labels_percent()
    )
}

fn table(rows: &[Row]) -> String {
    let mut out = "<table><tr><th>features<th>columns<th class=l>classifier<th class=l>poses<th>labels %<th>accuracy %<th>class mean %<th>seeds<th>held out %<th class=l>chosen".to_owned();
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
            "<tr{mark}><td>{}<td>{}<td class=l>{}<td class=l>{}<td>{}<td>{:.2}{spread}<td>{:.2}<td>{}<td>{}<td class=l>{}",
            escape(&row.features),
            row.columns,
            escape(&row.classifier),
            escape(&row.rotation),
            row.labels_percent(),
            100.0 * row.accuracy_mean,
            100.0 * row.class_mean,
            row.seeds.len(),
            row.held_out_text(),
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
        <th class=l>completed by<th>floor (corrupted)<th>completed<th>ceiling (clean)<th>retrieval<th>error before<th>error after<th>Chamfer before<th>Chamfer after\
        <th class=l>relative error of each degree after"
        .to_owned();
    for row in &report.reconstructions {
        let _infallible = write!(
            out,
            "<tr><td>{}<td class=l>{}<td>{:.2}<td>{:.2}<td>{:.2}<td>{:.2}<td>{:.4}<td>{:.4}<td>{:.4}<td>{:.4}<td class=l>{}",
            escape(&row.corruption),
            escape(&row.model),
            100.0 * row.floor,
            100.0 * row.recon_map,
            100.0 * row.ceiling,
            100.0 * row.retrieval_map,
            row.error_before,
            row.error_after,
            row.chamfer_before,
            row.chamfer_after,
            figure::bars(&row.degree_errors)
        );
    }
    out + "</table>"
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
    let mut out = "<h2>Accuracy within each class, SVM, %</h2><table><tr><th>class".to_owned();
    for row in &rows {
        let _infallible = write!(out, "<th>{}", label(row));
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

fn shown(picture: &Picture) -> String {
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

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Classifier, FeatureSet, Labels, Protocol, evaluate};
    use ndarray::array;

    #[test]
    fn headings_tell_poses_and_shares_apart() {
        let set = FeatureSet {
            name: "a<b".into(),
            train: array![[0.0_f32, 1.0], [0.1, 1.1], [1.0, 0.0], [1.1, 0.1]],
            test: array![[0.1, 1.0], [1.0, 0.1]],
        };
        let labels = Labels {
            train: vec![0, 0, 1, 1],
            test: vec![0, 1],
            classes: vec!["x".into(), "z".into()],
        };
        let mut report = Report::new("toy", Protocol::default(), &labels, 0);
        for (rotation, labels_share) in [("aligned", 1.0), ("z/so3", 0.5)] {
            let protocol = Protocol {
                rotation: rotation.into(),
                labels: labels_share,
                ..Protocol::default()
            };
            let rows = evaluate(
                std::slice::from_ref(&set),
                &labels,
                &[Classifier::Svm],
                &protocol,
            );
            report.rows.extend(rows.unwrap());
        }
        let page = page(&report);
        for heading in [
            "<th>a&lt;b, aligned, 100 % of the labels",
            "<th>a&lt;b, z/so3, 50 % of the labels",
            "<h2>Confusion: a&lt;b, ",
            "its first seed",
            "ridges by leaving one out",
        ] {
            assert!(page.contains(heading), "{heading}: {page}");
        }
        assert!(!page.contains("linear SVM"));
    }
}
