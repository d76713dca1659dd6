//! The networks of a run for inference: the same for every task.

use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use spectra_pointcloud::random::stream;

use crate::config::AlgorithmConfig;
use crate::encoder::to_host;
use crate::nets::{Code, Generator, Sizes, Walker};
use crate::run::{WEIGHTS, load_config};
use crate::tasks::first_latent;
use crate::walk::{step, walk};
use crate::{Config, ModelError, device, weights};

/// Rows that pass the networks at once.
const ROWS: usize = 256;

/// H, G and Z with weights that do not change, and the settings they were trained with.
#[derive(Debug)]
pub(crate) struct Networks {
    pub generator: Generator,
    pub walker: Walker,
    pub config: Config,
    sizes: Sizes,
    device: Device,
}

/// The weights of a finished run.
pub(crate) struct Weights {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Weights {
    /// Fails where the run is not finished.
    pub(crate) fn read(run: &Path) -> Result<Weights, ModelError> {
        let path = run.join(WEIGHTS);
        if !path.exists() {
            let message = "no model.safetensors: training is not finished; give its command again with --resume";
            return Err(ModelError::run(run, message));
        }
        let bytes = std::fs::read(&path).map_err(ModelError::io(&path))?;
        Ok(Weights { path, bytes })
    }

    /// Puts the weights that stand under `name` into `module`.
    pub(crate) fn restore<M: Module>(&self, module: M, name: &str) -> Result<M, ModelError> {
        weights::restore(module, name, &self.bytes, &self.path)
    }
}

impl Networks {
    /// The trained networks of a run folder for inputs and targets of `sizes`. Fails where the run is not finished or
    /// damaged.
    pub(crate) fn load(run: &Path, sizes: Sizes, device: &str) -> Result<Networks, ModelError> {
        let config = load_config(run)?;
        let weights = Weights::read(run)?;
        let seed = config.seed;
        let mut networks = Networks::random(config, sizes, seed, device)?;
        networks.generator = weights.restore(networks.generator, "generator")?;
        networks.walker = weights.restore(networks.walker, "walker")?;
        Ok(networks)
    }

    /// The same networks with the random weights of `seed`.
    pub(crate) fn random(
        config: Config,
        sizes: Sizes,
        seed: u64,
        device: &str,
    ) -> Result<Networks, ModelError> {
        let device = device::open(device)?;
        let generator = Generator::new(&config.network, sizes, seed, &device)?.no_grad();
        let walker = Walker::new(&config.network, generator.features(), seed, &device).no_grad();
        Ok(Networks {
            generator,
            walker,
            config,
            sizes,
            device,
        })
    }

    /// Where the weights are.
    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// Bottleneck features `[rows, features]` of inputs `[rows, input cells]`, both row by row.
    pub(crate) fn features(&self, inputs: &[f32]) -> Result<Vec<f32>, ModelError> {
        let width = self.sizes.input_cells();
        let mut features = Vec::new();
        for block in inputs.chunks(ROWS * width) {
            features.extend(to_host(self.generator.encode(self.put(block, width)).h)?);
        }
        Ok(features)
    }

    /// Outputs `[rows, target cells]` for inputs `[rows, input cells]`: z starts at a random point that depends on
    /// (`seed`, row, `sample`) and is walked by Z alone (Eq. 4).
    pub(crate) fn complete(
        &self,
        inputs: &[f32],
        seed: u64,
        sample: u64,
    ) -> Result<Vec<f32>, ModelError> {
        let width = self.sizes.input_cells();
        let mut outputs = Vec::with_capacity(inputs.len() / width * self.sizes.target_cells());
        for (index, block) in inputs.chunks(ROWS * width).enumerate() {
            let (code, start) = self.begin(index, block, seed, sample);
            let z = walk(&self.walker, &code, start, &self.config.algorithm);
            outputs.extend(to_host(self.generator.decode(&code, z))?);
        }
        Ok(outputs)
    }

    /// Outputs as [`complete`](Self::complete) gives them for `sample` 0, but for `steps` steps with or without momentum;
    /// and the length rho that Z would give to the next step of each row.
    pub(crate) fn walked(
        &self,
        inputs: &[f32],
        seed: u64,
        steps: usize,
        momentum: bool,
    ) -> Result<(Vec<f32>, Vec<f32>), ModelError> {
        let algorithm = AlgorithmConfig {
            inference_steps: steps,
            momentum,
            ..self.config.algorithm.clone()
        };
        let (mut outputs, mut lengths) = (Vec::new(), Vec::new());
        for (index, block) in inputs.chunks(ROWS * self.sizes.input_cells()).enumerate() {
            let (code, start) = self.begin(index, block, seed, 0);
            let z = walk(&self.walker, &code, start, &algorithm);
            let (_next, rho) = self.walker.forward(code.h.clone(), z.clone());
            lengths.extend(to_host(rho)?);
            outputs.extend(to_host(self.generator.decode(&code, z))?);
        }
        Ok((outputs, lengths))
    }

    /// Outputs as [`complete`](Self::complete) gives them for `sample` 0, where z starts and after each step of its walk.
    pub(crate) fn trail(&self, inputs: &[f32], seed: u64) -> Result<Vec<Vec<f32>>, ModelError> {
        let algorithm = &self.config.algorithm;
        let mut trail = vec![Vec::new(); algorithm.inference_steps + 1];
        for (index, block) in inputs.chunks(ROWS * self.sizes.input_cells()).enumerate() {
            let (code, mut z) = self.begin(index, block, seed, 0);
            let prepared = self.walker.prepare(code.h.clone());
            for (steps, outputs) in trail.iter_mut().enumerate() {
                if steps > 0 {
                    z = step(&self.walker, &prepared, z, algorithm.momentum);
                }
                outputs.extend(to_host(self.generator.decode(&code, z.clone()))?);
            }
        }
        Ok(trail)
    }

    /// What H makes of the block of at most [`ROWS`] inputs with this `index`, and where z starts in its rows.
    fn begin(&self, index: usize, block: &[f32], seed: u64, sample: u64) -> (Code, Tensor<2>) {
        let width = self.sizes.input_cells();
        let code = self.generator.encode(self.put(block, width));
        let start = self.starts(index * ROWS, block.len() / width, seed, sample);
        (code, start)
    }

    /// Where z starts in `rows` rows from `first` on.
    fn starts(&self, first: usize, rows: usize, seed: u64, sample: u64) -> Tensor<2> {
        let latent = self.config.network.latent;
        let mut z = vec![0.0; rows * latent];
        for (row, z) in z.chunks_exact_mut(latent).enumerate() {
            let mut rng = stream(seed, 1 + sample, (first + row) as u64);
            first_latent(self.config.algorithm.objective, &mut rng, z);
        }
        self.put(&z, latent)
    }

    fn put(&self, values: &[f32], width: usize) -> Tensor<2> {
        let shape = [values.len() / width, width];
        Tensor::from_data(TensorData::new(values.to_vec(), shape), &self.device)
    }
}

#[cfg(test)]
mod pytorch;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trail_is_every_walk_up_to_the_last() {
        let sizes = Sizes {
            input: [1, 1, 1],
            target: [3, 1, 1],
        };
        // More rows than one block has.
        let inputs: Vec<f32> = (0..ROWS + 3).map(|row| row as f32 / ROWS as f32).collect();
        for momentum in [true, false] {
            let mut config = Config::preset("toy").unwrap();
            config.algorithm.inference_steps = 3;
            config.algorithm.momentum = momentum;
            let networks = Networks::random(config, sizes, 5, "cpu").unwrap();
            let trail = networks.trail(&inputs, 7).unwrap();
            assert_eq!(trail.len(), 4);
            for (steps, outputs) in trail.iter().enumerate() {
                let (walked, _rho) = networks.walked(&inputs, 7, steps, momentum).unwrap();
                assert_eq!(*outputs, walked, "{steps} steps");
            }
            assert_eq!(trail[3], networks.complete(&inputs, 7, 0).unwrap());
            assert_ne!(trail[0], trail[3]);
        }
    }
}
