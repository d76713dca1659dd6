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
    ModuleOptimizer::from(FusedAdamW::new(decay as f32))
}

/// burn's AdamW, with the same state.
#[derive(Clone)]
struct FusedAdamW {
    /// For devices other than the CPU: with the decay of matrices and kernels, and without any.
    general: [AdamW; 2],
    decay: f32,
}

impl FusedAdamW {
    fn new(decay: f32) -> FusedAdamW {
        let adam = AdamWConfig::new()
            .with_beta_1(BETA_1)
            .with_beta_2(BETA_2)
            .with_epsilon(EPSILON);
        let general = [decay, 0.0].map(|decay| adam.clone().with_weight_decay(decay).build());
        FusedAdamW { general, decay }
    }
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
        // Biases, gains and shifts of norms have one axis.
        let decays = D > 1;
        if !fused(&weights) {
            let general = &self.general[usize::from(!decays)];
            return general.step(rate, weights, gradient, state);
        }
        let decay = if decays { self.decay } else { 0.0 };
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
            keep: 1.0 - rate as f32 * decay,
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

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{LayerNormConfig, LinearConfig};
    use burn::optim::GradientsParams;
    use burn::tensor::DType;

    use crate::encoder::to_host;

    #[test]
    fn matrices_decay_and_biases_and_gains_do_not() {
        let device = Device::flex().autodiff();
        let x = || Tensor::<2>::ones([2, 3], &device);
        let norm = LayerNormConfig::new(3).init(&device);
        let gradients = (norm.forward(x()) * 0.0).sum().backward();
        let gradients = GradientsParams::from_grads(gradients, &norm);
        let norm = adam_w(0.5).step(0.1, norm, gradients);
        assert_eq!(to_host(norm.gamma.val().inner()).unwrap(), [1.0; 3]);
        let linear = LinearConfig::new(3, 2).init(&device);
        let before = to_host(linear.weight.val().inner()).unwrap();
        let gradients = (linear.forward(x()) * 0.0).sum().backward();
        let gradients = GradientsParams::from_grads(gradients, &linear);
        let linear = adam_w(0.5).step(0.1, linear, gradients);
        let after = to_host(linear.weight.val().inner()).unwrap();
        for (before, after) in before.iter().zip(after) {
            assert!((after - 0.95 * before).abs() < 1e-6, "{before} {after}");
        }
    }

    #[test]
    fn so_it_is_where_nothing_is_fused() {
        let adam = FusedAdamW::new(0.5);
        let ones = Tensor::<2>::ones([2, 3], &Device::flex()).cast(DType::F64);
        let (matrix, _state) = adam.step(0.1, ones.clone(), ones.zeros_like(), None);
        let ones: Tensor<1> = ones.reshape([6]);
        let (gain, _state) = adam.step(0.1, ones.clone(), ones.zeros_like(), None);
        let [matrix, gain] = [matrix.sum(), gain.sum()].map(|sum| sum.into_scalar::<f64>());
        assert!(
            (matrix - 5.7).abs() < 1e-6 && gain == 6.0,
            "{matrix} {gain}"
        );
    }
}
