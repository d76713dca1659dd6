//! Algorithm 1 of the paper, one batch at a time, in the order in which the authors' code does it
//! (`z` and Z inside the loop over l, H and G once after it):
//!
//! 1. h = H(x), once: H does not change before the last step;
//! 2. l times: z moves down its own gradient of the error with all networks frozen, back onto the sphere
//!    ([`search`]);
//! 3. Z is fitted to those moves and their lengths ([`fit_walker`]);
//! 4. H and G take one step at the last z ([`fit_generator`]).
//!
//! What a layer adds for h is computed once for all z (`prepare` of the networks), and a consistency term shares
//! one pass with the term that it is added to.

use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};

use crate::adam::adam_w;
use crate::average::Average;
use crate::clip::clip_global_norm;
use crate::config::{AlgorithmConfig, Distance, Objective};
use crate::context::{Adversary, Critic};
use crate::nets::{Code, Generator, Prepared, Sizes, Walker};
use crate::spectral_norm::bound;
use crate::variational::{Inference, Posterior};
use crate::walk::{row_norm, unit};
use crate::{Config, ModelError, Precision};

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
    /// Trains the conditional variational autoencoder instead, the baseline with a sampled z.
    pub inference: Option<Inference>,
    /// Moving averages of the weights, where they are kept.
    pub average: Option<Average>,
    /// What a step computes in.
    pub precision: Precision,
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
    /// Mean over the batch of E at the last z.
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

/// Weighted mean square of each row's error, `[batch, 1]`.
pub(crate) fn row_squares(output: Tensor<2>, target: &Tensor<2>, weight: &Tensor<2>) -> Tensor<2> {
    let total = weight.clone().sum_dim(1) + 1e-8;
    ((output - target.clone()).square() * weight.clone()).sum_dim(1) / total
}

fn row_distances(
    output: Tensor<2>,
    target: &Tensor<2>,
    weight: &Tensor<2>,
    config: &AlgorithmConfig,
) -> Tensor<2> {
    match config.error {
        Distance::L1 => row_errors(output, target, weight),
        Distance::Square => row_squares(output, target, weight),
        Distance::Both => {
            let squares = row_squares(output.clone(), target, weight);
            row_errors(output, target, weight) + squares * config.square
        }
    }
}

/// E of the paper for each row, `[batch, 1]`: the weighted distance and what the task adds.
pub(crate) fn objective(
    output: Tensor<2>,
    batch: &Batch,
    extra: ExtraError,
    config: &AlgorithmConfig,
) -> Tensor<2> {
    let added = extra(&output, &batch.target);
    let error = row_distances(output, &batch.target, &batch.weight, config);
    match added {
        Some(added) => error + added,
        None => error,
    }
}

impl Cgml {
    /// Networks with the initial weights of the seed, and their optimizers.
    pub(crate) fn new(config: &Config, sizes: Sizes, device: &Device) -> Result<Cgml, ModelError> {
        config.train.precision.check(device)?;
        let generator = Generator::new(&config.network, sizes, config.seed, device)?;
        let walker = Walker::new(&config.network, generator.features(), config.seed, device);
        let (generator, walker) = match config.network.spectral_norm {
            0.0 => (generator, walker),
            limit => bound(generator, walker, limit, config.seed),
        };
        let adversary = (config.algorithm.objective == Objective::Context).then(|| Adversary {
            critic: Critic::new(sizes.target_cells(), config.seed, device),
            optimizer: adam_w(0.0),
        });
        let variational = config.algorithm.objective == Objective::Variational;
        let inference = variational.then(|| Inference {
            posterior: Posterior::new(sizes, config.network.latent, config.seed, device),
            optimizer: adam_w(0.0),
        });
        let averaged = config.train.average > 0.0;
        Ok(Cgml {
            average: averaged.then(|| Average::begin(&generator, &walker)),
            generator,
            walker,
            generator_optimizer: adam_w(config.train.weight_decay),
            walker_optimizer: adam_w(0.0),
            adversary,
            inference,
            precision: config.train.precision,
        })
    }

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
        if let Some(inference) = self.inference.take() {
            return self.variational_step(inference, batch, extra, config, rates);
        }
        let generator = self.precision.compute(&self.generator);
        let code = generator.encode(batch.input.clone());
        let known = code.known();
        let (z, moves, error_at_start) = {
            let frozen = self.generator.clone().no_grad().materialize().settled();
            let frozen = self.precision.compute(&frozen);
            search(&frozen, &known, batch, extra, config)
        };
        let walker;
        (self, walker) = self.fit_walker(&known.h, &moves, &batch.noise, config, rates.walker);
        let error;
        (self, error) = self.fit_generator(batch, (generator, code), z, extra, config, rates);
        (
            self,
            StepLosses {
                error,
                error_at_start,
                walker,
            },
        )
    }

    /// Takes the weights after `step` (from 1) into the averages, where they are kept.
    pub(crate) fn averaged(mut self, decay: f64, step: u64) -> Cgml {
        if let Some(average) = self.average.take() {
            self.average = Some(average.update(&self.generator, &self.walker, decay, step));
        }
        self
    }

    /// Fits Z to the moves, in `walker_updates` steps over shares of them that differ by one move at most.
    fn fit_walker(
        mut self,
        h: &Tensor<2>,
        moves: &[Move],
        noise: &Tensor<2>,
        config: &AlgorithmConfig,
        rate: f64,
    ) -> (Cgml, Tensor<1>) {
        let (count, updates) = (moves.len(), config.walker_updates);
        let mut total = Tensor::zeros([1], &h.device()).without_autodiff();
        for update in 0..updates {
            let chunk = &moves[update * count / updates..(update + 1) * count / updates];
            let walker = self.precision.compute(&self.walker);
            let loss = walker_loss(&walker, h, chunk, noise, config);
            drop(walker);
            total = total + loss.clone().inner() * (chunk.len() as f64 / moves.len() as f64);
            let gradients = GradientsParams::from_grads(loss.backward(), &self.walker);
            self.walker = self.walker_optimizer.step(rate, self.walker, gradients);
        }
        (self, total)
    }

    /// One step of H and G at `z`, through the networks that the step computes with and the code that carries the
    /// gradients to H.
    fn fit_generator(
        mut self,
        batch: &Batch,
        (generator, code): (Generator, Code),
        z: Tensor<2>,
        extra: ExtraError,
        config: &AlgorithmConfig,
        rates: Rates,
    ) -> (Cgml, Tensor<1>) {
        let (loss, error) = generator_loss(&generator, &code, batch, z, extra, config);
        drop((generator, code));
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
    prepared: &Prepared,
    z: &Tensor<2>,
    batch: &Batch,
    extra: ExtraError,
    config: &AlgorithmConfig,
) -> (Tensor<2>, Tensor<2>) {
    let leaf = z.clone().inner().autodiff().require_grad();
    let errors = objective(frozen.finish(prepared, leaf.clone()), batch, extra, config);
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
    let prepared = frozen.prepare(code);
    let mut z = batch.latent.clone();
    let mut moves = Vec::with_capacity(config.steps);
    let mut error_at_start = None;
    for _step in 0..config.steps {
        let (errors, gradient) = latent_gradient(frozen, &prepared, &z, batch, extra, config);
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
        objective(frozen.finish(&prepared, z.clone()), batch, extra, config)
            .inner()
            .mean()
    });
    (z, moves, error_at_start)
}

/// The parts of the noise `[batch, features + latent]` on h and on z.
fn split_noise(noise: &Tensor<2>, features: usize) -> [Tensor<2>; 2] {
    let [rows, width] = noise.dims();
    [0..features, features..width].map(|columns| noise.clone().slice([0..rows, columns]))
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
    if config.walker_consistency == 0.0 {
        let (next, length) = predict(walker, [h.clone()], [from]);
        return mismatch(next, length, to, rho);
    }
    let [noise_h, noise_z] = split_noise(noise, h.dims()[1]);
    let from_near = from.clone() + noise_z.repeat_dim(0, moves.len());
    let (next, length) = predict(walker, [h.clone(), h.clone() + noise_h], [from, from_near]);
    let ([next, next_near], [length, length_near]) = (halves(next), halves(length));
    let change = mismatch(next_near, length_near, next.clone(), length.clone());
    mismatch(next, length, to, rho) + change * config.walker_consistency
}

/// Z at each of `z`, whose rows are those of its h, once or several times over.
fn predict<const N: usize>(
    walker: &Walker,
    h: [Tensor<2>; N],
    z: [Tensor<2>; N],
) -> (Tensor<2>, Tensor<2>) {
    let times = z[0].dims()[0] / h[0].dims()[0];
    let (h, z) = (Tensor::cat(h.into(), 0), Tensor::cat(z.into(), 0));
    if times == 1 {
        return walker.forward(h, z);
    }
    let parts = walker.prepare(h).chunk(N, 0).into_iter();
    let prepared = parts.map(|part| part.repeat_dim(0, times)).collect();
    walker.finish(Tensor::cat(prepared, 0), z)
}

/// Mean L1 distance between latents and between lengths.
fn mismatch(next: Tensor<2>, length: Tensor<2>, to: Tensor<2>, rho: Tensor<2>) -> Tensor<1> {
    (next - to).abs().sum_dim(1).mean() + (length - rho).abs().mean()
}

/// The first and the second half of the rows.
fn halves(x: Tensor<2>) -> [Tensor<2>; 2] {
    let rows = x.dims()[0];
    [0..rows / 2, rows / 2..rows].map(|half| x.clone().slice(half))
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
    if config.consistency == 0.0 {
        let output = generator.decode(code, z);
        let error = objective(output, batch, extra, config).mean();
        return (error.clone(), error.inner());
    }
    let [noise_h, noise_z] = split_noise(&batch.noise, code.h.dims()[1]);
    let near = code.h.clone() + noise_h;
    let both = code.with_h(Tensor::cat(vec![code.h.clone(), near], 0));
    let output = generator.decode(&both, Tensor::cat(vec![z.clone(), z + noise_z], 0));
    let [output, near] = halves(output);
    let error = objective(output.clone(), batch, extra, config).mean();
    let change = row_distances(near, &output, &batch.weight, config).mean();
    (error.clone() + change * config.consistency, error.inner())
}

#[cfg(test)]
mod tests;
