//! Algorithm 1 of the paper, one batch at a time, in the order in which the authors' code does it
//! (`z` and Z inside the loop over l, H and G once after it):
//!
//! 1. h = H(x), once, without gradients;
//! 2. l times: z moves down its own gradient of the error with all networks frozen, back onto the sphere
//!    ([`search`]);
//! 3. Z is fitted to those moves and their lengths ([`fit_walker`]);
//! 4. H and G take one step at the last z ([`fit_generator`]).

use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;

use crate::average::Average;
use crate::clip::clip_global_norm;
use crate::config::AlgorithmConfig;
use crate::context::Adversary;
use crate::nets::{Code, Generator, Walker};
use crate::walk::{row_norm, unit};

/// One batch on the device.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// Corrupted values and mask, `[batch, input cells]`.
    pub input: Tensor<2>,
    /// Clean values, `[batch, target cells]`.
    pub target: Tensor<2>,
    /// Weight of each cell's error, `[batch, target cells]`.
    pub weight: Tensor<2>,
    /// Where z starts: unit rows `[batch, latent]`.
    pub latent: Tensor<2>,
    /// Disturbance of (h, z) for the Lipschitz terms, `[batch, features + latent]`.
    pub noise: Tensor<2>,
}

/// One move of z: Z learns to predict `to` and `rho` from (h, `from`).
#[derive(Debug, Clone)]
pub(crate) struct Move {
    pub from: Tensor<2>,
    pub to: Tensor<2>,
    /// alpha times the length of the move, `[batch, 1]`.
    pub rho: Tensor<2>,
}

/// H, G and Z with their optimizers: all that Algorithm 1 changes.
#[derive(Clone)]
pub(crate) struct Cgml {
    pub generator: Generator,
    pub walker: Walker,
    pub generator_optimizer: ModuleOptimizer,
    pub walker_optimizer: ModuleOptimizer,
    /// Trains the context encoder instead, the baseline without z.
    pub adversary: Option<Adversary>,
    /// Moving averages of the weights, where they are kept.
    pub average: Option<Average>,
}

/// Learning rates and the bound on the gradient in one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rates {
    pub generator: f64,
    pub walker: f64,
    /// Largest global norm of the gradient of H and G; 0 for none.
    pub clip: f64,
}

/// What one step measured, still on the device: reading it waits for the device.
#[derive(Debug, Clone)]
pub(crate) struct StepLosses {
    /// Mean over the batch of the weighted L1 error at the last z.
    pub error: Tensor<1>,
    /// The same at the first z: what the search gained.
    pub error_at_start: Tensor<1>,
    /// Loss of Z over all moves of the batch.
    pub walker: Tensor<1>,
}

/// What a task adds to each row's error, `[batch, 1]`, from the output and the target.
pub(crate) type ExtraError<'a> = &'a dyn Fn(&Tensor<2>, &Tensor<2>) -> Option<Tensor<2>>;

/// Weighted mean absolute error of each row, `[batch, 1]`.
pub(crate) fn row_errors(output: Tensor<2>, target: &Tensor<2>, weight: &Tensor<2>) -> Tensor<2> {
    let total = weight.clone().sum_dim(1) + 1e-8;
    ((output - target.clone()).abs() * weight.clone()).sum_dim(1) / total
}

/// E of the paper for each row, `[batch, 1]`: weighted L1 and what the task adds.
fn objective(output: Tensor<2>, batch: &Batch, extra: ExtraError) -> Tensor<2> {
    let added = extra(&output, &batch.target);
    let error = row_errors(output, &batch.target, &batch.weight);
    match added {
        Some(added) => error + added,
        None => error,
    }
}

impl Cgml {
    /// One batch of Algorithm 1.
    pub(crate) fn step(
        mut self,
        batch: &Batch,
        extra: ExtraError,
        config: &AlgorithmConfig,
        rates: Rates,
    ) -> (Cgml, StepLosses) {
        if let Some(adversary) = self.adversary.take() {
            return self.context_step(adversary, batch, rates);
        }
        let frozen = self.generator.clone().no_grad();
        let code = frozen.encode(batch.input.clone());
        let (z, moves, error_at_start) = search(&frozen, &code, batch, extra, config);
        drop(frozen);
        let walker;
        (self, walker) = self.fit_walker(&code.h, &moves, &batch.noise, config, rates.walker);
        let error;
        (self, error) = self.fit_generator(batch, z, extra, config, rates);
        (
            self,
            StepLosses {
                error,
                error_at_start,
                walker,
            },
        )
    }

    /// Fits Z to the moves, in `walker_updates` steps over equal shares of them.
    fn fit_walker(
        mut self,
        h: &Tensor<2>,
        moves: &[Move],
        noise: &Tensor<2>,
        config: &AlgorithmConfig,
        rate: f64,
    ) -> (Cgml, Tensor<1>) {
        let share = moves.len().div_ceil(config.walker_updates.max(1)).max(1);
        let mut total = Tensor::zeros([1], &h.device()).without_autodiff();
        for chunk in moves.chunks(share) {
            let loss = walker_loss(&self.walker, h, chunk, noise, config);
            total = total + loss.clone().inner() * (chunk.len() as f64 / moves.len() as f64);
            let gradients = GradientsParams::from_grads(loss.backward(), &self.walker);
            self.walker = self.walker_optimizer.step(rate, self.walker, gradients);
        }
        (self, total)
    }

    /// One step of H and G at `z`, with H run again so that it gets gradients.
    fn fit_generator(
        mut self,
        batch: &Batch,
        z: Tensor<2>,
        extra: ExtraError,
        config: &AlgorithmConfig,
        rates: Rates,
    ) -> (Cgml, Tensor<1>) {
        let code = self.generator.encode(batch.input.clone());
        let (loss, error) = generator_loss(&self.generator, &code, batch, z, extra, config);
        let gradients = GradientsParams::from_grads(loss.backward(), &self.generator);
        let gradients = clip_global_norm(gradients, &self.generator, rates.clip);
        self.generator = self
            .generator_optimizer
            .step(rates.generator, self.generator, gradients);
        (self, error)
    }
}

/// Each row's error at z and its gradient there, `[batch, 1]` and `[batch, latent]`, both without a graph.
fn latent_gradient(
    frozen: &Generator,
    code: &Code,
    z: &Tensor<2>,
    batch: &Batch,
    extra: ExtraError,
) -> (Tensor<2>, Tensor<2>) {
    let leaf = z.clone().inner().autodiff().require_grad();
    let errors = objective(frozen.decode(code, leaf.clone()), batch, extra);
    // The sum over rows, so that a step does not depend on the size of the batch.
    let gradients = errors.clone().sum().backward();
    let gradient = leaf
        .grad(&gradients)
        .unwrap_or_else(|| leaf.inner().zeros_like());
    (errors.inner(), gradient)
}

/// Moves z from `batch.latent` down the gradient of each row's own error, l times.
///
/// Gives the last z, all moves, and the mean error at the first z. No network changes: `frozen` tracks nothing.
pub(crate) fn search(
    frozen: &Generator,
    code: &Code,
    batch: &Batch,
    extra: ExtraError,
    config: &AlgorithmConfig,
) -> (Tensor<2>, Vec<Move>, Tensor<1>) {
    let mut z = batch.latent.clone();
    let mut moves = Vec::with_capacity(config.steps);
    let mut error_at_start = None;
    for _step in 0..config.steps {
        let (errors, gradient) = latent_gradient(frozen, code, &z, batch, extra);
        error_at_start.get_or_insert_with(|| errors.mean());
        let direction = if config.unit_gradient {
            unit(gradient)
        } else {
            gradient
        };
        let from = z.inner();
        let to = unit(from.clone() - direction.mul_scalar(config.beta));
        let rho = row_norm(to.clone() - from.clone()).mul_scalar(config.alpha);
        z = to.clone().autodiff();
        moves.push(Move {
            from: from.autodiff(),
            to: to.autodiff(),
            rho: rho.autodiff(),
        });
    }
    let error_at_start = error_at_start.unwrap_or_else(|| {
        objective(frozen.decode(code, z.clone()), batch, extra)
            .inner()
            .mean()
    });
    (z, moves, error_at_start)
}

/// L1 between Z's prediction and the moves, plus the consistency of Z under noise on (h, z).
fn walker_loss(
    walker: &Walker,
    h: &Tensor<2>,
    moves: &[Move],
    noise: &Tensor<2>,
    config: &AlgorithmConfig,
) -> Tensor<1> {
    let stack = |pick: fn(&Move) -> &Tensor<2>| {
        Tensor::cat(moves.iter().map(|m| pick(m).clone()).collect(), 0)
    };
    let (from, to, rho) = (stack(|m| &m.from), stack(|m| &m.to), stack(|m| &m.rho));
    let repeated = h.clone().repeat_dim(0, moves.len());
    let (next, length) = walker.forward(repeated.clone(), from.clone());
    let fit = (next.clone() - to).abs().sum_dim(1).mean() + (length.clone() - rho).abs().mean();
    if config.walker_consistency == 0.0 {
        return fit;
    }
    let [rows, features] = h.dims();
    let width = noise.dims()[1];
    let noise_h = noise
        .clone()
        .slice([0..rows, 0..features])
        .repeat_dim(0, moves.len());
    let noise_z = noise
        .clone()
        .slice([0..rows, features..width])
        .repeat_dim(0, moves.len());
    let (next_near, length_near) = walker.forward(repeated + noise_h, from + noise_z);
    let change = (next_near - next).abs().sum_dim(1).mean() + (length_near - length).abs().mean();
    fit + change * config.walker_consistency
}

/// The error at z plus the consistency of G under noise on (h, z); and the error alone.
fn generator_loss(
    generator: &Generator,
    code: &Code,
    batch: &Batch,
    z: Tensor<2>,
    extra: ExtraError,
    config: &AlgorithmConfig,
) -> (Tensor<1>, Tensor<1>) {
    let output = generator.decode(code, z.clone());
    let error = objective(output.clone(), batch, extra).mean();
    if config.consistency == 0.0 {
        return (error.clone(), error.inner());
    }
    let [rows, features] = code.h.dims();
    let width = batch.noise.dims()[1];
    let noise_h = batch.noise.clone().slice([0..rows, 0..features]);
    let noise_z = batch.noise.clone().slice([0..rows, features..width]);
    let near = generator.decode(&code.with_h(code.h.clone() + noise_h), z + noise_z);
    let change = row_errors(near, &output, &batch.weight).mean();
    (error.clone() + change * config.consistency, error.inner())
}

#[cfg(test)]
mod tests;
