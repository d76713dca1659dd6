//! Fused operations for the CPU, with gradients, and the same from burn's own operations for other devices.
//!
//! burn's CPU backend runs every elementwise operation as a pass of its own on one thread, and its convolutions' gradients
//! by general formulas. What Algorithm 1 spends its time on beside matrix products is therefore written here as single
//! parallel passes. GPUs take the composed forms, which burn fuses there. Tests hold both against each other.

mod composed;
mod elementwise;
mod flex;
mod gradients;
mod math;
mod norm;
mod patches;
mod product;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{DType, Tensor};

use crate::device::is_cpu;

pub(crate) use self::elementwise::AdamStep;
pub(crate) use self::flex::adam;

/// The fused operations on one backend; values are f32.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait Kernels: Backend {
    /// Windows `[batch h w, 16 channels]` of an image `[batch, 2h, 2w, channels]`: see [`unfold`].
    fn unfold(image: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The transpose of `unfold`, for images of `height` x `width`.
    fn fold(windows: FloatTensor<Self>, height: usize, width: usize) -> FloatTensor<Self>;

    /// `x` `[rows, in]` times `weight` `[in, out]`: see [`product`].
    fn product(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Gradient of a product with respect to x, given that of its output `[rows, out]`.
    fn product_x_gradient(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// Gradient of a product with respect to the weight, given that of its output.
    fn product_weight_gradient(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    fn gelu_fused(x: FloatTensor<Self>) -> FloatTensor<Self>;

    fn gelu_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    fn norm(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        groups: usize,
        slope: f64,
    ) -> FloatTensor<Self>;

    /// Gradients with respect to x, gain and shift.
    fn norm_gradient(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        groups: usize,
        slope: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The sum of squares `[1]`; carries no gradient.
    fn square_sum(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`lerp`]; carries no gradient.
    fn lerp(old: FloatTensor<Self>, new: FloatTensor<Self>, keep: f64) -> FloatTensor<Self>;
}

/// Whether the fused operations can take this tensor.
pub(crate) fn fused<const D: usize>(x: &Tensor<D>) -> bool {
    is_cpu(&x.device()) && x.dtype() == DType::F32
}

/// The 4 x 4 windows at stride 2 of images `[batch, 2h, 2w, channels]` with one cell of zeros around them:
/// `[batch h w, 16 channels]`, each in the order (row, column, channel).
pub(crate) fn unfold(image: Tensor<4>) -> Tensor<2> {
    if !fused(&image) {
        return composed::unfold(image);
    }
    Tensor::from_dispatch(<Dispatch as Kernels>::unfold(image.into_dispatch()))
}

/// The transpose of [`unfold`]: images `[batch, 2h, 2w, channels]` from windows `[batch h w, 16 channels]`, given
/// the image's height and width.
pub(crate) fn fold(windows: Tensor<2>, [height, width]: [usize; 2]) -> Tensor<4> {
    if !fused(&windows) {
        return composed::fold(windows, [height, width]);
    }
    Tensor::from_dispatch(<Dispatch as Kernels>::fold(
        windows.into_dispatch(),
        height,
        width,
    ))
}

/// `x` `[rows, in]` times `weight` `[in, out]`, with gradients that never turn the weight about.
pub(crate) fn product(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    if !fused(&x) {
        return x.matmul(weight);
    }
    Tensor::from_dispatch(<Dispatch as Kernels>::product(
        x.into_dispatch(),
        weight.into_dispatch(),
    ))
}

/// The Gaussian error linear unit.
pub(crate) fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if !fused(&x) {
        return burn::tensor::activation::gelu(x);
    }
    Tensor::from_dispatch(<Dispatch as Kernels>::gelu_fused(x.into_dispatch()))
}

/// Brings each of the `groups` of channels of each item of `x` `[items, places, channels]` to mean 0 and variance 1,
/// applies a gain and a shift to each channel, and multiplies what is negative by `slope` (1 changes nothing).
pub(crate) fn norm(
    x: Tensor<3>,
    gain: Tensor<1>,
    shift: Tensor<1>,
    groups: usize,
    slope: f64,
) -> Tensor<3> {
    if x.dtype() == DType::BF16 {
        // Means and variances want more digits.
        return norm(x.cast(DType::F32), gain, shift, groups, slope).cast(DType::BF16);
    }
    if !fused(&x) {
        return composed::norm(x, gain, shift, groups, slope);
    }
    Tensor::from_dispatch(<Dispatch as Kernels>::norm(
        x.into_dispatch(),
        gain.into_dispatch(),
        shift.into_dispatch(),
        groups,
        slope,
    ))
}

/// The sum of squares, without a gradient.
pub(crate) fn square_sum<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    if !fused(&x) || x.is_autodiff() {
        return x.square().sum();
    }
    Tensor::from_dispatch(<Dispatch as Kernels>::square_sum(x.into_dispatch()))
}

/// `keep` times `old` and the rest of `new`, of tensors without gradients; on the CPU in place where nothing else holds `old`.
pub(crate) fn lerp<const D: usize>(old: Tensor<D>, new: Tensor<D>, keep: f64) -> Tensor<D> {
    if !fused(&old) {
        return old * keep + new * (1.0 - keep);
    }
    let (old, new) = (old.into_dispatch(), new.into_dispatch());
    Tensor::from_dispatch(<Dispatch as Kernels>::lerp(old, new, keep))
}

#[cfg(test)]
mod tests;
