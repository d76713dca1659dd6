//! Gradients of the fused operations.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, binary, unary};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, TensorMetadata};

use super::Kernels;

#[derive(Debug)]
struct Unfold;

impl<B: Kernels> Backward<B, 1> for Unfold {
    /// Height and width of the image.
    type State = [usize; 2];

    fn backward(self, ops: Ops<[usize; 2], 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let [height, width] = ops.state;
        unary::<B, _>(ops.parents, ops.node, gradients, |gradient| {
            B::fold(gradient, height, width)
        });
    }
}

#[derive(Debug)]
struct Fold;

impl<B: Kernels> Backward<B, 1> for Fold {
    type State = ();

    fn backward(self, ops: Ops<(), 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        unary::<B, _>(ops.parents, ops.node, gradients, B::unfold);
    }
}

#[derive(Debug)]
struct Product;

impl<B: Kernels> Backward<B, 2> for Product {
    /// The factors: each where the other one's gradient is wanted.
    type State = [Option<FloatTensor<B>>; 2];

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let [x, weight] = ops.state;
        binary::<B, _, _>(
            ops.parents,
            ops.node,
            gradients,
            |gradient| B::product_x_gradient(weight.expect("kept for the gradient of x"), gradient),
            |gradient| {
                B::product_weight_gradient(
                    x.expect("kept for the gradient of the weight"),
                    gradient,
                )
            },
        );
    }
}

#[derive(Debug)]
struct Gelu;

impl<B: Kernels> Backward<B, 1> for Gelu {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let x = ops.state;
        unary::<B, _>(ops.parents, ops.node, gradients, |gradient| {
            B::gelu_gradient(x, gradient)
        });
    }
}

#[derive(Debug)]
struct Normalise;

/// What the gradient of a norm needs.
#[derive(Debug, Clone)]
struct NormState<T> {
    x: T,
    gain: T,
    shift: T,
    groups: usize,
    slope: f64,
}

impl<B: Kernels> Backward<B, 3> for Normalise {
    type State = NormState<FloatTensor<B>>;

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let state = ops.state;
        let (x, gain, shift) = B::norm_gradient(
            state.x,
            state.gain,
            state.shift,
            gradient,
            state.groups,
            state.slope,
        );
        for (parent, gradient) in ops.parents.into_iter().zip([x, gain, shift]) {
            if let Some(parent) = parent {
                gradients.register::<B>(parent.id, gradient);
            }
        }
    }
}

impl<B: Kernels, C: CheckpointStrategy> Kernels for Autodiff<B, C> {
    fn unfold(image: FloatTensor<Self>) -> FloatTensor<Self> {
        let [_batch, height, width, _channels] = image.shape().dims();
        let node = image.node();
        let windows = B::unfold(image.into_primitive());
        match Unfold.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish([height, width], windows),
            OpsKind::UnTracked(prep) => prep.finish(windows),
        }
    }

    fn fold(windows: FloatTensor<Self>, height: usize, width: usize) -> FloatTensor<Self> {
        let node = windows.node();
        let image = B::fold(windows.into_primitive(), height, width);
        Fold.prepare::<C>([node]).compute_bound().stateless(image)
    }

    fn product(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node()];
        let tracked = [x.is_tracked(), weight.is_tracked()];
        let [x, weight] = [x, weight].map(|tensor| tensor.into_primitive());
        let y = B::product(x.clone(), weight.clone());
        match Product.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let state = [tracked[1].then_some(x), tracked[0].then_some(weight)];
                prep.finish(state, y)
            }
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn gelu_fused(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let node = x.node();
        let x = x.into_primitive();
        let y = B::gelu_fused(x.clone());
        match Gelu.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(x, y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn norm(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        groups: usize,
        slope: f64,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), gain.node(), shift.node()];
        let [x, gain, shift] = [x, gain, shift].map(|tensor| tensor.into_primitive());
        let y = B::norm(x.clone(), gain.clone(), shift.clone(), groups, slope);
        match Normalise.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let state = NormState {
                    x,
                    gain,
                    shift,
                    groups,
                    slope,
                };
                prep.finish(state, y)
            }
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn product_x_gradient(
        _weight: FloatTensor<Self>,
        _gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        unreachable!("only backward passes call it, below the autodiff backend")
    }

    fn product_weight_gradient(
        _x: FloatTensor<Self>,
        _gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        unreachable!("only backward passes call it, below the autodiff backend")
    }

    fn gelu_gradient(_x: FloatTensor<Self>, _gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        unreachable!("only backward passes call it, below the autodiff backend")
    }

    fn norm_gradient(
        _x: FloatTensor<Self>,
        _gain: FloatTensor<Self>,
        _shift: FloatTensor<Self>,
        _gradient: FloatTensor<Self>,
        _groups: usize,
        _slope: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        unreachable!("only backward passes call it, below the autodiff backend")
    }

    fn square_sum(_x: FloatTensor<Self>) -> FloatTensor<Self> {
        unreachable!("it takes tensors without gradients")
    }

    fn lerp(_old: FloatTensor<Self>, _new: FloatTensor<Self>, _keep: f64) -> FloatTensor<Self> {
        unreachable!("it takes tensors without gradients")
    }
}
