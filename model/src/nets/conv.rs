//! H and G as the paper's context-encoder stack: 4x4 convolutions of stride 2 down to a 4x4
//! bottleneck, transposed ones back, z tiled over the bottleneck, concatenated skips.
//!
//! Maps whose side is not the canvas' (4 times 2 to the number of levels) pass a dense layer on the way in and
//! another on the way out, as the authors' networks for 10 x 10 maps do.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig};
use burn::nn::{GroupNorm, GroupNormConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::{leaky_relu, relu};
use burn::tensor::{Device, Tensor};

use super::{Code, Sizes};
use crate::ModelError;
use crate::config::NetworkConfig;

/// Side of the bottleneck.
const SIDE: usize = 4;
const KERNEL: [usize; 2] = [4, 4];
const STRIDE: [usize; 2] = [2, 2];
const SLOPE: f64 = 0.2;

/// One level of H: halves the side.
#[derive(Module, Debug)]
struct Down {
    conv: Conv2d,
    norm: GroupNorm,
}

/// One level of G: doubles the side.
#[derive(Module, Debug)]
struct Up {
    conv: ConvTranspose2d,
    norm: GroupNorm,
}

/// H and G.
#[derive(Module, Debug)]
pub(crate) struct ConvPair {
    stem: Option<Linear>,
    downs: Vec<Down>,
    ups: Vec<Up>,
    last: ConvTranspose2d,
    head: Option<Linear>,
    #[module(skip)]
    input: [usize; 3],
    #[module(skip)]
    channels: usize,
    #[module(skip)]
    skips: bool,
}

fn groups(channels: usize) -> usize {
    [8, 4, 2]
        .into_iter()
        .find(|groups| channels.is_multiple_of(*groups))
        .unwrap_or(1)
}

fn norm(channels: usize, device: &Device) -> GroupNorm {
    GroupNormConfig::new(groups(channels), channels).init(device)
}

fn transposed(from: usize, to: usize, device: &Device) -> ConvTranspose2d {
    ConvTranspose2dConfig::new([from, to], KERNEL)
        .with_stride(STRIDE)
        .with_padding([1, 1])
        .init(device)
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
            let conv = Conv2dConfig::new([from, to], KERNEL)
                .with_stride(STRIDE)
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(device);
            downs.push(Down {
                conv,
                norm: norm(to, device),
            });
            from = to;
        }
        let mut ups = Vec::with_capacity(widths.len() - 1);
        let mut from = widths[widths.len() - 1] + config.latent;
        for &to in widths[..widths.len() - 1].iter().rev() {
            ups.push(Up {
                conv: transposed(from, to, device),
                norm: norm(to, device),
            });
            from = if config.skips { 2 * to } else { to };
        }
        Ok(ConvPair {
            stem,
            downs,
            ups,
            last: transposed(from, last_width, device),
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

    pub(crate) fn encode(&self, input: Tensor<2>) -> Code {
        let rows = input.dims()[0];
        let canvas = match &self.stem {
            Some(stem) => leaky_relu(stem.forward(input), SLOPE),
            None => input,
        };
        let [channels, height, width] = self.input;
        let mut x = canvas.reshape([rows, channels, height, width]);
        let mut skips = Vec::new();
        for (level, down) in self.downs.iter().enumerate() {
            x = leaky_relu(down.norm.forward(down.conv.forward(x)), SLOPE);
            if self.skips && level + 1 < self.downs.len() {
                skips.push(x.clone());
            }
        }
        Code {
            h: x.reshape([rows, self.features()]),
            skips,
        }
    }

    pub(crate) fn decode(&self, code: &Code, z: Tensor<2>) -> Tensor<2> {
        let [rows, latent] = z.dims();
        let h = code.h.clone().reshape([rows, self.channels, SIDE, SIDE]);
        let tiled = z
            .reshape([rows, latent, 1, 1])
            .expand([rows, latent, SIDE, SIDE]);
        let mut x = Tensor::cat(vec![h, tiled], 1);
        for (level, up) in self.ups.iter().enumerate() {
            x = relu(up.norm.forward(up.conv.forward(x)));
            if self.skips {
                let skip = code.skips[self.ups.len() - 1 - level].clone();
                x = Tensor::cat(vec![x, skip], 1);
            }
        }
        let [_rows, channels, height, width] = {
            x = self.last.forward(x);
            x.dims()
        };
        let flat = x.reshape([rows, channels * height * width]);
        match &self.head {
            Some(head) => head.forward(leaky_relu(flat, SLOPE)),
            None => flat,
        }
    }

    pub(crate) fn features(&self) -> usize {
        self.channels * SIDE * SIDE
    }
}
