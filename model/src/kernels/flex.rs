//! The fused operations on burn's CPU backend.

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{Tensor, TensorData};

use super::elementwise::{self, AdamStep};
use super::norm::{Norm, NormGradients};
use super::product::{self, Matrix};
use super::{Kernels, patches};

type Primitive = FloatTensor<Flex>;

/// Runs `use_values` on the values in order of rows.
fn with_values<R>(x: &Primitive, use_values: impl FnOnce(&[f32]) -> R) -> R {
    match x.as_slice::<f32>() {
        Some(values) => use_values(values),
        None => {
            let x = x.to_contiguous();
            use_values(
                x.as_slice::<f32>()
                    .expect("a contiguous tensor is one slice"),
            )
        }
    }
}

/// Runs `use_matrix` on a tensor of two axes, turned about or not.
fn with_matrix<R>(x: &Primitive, use_matrix: impl FnOnce(Matrix) -> R) -> R {
    let size = x.shape().dims();
    let strides = x.layout().strides();
    match [strides[0], strides[1]].map(usize::try_from) {
        [Ok(down), Ok(right)] => use_matrix(Matrix {
            values: &x.storage::<f32>()[x.layout().start_offset()..],
            size,
            strides: [down, right],
        }),
        _ => with_values(x, |values| {
            let strides = [size[1], 1];
            use_matrix(Matrix {
                values,
                size,
                strides,
            })
        }),
    }
}

/// What `of` makes of two matrices, as a tensor of `size`.
fn of_matrices(
    a: &Primitive,
    b: &Primitive,
    size: [usize; 2],
    of: impl FnOnce(Matrix, Matrix) -> Vec<f32>,
) -> Primitive {
    tensor(with_matrix(a, |a| with_matrix(b, |b| of(a, b))), size)
}

fn tensor(values: Vec<f32>, shape: impl Into<Vec<usize>>) -> Primitive {
    let data = TensorData::new(values, shape.into());
    Flex::float_from_data(data, &Default::default())
}

/// How `norm` sees `[items, places, channels]`.
fn norm_of(x: &Primitive, groups: usize, slope: f64) -> Norm {
    let [_items, places, channels] = x.shape().dims();
    Norm {
        places,
        channels,
        groups,
        slope: slope as f32,
    }
}

impl Kernels for Flex {
    fn unfold(image: Primitive) -> Primitive {
        let [batch, height, width, channels] = image.shape().dims();
        let size = [height / 2, width / 2, channels];
        let windows = with_values(&image, |image| patches::unfold(image, size));
        tensor(windows, [batch * size[0] * size[1], 16 * channels])
    }

    fn fold(windows: Primitive, height: usize, width: usize) -> Primitive {
        let [rows, cells] = windows.shape().dims();
        let size = [height / 2, width / 2, cells / 16];
        let image = with_values(&windows, |windows| patches::fold(windows, size));
        tensor(image, [rows / (size[0] * size[1]), height, width, size[2]])
    }

    fn product(x: Primitive, weight: Primitive) -> Primitive {
        let size = [x.shape()[0], weight.shape()[1]];
        of_matrices(&x, &weight, size, product::product)
    }

    fn product_x_gradient(weight: Primitive, gradient: Primitive) -> Primitive {
        let size = [gradient.shape()[0], weight.shape()[0]];
        of_matrices(&gradient, &weight, size, product::first_gradient)
    }

    fn product_weight_gradient(x: Primitive, gradient: Primitive) -> Primitive {
        let size = [x.shape()[1], gradient.shape()[1]];
        of_matrices(&x, &gradient, size, product::second_gradient)
    }

    fn gelu_fused(x: Primitive) -> Primitive {
        let shape = x.shape();
        tensor(with_values(&x, elementwise::gelu), shape.to_vec())
    }

    fn gelu_gradient(x: Primitive, gradient: Primitive) -> Primitive {
        let shape = x.shape();
        let values = with_values(&x, |x| {
            with_values(&gradient, |g| elementwise::gelu_gradient(x, g))
        });
        tensor(values, shape.to_vec())
    }

    fn norm(
        x: Primitive,
        gain: Primitive,
        shift: Primitive,
        groups: usize,
        slope: f64,
    ) -> Primitive {
        let norm = norm_of(&x, groups, slope);
        let values = with_values(&x, |x| {
            with_values(&gain, |gain| {
                with_values(&shift, |shift| norm.forward(x, gain, shift))
            })
        });
        tensor(values, x.shape().to_vec())
    }

    fn norm_gradient(
        x: Primitive,
        gain: Primitive,
        shift: Primitive,
        gradient: Primitive,
        groups: usize,
        slope: f64,
    ) -> (Primitive, Primitive, Primitive) {
        let norm = norm_of(&x, groups, slope);
        let NormGradients {
            values,
            gain,
            shift,
        } = with_values(&x, |x| {
            with_values(&gain, |gain| {
                with_values(&shift, |shift| {
                    with_values(&gradient, |gradient| {
                        norm.backward(x, gain, shift, gradient)
                    })
                })
            })
        });
        (
            tensor(values, x.shape().to_vec()),
            tensor(gain, [norm.channels]),
            tensor(shift, [norm.channels]),
        )
    }

    fn square_sum(x: Primitive) -> Primitive {
        tensor(vec![with_values(&x, elementwise::square_sum)], [1])
    }

    fn lerp(old: Primitive, new: Primitive, keep: f64) -> Primitive {
        let mut old = old.into_data();
        let values = old.as_mut_slice().expect("fused tensors are f32");
        with_values(&new, |new| elementwise::lerp(values, new, keep));
        Flex::float_from_data(old, &Default::default())
    }
}

/// One step of Adam on tensors that are [`fused`](super::fused), in place where nothing else holds them. Gives weights and
/// moments.
pub(crate) fn adam<const D: usize>(
    step: AdamStep,
    weights: Tensor<D>,
    moments: [Tensor<D>; 2],
    gradient: Tensor<D>,
) -> [Tensor<D>; 3] {
    let device = weights.device();
    let [moment_1, moment_2] = moments;
    let mut data = [weights, moment_1, moment_2].map(Tensor::into_data);
    let gradient = gradient.into_data();
    {
        let [weights, moment_1, moment_2] = &mut data;
        let whole = "fused tensors are f32 on the CPU";
        step.apply(
            weights.as_mut_slice().expect(whole),
            moment_1.as_mut_slice().expect(whole),
            moment_2.as_mut_slice().expect(whole),
            gradient.as_slice().expect(whole),
        );
    }
    data.map(|data| Tensor::from_data(data, &device))
}
