//! Whole steps of Algorithm 1 on made maps: what the benchmark and the time estimate measure.

use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use spectra_pointcloud::random::stream;

use crate::algorithm::{Batch, Cgml, Rates, StepLosses};
use crate::encoder::to_host;
use crate::nets::Sizes;
use crate::tasks::draw_unit;
use crate::{Config, ModelError, device};

/// The networks of a configuration and one made batch of maps, a third of whose cells are hidden.
///
/// The batch is the same in every step, so that nothing but Algorithm 1 is measured.
pub struct Probe {
    config: Config,
    device: Device,
    /// Empty only while a step owns the networks.
    cgml: Option<Cgml>,
    batch: Batch,
    losses: Option<StepLosses>,
}

impl Probe {
    /// Networks for maps of `shape` (channels, height, width), with the batch size and seed of `config`.
    pub fn new(config: &Config, shape: [usize; 3], device: &str) -> Result<Probe, ModelError> {
        Probe::of_sizes(config, Sizes::with_mask(shape), device)
    }

    pub(crate) fn of_sizes(
        config: &Config,
        sizes: Sizes,
        device: &str,
    ) -> Result<Probe, ModelError> {
        let config = config.for_training()?;
        let device = device::open(device)?.autodiff();
        let cgml = Cgml::new(&config, sizes, &device)?;
        let batch = made_batch(&config, sizes, cgml.generator.features(), &device);
        Ok(Probe {
            config,
            device,
            cgml: Some(cgml),
            batch,
            losses: None,
        })
    }

    /// One step of Algorithm 1. On a GPU it is only queued: see [`error`](Self::error).
    pub fn step(&mut self) {
        let train = &self.config.train;
        let rates = Rates {
            generator: train.learning_rate,
            walker: train.walker_rate,
            clip: train.clip,
        };
        if let Some(cgml) = self.cgml.take() {
            let (cgml, losses) =
                cgml.step(&self.batch, &|_, _| None, &self.config.algorithm, rates);
            // Any step costs the same.
            let cgml = cgml.averaged(train.average, 1);
            (self.cgml, self.losses) = (Some(cgml), Some(losses));
        }
    }

    /// One step and the seconds it took.
    pub(crate) fn timed_step(&mut self) -> Result<f64, ModelError> {
        let start = Instant::now();
        self.step();
        self.error()?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// Waits for the device and gives the weighted L1 error of the last step; no number before the first.
    pub fn error(&self) -> Result<f64, ModelError> {
        self.device
            .sync()
            .map_err(|error| ModelError::Input(format!("the device failed: {error:?}")))?;
        match &self.losses {
            Some(losses) => Ok(f64::from(to_host(losses.error.clone())?[0])),
            None => Ok(f64::NAN),
        }
    }
}

fn made_batch(config: &Config, sizes: Sizes, features: usize, device: &Device) -> Batch {
    let (rows, cells) = (config.train.batch, sizes.target_cells());
    let latent = config.network.latent;
    let mut rng = stream(config.seed, 0, 0);
    let mut normal = |count: usize, sigma: f32| -> Vec<f32> {
        (0..count)
            .map(|_value| {
                let value: f32 = StandardNormal.sample(&mut rng);
                sigma * value
            })
            .collect()
    };
    let target = normal(rows * cells, 0.3);
    let noise = normal(rows * (features + latent), config.algorithm.noise as f32);
    let mask: Vec<f32> = (0..rows * cells)
        .map(|_cell| f32::from(rng.random::<f32>() < 1.0 / 3.0))
        .collect();
    let mut input = Vec::with_capacity(rows * sizes.input_cells());
    for (values, mask) in target.chunks(cells).zip(mask.chunks(cells)) {
        let hidden = values.iter().zip(mask).map(|(v, m)| v * (1.0 - m));
        // What an input is made of does not matter to its cost, only its size does.
        let made = hidden.chain(mask.iter().copied()).cycle();
        input.extend(made.take(sizes.input_cells()));
    }
    let mut z = vec![0.0; rows * latent];
    z.chunks_exact_mut(latent)
        .for_each(|z| draw_unit(&mut rng, z));
    let put = |values: Vec<f32>| -> Tensor<2> {
        let shape = [rows, values.len() / rows];
        Tensor::from_data(TensorData::new(values, shape), device)
    };
    Batch {
        input: put(input),
        target: put(target),
        weight: put(mask),
        latent: put(z),
        noise: put(noise),
    }
}
