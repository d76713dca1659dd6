//! Pictures and curves of a run for its report.

use std::path::Path;

use image::RgbImage;
use ndarray::{Array2, ArrayView1, Axis};
use spectra_eval::{FeatureSet, Picture, Report, nearest_training};
use spectra_model::{Encoder, training_curve};
use spectra_pointcloud::render::{self, View};
use spectra_spectral::Basis;

use super::data::Data;
use super::recon::hidden;
use crate::surface;

/// Test objects whose completions and neighbours are drawn.
const SHOWN: usize = 4;
/// Completions of one corrupted object, each from a z of its own.
const LATENTS: u64 = 3;
/// Shares of hidden cells in the strips of rising corruption.
const RISING: [f64; 4] = [0.1, 0.25, 0.5, 0.75];
/// Training objects beside each object of the gallery.
const NEIGHBOURS: usize = 5;
/// Pixels of a side of one shape.
const SIDE: u32 = 180;
/// Cells along each axis of the grid on which its surface is found.
const GRID: usize = 48;

/// The training curve of a run.
pub fn add_curve(report: &mut Report, run: &Path) -> anyhow::Result<()> {
    let curve = training_curve(run)?.into_iter();
    report.add_curve(curve.map(|(step, error)| (step as f64, error)).collect());
    Ok(())
}

/// Evenly spread test objects.
fn chosen(data: &Data) -> Vec<usize> {
    let test = data.test.coefficients.nrows();
    let stride = (test / SHOWN).max(1);
    (0..test).step_by(stride).take(SHOWN).collect()
}

/// Draws rows of coefficients up to `order`.
struct Draw {
    basis: Basis,
    order: usize,
    view: View,
}

impl Draw {
    fn new(data: &Data, order: usize) -> Self {
        let view = View {
            up: data.up.parse().unwrap_or_default(),
            ..View::default()
        };
        Self {
            basis: data.basis,
            order,
            view,
        }
    }

    fn one(&self, row: ArrayView1<f32>) -> anyhow::Result<RgbImage> {
        let mesh = surface::mesh(self.basis, self.order, &row.to_vec(), GRID)?;
        Ok(render::mesh_png(&mesh, SIDE, self.view))
    }

    fn strip<'a>(
        &self,
        rows: impl IntoIterator<Item = ArrayView1<'a, f32>>,
    ) -> anyhow::Result<RgbImage> {
        let drawn = rows.into_iter().map(|row| self.one(row));
        Ok(render::beside(&drawn.collect::<anyhow::Result<Vec<_>>>()?))
    }
}

/// Corrupted, completed (from several z) and true shapes of a few test objects; then the same at rising corruption.
pub fn add_completions(report: &mut Report, encoder: &Encoder, data: &Data) -> anyhow::Result<()> {
    let draw = Draw::new(data, encoder.order());
    let chosen = chosen(data);
    let rows = data.test.coefficients.select(Axis(0), &chosen);
    let several = (0..LATENTS)
        .map(|sample| Ok(encoder.complete(&rows.view(), 1, sample)?))
        .collect::<anyhow::Result<Vec<_>>>()?;
    for (i, &row) in chosen.iter().enumerate() {
        let first = &several[0];
        let completed = several.iter().map(|found| found.completed.row(i));
        let strip = std::iter::once(first.corrupted.row(i))
            .chain(completed)
            .chain([rows.row(i)]);
        report.add_picture(Picture {
            section: "Completions from several z".into(),
            name: format!("completion-{i}"),
            caption: format!(
                "{}: corrupted, completed from {LATENTS} starts of z, true; cut at order {}. Error on corrupted cells {:.3} -> {:.3}",
                data.test.ids[row], draw.order, first.errors_before[i], first.errors[i]
            ),
            png: crate::picture::encode(&draw.strip(strip)?)?,
        });
    }
    add_rising(report, encoder, data, &draw, (&chosen, &rows))
}

fn add_rising(
    report: &mut Report,
    encoder: &Encoder,
    data: &Data,
    draw: &Draw,
    (chosen, rows): (&[usize], &Array2<f32>),
) -> anyhow::Result<()> {
    let found = RISING.map(|share| encoder.complete_from(&hidden(share), &rows.view(), 1, 0));
    let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
    for (i, &row) in chosen.iter().enumerate() {
        for (name, of) in [("corrupted", 0), ("completed", 1)] {
            let shown = found.iter().map(|found| match of {
                0 => found.corrupted.row(i),
                _ => found.completed.row(i),
            });
            let shares = RISING
                .map(|share| format!("{:.0}", 100.0 * share))
                .join(", ");
            report.add_picture(Picture {
                section: "Rising corruption".into(),
                name: format!("rising-{i}-{name}"),
                caption: format!(
                    "{}: {shares} % of the cells hidden, {name}; then true",
                    data.test.ids[row]
                ),
                png: crate::picture::encode(&draw.strip(shown.chain([rows.row(i)]))?)?,
            });
        }
    }
    Ok(())
}

/// A few test objects, each with the training objects whose features are nearest.
pub fn add_neighbours(
    report: &mut Report,
    features: &FeatureSet,
    data: &Data,
) -> anyhow::Result<()> {
    let draw = Draw::new(data, data.order);
    let chosen = chosen(data);
    let nearest = nearest_training(features, &chosen, NEIGHBOURS);
    for (i, (&row, near)) in chosen.iter().zip(&nearest).enumerate() {
        let rows = near.iter().map(|&other| data.train.coefficients.row(other));
        let strip = draw.strip(std::iter::once(data.test.coefficients.row(row)).chain(rows))?;
        let class = |class: usize| data.labels.classes[class].as_str();
        let classes: Vec<&str> = near
            .iter()
            .map(|&other| class(data.labels.train[other]))
            .collect();
        report.add_picture(Picture {
            section: format!("Nearest training objects by {}", features.name),
            name: format!("neighbours-{i}"),
            caption: format!(
                "{} ({}), and the nearest: {}",
                data.test.ids[row],
                class(data.labels.test[row]),
                classes.join(", ")
            ),
            png: crate::picture::encode(&strip)?,
        });
    }
    Ok(())
}
