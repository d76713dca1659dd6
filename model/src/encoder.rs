//! Frozen features of a trained run, and those of the same network untrained.

use std::path::Path;

use burn::tensor::Tensor;
use ndarray::{Array2, ArrayView2};
use spectra_pointcloud::random::stream;
use spectra_spectral::Basis;

use crate::ModelError;
use crate::config::CorruptConfig;
use crate::corrupt::Corruptor;
use crate::maps::Maps;
use crate::networks::Networks;
use crate::run::{RunInfo, load_config};

/// H with frozen weights: coefficients in, bottleneck features out.
#[derive(Debug)]
pub struct Encoder {
    maps: Maps,
    networks: Networks,
}

/// Shapes that were corrupted and completed, in unscaled coefficients `[rows, count]` of the run's map order.
#[derive(Debug, Clone, PartialEq)]
pub struct Completions {
    /// What the network saw; hidden coefficients stand at their median.
    pub corrupted: Array2<f32>,
    /// The same with the corrupted cells replaced by the network's.
    pub completed: Array2<f32>,
    /// Mean absolute error over the corrupted cells, in map units, for each row.
    pub errors: Vec<f32>,
    /// The same of the corrupted cells themselves: what completing nothing would give.
    pub errors_before: Vec<f32>,
}

impl Encoder {
    /// The trained encoder of a run folder. Fails where the run is not finished or damaged.
    pub fn load(run: &Path, device: &str) -> Result<Encoder, ModelError> {
        let maps = RunInfo::load(run)?.maps(run)?;
        let networks = Networks::load(run, maps.sizes(), device)?;
        Ok(Encoder { maps, networks })
    }

    /// The same network with the random weights of `seed`: the control that training must beat.
    pub fn random(run: &Path, seed: u64, device: &str) -> Result<Encoder, ModelError> {
        let maps = RunInfo::load(run)?.maps(run)?;
        let networks = Networks::random(load_config(run)?, maps.sizes(), seed, device)?;
        Ok(Encoder { maps, networks })
    }

    /// Bottleneck features `[rows, features]` of clean, unscaled coefficients `[rows, K]` in flat order, of at least the
    /// order of the run's maps.
    pub fn features(&self, coefficients: &ArrayView2<f32>) -> Result<Array2<f32>, ModelError> {
        let features = self
            .networks
            .features(&self.maps.clean_inputs(coefficients)?)?;
        let shape = (coefficients.nrows(), self.networks.generator.features());
        Ok(Array2::from_shape_vec(shape, features)
            .expect("H gives one row of features for each row of input"))
    }

    /// Corrupts each row as in training and completes it by walking z with Z alone (Eq. 4).
    ///
    /// What is hidden depends on (`seed`, row), where z starts on (`seed`, row, `sample`): several samples of one seed are
    /// several completions of the same corrupted maps. Fails where the run's scaling cannot be undone.
    pub fn complete(
        &self,
        coefficients: &ArrayView2<f32>,
        seed: u64,
        sample: u64,
    ) -> Result<Completions, ModelError> {
        self.complete_from(&self.networks.config.corrupt, coefficients, seed, sample)
    }

    /// As [`complete`](Self::complete), with another corruption than that of the training.
    pub fn complete_from(
        &self,
        corruption: &CorruptConfig,
        coefficients: &ArrayView2<f32>,
        seed: u64,
        sample: u64,
    ) -> Result<Completions, ModelError> {
        let cells = self.maps.layout.cells();
        let mut inputs = self.maps.clean_inputs(coefficients)?;
        let corruptor = Corruptor::new(
            corruption,
            &self.maps.layout,
            self.maps.basis,
            self.maps.order,
        );
        let mut clean = Vec::with_capacity(inputs.len() / 2);
        for (row, input) in inputs.chunks_exact_mut(2 * cells).enumerate() {
            let (values, mask) = input.split_at_mut(cells);
            clean.extend_from_slice(values);
            corruptor.apply(&mut stream(seed, 0, row as u64), values, mask);
        }
        let outputs = self.networks.complete(&inputs, seed, sample)?;
        self.merge(&inputs, &clean, &outputs)
    }

    /// Puts the network's cells where the input was corrupted, and undoes layout and scaling.
    fn merge(
        &self,
        inputs: &[f32],
        clean: &[f32],
        outputs: &[f32],
    ) -> Result<Completions, ModelError> {
        let (cells, count) = (self.maps.layout.cells(), self.maps.count());
        let rows = outputs.len() / cells;
        let mut result = Completions {
            corrupted: Array2::zeros((rows, count)),
            completed: Array2::zeros((rows, count)),
            errors: Vec::with_capacity(rows),
            errors_before: Vec::with_capacity(rows),
        };
        for row in 0..rows {
            let (corrupted, mask) = inputs[row * 2 * cells..(row + 1) * 2 * cells].split_at(cells);
            let (clean, output) = (
                &clean[row * cells..(row + 1) * cells],
                &outputs[row * cells..(row + 1) * cells],
            );
            let region: Vec<usize> = (0..cells).filter(|cell| mask[*cell] == 1.0).collect();
            let mut completed = corrupted.to_vec();
            region
                .iter()
                .for_each(|&cell| completed[cell] = output[cell]);
            let error = |map: &[f32]| {
                region
                    .iter()
                    .map(|&cell| (map[cell] - clean[cell]).abs())
                    .sum::<f32>()
                    / region.len().max(1) as f32
            };
            result.errors.push(error(&completed));
            result.errors_before.push(error(corrupted));
            for (map, into) in [
                (corrupted, &mut result.corrupted),
                (&completed[..], &mut result.completed),
            ] {
                let mut coefficients = vec![0.0; count];
                self.maps.layout.unpack(map, &mut coefficients)?;
                self.maps.scaler.inverse(&mut coefficients)?;
                into.row_mut(row)
                    .assign(&ndarray::ArrayView1::from(&coefficients));
            }
        }
        Ok(result)
    }

    /// Whether completions go back to coefficients, and these to shapes: not from softmax scaling, nor from radius fits.
    pub fn inverts(&self) -> bool {
        self.maps.scaler.inverts() && self.maps.basis != Basis::Radius
    }

    /// Highest order that enters the maps: completions and [`raw_maps`](Self::raw_maps) reach up to it.
    pub fn order(&self) -> usize {
        self.maps.order
    }

    /// Whether both see the same raw maps of the same coefficients.
    pub fn same_maps(&self, other: &Encoder) -> bool {
        self.maps == other.maps
    }

    /// Scaled coefficients `[rows, count]`: the raw-map control, as the network sees it.
    pub fn raw_maps(&self, coefficients: &ArrayView2<f32>) -> Result<Array2<f32>, ModelError> {
        self.maps.scaled(coefficients)
    }
}

/// The values of a tensor, row by row.
pub(crate) fn to_host<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, ModelError> {
    tensor
        .into_data()
        .try_to_vec::<f32>()
        .map_err(|error| ModelError::Input(format!("device gave no f32: {error:?}")))
}
