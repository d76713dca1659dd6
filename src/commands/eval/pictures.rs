//! Pictures and curves of a run for its report.

use std::path::Path;

use anyhow::Context;
use ndarray::Axis;
use spectra_eval::{Picture, Report};
use spectra_model::Encoder;
use spectra_pointcloud::render;

use super::data::Data;
use crate::surface;

/// Test objects whose completions are drawn.
const PICTURES: usize = 4;

/// (step, error) of a run's log.
pub fn curve(run: &Path) -> anyhow::Result<Vec<(f64, f64)>> {
    let path = run.join("metrics.jsonl");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let number = |value: &serde_json::Value, key: &str| value.get(key)?.as_f64();
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter_map(|line| Some((number(&line, "step")?, number(&line, "error")?)))
        .collect())
}

/// Corrupted, completed and true shapes of a few test objects.
pub fn add(report: &mut Report, encoder: &Encoder, data: &Data) -> anyhow::Result<()> {
    let (test, basis) = (&data.test.coefficients, data.basis);
    let stride = (test.nrows() / PICTURES).max(1);
    let chosen: Vec<usize> = (0..test.nrows()).step_by(stride).take(PICTURES).collect();
    let rows = test.select(Axis(0), &chosen);
    let (first, second) = (
        encoder.complete(&rows.view(), 1, 0)?,
        encoder.complete(&rows.view(), 1, 1)?,
    );
    let order = encoder.order();
    let draw = |row: ndarray::ArrayView1<f32>| -> anyhow::Result<_> {
        let coefficients: Vec<f32> = row.iter().take(basis.count(order)).copied().collect();
        let mesh = surface::mesh(basis, order, &coefficients)?;
        Ok(render::mesh_png(&mesh, 200, render::View::default()))
    };
    for (i, &row) in chosen.iter().enumerate() {
        let strip = [
            first.corrupted.row(i),
            first.completed.row(i),
            second.completed.row(i),
            rows.row(i),
        ];
        let strip = strip
            .into_iter()
            .map(draw)
            .collect::<anyhow::Result<Vec<_>>>()?;
        let caption = format!(
            "{}: corrupted, completed (two z), true; all cut at order {order}. Error on corrupted cells {:.3} -> {:.3}",
            data.test.ids[row], first.errors_before[i], first.errors[i]
        );
        report.add_picture(Picture {
            caption,
            png: crate::picture::encode(&render::beside(&strip))?,
        });
    }
    Ok(())
}
