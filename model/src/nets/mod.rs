//! The three networks: H encodes the corrupted map, G decodes (h, z), Z predicts the next z and rho.
//!
//! H and G live in one module with one optimizer, as Algorithm 1 updates them together; Z has its own.
//! Everything outside sees flat f32 tensors `[batch, cells]`; how the cells lie in the map is a matter of
//! the convolutional networks alone, and a network whose weights are cast casts what it takes and gives.

mod attention;
mod conv;
mod dense;
mod init;
mod set;
mod walker;

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{DType, Device, Tensor};

pub(crate) use self::attention::HEADS;
pub(crate) use self::conv::ConvPair;
pub(crate) use self::dense::DensePair;
pub(crate) use self::init::draw_weights;
pub(crate) use self::set::{Described, SetPair};
pub(crate) use self::walker::Walker;
use crate::ModelError;
use crate::config::{NetworkConfig, NetworkKind};
use crate::kernels::product;
use crate::precision::to;

/// What a network must take and give: the shape of one corrupted input and of one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Channels, height and width of the input: values and their mask.
    pub input: [usize; 3],
    /// Channels, height and width of the target.
    pub target: [usize; 3],
}

impl Sizes {
    /// Of maps `[channels, height, width]` that are completed: a mask of the same size enters beside the values.
    pub(crate) fn with_mask(map: [usize; 3]) -> Sizes {
        let [channels, height, width] = map;
        Sizes {
            input: [2 * channels, height, width],
            target: map,
        }
    }

    pub(crate) fn input_cells(&self) -> usize {
        self.input.iter().product()
    }

    pub(crate) fn target_cells(&self) -> usize {
        self.target.iter().product()
    }
}

/// What H gives: the bottleneck, and the maps that skip it where the network has such connections.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    /// The bottleneck h, `[batch, features]`.
    pub h: Tensor<2>,
    /// Skip connections, outermost first, each `[batch, height, width, channels]`. Where h has a multiple of their rows,
    /// as for several z to each input, they serve its rows in turn. `set` networks keep the places of the queries here.
    pub skips: Vec<Tensor<4>>,
}

impl Code {
    /// The same code with another bottleneck, of as many rows or a multiple.
    pub(crate) fn with_h(&self, h: Tensor<2>) -> Code {
        Code {
            h,
            skips: self.skips.clone(),
        }
    }

    /// The same values, through which no gradients pass.
    pub(crate) fn known(&self) -> Code {
        Code {
            h: self.h.clone().inner().autodiff(),
            skips: self
                .skips
                .iter()
                .map(|x| x.clone().inner().autodiff())
                .collect(),
        }
    }
}

/// Multiplications of the parts of H and G for one item.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Products {
    /// H, and its first layer alone.
    pub encode: f64,
    pub encode_first: f64,
    /// G as far as it depends on h, on the skips, and on z.
    pub prepare_h: f64,
    pub prepare_skips: f64,
    pub finish: f64,
}

impl Products {
    /// One pass through H and G.
    pub(crate) fn forward(&self) -> f64 {
        self.encode + self.prepare_h + self.prepare_skips + self.finish
    }
}

/// Elements of a weight.
fn elements<const D: usize>(weight: &Param<Tensor<D>>) -> f64 {
    weight.shape().num_elements() as f64
}

/// What G computes from the code alone, once for every z that is tried on it.
#[derive(Debug, Clone)]
pub(crate) enum Prepared {
    /// The part of h in the first layer.
    Dense(Tensor<2>),
    /// The part of h in the first layer, and those of the skips in the others, innermost first.
    Conv { h: Tensor<4>, skips: Vec<Tensor<4>> },
    /// The part of h and of the place of each query in the first layer.
    Set(Tensor<3>),
}

/// `x` times `weight`, plus a bias to each row.
fn affine(x: Tensor<2>, weight: Tensor<2>, bias: Option<&Param<Tensor<1>>>) -> Tensor<2> {
    let y = product(x, weight);
    match bias {
        Some(bias) => y + bias.val().unsqueeze(),
        None => y,
    }
}

/// A linear layer.
pub(crate) fn linear(layer: &Linear, x: Tensor<2>) -> Tensor<2> {
    affine(x, layer.weight.val(), layer.bias.as_ref())
}

/// What input columns from `first` on add to the output of a layer; the first columns bring its bias.
fn linear_part(layer: &Linear, x: Tensor<2>, first: usize) -> Tensor<2> {
    let columns = x.dims()[1];
    let weight = layer.weight.val().slice(first..first + columns);
    let bias = layer.bias.as_ref().filter(|_bias| first == 0);
    affine(x, weight, bias)
}

/// H and G.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "one value per process")]
pub(crate) enum Generator {
    Dense(DensePair),
    Conv(ConvPair),
    Set(SetPair),
}

impl Generator {
    /// Builds H and G with weights drawn from `seed`.
    pub(crate) fn new(
        config: &NetworkConfig,
        sizes: Sizes,
        seed: u64,
        device: &Device,
    ) -> Result<Generator, ModelError> {
        let built = match config.kind {
            NetworkKind::Dense => Generator::Dense(DensePair::new(config, sizes, device)),
            NetworkKind::Conv => Generator::Conv(ConvPair::new(config, sizes, device)?),
            NetworkKind::Set => Generator::Set(SetPair::new(config, sizes, device)?),
        };
        Ok(draw_weights(built, seed, 0))
    }

    /// The same networks for weights that change no more: what only depends on them is computed once, not at each use.
    pub(crate) fn settled(self) -> Generator {
        match self {
            Generator::Conv(pair) => Generator::Conv(pair.settled()),
            other => other,
        }
    }

    /// H: `[batch, input cells]` to the code.
    pub(crate) fn encode(&self, input: Tensor<2>) -> Code {
        let input = to(input, self.dtype());
        let code = match self {
            Generator::Dense(pair) => pair.encode(input),
            Generator::Conv(pair) => pair.encode(input),
            Generator::Set(pair) => pair.encode(input),
        };
        let h = to(code.h.clone(), DType::F32);
        code.with_h(h)
    }

    /// What the layers compute in.
    fn dtype(&self) -> DType {
        match self {
            Generator::Dense(pair) => pair.dtype(),
            Generator::Conv(pair) => pair.dtype(),
            Generator::Set(pair) => pair.dtype(),
        }
    }

    /// G: the code and z `[batch, latent]` to `[batch, target cells]`.
    pub(crate) fn decode(&self, code: &Code, z: Tensor<2>) -> Tensor<2> {
        self.finish(&self.prepare(code), z)
    }

    /// The part of [`decode`](Self::decode) that does not depend on z.
    pub(crate) fn prepare(&self, code: &Code) -> Prepared {
        let code = code.with_h(to(code.h.clone(), self.dtype()));
        match self {
            Generator::Dense(pair) => pair.prepare(&code),
            Generator::Conv(pair) => pair.prepare(&code),
            Generator::Set(pair) => pair.prepare(&code),
        }
    }

    /// The rest of [`decode`](Self::decode).
    pub(crate) fn finish(&self, prepared: &Prepared, z: Tensor<2>) -> Tensor<2> {
        let z = to(z, self.dtype());
        let output = match (self, prepared) {
            (Generator::Dense(pair), Prepared::Dense(first)) => pair.finish(first, z),
            (Generator::Conv(pair), Prepared::Conv { h, skips }) => pair.finish(h, skips, z),
            (Generator::Set(pair), Prepared::Set(first)) => pair.finish(first, z),
            _ => unreachable!("a network finishes what it prepared"),
        };
        to(output, DType::F32)
    }

    /// Multiplications for one item.
    pub(crate) fn products(&self) -> Products {
        match self {
            Generator::Dense(pair) => pair.products(),
            Generator::Conv(pair) => pair.products(),
            Generator::Set(pair) => pair.products(),
        }
    }

    /// What features are read from: h of a clean input `[batch, input cells]`; of `set` networks, which take any number of
    /// rows and no queries here, both poolings.
    pub(crate) fn read_out(&self, input: Tensor<2>) -> Tensor<2> {
        match self {
            Generator::Set(pair) => pair.read_out(input),
            other => other.encode(input).h,
        }
    }

    /// Number of values in a [`read_out`](Self::read_out).
    pub(crate) fn read_out_features(&self) -> usize {
        match self {
            Generator::Set(pair) => pair.read_out_features(),
            other => other.features(),
        }
    }

    /// Number of values in h.
    pub(crate) fn features(&self) -> usize {
        match self {
            Generator::Dense(pair) => pair.features(),
            Generator::Conv(pair) => pair.features(),
            Generator::Set(pair) => pair.features(),
        }
    }
}
