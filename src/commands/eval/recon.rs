//! What completions are worth (the paper's table 6): corrupted test objects, completed, shown to a classifier of clean ones.

use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;
use spectra_eval::{Protocol, Reconstruction, chamfer};
use spectra_model::{CorruptConfig, Encoder};
use spectra_pointcloud::{random, sample_surface};
use spectra_spectral::Basis;

use super::data::Data;
use super::judge::Judge;
use crate::progress::Progress;
use crate::surface;

/// Shares of hidden cells and deviations of noise, in map units.
const HIDDEN: [f64; 3] = [0.1, 0.25, 0.5];
const NOISE: [f64; 3] = [0.1, 0.3, 0.5];
/// Seed of what is hidden: the same for every encoder.
const SEED: u64 = 0;

/// Objects, evenly spread over the test set, whose surfaces are compared, and points on each surface.
const SURFACES: usize = 100;
const SURFACE_POINTS: usize = 1024;
/// Cells along each axis of the grid on which surfaces are found.
const GRID: usize = 32;

/// A share of the cells hidden, each for itself.
pub fn hidden(share: f64) -> CorruptConfig {
    CorruptConfig {
        block: 0.0,
        band: 0.0,
        scatter: 1.0,
        fraction: [share, share],
        noise: 0.0,
        ..CorruptConfig::default()
    }
}

/// The corruptions of the table, with their names.
fn corruptions() -> Vec<(String, CorruptConfig)> {
    let masked = HIDDEN.map(|share| (format!("{:.0} % hidden", 100.0 * share), hidden(share)));
    let noisy = NOISE.map(|sigma| {
        let config = CorruptConfig {
            noise: 1.0,
            sigma: [sigma, sigma],
            ..hidden(0.5)
        };
        (format!("noise {sigma}"), config)
    });
    masked.into_iter().chain(noisy).collect()
}

/// One row for each corruption and encoder, each beside its name.
pub fn table(
    data: &Data,
    encoders: &[(&str, &Encoder)],
    protocol: &Protocol,
    progress: &Progress,
) -> anyhow::Result<Vec<Reconstruction>> {
    let corruptions = corruptions();
    let labels = &data.labels.test;
    let mut rows = Vec::new();
    let mut grounds: Vec<Ground> = Vec::new();
    for (name, encoder) in encoders {
        let same = grounds
            .iter()
            .position(|ground| ground.judge.knows(encoder));
        if same.is_none() {
            grounds.push(Ground::new(data, encoder, protocol)?);
        }
        let ground = same.unwrap_or(grounds.len() - 1);
        let ground = &mut grounds[ground];
        for (i, (corruption, config)) in corruptions.iter().enumerate() {
            progress.set(rows.len(), encoders.len() * corruptions.len(), corruption);
            let found = encoder.complete_from(config, &data.test.coefficients.view(), SEED, 0)?;
            if ground.floors.len() == i {
                ground.add_floor(&found.corrupted, labels)?;
            }
            let floor = ground.floors[i];
            rows.push(Reconstruction {
                corruption: corruption.clone(),
                model: (*name).to_owned(),
                floor: floor.precision,
                recon_map: ground.judge.precision(&found.completed, labels)?,
                ceiling: ground.judge.ceiling,
                retrieval_map: ground.judge.retrieval(&found.completed, labels)?,
                error_before: mean(&found.errors_before),
                error_after: mean(&found.errors),
                chamfer_before: floor.chamfer,
                chamfer_after: ground.distance(&found.completed)?,
                degree_errors: degree_errors(data, encoder.order(), &found.completed),
            });
        }
    }
    Ok(rows)
}

/// What completions are measured against: the same for all encoders that see the same maps.
struct Ground<'a> {
    judge: Judge<'a>,
    surfaces: Surfaces,
    /// Points on the surfaces of clean objects.
    clean: Vec<Vec<[f64; 3]>>,
    /// What corrupted objects are worth as they are, for each corruption so far.
    floors: Vec<Floor>,
}

#[derive(Debug, Clone, Copy)]
struct Floor {
    precision: f64,
    chamfer: f64,
}

impl<'a> Ground<'a> {
    fn new(data: &'a Data, encoder: &'a Encoder, protocol: &Protocol) -> anyhow::Result<Self> {
        let surfaces = Surfaces::new(data, encoder.order());
        Ok(Self {
            judge: Judge::train(data, encoder, protocol)?,
            clean: surfaces.clouds(&data.test.coefficients)?,
            surfaces,
            floors: Vec::new(),
        })
    }

    fn add_floor(&mut self, corrupted: &Array2<f32>, labels: &[usize]) -> anyhow::Result<()> {
        self.floors.push(Floor {
            precision: self.judge.precision(corrupted, labels)?,
            chamfer: self.distance(corrupted)?,
        });
        Ok(())
    }

    fn distance(&self, rows: &Array2<f32>) -> anyhow::Result<f64> {
        self.surfaces.distance(rows, &self.clean)
    }
}

/// Points on the surfaces of some test objects.
struct Surfaces {
    basis: Basis,
    order: usize,
    objects: Vec<usize>,
}

impl Surfaces {
    fn new(data: &Data, order: usize) -> Self {
        let test = data.test.coefficients.nrows();
        let stride = test.div_ceil(SURFACES).max(1);
        Self {
            basis: data.basis,
            order,
            objects: (0..test).step_by(stride).collect(),
        }
    }

    /// The same draws for an object however it was completed.
    fn clouds(&self, rows: &Array2<f32>) -> anyhow::Result<Vec<Vec<[f64; 3]>>> {
        let cloud = |&object: &usize| {
            let mesh = surface::mesh(self.basis, self.order, rows.row(object), GRID)?;
            let mut rng = random::stream(SEED, 0, object as u64);
            Ok(sample_surface(&mesh, SURFACE_POINTS, &mut rng)?)
        };
        self.objects.par_iter().map(cloud).collect()
    }

    fn distance(&self, rows: &Array2<f32>, clean: &[Vec<[f64; 3]>]) -> anyhow::Result<f64> {
        let clouds = self.clouds(rows)?;
        let each: Vec<f64> = clouds
            .par_iter()
            .zip(clean)
            .map(|(cloud, clean)| chamfer(cloud, clean))
            .collect();
        Ok(each.iter().sum::<f64>() / each.len().max(1) as f64)
    }
}

fn mean(values: &[f32]) -> f64 {
    values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len().max(1) as f64
}

/// |completed - clean| / |clean| over all test objects, for each degree.
fn degree_errors(data: &Data, order: usize, completed: &Array2<f32>) -> Vec<f64> {
    let clean = data.test.coefficients.slice(s![.., ..completed.ncols()]);
    let square =
        |values: ArrayView2<f32>| values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>();
    (0..=order)
        .map(|degree| {
            let from = if degree == 0 {
                0
            } else {
                data.basis.count(degree - 1)
            };
            let own = s![.., from..data.basis.count(degree)];
            let difference = &completed.slice(own) - &clean.slice(own);
            let whole = square(clean.slice(own)).max(f64::MIN_POSITIVE);
            (square(difference.view()) / whole).sqrt()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corruptions_are_named_and_rising() {
        let names: Vec<String> = corruptions().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names[0], "10 % hidden");
        assert_eq!(names.len(), HIDDEN.len() + NOISE.len());
        assert!(
            corruptions()
                .iter()
                .all(|(_, config)| config.scatter == 1.0)
        );
    }
}
