//! Adam with decoupled weight decay: burn's, in one pass over memory on the CPU.

use burn::optim::{
    AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, ModuleOptimizer, Optimizer,
};
use burn::tensor::{Device, Tensor};

use crate::kernels::{AdamStep, adam, fused};

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// An optimizer for a whole module, whose matrices and kernels lose `decay` times the rate of their value in each step.
pub(crate) fn adam_w(decay: f64) -> ModuleOptimizer {
    let decay = decay as f32;
    let general = AdamWConfig::new()
        .with_beta_1(BETA_1)
        .with_beta_2(BETA_2)
        .with_epsilon(EPSILON)
        .with_weight_decay(decay)
        .build();
    ModuleOptimizer::from(FusedAdamW { general, decay })
}

/// burn's AdamW, with the same state.
#[derive(Clone)]
struct FusedAdamW {
    /// For devices other than the CPU.
    general: AdamW,
    decay: f32,
}

impl Optimizer for FusedAdamW {
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        rate: f64,
        weights: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamWState<D>>,
    ) -> (Tensor<D>, Option<AdamWState<D>>) {
        if !fused(&weights) {
            return self.general.step(rate, weights, gradient, state);
        }
        let AdaptiveMomentumState {
            time,
            moment_1,
            moment_2,
            ..
        } = match state {
            Some(state) => state.momentum,
            None => AdaptiveMomentumState::new(0, weights.zeros_like(), weights.zeros_like()),
        };
        let steps = i32::try_from(time + 1).unwrap_or(i32::MAX);
        let step = AdamStep {
            beta_1: BETA_1,
            beta_2: BETA_2,
            epsilon: EPSILON,
            keep: 1.0 - rate as f32 * self.decay,
            rate: rate as f32,
            bias_1: 1.0 - BETA_1.powi(steps),
            bias_2: 1.0 - BETA_2.powi(steps),
        };
        let [weights, moment_1, moment_2] = adam(step, weights, [moment_1, moment_2], gradient);
        let momentum = AdaptiveMomentumState::new(time + 1, moment_1, moment_2);
        (weights, Some(AdamWState::new(momentum)))
    }

    fn to_device<const D: usize>(state: AdamWState<D>, device: &Device) -> AdamWState<D> {
        AdamW::to_device(state, device)
    }
}
