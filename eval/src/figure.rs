//! Figures as SVG, for the page and as files of their own.

use std::fmt::Write;

use crate::Row;
use crate::html::escape;
use crate::report::MapPoint;

fn open(width: usize, height: usize) -> String {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' font-family='sans-serif' font-size='11'>\
         <rect width='100%' height='100%' fill='#fff'/>"
    )
}

/// One bar for each value; full height is 1.
pub(crate) fn bars(values: &[f64]) -> String {
    let mut out = open(8 * values.len(), 24);
    for (degree, value) in values.iter().enumerate() {
        let height = 24.0 * value.clamp(0.0, 1.0);
        let _infallible = write!(
            out,
            "<rect x='{}' y='{:.1}' width='6' height='{height:.1}' fill='rgb(20,82,150)'><title>degree {degree}: {value:.3}</title></rect>",
            8 * degree,
            24.0 - height
        );
    }
    out + "</svg>"
}

/// Rows are true classes, columns predicted ones; hovering names the cell.
pub(crate) fn confusion(row: &Row, classes: &[String]) -> String {
    let n = classes.len();
    let (cell, left) = (if n <= 12 { 34 } else { 14 }, 110);
    let size = left + n * cell + 10;
    let mut out = open(size, size);
    for (truth, counts) in row.confusion.iter().enumerate() {
        let total: u32 = counts.iter().sum();
        let middle = truth * cell + cell / 2 + 4;
        let name = escape(&classes[truth]);
        let _infallible = write!(
            out,
            "<text x='{}' y='{middle}' text-anchor='end'>{name}</text>",
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
                "<rect x='{x}' y='{y}' width='{cell}' height='{cell}' fill='rgb(20,82,150)' fill-opacity='{share:.3}' stroke='#eef'><title>{label}</title></rect>"
            );
            if n <= 12 && count > 0 {
                let fill = if share > 0.5 { "#fff" } else { "#345" };
                let _infallible = write!(
                    out,
                    "<text x='{}' y='{}' text-anchor='middle' fill='{fill}' pointer-events='none'>{count}</text>",
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
            "<text x='{x}' y='{y}' text-anchor='end' transform='rotate(-60 {x} {y})'>{}</text>",
            escape(name)
        );
    }
    out + "</svg>"
}

fn color(class: usize, classes: usize) -> String {
    format!(
        "hsl({},70%,{}%)",
        360 * class / classes.max(1),
        if class.is_multiple_of(2) { 42 } else { 58 }
    )
}

/// A point for each object in the colour of its class; hovering names it.
pub(crate) fn map(points: &[MapPoint], classes: &[String]) -> String {
    // All names of the legend have room.
    let (width, height) = (760.0, f64::max(520.0, 30.0 + 12.0 * classes.len() as f64));
    let span = |values: &mut dyn Iterator<Item = f32>| {
        let (low, high) = values.fold((f32::MAX, f32::MIN), |(low, high), v| {
            (low.min(v), high.max(v))
        });
        (f64::from(low), f64::from(high - low).max(1e-9))
    };
    let (x0, dx) = span(&mut points.iter().map(|p| p.x));
    let (y0, dy) = span(&mut points.iter().map(|p| p.y));
    let mut out = open(width as usize + 160, height as usize);
    for point in points {
        let x = 10.0 + (f64::from(point.x) - x0) / dx * (width - 20.0);
        let y = height - 10.0 - (f64::from(point.y) - y0) / dy * (height - 20.0);
        let _infallible = write!(
            out,
            "<circle cx='{x:.1}' cy='{y:.1}' r='3.5' fill='{}' fill-opacity='.75'><title>{} ({})</title></circle>",
            color(point.class, classes.len()),
            escape(&point.id),
            escape(&classes[point.class])
        );
    }
    for (class, name) in classes.iter().enumerate() {
        let y = 20 + 12 * class;
        let _infallible = write!(
            out,
            "<circle cx='{}' cy='{}' r='4' fill='{}'/><text x='{}' y='{y}'>{}</text>",
            width + 12.0,
            y - 4,
            color(class, classes.len()),
            width + 22.0,
            escape(name)
        );
    }
    out + "</svg>"
}

/// Error against step.
pub(crate) fn curve(points: &[(f64, f64)]) -> String {
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
    let open = open(width as usize, height as usize);
    format!(
        "{open}<polyline points='{}' fill='none' stroke='rgb(20,82,150)' stroke-width='1.2' />\
         <text x='2' y='16'>{top:.3}</text><text x='2' y='{}'>0</text><text x='{}' y='{}' text-anchor='end'>step {last}</text></svg>",
        line.join(" "),
        height - 20.0,
        width - 10.0,
        height - 4.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_legend_of_a_map_ends_inside_it() {
        for (classes, height) in [(10, "height='520'"), (55, "height='690'")] {
            let names: Vec<String> = (0..classes).map(|class| format!("class {class}")).collect();
            let drawn = map(&[], &names);
            assert!(drawn.contains(height), "{classes}");
            let lowest = format!("y='{}'>class {}", 20 + 12 * (classes - 1), classes - 1);
            assert!(drawn.contains(&lowest), "{classes}");
        }
    }
}
