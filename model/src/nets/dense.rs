//! H and G as residual perceptrons over all map cells: the networks for CPUs.

use burn::module::Module;
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{DType, Device, Tensor};

use super::{Code, Prepared, Products, Sizes, elements, linear, linear_part};
use crate::config::NetworkConfig;
use crate::kernels::{gelu, norm};

/// Layer normalisation of rows.
pub(super) fn layer_norm(layer: &LayerNorm, x: Tensor<2>) -> Tensor<2> {
    let [rows, width] = x.dims();
    let shift = match &layer.beta {
        Some(shift) => shift.val(),
        None => layer.gamma.val().zeros_like(),
    };
    norm(
        x.reshape([rows, 1, width]),
        layer.gamma.val(),
        shift,
        1,
        1.0,
    )
    .reshape([rows, width])
}

/// x + W2 gelu(W1 norm(x)).
#[derive(Module, Debug)]
pub(super) struct Residual {
    norm: LayerNorm,
    rise: Linear,
    fall: Linear,
}

impl Residual {
    pub(super) fn new(width: usize, device: &Device) -> Residual {
        Residual {
            norm: LayerNormConfig::new(width).init(device),
            rise: LinearConfig::new(width, width).init(device),
            fall: LinearConfig::new(width, width).init(device),
        }
    }

    pub(super) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let risen = linear(&self.rise, layer_norm(&self.norm, x.clone()));
        x + linear(&self.fall, gelu(risen))
    }

    /// Multiplications for one row.
    pub(super) fn products(&self) -> f64 {
        elements(&self.rise.weight) + elements(&self.fall.weight)
    }
}

/// A residual perceptron: a linear map in, blocks, a norm and a linear map out.
#[derive(Module, Debug)]
pub(super) struct Stack {
    pub(super) input: Linear,
    blocks: Vec<Residual>,
    norm: LayerNorm,
    output: Linear,
}

impl Stack {
    pub(super) fn new(
        input: usize,
        width: usize,
        depth: usize,
        output: usize,
        device: &Device,
    ) -> Stack {
        Stack {
            input: LinearConfig::new(input, width).init(device),
            blocks: (0..depth)
                .map(|_block| Residual::new(width, device))
                .collect(),
            norm: LayerNormConfig::new(width).init(device),
            output: LinearConfig::new(width, output).init(device),
        }
    }

    pub(super) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.after_input(linear(&self.input, x))
    }

    /// Multiplications for one row.
    pub(super) fn products(&self) -> f64 {
        let blocks: f64 = self.blocks.iter().map(Residual::products).sum();
        elements(&self.input.weight) + blocks + elements(&self.output.weight)
    }

    /// All layers after the first.
    pub(super) fn after_input(&self, first: Tensor<2>) -> Tensor<2> {
        let last = self.blocks.iter().fold(first, |x, block| block.forward(x));
        linear(&self.output, gelu(layer_norm(&self.norm, last)))
    }
}

/// H: cells and mask to h, through a rectifier. G: (h, z) to cells.
#[derive(Module, Debug)]
pub(crate) struct DensePair {
    h: Stack,
    g: Stack,
    #[module(skip)]
    features: usize,
}

impl DensePair {
    pub(crate) fn new(config: &NetworkConfig, sizes: Sizes, device: &Device) -> DensePair {
        let NetworkConfig {
            width,
            depth,
            bottleneck,
            latent,
            ..
        } = *config;
        DensePair {
            h: Stack::new(sizes.input_cells(), width, depth, bottleneck, device),
            g: Stack::new(
                bottleneck + latent,
                width,
                depth,
                sizes.target_cells(),
                device,
            ),
            features: bottleneck,
        }
    }

    pub(crate) fn encode(&self, input: Tensor<2>) -> Code {
        Code {
            h: gelu(self.h.forward(input)),
            skips: Vec::new(),
        }
    }

    /// What h adds to the first layer of G.
    pub(crate) fn prepare(&self, code: &Code) -> Prepared {
        Prepared::Dense(linear_part(&self.g.input, code.h.clone(), 0))
    }

    /// The rest of G, given what [`prepare`](Self::prepare) made of h.
    pub(crate) fn finish(&self, first: &Tensor<2>, z: Tensor<2>) -> Tensor<2> {
        let first = first.clone() + linear_part(&self.g.input, z, self.features);
        self.g.after_input(first)
    }

    pub(crate) fn products(&self) -> Products {
        let width = self.g.input.weight.dims()[1];
        let prepare_h = (self.features * width) as f64;
        Products {
            encode: self.h.products(),
            encode_first: elements(&self.h.input.weight),
            prepare_h,
            prepare_skips: 0.0,
            finish: self.g.products() - prepare_h,
        }
    }

    pub(crate) fn features(&self) -> usize {
        self.features
    }

    pub(crate) fn dtype(&self) -> DType {
        self.g.input.weight.dtype()
    }
}
