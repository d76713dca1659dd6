//! Clipping of gradients by their global norm; burn clips tensor by tensor.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::kernels::{fused, square_sum};

/// Scales all gradients of `module` so that their joint L2 norm is at most `limit`; 0 leaves them.
///
/// Nothing is read back from a GPU: there the factor stays a tensor.
pub(crate) fn clip_global_norm<M: Module>(
    gradients: GradientsParams,
    module: &M,
    limit: f64,
) -> GradientsParams {
    if limit == 0.0 {
        return gradients;
    }
    let mut sum = SquareSum {
        gradients: &gradients,
        sum: None,
    };
    module.visit(&mut sum);
    let Some(square) = sum.sum else {
        return gradients;
    };
    let factor = (square.sqrt() + 1e-6)
        .recip()
        .mul_scalar(limit)
        .clamp_max(1.0);
    // On the CPU there is nothing to wait for, and mostly nothing to scale.
    if fused(&factor) && factor.clone().into_scalar::<f32>() == 1.0 {
        return gradients;
    }
    let mut scaler = Scaler {
        from: gradients,
        to: GradientsParams::new(),
        factor,
    };
    module.visit(&mut scaler);
    scaler.to
}

struct SquareSum<'g> {
    gradients: &'g GradientsParams,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for SquareSum<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = self.gradients.get::<D>(param.id) else {
            return;
        };
        let square = square_sum(gradient);
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + square,
            None => square,
        });
    }
}

struct Scaler {
    from: GradientsParams,
    to: GradientsParams,
    factor: Tensor<1>,
}

impl ModuleVisitor for Scaler {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.from.remove::<D>(param.id) {
            let factor = self.factor.clone().reshape([1; D]);
            self.to.register(param.id, gradient * factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::Device;

    fn gradients(layer: &Linear) -> GradientsParams {
        let input = Tensor::<2>::ones([3, 4], &Device::flex().autodiff());
        let loss = layer.forward(input).square().sum();
        GradientsParams::from_grads(loss.backward(), layer)
    }

    fn values(gradients: &GradientsParams, layer: &Linear) -> Vec<f32> {
        let weight = gradients.get::<2>(layer.weight.id).unwrap().into_data();
        let bias = layer.bias.as_ref().unwrap();
        let bias = gradients.get::<1>(bias.id).unwrap().into_data();
        [weight, bias]
            .into_iter()
            .flat_map(|data| data.try_to_vec::<f32>().unwrap())
            .collect()
    }

    #[test]
    fn the_joint_norm_is_bounded_and_the_direction_kept() {
        let layer = LinearConfig::new(4, 2).init(&Device::flex().autodiff());
        let free = values(&gradients(&layer), &layer);
        let norm = |values: &[f32]| values.iter().map(|v| v * v).sum::<f32>().sqrt();
        let limit = 0.25 * f64::from(norm(&free));
        let clipped = values(&clip_global_norm(gradients(&layer), &layer, limit), &layer);
        assert!((norm(&clipped) / norm(&free) - 0.25).abs() < 1e-4);
        for (clipped, whole) in clipped.iter().zip(&free) {
            assert!((clipped - 0.25 * whole).abs() < 1e-4 * norm(&free));
        }
        for loose in [0.0, 1e9] {
            let same = values(&clip_global_norm(gradients(&layer), &layer, loose), &layer);
            assert_eq!(same, free);
        }
    }
}
