//! H with a linear layer on what is read out of it.

use std::path::Path;

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::Start;
use crate::config::NetworkConfig;
use crate::nets::{Generator, Sizes, draw_weights, linear};
use crate::networks::Weights;
use crate::{Config, ModelError};

/// Number of the linear layer among the networks of a run: see [`draw_weights`].
const HEAD: u64 = 4;

/// H and the linear layer; G, which is not used, is not trained either.
#[derive(Module, Debug)]
pub(super) struct Classifier {
    generator: Generator,
    head: Linear,
}

impl Classifier {
    /// Inputs `[items, values]` to one number for each class, `[items, classes]`.
    pub(super) fn logits(&self, inputs: Tensor<2>) -> Tensor<2> {
        linear(&self.head, self.generator.read_out(inputs))
    }

    /// Values that the linear layer reads.
    pub(super) fn features(&self) -> usize {
        self.generator.read_out_features()
    }
}

/// Makes the networks that trainings start from.
pub(super) struct Networks {
    config: NetworkConfig,
    sizes: Sizes,
    weights: Weights,
    device: Device,
}

impl Networks {
    pub(super) fn open(
        run: &Path,
        config: &Config,
        sizes: Sizes,
        device: &Device,
    ) -> Result<Networks, ModelError> {
        Ok(Networks {
            config: config.network.clone(),
            sizes,
            weights: Weights::read(run)?,
            device: device.clone().autodiff(),
        })
    }

    /// H from `start`, under a new layer for `classes` whose weights are drawn from `seed`.
    pub(super) fn begin(
        &self,
        start: Start,
        classes: usize,
        seed: u64,
    ) -> Result<Classifier, ModelError> {
        let of = |seed| Generator::new(&self.config, self.sizes, seed, &self.device);
        let generator = match start {
            Start::Pretrained => self.weights.restore(of(0)?, "generator")?,
            Start::Random(seed) => of(seed)?,
        };
        let head = LinearConfig::new(generator.read_out_features(), classes).init(&self.device);
        Ok(Classifier {
            generator,
            head: draw_weights(head, seed, HEAD),
        })
    }
}
