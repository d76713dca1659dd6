//! Passes over whole tensors: the Gaussian error linear unit, sums of squares, averages, Adam. Each is one parallel pass over
//! memory, where tensor by tensor operations would take many on one thread.

use std::f32::consts::FRAC_1_SQRT_2;

use rayon::prelude::*;

use super::math::{erf, exp_of_negative};

/// Values that one task takes.
const SHARE: usize = 1 << 14;

/// x times the probability that a standard normal number is below x.
pub(super) fn gelu(x: &[f32]) -> Vec<f32> {
    let mut y = vec![0.0; x.len()];
    y.par_chunks_mut(SHARE)
        .zip(x.par_chunks(SHARE))
        .for_each(|(y, x)| {
            pulp::Arch::new().dispatch(|| {
                for (y, x) in y.iter_mut().zip(x) {
                    *y = 0.5 * x * (1.0 + erf(x * FRAC_1_SQRT_2));
                }
            });
        });
    y
}

/// `gradient` times the derivative of [`gelu`] at `x`.
pub(super) fn gelu_gradient(x: &[f32], gradient: &[f32]) -> Vec<f32> {
    /// 1 / sqrt(2 pi).
    const DENSITY: f32 = 0.398_942_3;
    let mut result = vec![0.0; x.len()];
    result
        .par_chunks_mut(SHARE)
        .zip(x.par_chunks(SHARE))
        .zip(gradient.par_chunks(SHARE))
        .for_each(|((result, x), gradient)| {
            pulp::Arch::new().dispatch(|| {
                for ((result, &x), &g) in result.iter_mut().zip(x).zip(gradient) {
                    let below = 0.5 * (1.0 + erf(x * FRAC_1_SQRT_2));
                    *result = g * (below + x * DENSITY * exp_of_negative(-0.5 * x * x));
                }
            });
        });
    result
}

/// The sum of squares, the same whatever the threads.
pub(super) fn square_sum(x: &[f32]) -> f32 {
    let parts: Vec<f64> = x
        .par_chunks(SHARE)
        .map(|x| {
            pulp::Arch::new().dispatch(|| {
                let (whole, rest) = x.as_chunks::<16>();
                let mut sums = [0.0_f32; 16];
                for chunk in whole {
                    sums.iter_mut().zip(chunk).for_each(|(s, v)| *s += v * v);
                }
                let rest: f32 = rest.iter().map(|v| v * v).sum();
                sums.iter().map(|s| f64::from(*s)).sum::<f64>() + f64::from(rest)
            })
        })
        .collect();
    parts.iter().sum::<f64>() as f32
}

/// Brings `old` to `keep` times itself and the rest of `new`.
pub(super) fn lerp(old: &mut [f32], new: &[f32], keep: f64) {
    let [keep, rest] = [keep, 1.0 - keep].map(|share| share as f32);
    old.par_chunks_mut(SHARE)
        .zip(new.par_chunks(SHARE))
        .for_each(|(old, new)| {
            pulp::Arch::new().dispatch(|| {
                for (old, new) in old.iter_mut().zip(new) {
                    *old = *old * keep + new * rest;
                }
            });
        });
}

/// The numbers of one step of Adam with decoupled weight decay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdamStep {
    pub beta_1: f32,
    pub beta_2: f32,
    pub epsilon: f32,
    /// Factor on the weights before the step: 1 - rate times decay.
    pub keep: f32,
    pub rate: f32,
    /// 1 - beta^t of both moments.
    pub bias_1: f32,
    pub bias_2: f32,
}

impl AdamStep {
    /// Moves `weights` and both moments in place.
    pub(super) fn apply(
        &self,
        weights: &mut [f32],
        moment_1: &mut [f32],
        moment_2: &mut [f32],
        gradient: &[f32],
    ) {
        weights
            .par_chunks_mut(SHARE)
            .zip(moment_1.par_chunks_mut(SHARE))
            .zip(moment_2.par_chunks_mut(SHARE))
            .zip(gradient.par_chunks(SHARE))
            .for_each(|(((weights, moment_1), moment_2), gradient)| {
                pulp::Arch::new().dispatch(|| {
                    let moments = moment_1.iter_mut().zip(moment_2);
                    for ((w, (m, v)), &g) in weights.iter_mut().zip(moments).zip(gradient) {
                        *m = *m * self.beta_1 + g * (1.0 - self.beta_1);
                        *v = *v * self.beta_2 + g * g * (1.0 - self.beta_2);
                        let delta = (*m / self.bias_1) / ((*v / self.bias_2).sqrt() + self.epsilon);
                        *w = *w * self.keep - delta * self.rate;
                    }
                });
            });
    }
}
