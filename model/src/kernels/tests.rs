#![allow(clippy::unwrap_used)] // a test may panic

use burn::optim::{AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer};
use burn::tensor::{Device, Tensor, Tolerance};

use super::*;

fn device() -> Device {
    Device::flex().autodiff()
}

/// Values that are a function of their place alone.
fn made<const D: usize>(shape: [usize; D], seed: f32) -> Tensor<D> {
    let count: usize = shape.iter().product();
    let values: Vec<f32> = (0..count)
        .map(|i| ((i as f32 + 1.0) * (12.9898 + seed)).sin() * 1.7)
        .collect();
    Tensor::<1>::from_floats(values.as_slice(), &device()).reshape(shape)
}

fn close<const D: usize>(a: Tensor<D>, b: Tensor<D>) {
    let tolerance = Tolerance::<f32>::rel_abs(1e-5, 2e-6);
    a.into_data().assert_approx_eq(&b.into_data(), tolerance);
}

/// The gradient of `sum(weights * f(x))` with respect to `x`, and the value of f.
fn gradient<const D: usize, const R: usize>(
    x: &Tensor<D>,
    f: impl Fn(Tensor<D>) -> Tensor<R>,
) -> (Tensor<R>, Tensor<D>) {
    let x = x.clone().inner().autodiff().require_grad();
    let y = f(x.clone());
    let weights = made(y.dims(), 0.3);
    let gradients = (y.clone() * weights).sum().backward();
    (y.inner(), x.grad(&gradients).unwrap())
}

/// Holds a gradient against central differences of the loss in each cell of `x`.
fn differences_equal<const D: usize>(
    x: &Tensor<D>,
    found: Tensor<D>,
    loss: impl Fn(Tensor<D>) -> f32,
) {
    let found: Vec<f32> = found.into_data().try_to_vec().unwrap();
    for (cell, value) in found.iter().enumerate() {
        let mut at = vec![0.0_f32; found.len()];
        at[cell] = 1e-2;
        let step = Tensor::<1>::from_floats(at.as_slice(), &device()).reshape(x.dims());
        let difference = (loss(x.clone() + step.clone()) - loss(x.clone() - step)) / 2e-2;
        assert!((difference - value).abs() < 2e-2, "{difference} {value}");
    }
}

#[test]
fn windows_and_their_sum_are_those_of_the_composed_forms() {
    for [batch, height, width, channels] in [[2, 8, 8, 3], [1, 2, 4, 1], [3, 4, 2, 5]] {
        let image = made([batch, height, width, channels], 0.0);
        let fused = gradient(&image, unfold);
        let expected = gradient(&image, composed::unfold);
        close(fused.0, expected.0);
        close(fused.1, expected.1);
        let windows = made([batch * height * width / 4, 16 * channels], 1.0);
        let fused = gradient(&windows, |w| fold(w, [height, width]));
        let expected = gradient(&windows, |w| composed::fold(w, [height, width]));
        close(fused.0, expected.0);
        close(fused.1, expected.1);
    }
}

#[test]
fn products_with_windows_are_convolutions() {
    use burn::tensor::module::{conv_transpose2d, conv2d};
    use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
    let (from, to, side) = (3, 5, 8);
    let image = made([2, from, side, side], 0.0);
    let kernel = made([to, from, 4, 4], 1.0);
    let options = ConvOptions::new([2, 2], [1, 1], [1, 1], 1);
    let expected = conv2d(image.clone(), kernel.clone(), None, options);
    let matrix = kernel.permute([2, 3, 1, 0]).reshape([16 * from, to]);
    let found = unfold(image.clone().permute([0, 2, 3, 1])).matmul(matrix);
    let found = found.reshape([2, side / 2, side / 2, to]);
    close(found.permute([0, 3, 1, 2]), expected);

    let kernel = made([from, to, 4, 4], 2.0);
    let options = ConvTransposeOptions::new([2, 2], [1, 1], [0, 0], [1, 1], 1);
    let expected = conv_transpose2d(image.clone(), kernel.clone(), None, options);
    let matrix = kernel.permute([0, 2, 3, 1]).reshape([from, 16 * to]);
    let rows = image.permute([0, 2, 3, 1]).reshape([2 * side * side, from]);
    let found = fold(rows.matmul(matrix), [2 * side, 2 * side]);
    close(found.permute([0, 3, 1, 2]), expected);
}

#[test]
fn products_and_their_gradients_are_those_of_burn() {
    // Few rows and many, wide weights and narrow ones: each order of the products.
    for [rows, inputs, outputs] in [[5, 24, 20], [70, 64, 3], [40, 9, 30]] {
        let (x, weight) = (made([rows, inputs], 0.0), made([inputs, outputs], 1.0));
        let fused = gradient(&x, |x| product(x, weight.clone()));
        let expected = gradient(&x, |x| x.matmul(weight.clone()));
        close(fused.0, expected.0);
        close(fused.1, expected.1);
        let fused = gradient(&weight, |weight| product(x.clone(), weight));
        let expected = gradient(&weight, |weight| x.clone().matmul(weight));
        close(fused.1, expected.1);
    }
}

#[test]
fn the_gradient_of_a_product_equals_finite_differences() {
    let weight = made([4, 3], 1.0);
    let x = made([2, 4], 0.0);
    let (y, found) = gradient(&x, |x| product(x, weight.clone()));
    let weights = made(y.dims(), 0.3).inner();
    let loss = |x: Tensor<2>| -> f32 {
        (product(x, weight.clone()).inner() * weights.clone())
            .sum()
            .into_scalar()
    };
    differences_equal(&x, found, loss);
}

#[test]
fn the_linear_unit_is_that_of_burn() {
    let x = made([3, 20_000], 0.0) * 3.0;
    let fused = gradient(&x, gelu);
    let expected = gradient(&x, burn::tensor::activation::gelu);
    close(fused.0, expected.0);
    close(fused.1, expected.1);
}

#[test]
fn norms_and_their_gradients_are_those_of_the_composed_form() {
    for ([items, places, channels], groups, slope) in [
        ([3, 1, 37], 1, 1.0),
        ([2, 12, 32], 8, 0.2),
        ([2, 5, 6], 2, 0.0),
    ] {
        let x = made([items, places, channels], 0.0) + 3.0;
        let (gain, shift) = (made([channels], 1.0), made([channels], 2.0));
        let fused = |x, gain, shift| norm(x, gain, shift, groups, slope);
        let composed = |x, gain, shift| composed::norm(x, gain, shift, groups, slope);
        let (found, expected) = (
            gradient(&x, |x| fused(x, gain.clone(), shift.clone())),
            gradient(&x, |x| composed(x, gain.clone(), shift.clone())),
        );
        close(found.0, expected.0);
        close(found.1, expected.1);
        close(
            gradient(&gain, |gain| fused(x.clone(), gain, shift.clone())).1,
            gradient(&gain, |gain| composed(x.clone(), gain, shift.clone())).1,
        );
        close(
            gradient(&shift, |shift| fused(x.clone(), gain.clone(), shift)).1,
            gradient(&shift, |shift| composed(x.clone(), gain.clone(), shift)).1,
        );
    }
}

#[test]
fn the_gradient_of_a_norm_equals_finite_differences() {
    let (gain, shift) = (made([8], 1.0), made([8], 2.0));
    let of = |x: Tensor<3>| norm(x, gain.clone(), shift.clone(), 2, 0.2);
    let x = made([1, 3, 8], 0.0);
    let (y, found) = gradient(&x, of);
    let weights = made(y.dims(), 0.3).inner();
    let loss = |x: Tensor<3>| -> f32 { (of(x).inner() * weights.clone()).sum().into_scalar() };
    differences_equal(&x, found, loss);
}

#[test]
fn squares_add_up() {
    let x = made([41, 1000], 0.0).inner();
    close(square_sum(x.clone()), x.square().sum());
}

#[test]
fn adam_is_that_of_burn() {
    let device = Device::flex();
    let burns = AdamWConfig::new()
        .with_epsilon(1e-8)
        .with_weight_decay(0.1)
        .build();
    let start = made([50, 700], 0.0).inner();
    let (mut a, mut b) = (start.clone(), start.clone());
    let mut moments = [start.zeros_like(), start.zeros_like()];
    let mut state: Option<AdamWState<2>> = None;
    for time in 1..=5 {
        let gradient = made([50, 700], time as f32).inner();
        (a, state) = burns.step(1e-2, a, gradient.clone(), state);
        let step = AdamStep {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            keep: 1.0 - 1e-3,
            rate: 1e-2,
            bias_1: 1.0 - 0.9_f32.powi(time),
            bias_2: 1.0 - 0.999_f32.powi(time),
        };
        let [weights, moment_1, moment_2] = adam(step, b, moments, gradient);
        (b, moments) = (weights, [moment_1, moment_2]);
    }
    assert_eq!(b.device(), device);
    close(a, b);
    let AdaptiveMomentumState { moment_2, .. } = state.unwrap().momentum;
    close(moments[1].clone(), moment_2);
}

#[test]
fn means_are_those_of_burn_to_the_byte() {
    let [old, new] = [0.0, 1.0].map(|seed| made([41, 1000], seed).inner());
    let expected = old.clone() * 0.99 + new.clone() * (1.0 - 0.99);
    let found = lerp(old.clone(), new, 0.99);
    let same = found.clone().equal(expected).all().into_scalar::<bool>();
    assert!(same);
    let moved = found.not_equal(old).any().into_scalar::<bool>();
    assert!(moved, "what is held elsewhere stays");
}
