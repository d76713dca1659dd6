//! What completions are worth while training goes on. Nothing here trains anything.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use serde_json::{Value, json};
use spectra_pointcloud::random::stream;

use crate::algorithm::{Batch, ExtraError, row_errors, search};
use crate::config::AlgorithmConfig;
use crate::encoder::to_host;
use crate::lipschitz::local_lipschitz;
use crate::nets::{Generator, Walker};
use crate::tasks::{HostBatch, Task, first_latent};
use crate::walk::walk;
use crate::{Config, ModelError};

/// Items of the fixed batch, at most.
const ITEMS: usize = 64;
/// Completions of each item, each from its own z.
pub(crate) const SAMPLES: usize = 4;
/// Items at which stretching is estimated, and rounds of that.
const LIPSCHITZ: (usize, usize) = (16, 5);

/// Figures of one evaluation, over the corrupted cells of the fixed batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Evaluation {
    /// Mean absolute error of a completion that Z walked.
    pub error: f64,
    /// The same of the best of [`SAMPLES`] completions of each item.
    pub best: f64,
    /// Mean absolute difference between two completions of an item.
    pub diversity: f64,
}

impl Evaluation {
    pub(crate) fn to_json(self) -> Value {
        json!({
            "error": self.error, "best_of": {"samples": SAMPLES, "error": self.best}, "diversity": self.diversity,
        })
    }
}

/// Slow figures, measured more rarely.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Diagnostics {
    /// Error after the `oracle` walk, which sees the target: no completion is made that way.
    pub oracle: f64,
    /// Largest local Lipschitz constant found of G in (h, z).
    pub generator: f64,
    /// The same of Z.
    pub walker: f64,
}

impl Diagnostics {
    pub(crate) fn to_json(self) -> Value {
        json!({"oracle_error": self.oracle, "lipschitz": {"generator": self.generator, "walker": self.walker}})
    }
}

/// A batch that training never sees in this form: training items with the corruptions of epoch 0.
pub(crate) struct Evaluator {
    host: HostBatch,
    batch: Batch,
    starts: Vec<Tensor<2>>,
}

impl Evaluator {
    pub(crate) fn new(
        task: &dyn Task,
        config: &Config,
        device: &Device,
    ) -> Result<Evaluator, ModelError> {
        let rows = task.len().min(ITEMS);
        let items: Vec<usize> = (0..rows).map(|row| row * task.len() / rows).collect();
        let host = task.batch(0, &items)?;
        let put = |values: &[f32]| -> Tensor<2> {
            let shape = [rows, values.len() / rows];
            Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
        };
        let latent = config.network.latent;
        let starts: Vec<Tensor<2>> = (0..SAMPLES as u64)
            .map(|sample| {
                let mut z = vec![0.0; rows * latent];
                for (row, z) in z.chunks_exact_mut(latent).enumerate() {
                    let mut rng = stream(config.seed, u64::MAX / 2 - sample, row as u64);
                    first_latent(config.algorithm.objective, &mut rng, z);
                }
                put(&z)
            })
            .collect();
        let batch = Batch {
            input: put(&host.input),
            target: put(&host.target),
            weight: put(&host.weight),
            latent: starts[0].clone(),
            noise: Tensor::zeros([rows, 1], device),
        };
        Ok(Evaluator {
            host,
            batch,
            starts,
        })
    }

    /// The batch on the host, to draw it.
    pub(crate) fn host(&self) -> &HostBatch {
        &self.host
    }

    /// Completions of the fixed batch, one tensor `[rows, target cells]` for each sample.
    pub(crate) fn complete(
        &self,
        generator: &Generator,
        walker: &Walker,
        config: &AlgorithmConfig,
    ) -> Vec<Tensor<2>> {
        let generator = generator.clone().no_grad().materialize().settled();
        let walker = walker.clone().no_grad().materialize();
        let code = generator.encode(self.batch.input.clone());
        let complete = |z: &Tensor<2>| {
            let z = walk(&walker, &code, z.clone(), config);
            generator.decode(&code, z)
        };
        self.starts.iter().map(complete).collect()
    }

    /// Measures completions that [`complete`](Self::complete) gave.
    pub(crate) fn measure(&self, completions: &[Tensor<2>]) -> Result<Evaluation, ModelError> {
        let Batch { target, weight, .. } = &self.batch;
        let errors = completions
            .iter()
            .map(|output| row_errors(output.clone(), target, weight));
        let errors = Tensor::cat(errors.collect(), 1);
        let mut differences = Vec::new();
        for (index, first) in completions.iter().enumerate() {
            for second in &completions[index + 1..] {
                differences.push(row_errors(first.clone(), second, weight));
            }
        }
        let mean = |tensor: Tensor<2>| Ok::<_, ModelError>(f64::from(to_host(tensor.mean())?[0]));
        Ok(Evaluation {
            error: mean(errors.clone())?,
            best: mean(errors.min_dim(1))?,
            diversity: mean(Tensor::cat(differences, 1))?,
        })
    }

    /// Measures the networks as they stand.
    pub(crate) fn diagnose(
        &self,
        generator: &Generator,
        walker: &Walker,
        extra: ExtraError,
        config: &AlgorithmConfig,
    ) -> Result<Diagnostics, ModelError> {
        let generator = generator.clone().no_grad().materialize().settled();
        let walker = walker.clone().no_grad().materialize();
        let oracle = self.oracle(&generator, extra, config).mean();
        let [stretch_generator, stretch_walker] = self.lipschitz(&generator, &walker)?;
        Ok(Diagnostics {
            oracle: f64::from(to_host(oracle)?[0]),
            generator: stretch_generator,
            walker: stretch_walker,
        })
    }

    /// Errors after as many steps of z as a walk has, each down the gradient of the error against the target itself.
    fn oracle(&self, frozen: &Generator, extra: ExtraError, config: &AlgorithmConfig) -> Tensor<2> {
        let steps = AlgorithmConfig {
            steps: config.inference_steps,
            ..config.clone()
        };
        let code = frozen.encode(self.batch.input.clone());
        let (z, _moves, _start) = search(frozen, &code, &self.batch, extra, &steps);
        row_errors(
            frozen.decode(&code, z),
            &self.batch.target,
            &self.batch.weight,
        )
    }

    fn lipschitz(&self, generator: &Generator, walker: &Walker) -> Result<[f64; 2], ModelError> {
        let (most, rounds) = LIPSCHITZ;
        let rows = most.min(self.host.rows);
        let some = |tensor: &Tensor<2>| tensor.clone().slice(0..rows);
        let code = generator.encode(some(&self.batch.input));
        let at = Tensor::cat(vec![code.h.clone(), some(&self.starts[0])], 1);
        let features = code.h.dims()[1];
        let width = at.dims()[1];
        let split = |x: Tensor<2>| {
            let h = x.clone().slice([0..rows, 0..features]);
            (h, x.slice([0..rows, features..width]))
        };
        let decode = |x: Tensor<2>| {
            let (h, z) = split(x);
            generator.decode(&code.with_h(h), z)
        };
        let predict = |x: Tensor<2>| {
            let (h, z) = split(x);
            let (next, rho) = walker.forward(h, z);
            Tensor::cat(vec![next, rho], 1)
        };
        let from = Tensor::ones_like(&at);
        let largest = |found: Tensor<2>| Ok::<_, ModelError>(f64::from(to_host(found.max())?[0]));
        Ok([
            largest(local_lipschitz(decode, &at, &from, rounds))?,
            largest(local_lipschitz(predict, &at, &from, rounds))?,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::Sizes;

    fn rows(values: [[f32; 2]; 2]) -> Tensor<2> {
        Tensor::from_data(values, &Device::flex().autodiff())
    }

    #[test]
    fn best_is_the_best_for_each_item_and_diversity_the_mean_over_pairs() {
        let sizes = Sizes {
            input: [1, 1, 1],
            target: [2, 1, 1],
        };
        let evaluator = Evaluator {
            host: HostBatch::zeros(2, sizes),
            batch: Batch {
                input: rows([[0.0; 2]; 2]),
                target: rows([[1.0, 9.0], [2.0, 2.0]]),
                // The second cell of the first item does not count.
                weight: rows([[1.0, 0.0], [1.0, 1.0]]),
                latent: rows([[1.0, 0.0]; 2]),
                noise: rows([[0.0; 2]; 2]),
            },
            starts: Vec::new(),
        };
        // Errors 0 and 3 of the first item, 4 and 1 of the second; the two completions are 3 and 4 apart.
        let completions = [
            rows([[1.0, 0.0], [6.0, 6.0]]),
            rows([[4.0, 5.0], [3.0, 1.0]]),
        ];
        let found = evaluator.measure(&completions).unwrap();
        let expected = [2.0, 0.5, 3.5];
        for (found, expected) in [found.error, found.best, found.diversity]
            .iter()
            .zip(expected)
        {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
}
