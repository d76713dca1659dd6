//! Frozen features of a trained run, and those of the same network untrained.

use std::path::Path;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use ndarray::{Array2, ArrayView2, s};

use crate::Config;
use crate::corrupt::Corruptor;
use crate::maps::{Maps, draw_unit};
use crate::nets::{Generator, Sizes, Walker};
use crate::run::{RunInfo, WEIGHTS, load_config};
use crate::walk::walk;
use crate::{ModelError, device, weights};
use spectra_pointcloud::random::stream;

/// Rows that pass the network at once.
const ROWS: usize = 256;

/// H with frozen weights: coefficients in, bottleneck features out.
#[derive(Debug)]
pub struct Encoder {
    maps: Maps,
    generator: Generator,
    walker: Walker,
    config: Config,
    device: Device,
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
        let path = run.join(WEIGHTS);
        let (info, config) = (RunInfo::load(run)?, load_config(run)?);
        if !path.exists() {
            let message = "no model.safetensors: training is not finished; go on with `spectra pretrain --resume`";
            return Err(ModelError::run(run, message));
        }
        let bytes = std::fs::read(&path).map_err(ModelError::io(&path))?;
        let seed = config.seed;
        let mut encoder = Encoder::untrained(&info, config, seed, device)?;
        encoder.generator = weights::restore(encoder.generator, "generator", &bytes, &path)?;
        encoder.walker = weights::restore(encoder.walker, "walker", &bytes, &path)?;
        Ok(encoder)
    }

    /// The same network with the random weights of `seed`: the control that training must beat.
    pub fn random(run: &Path, seed: u64, device: &str) -> Result<Encoder, ModelError> {
        Encoder::untrained(&RunInfo::load(run)?, load_config(run)?, seed, device)
    }

    fn untrained(
        info: &RunInfo,
        config: Config,
        seed: u64,
        device: &str,
    ) -> Result<Encoder, ModelError> {
        let maps = info.maps()?;
        let device = device::open(device)?;
        let generator = Generator::new(&config.network, sizes(&maps), seed, &device)?.no_grad();
        let walker = Walker::new(&config.network, generator.features(), seed, &device).no_grad();
        Ok(Encoder {
            maps,
            generator,
            walker,
            config,
            device,
        })
    }

    /// Bottleneck features `[rows, features]` of clean, unscaled coefficients `[rows, K]` in flat order, of at least the
    /// order of the run's maps.
    pub fn features(&self, coefficients: &ArrayView2<f32>) -> Result<Array2<f32>, ModelError> {
        let width = self.generator.features();
        let mut features = Array2::zeros((coefficients.nrows(), width));
        for start in (0..coefficients.nrows()).step_by(ROWS) {
            let end = (start + ROWS).min(coefficients.nrows());
            let inputs = self
                .maps
                .clean_inputs(&coefficients.slice(s![start..end, ..]))?;
            let shape = [end - start, 2 * self.maps.layout.cells()];
            let input: Tensor<2> = Tensor::from_data(TensorData::new(inputs, shape), &self.device);
            let values = to_host(self.generator.encode(input).h)?;
            let block = Array2::from_shape_vec((end - start, width), values)
                .expect("H gives one row of features for each row of input");
            features.slice_mut(s![start..end, ..]).assign(&block);
        }
        Ok(features)
    }

    /// Corrupts each row as in training and completes it by walking z with Z alone (Eq. 4).
    ///
    /// What is hidden depends on (`seed`, row), where z starts on (`seed`, row, `sample`): several samples of one seed are
    /// several completions of the same corrupted maps.
    pub fn complete(
        &self,
        coefficients: &ArrayView2<f32>,
        seed: u64,
        sample: u64,
    ) -> Result<Completions, ModelError> {
        let (rows, cells) = (coefficients.nrows(), self.maps.layout.cells());
        let latent = self.config.network.latent;
        let mut inputs = self.maps.clean_inputs(coefficients)?;
        let corruptor = Corruptor::new(
            &self.config.corrupt,
            &self.maps.layout,
            self.maps.basis,
            self.maps.order,
        );
        let mut z = vec![0.0; rows * latent];
        let mut clean = Vec::with_capacity(rows * cells);
        for (row, input) in inputs.chunks_exact_mut(2 * cells).enumerate() {
            let (values, mask) = input.split_at_mut(cells);
            clean.extend_from_slice(values);
            corruptor.apply(&mut stream(seed, 0, row as u64), values, mask);
            draw_unit(
                &mut stream(seed, 1 + sample, row as u64),
                &mut z[row * latent..(row + 1) * latent],
            );
        }
        let put = |values: Vec<f32>, width| -> Tensor<2> {
            Tensor::from_data(TensorData::new(values, [rows, width]), &self.device)
        };
        let code = self.generator.encode(put(inputs.clone(), 2 * cells));
        let z = walk(&self.walker, &code, put(z, latent), &self.config.algorithm);
        let outputs = to_host(self.generator.decode(&code, z))?;
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

    /// Highest order that enters the maps: completions and [`raw_maps`](Self::raw_maps) reach up to it.
    pub fn order(&self) -> usize {
        self.maps.order
    }

    /// Scaled coefficients `[rows, count]`: the raw-map control, as the network sees it.
    pub fn raw_maps(&self, coefficients: &ArrayView2<f32>) -> Result<Array2<f32>, ModelError> {
        self.maps.scaled(coefficients)
    }
}

/// Sizes of the input (values and mask) and the target of maps.
pub(crate) fn sizes(maps: &Maps) -> Sizes {
    let [channels, height, width] = maps.layout.shape();
    Sizes {
        input: [2 * channels, height, width],
        target: [channels, height, width],
    }
}

/// The values of a tensor, row by row.
pub(crate) fn to_host<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, ModelError> {
    tensor
        .into_data()
        .try_to_vec::<f32>()
        .map_err(|error| ModelError::Input(format!("device gave no f32: {error:?}")))
}
