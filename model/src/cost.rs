//! What pre-training costs: parameters, arithmetic and memory from the settings alone, time from a short probe.

use std::time::Instant;

use burn::module::Module;
use serde::Serialize;
use spectra_datasets::{Split, Store};

use crate::config::LOCAL;
use crate::nets::{Generator, Products, Sizes, Walker};
use crate::tasks::{layout_of, local_sizes, open_task};
use crate::train::Feed;
use crate::{Config, ModelError, Probe, device};

/// Bytes of a number: a weight, its gradient, moment or average.
const BYTES: u64 = 4;

/// Arithmetic counts a multiplication and an addition as two operations, in matrix products only.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// Channels, height and width of a map; of a local map the rows that G is asked for, and their values.
    pub map: [usize; 3],
    #[serde(skip)]
    sizes: Sizes,
    /// Weights of H and G.
    pub generator_parameters: u64,
    /// Weights of Z.
    pub walker_parameters: u64,
    /// Values of the bottleneck h.
    pub features: usize,
    /// Operations of one pass of a batch of 10 through H and G, the measure of the paper's Table 7.
    pub forward_flop: f64,
    /// Operations of one step of Algorithm 1.
    pub step_flop: f64,
    /// Items per step.
    pub batch: usize,
    /// Training items.
    pub items: usize,
    /// Steps of one pass over the items.
    pub steps_per_epoch: u64,
    /// Passes over the items.
    pub epochs: u64,
    /// Bytes of weights, gradients, moments, and averages where they are kept.
    pub state_bytes: u64,
    /// Bytes of the coefficients of the training items.
    pub data_bytes: u64,
}

impl Cost {
    /// Counts what pre-training on `store` with `config` takes. Fails where no network can be built for its maps.
    pub fn of(store: &Store, config: &Config) -> Result<Cost, ModelError> {
        let manifest = store.manifest();
        let items = manifest.splits.get(&Split::Train).copied().unwrap_or(0);
        if config.map.layout == LOCAL {
            let sizes = local_sizes(config)?;
            let mut cost = Cost::of_sizes(sizes, items, config)?;
            let values = config.map.local.centres * (3 + sizes.target[2]);
            cost.data_bytes = 4 * (items * values) as u64;
            return Ok(cost);
        }
        let (_order, layout) = layout_of(config, manifest.basis, manifest.order)?;
        let mut cost = Cost::of_maps(layout.shape(), items, config)?;
        cost.data_bytes = 4 * (items * layout.count()) as u64;
        Ok(cost)
    }

    /// The same for `items` maps of `shape` (channels, height, width).
    pub fn of_maps(shape: [usize; 3], items: usize, config: &Config) -> Result<Cost, ModelError> {
        Cost::of_sizes(Sizes::with_mask(shape), items, config)
    }

    fn of_sizes(sizes: Sizes, items: usize, config: &Config) -> Result<Cost, ModelError> {
        let config = &config.for_training()?;
        let cpu = device::open("cpu")?;
        let generator = Generator::new(&config.network, sizes, config.seed, &cpu)?;
        let walker = Walker::new(&config.network, generator.features(), config.seed, &cpu);
        let batch = config.train.batch;
        let (generator_parameters, walker_parameters) =
            (generator.num_params() as u64, walker.num_params() as u64);
        let products = generator.products();
        let copies = if config.train.average > 0.0 { 5 } else { 4 };
        Ok(Cost {
            map: sizes.target,
            sizes,
            generator_parameters,
            walker_parameters,
            features: generator.features(),
            forward_flop: 2.0 * 10.0 * products.forward(),
            step_flop: 2.0 * batch as f64 * step_products(&products, walker.products(), config),
            batch,
            items,
            steps_per_epoch: items.div_ceil(batch) as u64,
            epochs: config.train.epochs as u64,
            state_bytes: copies * BYTES * (generator_parameters + walker_parameters),
            data_bytes: 4 * (items * sizes.target_cells()) as u64,
        })
    }

    /// Steps of the whole run.
    pub fn steps(&self) -> u64 {
        self.steps_per_epoch * self.epochs
    }

    /// Seconds of one step on `device`: the median of some made steps after a first one, over about `seconds`. The
    /// preparation of the items is not counted.
    pub fn time_step(
        &self,
        config: &Config,
        device: &str,
        seconds: f64,
    ) -> Result<f64, ModelError> {
        let mut probe = Probe::of_sizes(config, self.sizes, device)?;
        probe.timed_step()?;
        let start = Instant::now();
        let mut times = Vec::new();
        while times.is_empty() || start.elapsed().as_secs_f64() < seconds {
            times.push(probe.timed_step()?);
        }
        times.sort_by(f64::total_cmp);
        Ok(times[times.len() / 2])
    }

    /// Seconds to prepare the batch of one step on the host, over about `seconds`: training does it beside the step before.
    /// Reads the training rows of `store`. Fails as [`pretrain`](crate::pretrain) does on them.
    pub fn time_batch(
        &self,
        store: &Store,
        config: &Config,
        seconds: f64,
    ) -> Result<f64, ModelError> {
        let task = open_task(store, config, None)?;
        let feed = Feed {
            task: &*task,
            config,
            per_epoch: self.steps_per_epoch,
            steps: u64::MAX,
            width: self.features + config.network.latent,
        };
        feed.run(0, |batches| {
            let (start, mut count) = (Instant::now(), 0.0);
            for prepared in batches {
                prepared?;
                count += 1.0;
                if start.elapsed().as_secs_f64() >= seconds {
                    break;
                }
            }
            Ok(start.elapsed().as_secs_f64() / count)
        })
    }
}

/// Multiplications for each item in one step of Algorithm 1. A backward pass takes as many as the forward pass for the
/// weights, and as many again for what came in, where that is asked for.
fn step_products(products: &Products, [h, z]: [f64; 2], config: &Config) -> f64 {
    let algorithm = &config.algorithm;
    let (steps, updates) = (algorithm.steps as f64, algorithm.walker_updates as f64);
    let copies = |weight: f64| if weight == 0.0 { 1.0 } else { 2.0 };
    let walker_copies = copies(algorithm.walker_consistency);
    let generator_copies = copies(algorithm.consistency);
    let encode = 3.0 * products.encode - products.encode_first;
    let search = products.prepare_h + products.prepare_skips + 2.0 * steps * products.finish;
    let walker = walker_copies * (2.0 * updates * h + 3.0 * steps * z);
    let generator = 3.0 * generator_copies * (products.prepare_h + products.finish)
        + 3.0 * products.prepare_skips;
    encode + search + walker + generator
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dense_network_costs_what_its_matrices_say() {
        let mut config = Config::preset("tiny").unwrap();
        for (key, value) in [
            ("network.width", "8"),
            ("network.bottleneck", "6"),
            ("network.depth", "1"),
            ("network.walker", "[7]"),
            ("network.latent", "3"),
            ("train.batch", "2"),
            ("train.epochs", "5"),
            ("algorithm.consistency", "0"),
            ("algorithm.walker_consistency", "0"),
        ] {
            config.set(key, value).unwrap();
        }
        let cost = Cost::of_maps([1, 3, 3], 5, &config).unwrap();
        // H: 18-8, a block of two 8-8, 8-6. G: 9-8, the block, 8-9. Biases and norms besides.
        let (h, g) = (18 * 8 + 2 * 64 + 8 * 6, 9 * 8 + 2 * 64 + 8 * 9);
        let biases = (8 + 2 * 8 + 6) + (8 + 2 * 8 + 9);
        let norms = 2 * 2 * 16;
        assert_eq!(cost.generator_parameters, h + g + biases + norms);
        assert_eq!(cost.walker_parameters, 9 * 7 + 7 + 7 * 4 + 4);
        assert_eq!(cost.forward_flop, (20 * (h + g)) as f64);
        assert_eq!((cost.steps_per_epoch, cost.steps()), (3, 15));
        let weights = cost.generator_parameters + cost.walker_parameters;
        assert_eq!(cost.state_bytes, 16 * weights);
        config.train.average = 0.9;
        let averaged = Cost::of_maps([1, 3, 3], 5, &config).unwrap();
        assert_eq!(averaged.state_bytes, 20 * weights);
        let search = 6 * 8 + 2 * 4 * (g - 6 * 8);
        let walker = 2 * 6 * 7 + 3 * 4 * (3 * 7 + 7 * 4);
        let step = 3 * h - 18 * 8 + search + walker + 3 * g;
        assert_eq!(cost.step_flop, (4 * step) as f64);
    }
}
