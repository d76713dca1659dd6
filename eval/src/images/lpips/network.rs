//! The networks of LPIPS: their layers, and what one layer computes.

use ndarray::{Array2, Array3};

use super::LpipsNet;
use super::weights::{Tensors, absent};
use crate::error::{EvalError, Result};
use crate::matrix;

/// One step of a network: a convolution with its number in `features.<number>`, followed by a rectifier, or a pool.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layer {
    Conv {
        number: usize,
        stride: usize,
        padding: usize,
        /// Whether the features after the rectifier are compared.
        compared: bool,
    },
    Pool {
        window: usize,
    },
}

const fn conv(number: usize, stride: usize, padding: usize, compared: bool) -> Layer {
    Layer::Conv {
        number,
        stride,
        padding,
        compared,
    }
}

const ALEX: [Layer; 7] = [
    conv(0, 4, 2, true),
    Layer::Pool { window: 3 },
    conv(3, 1, 2, true),
    Layer::Pool { window: 3 },
    conv(6, 1, 1, true),
    conv(8, 1, 1, true),
    conv(10, 1, 1, true),
];

const VGG: [Layer; 17] = [
    conv(0, 1, 1, false),
    conv(2, 1, 1, true),
    Layer::Pool { window: 2 },
    conv(5, 1, 1, false),
    conv(7, 1, 1, true),
    Layer::Pool { window: 2 },
    conv(10, 1, 1, false),
    conv(12, 1, 1, false),
    conv(14, 1, 1, true),
    Layer::Pool { window: 2 },
    conv(17, 1, 1, false),
    conv(19, 1, 1, false),
    conv(21, 1, 1, true),
    Layer::Pool { window: 2 },
    conv(24, 1, 1, false),
    conv(26, 1, 1, false),
    conv(28, 1, 1, true),
];

impl LpipsNet {
    pub(super) fn layers(self) -> &'static [Layer] {
        match self {
            Self::Alex => &ALEX,
            Self::Vgg => &VGG,
        }
    }
}

/// Weights of one convolution.
#[derive(Debug)]
pub(super) struct Kernel {
    /// `[outputs, inputs x side x side]`.
    weights: Array2<f32>,
    pub(super) bias: Vec<f32>,
    side: usize,
}

impl Kernel {
    /// The kernel of `features.<number>` or `net.slice*.<number>`.
    pub(super) fn find(tensors: &Tensors, number: usize, inputs: usize) -> Result<Self> {
        let of = |kind: &str| {
            let (plain, sliced) = (
                format!("features.{number}.{kind}"),
                format!(".{number}.{kind}"),
            );
            let named = |name: &String| {
                *name == plain || (name.starts_with("net.slice") && name.ends_with(&sliced))
            };
            tensors.iter().find(|(name, _)| named(name)).map(|(_, t)| t)
        };
        let name = format!("features.{number}");
        let expected = format!("[outputs, {inputs}, side, side] with a bias [outputs]");
        let (Some((shape, weights)), Some((_, bias))) = (of("weight"), of("bias")) else {
            return Err(absent(&name, &expected));
        };
        match *shape.as_slice() {
            [outputs, found, height, width]
                if found == inputs && height == width && bias.len() == outputs =>
            {
                let weights =
                    Array2::from_shape_vec((outputs, inputs * height * width), weights.clone())
                        .map_err(|_shape| absent(&name, &expected))?;
                Ok(Self {
                    weights,
                    bias: bias.clone(),
                    side: height,
                })
            }
            _ => Err(absent(&name, &expected)),
        }
    }

    /// Convolution and rectifier.
    pub(super) fn apply(
        &self,
        x: &Array3<f32>,
        stride: usize,
        padding: usize,
    ) -> Result<Array3<f32>> {
        let (channels, height, width) = x.dim();
        let across = |length: usize| {
            (length + 2 * padding)
                .checked_sub(self.side)
                .map(|rest| rest / stride + 1)
        };
        let (Some(rows), Some(columns)) = (across(height), across(width)) else {
            return Err(too_small(height, width));
        };
        let side = self.side;
        // Each column is what one output cell sees.
        let patches =
            Array2::from_shape_fn((channels * side * side, rows * columns), |(k, cell)| {
                let (channel, dy, dx) = (k / (side * side), k / side % side, k % side);
                let (y, x_) = (cell / columns * stride + dy, cell % columns * stride + dx);
                match (y.checked_sub(padding), x_.checked_sub(padding)) {
                    (Some(y), Some(x_)) if y < height && x_ < width => x[[channel, y, x_]],
                    _ => 0.0,
                }
            });
        let mut out = matrix::product(&self.weights.view(), &patches.view());
        for (mut row, bias) in out.outer_iter_mut().zip(&self.bias) {
            row.mapv_inplace(|value| (value + bias).max(0.0));
        }
        out.into_shape_with_order((self.bias.len(), rows, columns))
            .map_err(|error| EvalError::Encode {
                doing: "shape features",
                message: error.to_string(),
            })
    }
}

fn too_small(height: usize, width: usize) -> EvalError {
    EvalError::Parameter {
        what: "the size of a picture",
        value: format!("{height} x {width} inside the network of LPIPS"),
        expected: "pictures of at least 32 x 32",
    }
}

/// The greatest of each window, moved by two cells.
pub(super) fn pooled(x: &Array3<f32>, window: usize) -> Result<Array3<f32>> {
    let (channels, height, width) = x.dim();
    if height < window || width < window {
        return Err(too_small(height, width));
    }
    let (rows, columns) = ((height - window) / 2 + 1, (width - window) / 2 + 1);
    Ok(Array3::from_shape_fn(
        (channels, rows, columns),
        |(c, row, column)| {
            let cells =
                (0..window * window).map(|i| x[[c, 2 * row + i / window, 2 * column + i % window]]);
            cells.fold(f32::NEG_INFINITY, f32::max)
        },
    ))
}
