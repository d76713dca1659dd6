//! The conditional variational autoencoder (Sohn et al., NeurIPS 2015), the baseline whose z is sampled instead of searched for:
//! the same H and G, and a posterior network that sees the target while training.
//!
//! Per cell the loss is the evidence bound of a Laplace likelihood: mean |error| + (b / cells) KL(q(z | x, y) || N(0, 1)),
//! with b = [`SCALE`]; with another `algorithm.error`, and what a task adds to it, that stands for the mean |error|.
//! At inference z is drawn from N(0, 1) and is not walked.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::activation::leaky_relu;
use burn::tensor::{Device, Tensor};

use crate::algorithm::{Batch, Cgml, ExtraError, Rates, StepLosses, objective};
use crate::clip::clip_global_norm;
use crate::config::AlgorithmConfig;
use crate::nets::{Sizes, draw_weights};

/// Scale of the Laplace likelihood, in units of the targets: about the error that the networks reach.
const SCALE: f64 = 0.2;
/// Width of the hidden layer.
const WIDTH: usize = 256;
const SLOPE: f64 = 0.2;

/// Mean and logarithm of the variance of z for an input and its target.
#[derive(Module, Debug)]
pub(crate) struct Posterior {
    hidden: Linear,
    output: Linear,
}

/// The posterior network and its optimizer.
#[derive(Clone)]
pub(crate) struct Inference {
    pub posterior: Posterior,
    pub optimizer: ModuleOptimizer,
}

impl Posterior {
    /// A posterior over `latent` values, its weights drawn from `seed`.
    pub(crate) fn new(sizes: Sizes, latent: usize, seed: u64, device: &Device) -> Posterior {
        let cells = sizes.input_cells() + sizes.target_cells();
        let hidden = LinearConfig::new(cells, WIDTH).init(device);
        let output = LinearConfig::new(WIDTH, 2 * latent).init(device);
        draw_weights(Posterior { hidden, output }, seed, 3)
    }

    /// `[batch, latent]` each. The variance stays within e^-8 and e^8.
    fn forward(&self, batch: &Batch) -> [Tensor<2>; 2] {
        let seen = Tensor::cat(vec![batch.input.clone(), batch.target.clone()], 1);
        let both = self
            .output
            .forward(leaky_relu(self.hidden.forward(seen), SLOPE));
        let [rows, width] = both.dims();
        let [mean, spread] =
            [0..width / 2, width / 2..width].map(|columns| both.clone().slice([0..rows, columns]));
        [mean, spread.clamp(-8.0, 8.0)]
    }
}

impl Cgml {
    /// One step of H, G and the posterior; `batch.latent` holds draws from N(0, 1).
    pub(crate) fn variational_step(
        mut self,
        mut inference: Inference,
        batch: &Batch,
        extra: ExtraError,
        config: &AlgorithmConfig,
        rates: Rates,
    ) -> (Cgml, StepLosses) {
        let [mean, log_variance] = inference.posterior.forward(batch);
        let z = mean.clone() + log_variance.clone().mul_scalar(0.5).exp() * batch.latent.clone();
        let code = self.generator.encode(batch.input.clone());
        let output = self.generator.decode(&code, z);
        let error = objective(output, batch, extra, config).mean();
        let divergence = (mean.square() + log_variance.clone().exp() - log_variance - 1.0)
            .sum_dim(1)
            .mul_scalar(0.5);
        let asked = batch.weight.clone().greater_elem(0.0).float().sum_dim(1) + 1.0;
        let bound = (divergence / asked).mean() * SCALE;
        let losses = StepLosses {
            error: error.clone().inner(),
            error_at_start: error.clone().inner(),
            walker: bound.clone().inner(),
        };
        let mut gradients = (error + bound).backward();
        let of_generator = GradientsParams::from_module(&mut gradients, &self.generator);
        let of_generator = clip_global_norm(of_generator, &self.generator, rates.clip);
        self.generator =
            self.generator_optimizer
                .step(rates.generator, self.generator, of_generator);
        let of_posterior = GradientsParams::from_module(&mut gradients, &inference.posterior);
        inference.posterior =
            inference
                .optimizer
                .step(rates.generator, inference.posterior, of_posterior);
        self.inference = Some(inference);
        (self, losses)
    }
}
