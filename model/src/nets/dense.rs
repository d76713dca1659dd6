//! H and G as residual perceptrons over all map cells: the networks for CPUs.

use burn::module::Module;
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::activation::gelu;
use burn::tensor::{Device, Tensor};

use super::{Code, Sizes};
use crate::config::NetworkConfig;

/// x + W2 gelu(W1 norm(x)).
#[derive(Module, Debug)]
struct Residual {
    norm: LayerNorm,
    rise: Linear,
    fall: Linear,
}

impl Residual {
    fn new(width: usize, device: &Device) -> Residual {
        Residual {
            norm: LayerNormConfig::new(width).init(device),
            rise: LinearConfig::new(width, width).init(device),
            fall: LinearConfig::new(width, width).init(device),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let inner = self
            .fall
            .forward(gelu(self.rise.forward(self.norm.forward(x.clone()))));
        x + inner
    }
}

/// A residual perceptron: a linear map in, blocks, a norm and a linear map out.
#[derive(Module, Debug)]
struct Stack {
    input: Linear,
    blocks: Vec<Residual>,
    norm: LayerNorm,
    output: Linear,
}

impl Stack {
    fn new(input: usize, width: usize, depth: usize, output: usize, device: &Device) -> Stack {
        Stack {
            input: LinearConfig::new(input, width).init(device),
            blocks: (0..depth)
                .map(|_block| Residual::new(width, device))
                .collect(),
            norm: LayerNormConfig::new(width).init(device),
            output: LinearConfig::new(width, output).init(device),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let first = self.input.forward(x);
        let last = self.blocks.iter().fold(first, |x, block| block.forward(x));
        self.output.forward(gelu(self.norm.forward(last)))
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

    pub(crate) fn decode(&self, code: &Code, z: Tensor<2>) -> Tensor<2> {
        self.g.forward(Tensor::cat(vec![code.h.clone(), z], 1))
    }

    pub(crate) fn features(&self) -> usize {
        self.features
    }
}
