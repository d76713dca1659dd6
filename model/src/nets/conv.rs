//! H and G as the paper's context-encoder stack: 4x4 convolutions of stride 2 down to a 4x4
//! bottleneck, transposed ones back, z tiled over the bottleneck, concatenated skips.
//!
//! Maps whose side is not the canvas' (4 times 2 to the number of levels) pass a dense layer on the way in and
//! another on the way out, as the authors' networks for 10 x 10 maps do.
//!
//! Inside, channels come last (in h they come first), and each convolution is a matrix product with the windows of its input: see
//! [`kernels`](crate::kernels). A layer over concatenated channels is the sum of one layer for each part, so
//! that G computes once what it adds to each z.

use burn::module::{Initializer, Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::leaky_relu;
use burn::tensor::{DType, Device, Tensor};

use super::{Code, Prepared, Products, Sizes, affine, elements, linear};
use crate::ModelError;
use crate::config::{NetworkConfig, Upsample};
use crate::kernels::{fold, norm, product, unfold};

/// Side of the bottleneck.
const SIDE: usize = 4;
/// Cells of a 4 x 4 kernel.
const CELLS: usize = 16;
const SLOPE: f64 = 0.2;

/// A 4x4 convolution of stride 2.
#[derive(Module, Debug)]
struct DownConv {
    /// `[16 in, out]`, rows in the order (row, column, channel).
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

impl DownConv {
    fn new(from: usize, to: usize, device: &Device) -> DownConv {
        DownConv {
            weight: Initializer::Zeros.init([CELLS * from, to], device),
            bias: Initializer::Zeros.init([to], device),
        }
    }

    /// `[batch, 2h, 2w, in]` to `[batch, h, w, out]`.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, height, width, _channels] = x.dims();
        let y = affine(unfold(x), self.weight.val(), Some(&self.bias));
        let channels = y.dims()[1];
        y.reshape([batch, height / 2, width / 2, channels])
    }
}

/// A transposed 4x4 convolution of stride 2.
#[derive(Module, Debug)]
struct UpConv {
    /// `[in, 16 out]`, columns in the order (row, column, channel).
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    upsample: Upsample,
}

impl UpConv {
    fn new(from: usize, to: usize, upsample: Upsample, device: &Device) -> UpConv {
        UpConv {
            weight: Initializer::Zeros.init([from, CELLS * to], device),
            bias: Initializer::Zeros.init([to], device),
            upsample,
        }
    }

    /// What input channels from `first` on add to the output: `[batch, h, w, part of in]` to `[batch, 2h, 2w, out]`.
    fn part(&self, x: Tensor<4>, first: usize) -> Tensor<4> {
        let [batch, height, width, channels] = x.dims();
        let weight = self.weight.val().slice(first..first + channels);
        let weight = match self.upsample {
            Upsample::Transposed => weight,
            Upsample::Resize => resizing(weight),
        };
        let x = x.reshape([batch * height * width, channels]);
        fold(product(x, weight), [2 * height, 2 * width])
    }

    /// The same layer with the kernels that it computes with, for weights that change no more.
    fn settled(mut self) -> UpConv {
        if self.upsample == Upsample::Resize {
            let kernels = Param::from_tensor(resizing(self.weight.val()));
            self.weight = kernels.set_require_grad(false);
            self.upsample = Upsample::Transposed;
        }
        self
    }

    fn bias(&self) -> Tensor<4> {
        let bias = self.bias.val();
        let channels = bias.dims()[0];
        bias.reshape([1, 1, 1, channels])
    }
}

/// The kernels nearest to `weight` `[in, 16 out]` that resize and convolve: without their alternating parts.
fn resizing(weight: Tensor<2>) -> Tensor<2> {
    let shape = weight.dims();
    let [inputs, columns] = shape;
    let signs = Tensor::<1>::from_floats([0.5, -0.5, 0.5, -0.5], &weight.device());
    let kernels = weight.reshape([inputs, 4, 4, columns / CELLS]);
    let even = [[1, 4, 1, 1], [1, 1, 4, 1]].into_iter().zip([1, 2]);
    even.fold(kernels, |kernels, (side, axis)| {
        let signs = signs.clone().reshape(side);
        let alternating = (kernels.clone() * signs.clone()).sum_dim(axis) * signs;
        kernels - alternating
    })
    .reshape(shape)
}

/// Normalisation over groups of channels and places, then a leaky rectifier.
#[derive(Module, Debug)]
struct Norm {
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
}

impl Norm {
    fn new(channels: usize, device: &Device) -> Norm {
        Norm {
            gamma: Initializer::Ones.init([channels], device),
            beta: Initializer::Zeros.init([channels], device),
        }
    }

    fn forward(&self, x: Tensor<4>, slope: f64) -> Tensor<4> {
        let shape = x.dims();
        let [items, height, width, channels] = shape;
        let x = x.reshape([items, height * width, channels]);
        let groups = [8, 4, 2].into_iter().find(|n| channels.is_multiple_of(*n));
        let y = norm(
            x,
            self.gamma.val(),
            self.beta.val(),
            groups.unwrap_or(1),
            slope,
        );
        y.reshape(shape)
    }
}

/// One level of H: halves the side.
#[derive(Module, Debug)]
struct Down {
    conv: DownConv,
    norm: Norm,
}

/// One level of G: doubles the side.
#[derive(Module, Debug)]
struct Up {
    conv: UpConv,
    norm: Norm,
}

/// H and G.
#[derive(Module, Debug)]
pub(crate) struct ConvPair {
    stem: Option<Linear>,
    downs: Vec<Down>,
    ups: Vec<Up>,
    last: UpConv,
    head: Option<Linear>,
    #[module(skip)]
    input: [usize; 3],
    #[module(skip)]
    channels: usize,
    #[module(skip)]
    skips: bool,
}

impl ConvPair {
    pub(crate) fn new(
        config: &NetworkConfig,
        sizes: Sizes,
        device: &Device,
    ) -> Result<ConvPair, ModelError> {
        let widths = &config.channels;
        let canvas = SIDE << widths.len();
        let [in_channels, height, width] = sizes.input;
        if height > canvas || width > canvas {
            return Err(ModelError::Input(format!(
                "network.channels lists {} levels, enough for maps of side {canvas}; the map is {height} x {width}: \
                 list more levels or lower map.order",
                widths.len()
            )));
        }
        let direct = height == canvas && width == canvas;
        let stem =
            (!direct).then(|| LinearConfig::new(sizes.input_cells(), canvas * canvas).init(device));
        let head = (!direct)
            .then(|| LinearConfig::new(canvas * canvas, sizes.target_cells()).init(device));
        let first = if direct { in_channels } else { 1 };
        let last_width = if direct { sizes.target[0] } else { 1 };

        let mut downs = Vec::with_capacity(widths.len());
        let mut from = first;
        for &to in widths {
            downs.push(Down {
                conv: DownConv::new(from, to, device),
                norm: Norm::new(to, device),
            });
            from = to;
        }
        let mut ups = Vec::with_capacity(widths.len() - 1);
        let mut from = widths[widths.len() - 1] + config.latent;
        for &to in widths[..widths.len() - 1].iter().rev() {
            ups.push(Up {
                conv: UpConv::new(from, to, config.upsample, device),
                norm: Norm::new(to, device),
            });
            from = if config.skips { 2 * to } else { to };
        }
        Ok(ConvPair {
            stem,
            downs,
            ups,
            last: UpConv::new(from, last_width, config.upsample, device),
            head,
            input: if direct {
                sizes.input
            } else {
                [1, canvas, canvas]
            },
            channels: widths[widths.len() - 1],
            skips: config.skips,
        })
    }

    /// See [`Generator::settled`](super::Generator::settled).
    pub(crate) fn settled(mut self) -> ConvPair {
        let settle = |up: Up| Up {
            conv: up.conv.settled(),
            ..up
        };
        self.ups = self.ups.into_iter().map(settle).collect();
        self.last = self.last.settled();
        self
    }

    pub(crate) fn encode(&self, input: Tensor<2>) -> Code {
        let rows = input.dims()[0];
        let canvas = match &self.stem {
            Some(stem) => leaky_relu(linear(stem, input), SLOPE),
            None => input,
        };
        let [channels, height, width] = self.input;
        let x = canvas.reshape([rows, channels, height, width]);
        let mut x = x.permute([0, 2, 3, 1]);
        let mut skips = Vec::new();
        for (level, down) in self.downs.iter().enumerate() {
            x = down.norm.forward(down.conv.forward(x), SLOPE);
            if self.skips && level + 1 < self.downs.len() {
                skips.push(x.clone());
            }
        }
        Code {
            h: x.permute([0, 3, 1, 2]).reshape([rows, self.features()]),
            skips,
        }
    }

    /// The layers of G that see h and the skips.
    pub(crate) fn prepare(&self, code: &Code) -> Prepared {
        let rows = code.h.dims()[0];
        let h = code.h.clone().reshape([rows, self.channels, SIDE, SIDE]);
        let h = h.permute([0, 2, 3, 1]);
        let mut convs = self.ups.iter().map(|up| &up.conv).chain([&self.last]);
        let first = convs.next().expect("there is at least the last layer");
        let skips = code.skips.iter().rev().zip(convs).map(|(skip, conv)| {
            let channels = skip.dims()[3];
            conv.part(skip.clone(), channels) + conv.bias()
        });
        Prepared::Conv {
            h: first.part(h, 0) + first.bias(),
            skips: skips.collect(),
        }
    }

    /// The rest of G, given what [`prepare`](Self::prepare) made of h and the skips.
    pub(crate) fn finish(&self, h: &Tensor<4>, skips: &[Tensor<4>], z: Tensor<2>) -> Tensor<2> {
        let [rows, latent] = z.dims();
        let z = z
            .reshape([rows, 1, 1, latent])
            .expand([rows, SIDE, SIDE, latent]);
        let mut convs = self.ups.iter().map(|up| &up.conv).chain([&self.last]);
        let first = convs.next().expect("there is at least the last layer");
        let mut x = first.part(z, self.channels) + h.clone();
        for (level, (up, conv)) in self.ups.iter().zip(convs).enumerate() {
            x = conv.part(up.norm.forward(x, 0.0), 0);
            x = match skips.get(level) {
                Some(skip) => x + skip.clone().repeat_dim(0, rows / skip.dims()[0]),
                None => x + conv.bias(),
            };
        }
        let flat = x.permute([0, 3, 1, 2]).flatten(1, 3);
        match &self.head {
            Some(head) => linear(head, leaky_relu(flat, SLOPE)),
            None => flat,
        }
    }

    pub(crate) fn products(&self) -> Products {
        let linear = |layer: &Option<Linear>| layer.as_ref().map_or(0.0, |l| elements(&l.weight));
        let canvas = self.input[1];
        // Windows of each level of H, from the canvas inwards; places of each level of G, back out.
        let levels = 1..=self.downs.len();
        let windows = levels.map(|level| (canvas >> level).pow(2) as f64);
        let downs = self.downs.iter().map(|down| elements(&down.conv.weight));
        let mut convs: Vec<f64> = downs.zip(windows).map(|(w, n)| w * n).collect();
        let encode = linear(&self.stem) + convs.iter().sum::<f64>();
        let encode_first = match &self.stem {
            Some(stem) => elements(&stem.weight),
            None => convs.swap_remove(0),
        };
        let (mut skips, mut rest) = (0.0, linear(&self.head));
        let mut h = 0.0;
        let ups = self.ups.iter().map(|up| &up.conv).chain([&self.last]);
        for (level, conv) in ups.enumerate() {
            let places = (SIDE << level).pow(2) as f64;
            let [inputs, columns] = conv.weight.dims();
            let known = match level {
                0 => self.channels,
                _ if self.skips => inputs / 2,
                _ => 0,
            };
            let products = |inputs: usize| places * (inputs * columns) as f64;
            *(if level == 0 { &mut h } else { &mut skips }) += products(known);
            rest += products(inputs - known);
        }
        Products {
            encode,
            encode_first,
            prepare_h: h,
            prepare_skips: skips,
            finish: rest,
        }
    }

    pub(crate) fn features(&self) -> usize {
        self.channels * SIDE * SIDE
    }

    pub(crate) fn dtype(&self) -> DType {
        self.last.weight.dtype()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::module::conv2d;
    use burn::tensor::ops::ConvOptions;
    use burn::tensor::{Distribution, Tolerance};

    const SIZES: [usize; 4] = [2, 3, 6, 5];

    fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
        Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::default())
    }

    /// `weight` as a layer that resizes.
    fn layer(weight: Tensor<2>, to: usize) -> UpConv {
        let from = weight.dims()[0];
        let mut layer = UpConv::new(from, to, Upsample::Resize, &Device::default());
        layer.weight = Param::from_tensor(weight);
        layer
    }

    #[test]
    fn a_layer_that_resizes_is_a_nearest_resize_and_a_3x3_convolution() {
        let [batch, from, side, to] = SIZES;
        let x = random([batch, side, side, from]);
        let kernel = random([to, from, 3, 3]);
        let boxes = x.clone().reshape([batch, side, 1, side, 1, from]);
        let boxes = boxes.expand([batch, side, 2, side, 2, from]);
        let resized = boxes.reshape([batch, 2 * side, 2 * side, from]);
        let resized = resized.permute([0, 3, 1, 2]);
        let options = ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
        let expected = conv2d(resized, kernel.clone(), None, options);
        // A cell of the small image is a box of 2 x 2 cells: its kernel is the sum of four of 3 x 3, each a cell further.
        let kernel = kernel.flip([2, 3]).permute([1, 2, 3, 0]);
        let zeros = |rows, columns| Tensor::zeros([from, rows, columns, to], &x.device());
        let rows = Tensor::cat(vec![kernel.clone(), zeros(1, 3)], 1)
            + Tensor::cat(vec![zeros(1, 3), kernel], 1);
        let cells = Tensor::cat(vec![rows.clone(), zeros(4, 1)], 2)
            + Tensor::cat(vec![zeros(4, 1), rows], 2);
        let found = layer(cells.reshape([from, CELLS * to]), to).part(x, 0);
        let found = found.permute([0, 3, 1, 2]).into_data();
        found.assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-4));
    }

    #[test]
    fn a_layer_that_is_settled_gives_the_same() {
        let [batch, from, side, to] = SIZES;
        let x = random([batch, side, side, from]);
        let layer = layer(random([from, CELLS * to]), to);
        let expected = layer.part(x.clone(), 0);
        let settled = layer.settled();
        assert_eq!(settled.upsample, Upsample::Transposed);
        assert_eq!(settled.part(x, 0).into_data(), expected.into_data());
    }

    #[test]
    fn a_layer_that_resizes_draws_no_grid_whatever_its_weights() {
        let [batch, from, side, to] = SIZES;
        let level = Tensor::ones([batch, side, side, from], &Device::default());
        let drawn = layer(random([from, CELLS * to]), to).part(level, 0);
        let inner = drawn.slice([0..batch, 1..2 * side - 1, 1..2 * side - 1, 0..to]);
        let [_, height, width, _] = inner.dims();
        let first = inner.clone().slice([0..batch, 0..1, 0..1, 0..to]);
        let flat = first.repeat_dim(1, height).repeat_dim(2, width).into_data();
        let tolerance = Tolerance::absolute(1e-4);
        inner.into_data().assert_approx_eq::<f32>(&flat, tolerance);
    }
}
