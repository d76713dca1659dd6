//! Clipping of gradients by their global norm; burn clips tensor by tensor.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::kernels::square_sum;

/// Scales all gradients of `module` so that their joint L2 norm is at most `limit`; 0 leaves them.
///
/// Nothing is read back from the device: the factor stays a tensor.
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
