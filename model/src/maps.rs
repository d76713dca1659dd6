//! From coefficients as a store holds them to scaled maps, and from maps to batches.

use ndarray::{Array2, ArrayView1, ArrayView2, s};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use spectra_pointcloud::random::stream;
use spectra_spectral::{Basis, MapKind, MapLayout, Rotation, Scaler};

use crate::ModelError;
use crate::config::{AugmentConfig, Config, RotateKind};
use crate::corrupt::Corruptor;

/// One layout of scaled coefficients up to an order.
#[derive(Debug, Clone)]
pub(crate) struct Maps {
    pub basis: Basis,
    pub order: usize,
    pub layout: MapLayout,
    pub scaler: Scaler,
}

impl Maps {
    /// Coefficients that enter a map.
    pub(crate) fn count(&self) -> usize {
        self.layout.count()
    }

    /// The coefficients up to the order of the maps, as a mutable copy.
    fn cut(&self, row: ArrayView1<f32>) -> Vec<f32> {
        row.slice(s![..self.count()]).to_vec()
    }

    /// Scales `coefficients` and lays them out.
    fn fill(&self, mut coefficients: Vec<f32>, map: &mut [f32]) -> Result<(), ModelError> {
        self.scaler.transform(&mut coefficients)?;
        self.layout.pack(&coefficients, map)?;
        Ok(())
    }

    /// Clean network inputs `[rows, 2 cells]`: the maps, and masks that mark nothing.
    pub(crate) fn clean_inputs(
        &self,
        coefficients: &ArrayView2<f32>,
    ) -> Result<Vec<f32>, ModelError> {
        self.check(coefficients.ncols())?;
        let cells = self.layout.cells();
        let mut inputs = vec![0.0; coefficients.nrows() * 2 * cells];
        for (row, input) in coefficients
            .outer_iter()
            .zip(inputs.chunks_exact_mut(2 * cells))
        {
            self.fill(self.cut(row), &mut input[..cells])?;
        }
        Ok(inputs)
    }

    /// Scaled coefficients in flat order, `[rows, count]`: the raw map without its empty cells.
    pub(crate) fn scaled(&self, coefficients: &ArrayView2<f32>) -> Result<Array2<f32>, ModelError> {
        self.check(coefficients.ncols())?;
        let mut rows = coefficients.slice(s![.., ..self.count()]).to_owned();
        for mut row in rows.outer_iter_mut() {
            let mut values = row.to_vec();
            self.scaler.transform(&mut values)?;
            row.assign(&ArrayView1::from(&values));
        }
        Ok(rows)
    }

    pub(crate) fn check(&self, columns: usize) -> Result<(), ModelError> {
        if columns >= self.count() {
            return Ok(());
        }
        Err(ModelError::Input(format!(
            "{columns} coefficients: expected at least {} ({} up to order {})",
            self.count(),
            self.basis,
            self.order
        )))
    }
}

/// One batch on the host.
pub(crate) struct HostBatch {
    pub rows: usize,
    /// Corrupted maps and masks, `[rows, 2 cells]`.
    pub input: Vec<f32>,
    /// Clean maps, `[rows, cells]`.
    pub target: Vec<f32>,
    /// Weights of the error, `[rows, cells]`.
    pub weight: Vec<f32>,
    /// Unit latents, `[rows, latent]`.
    pub latent: Vec<f32>,
}

/// The pre-training task: complete corrupted maps of the training rows.
pub(crate) struct Denoising {
    pub maps: Maps,
    rows: Array2<f32>,
    corruptor: Corruptor,
    augment: AugmentConfig,
    outside: f32,
    latent: usize,
    seed: u64,
}

impl Denoising {
    /// Fits the scaler on `rows` `[items, coefficients]`, unless one is given, and sets the task up.
    pub(crate) fn new(
        rows: Array2<f32>,
        basis: Basis,
        order: usize,
        config: &Config,
        scaler: Option<Scaler>,
    ) -> Result<Denoising, ModelError> {
        let order = if config.map.order == 0 {
            order
        } else {
            order.min(config.map.order)
        };
        let kind: MapKind = config.map.layout.parse()?;
        let layout = MapLayout::new(kind, basis, order)?;
        let rows = rows.slice(s![.., ..layout.count()]).to_owned();
        let scaler = match scaler {
            Some(scaler) => scaler,
            None => Scaler::fit(&rows.view())?,
        };
        let corruptor = Corruptor::new(&config.corrupt, &layout, basis, order);
        Ok(Denoising {
            maps: Maps {
                basis,
                order,
                layout,
                scaler,
            },
            rows,
            corruptor,
            augment: config.augment.clone(),
            outside: config.corrupt.outside as f32,
            latent: config.network.latent,
            seed: config.seed,
        })
    }

    /// Number of items.
    pub(crate) fn len(&self) -> usize {
        self.rows.nrows()
    }

    /// The order of the items in one epoch.
    pub(crate) fn permutation(&self, epoch: u64) -> Vec<usize> {
        use rand::seq::SliceRandom;
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.shuffle(&mut stream(self.seed, epoch, u64::MAX));
        order
    }

    /// The batch of `items` in `epoch`: a pure function of both and the seed.
    pub(crate) fn batch(&self, epoch: u64, items: &[usize]) -> Result<HostBatch, ModelError> {
        let cells = self.maps.layout.cells();
        let rows = items.len();
        let mut batch = HostBatch {
            rows,
            input: vec![0.0; rows * 2 * cells],
            target: vec![0.0; rows * cells],
            weight: vec![0.0; rows * cells],
            latent: vec![0.0; rows * self.latent],
        };
        (
            batch.input.par_chunks_exact_mut(2 * cells),
            batch.target.par_chunks_exact_mut(cells),
        )
            .into_par_iter()
            .zip((
                batch.weight.par_chunks_exact_mut(cells),
                batch.latent.par_chunks_exact_mut(self.latent),
            ))
            .zip(items)
            .try_for_each(|(((input, target), (weight, latent)), &item)| {
                self.row(epoch, item, input, target, weight, latent)
            })?;
        Ok(batch)
    }

    fn row(
        &self,
        epoch: u64,
        item: usize,
        input: &mut [f32],
        target: &mut [f32],
        weight: &mut [f32],
        latent: &mut [f32],
    ) -> Result<(), ModelError> {
        let mut rng = stream(self.seed, epoch, item as u64);
        let mut coefficients = self.rows.row(item).to_vec();
        self.rotate(&mut rng, &mut coefficients)?;
        self.maps.fill(coefficients, target)?;
        let (values, mask) = input.split_at_mut(target.len());
        values.copy_from_slice(target);
        self.corruptor.apply(&mut rng, values, mask);
        for (cell, weight) in weight.iter_mut().enumerate() {
            let valid = self.maps.layout.mask()[cell];
            *weight = if mask[cell] == 1.0 {
                1.0
            } else if valid {
                self.outside
            } else {
                0.0
            };
        }
        draw_unit(&mut rng, latent);
        Ok(())
    }

    fn rotate(&self, rng: &mut ChaCha8Rng, coefficients: &mut [f32]) -> Result<(), ModelError> {
        let Maps { basis, order, .. } = self.maps;
        let limit = self.augment.angle.to_radians();
        let rotation = match self.augment.rotate {
            RotateKind::None => return Ok(()),
            RotateKind::Gravity => {
                Rotation::about_z((2.0 * rng.random::<f64>() - 1.0) * limit, order)
            }
            RotateKind::So3 => {
                let turn = || std::f64::consts::TAU;
                let (a, c) = (rng.random::<f64>() * turn(), rng.random::<f64>() * turn());
                let b = (1.0 - 2.0 * rng.random::<f64>()).acos();
                Rotation::from_euler_zyz(a, b, c, order)
            }
        };
        match basis {
            Basis::Zernike => rotation.apply_zernike(order, coefficients)?,
            Basis::Spherical => rotation.apply_spherical(coefficients)?,
        }
        Ok(())
    }
}

/// A uniform point of the unit sphere of the space that `z` lives in.
pub(crate) fn draw_unit(rng: &mut ChaCha8Rng, z: &mut [f32]) {
    z.iter_mut()
        .for_each(|value| *value = StandardNormal.sample(rng));
    let length = z
        .iter()
        .map(|v| v * v)
        .sum::<f32>()
        .sqrt()
        .max(f32::MIN_POSITIVE);
    z.iter_mut().for_each(|value| *value /= length);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(rotate: RotateKind) -> Denoising {
        let rows = Array2::from_shape_fn((40, 84), |(i, j)| {
            (((i * 91 + j * 37) % 101) as f32 - 50.0) / (1 + j) as f32
        });
        let mut config = Config::default();
        config.augment.rotate = rotate;
        config.corrupt.outside = 0.5;
        Denoising::new(rows, Basis::Zernike, 6, &config, None).unwrap()
    }

    #[test]
    fn a_batch_depends_on_seed_epoch_and_items_alone() {
        let task = task(RotateKind::Gravity);
        let whole = task.batch(2, &[3, 7, 11]).unwrap();
        let part = task.batch(2, &[7]).unwrap();
        assert_eq!(whole.input[200..400], part.input);
        assert_eq!(whole.latent[10..20], part.latent);
        assert_ne!(task.batch(3, &[7]).unwrap().input, part.input);
        assert_ne!(task.permutation(1), task.permutation(2));
    }

    #[test]
    fn weights_and_inputs_fit_the_mask() {
        let batch = task(RotateKind::None)
            .batch(1, &(0..40).collect::<Vec<_>>())
            .unwrap();
        for row in 0..40 {
            let (values, mask) = batch.input[row * 200..(row + 1) * 200].split_at(100);
            for cell in 0..100 {
                let (target, weight) = (
                    batch.target[row * 100 + cell],
                    batch.weight[row * 100 + cell],
                );
                let expected = if cell >= 84 {
                    0.0
                } else if mask[cell] == 1.0 {
                    1.0
                } else {
                    0.5
                };
                assert_eq!(weight, expected);
                assert!(mask[cell] == 1.0 || values[cell] == target);
            }
        }
        for z in batch.latent.chunks_exact(10) {
            assert!((z.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }
}
