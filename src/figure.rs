//! Scatter plots as SVG, side by side on the same axes.

use std::fmt::Write;

/// One plot.
pub struct Panel {
    /// Said above it.
    pub title: String,
    /// (x, y).
    pub points: Vec<[f64; 2]>,
    /// A value for each point, drawn from light (the least) to dark (the largest); without, all are dark.
    pub shades: Option<Vec<f64>>,
}

const SIDE: f64 = 240.0;
const MARGIN: f64 = 36.0;

/// The plots in one row. Points outside `x` or `y` are left out.
pub fn panels(panels: &[Panel], x: [f64; 2], y: [f64; 2]) -> String {
    let width = panels.len() as f64 * (SIDE + MARGIN) + MARGIN;
    let height = SIDE + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (index, panel) in panels.iter().enumerate() {
        let left = MARGIN + index as f64 * (SIDE + MARGIN);
        panel.draw(&mut svg, left, x, y);
    }
    svg.push_str("</svg>\n");
    svg
}

impl Panel {
    fn draw(&self, svg: &mut String, left: f64, x: [f64; 2], y: [f64; 2]) {
        let text = |svg: &mut String, x: f64, y: f64, anchor: &str, text: &str| {
            // Writing to a string cannot fail.
            let _always = writeln!(
                svg,
                "<text x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"{anchor}\">{text}</text>"
            );
        };
        let (bottom, right) = (MARGIN + SIDE, left + SIDE);
        text(svg, left + SIDE / 2.0, MARGIN - 10.0, "middle", &self.title);
        text(svg, left, bottom + 16.0, "middle", &x[0].to_string());
        text(svg, right, bottom + 16.0, "middle", &x[1].to_string());
        text(svg, left - 4.0, bottom, "end", &y[0].to_string());
        text(svg, left - 4.0, MARGIN + 8.0, "end", &y[1].to_string());
        let _always = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{MARGIN}\" width=\"{SIDE}\" height=\"{SIDE}\" fill=\"none\" stroke=\"gray\"/>"
        );
        let colours = self.colours();
        for (point, colour) in self.points.iter().zip(&colours) {
            let [px, py] = [
                left + SIDE * (point[0] - x[0]) / (x[1] - x[0]),
                bottom - SIDE * (point[1] - y[0]) / (y[1] - y[0]),
            ];
            if (left..=right).contains(&px) && (MARGIN..=bottom).contains(&py) {
                let _always = writeln!(
                    svg,
                    "<circle cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"1.5\" fill=\"{colour}\"/>"
                );
            }
        }
    }

    fn colours(&self) -> Vec<String> {
        let Some(shades) = &self.shades else {
            return vec!["#18346e".to_owned(); self.points.len()];
        };
        let low = shades.iter().copied().fold(f64::INFINITY, f64::min);
        let high = shades.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shade = |value: &f64| {
            let part = (value - low) / (high - low).max(f64::MIN_POSITIVE);
            let mix = |light: f64, dark: f64| (light + part * (dark - light)).round() as u8;
            let [red, green, blue] = [mix(225.0, 110.0), mix(235.0, 20.0), mix(250.0, 30.0)];
            format!("#{red:02x}{green:02x}{blue:02x}")
        };
        shades.iter().map(shade).collect()
    }
}
