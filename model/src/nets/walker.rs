//! Z: from (h, z) to the next z on the unit sphere and the length rho of the step.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::{leaky_relu, softplus};
use burn::tensor::{DType, Device, Tensor};

use super::{draw_weights, elements, linear, linear_part};
use crate::config::NetworkConfig;
use crate::precision::to;
use crate::walk::unit;

/// Slope of the rectifier for negative values, as in the authors' networks.
const SLOPE: f64 = 0.2;

/// A perceptron from (h, z), `features + latent` values, to `latent + 1`.
#[derive(Module, Debug)]
pub(crate) struct Walker {
    hidden: Vec<Linear>,
    output: Linear,
    #[module(skip)]
    latent: usize,
}

impl Walker {
    pub(crate) fn new(
        config: &NetworkConfig,
        features: usize,
        seed: u64,
        device: &Device,
    ) -> Walker {
        let mut width = features + config.latent;
        let mut hidden = Vec::with_capacity(config.walker.len());
        for &next in &config.walker {
            hidden.push(LinearConfig::new(width, next).init(device));
            width = next;
        }
        let output = LinearConfig::new(width, config.latent + 1).init(device);
        draw_weights(
            Walker {
                hidden,
                output,
                latent: config.latent,
            },
            seed,
            1,
        )
    }

    /// The predicted next latent `[batch, latent]`, of unit length, and rho >= 0 `[batch, 1]`.
    pub(crate) fn forward(&self, h: Tensor<2>, z: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let (first, _others) = self.layers();
        let both = to(Tensor::cat(vec![h, z], 1), first.weight.dtype());
        self.after_first(linear(first, both))
    }

    /// The first layer, which sees h and z, and the others.
    fn layers(&self) -> (&Linear, impl Iterator<Item = &Linear>) {
        let mut layers = self.hidden.iter().chain([&self.output]);
        let first = layers.next().unwrap_or(&self.output);
        (first, layers)
    }

    /// Multiplications for one item: the part of h in the first layer, and all the rest.
    pub(crate) fn products(&self) -> [f64; 2] {
        let all: f64 = self
            .hidden
            .iter()
            .map(|layer| elements(&layer.weight))
            .sum();
        let all = all + elements(&self.output.weight);
        let [inputs, width] = self.layers().0.weight.dims();
        let h = ((inputs - self.latent) * width) as f64;
        [h, all - h]
    }

    /// The part of h in the first layer, `[batch, width]`.
    pub(crate) fn prepare(&self, h: Tensor<2>) -> Tensor<2> {
        let first = self.layers().0;
        linear_part(first, to(h, first.weight.dtype()), 0)
    }

    /// [`forward`](Self::forward), given z and what [`prepare`](Self::prepare) made of h.
    pub(crate) fn finish(&self, prepared: Tensor<2>, z: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let (first, _others) = self.layers();
        let features = first.weight.shape()[0] - self.latent;
        let z = to(z, first.weight.dtype());
        self.after_first(prepared + linear_part(first, z, features))
    }

    /// All layers after the first.
    fn after_first(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let (_first, others) = self.layers();
        let out = others.fold(x, |x, layer| linear(layer, leaky_relu(x, SLOPE)));
        let out = to(out, DType::F32);
        let rows = out.dims()[0];
        let next = unit(out.clone().slice([0..rows, 0..self.latent]));
        let rho = softplus(out.slice([0..rows, self.latent..self.latent + 1]), 1.0);
        (next, rho)
    }
}
