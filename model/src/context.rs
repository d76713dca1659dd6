//! The context encoder (Pathak et al., CVPR 2016), the baseline that the paper compares with: the same H and G without
//! z, trained on squared error and against a critic, in the proportions of their paper.
//!
//! Its error is its own: `algorithm.error` and what a task adds to the error (for colours the divergence) are left out.
//! The critic is a perceptron on the completed picture; theirs is a stack of convolutions on the hidden part.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::activation::{leaky_relu, softplus};
use burn::tensor::{Device, Tensor};

use crate::algorithm::{Batch, Cgml, Rates, StepLosses, row_errors, row_squares};
use crate::clip::clip_global_norm;
use crate::nets::draw_weights;

/// Weights of the squared error and of the critic's verdict.
const SQUARE: f64 = 0.999;
const VERDICT: f64 = 0.001;
/// Hidden widths of the critic.
const WIDTHS: [usize; 2] = [256, 64];
const SLOPE: f64 = 0.2;

/// Tells true pictures from completed ones.
#[derive(Module, Debug)]
pub(crate) struct Critic {
    hidden: Vec<Linear>,
    output: Linear,
}

/// The critic and its optimizer.
#[derive(Clone)]
pub(crate) struct Adversary {
    pub critic: Critic,
    pub optimizer: ModuleOptimizer,
}

impl Critic {
    /// A critic of targets of `cells` values, its weights drawn from `seed`.
    pub(crate) fn new(cells: usize, seed: u64, device: &Device) -> Critic {
        let mut width = cells;
        let mut hidden = Vec::with_capacity(WIDTHS.len());
        for next in WIDTHS {
            hidden.push(LinearConfig::new(width, next).init(device));
            width = next;
        }
        let output = LinearConfig::new(width, 1).init(device);
        draw_weights(Critic { hidden, output }, seed, 2)
    }

    /// `[batch, cells]` to `[batch, 1]`: positive for what looks true.
    fn forward(&self, picture: Tensor<2>) -> Tensor<2> {
        let last = self
            .hidden
            .iter()
            .fold(picture, |x, layer| leaky_relu(layer.forward(x), SLOPE));
        self.output.forward(last)
    }
}

impl Cgml {
    /// One step of H and G against the critic, and one of the critic.
    pub(crate) fn context_step(
        mut self,
        mut adversary: Adversary,
        batch: &Batch,
        rates: Rates,
    ) -> (Cgml, StepLosses) {
        let code = self.generator.encode(batch.input.clone());
        let output = self.generator.decode(&code, batch.latent.clone());
        let asked = batch.weight.clone().greater_elem(0.0).float();
        let given = batch.target.clone() * asked.clone().neg().add_scalar(1.0);
        let completed = output.clone() * asked + given;
        let square = row_squares(output.clone(), &batch.target, &batch.weight).mean();
        let frozen = adversary.critic.clone().no_grad();
        let verdict = softplus(frozen.forward(completed.clone()).neg(), 1.0).mean();
        let loss = square * SQUARE + verdict * VERDICT;
        let error = row_errors(output, &batch.target, &batch.weight)
            .mean()
            .inner();
        let gradients = GradientsParams::from_grads(loss.backward(), &self.generator);
        let gradients = clip_global_norm(gradients, &self.generator, rates.clip);
        self.generator = self
            .generator_optimizer
            .step(rates.generator, self.generator, gradients);

        let made = completed.inner().autodiff();
        let loss = softplus(adversary.critic.forward(batch.target.clone()).neg(), 1.0).mean()
            + softplus(adversary.critic.forward(made), 1.0).mean();
        let critic_loss = loss.clone().inner();
        let gradients = GradientsParams::from_grads(loss.backward(), &adversary.critic);
        adversary.critic = adversary
            .optimizer
            .step(rates.generator, adversary.critic, gradients);
        self.adversary = Some(adversary);
        let losses = StepLosses {
            error: error.clone(),
            error_at_start: error,
            walker: critic_loss,
        };
        (self, losses)
    }
}
