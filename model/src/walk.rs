//! The walk of the latent on its sphere: Eq. 4 of the paper, with Z as the only guide.

use burn::tensor::Tensor;

use crate::config::AlgorithmConfig;
use crate::nets::{Code, Walker};

/// Shorter vectors than this have no direction.
const TINY: f64 = 1e-8;

/// Each row divided by its length.
pub(crate) fn unit(z: Tensor<2>) -> Tensor<2> {
    let length = row_norm(z.clone());
    z / length
}

/// The length of each row, `[rows, 1]`, at least [`TINY`].
pub(crate) fn row_norm(z: Tensor<2>) -> Tensor<2> {
    (z.square().sum_dim(1) + TINY * TINY).sqrt()
}

/// One step of Eq. 4 as Z guides it, given what Z made of h. Without momentum z becomes the prediction itself.
pub(crate) fn step(
    walker: &Walker,
    prepared: &Tensor<2>,
    z: Tensor<2>,
    momentum: bool,
) -> Tensor<2> {
    let (next, rho) = walker.finish(prepared.clone(), z.clone());
    if !momentum {
        return next;
    }
    advance(z, next, rho)
}

/// Eq. 4: from z towards `next` by `rho`, back onto the sphere.
pub(crate) fn advance(z: Tensor<2>, next: Tensor<2>, rho: Tensor<2>) -> Tensor<2> {
    let towards = next - z.clone();
    unit(z + rho * unit(towards))
}

/// Walks `z` for the configured number of inference steps.
pub(crate) fn walk(
    walker: &Walker,
    code: &Code,
    z: Tensor<2>,
    config: &AlgorithmConfig,
) -> Tensor<2> {
    let prepared = walker.prepare(code.h.clone());
    (0..config.inference_steps).fold(z, |z, _step| step(walker, &prepared, z, config.momentum))
}
