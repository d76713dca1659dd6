//! H and G for local maps: layers that all neighbourhoods share, pooled over them.
//!
//! H turns each row it sees into features, adds what their mean and maximum say of the whole shape, and pools again: h is
//! that mean and maximum, so it does not depend on the order of the rows, and any number of them will do. G is asked for
//! rows by their place alone and makes each from (h, z, place): all it knows of a shape has passed h.
//!
//! An input is `[rows + queries, place + values + mask]`. Of the queries, which stand last, only the place is read, and
//! only by G: what is hidden there cannot leak.

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor};

use super::attention::{Attention, apart};
use super::dense::Stack;
use super::{Code, Prepared, Products, Sizes, elements, linear_part};
use crate::ModelError;
use crate::config::NetworkConfig;
use crate::kernels::gelu;
use crate::local::OCTAVES;

/// The layers of H.
#[derive(Module, Debug)]
struct SetEncoder {
    /// Token to row features, `width` values.
    rows: Stack,
    /// Among row features, `width` values.
    attention: Vec<Attention>,
    /// Row features with the pooled ones beside them to `bottleneck / 2` values.
    shape: Stack,
}

/// What H makes of each row and of all, before and after the rows hear of each other.
#[derive(Debug, Clone)]
pub(crate) struct Described {
    /// Mean and maximum of the first features, `[items, 2 width]`.
    pub pooled: Tensor<2>,
    /// Features of each row within its shape, `[items, rows, bottleneck / 2]`.
    pub rows: Tensor<3>,
    /// Their mean and maximum, `[items, bottleneck]`.
    pub h: Tensor<2>,
}

impl Described {
    /// What features are read from: both poolings, `[items, 2 width + bottleneck]`.
    pub(crate) fn read_out(self) -> Tensor<2> {
        Tensor::cat(vec![self.pooled, self.h], 1)
    }
}

/// H and G.
#[derive(Module, Debug)]
pub(crate) struct SetPair {
    h: SetEncoder,
    g: Stack,
    #[module(skip)]
    features: usize,
    #[module(skip)]
    latent: usize,
    /// Rows that H sees, rows that G is asked for.
    #[module(skip)]
    counts: [usize; 2],
    /// Values that tell a row's place, and values of a row.
    #[module(skip)]
    widths: [usize; 2],
}

/// Mean and maximum over the rows of each item, `[items, rows, width]` to `[items, 2 width]`.
fn pool(x: Tensor<3>) -> Tensor<2> {
    let [items, _rows, width] = x.dims();
    let mean = x.clone().mean_dim(1).reshape([items, width]);
    let most = x.max_dim(1).reshape([items, width]);
    Tensor::cat(vec![mean, most], 1)
}

impl SetPair {
    /// `sizes` are those of a local map: input `[1, rows + queries, place + 2 values]`, target `[1, queries, values]`.
    pub(crate) fn new(
        config: &NetworkConfig,
        sizes: Sizes,
        device: &Device,
    ) -> Result<SetPair, ModelError> {
        let NetworkConfig {
            width,
            depth,
            attention,
            bottleneck,
            latent,
            ..
        } = *config;
        let [channels, all, token] = sizes.input;
        let [_channels, queries, values] = sizes.target;
        if channels != 1 || all <= queries || token <= 2 * values {
            let message = "network.kind set takes local maps alone; take dense or conv for others";
            return Err(ModelError::Input(message.into()));
        }
        let place = token - 2 * values;
        Ok(SetPair {
            h: SetEncoder {
                rows: Stack::new(token, width, depth, width, device),
                attention: (0..attention)
                    .map(|_block| Attention::new(width, device))
                    .collect(),
                shape: Stack::new(3 * width, width, depth, bottleneck / 2, device),
            },
            g: Stack::new(bottleneck + latent + place, width, depth, values, device),
            features: bottleneck,
            latent,
            counts: [all - queries, queries],
            widths: [place, values],
        })
    }

    /// H on rows `[items, rows, place + values + mask]`.
    pub(crate) fn describe(&self, tokens: Tensor<3>) -> Described {
        let [items, rows, token] = tokens.dims();
        let flat = tokens.clone().reshape([items * rows, token]);
        let mut first = gelu(self.h.rows.forward(flat));
        if !self.h.attention.is_empty() {
            let apart = apart(self.positions(tokens));
            let blocks = self.h.attention.iter();
            first = blocks.fold(first, |x, block| block.forward(x, &apart));
        }
        let width = first.dims()[1];
        let pooled = pool(first.clone().reshape([items, rows, width]));
        let input = &self.h.shape.input;
        let own = linear_part(input, first, 0);
        let inner = own.dims()[1];
        let context = linear_part(input, pooled.clone(), width);
        let joined = own.reshape([items, rows, inner]) + context.reshape([items, 1, inner]);
        let second = self
            .h
            .shape
            .after_input(joined.reshape([items * rows, inner]));
        let rows = gelu(second).reshape([items, rows, self.features / 2]);
        Described {
            pooled,
            h: pool(rows.clone()),
            rows,
        }
    }

    /// Where rows `[items, rows, place + values + mask]` lie, `[items, rows, coordinates]`.
    fn positions(&self, tokens: Tensor<3>) -> Tensor<3> {
        let [items, rows, _token] = tokens.dims();
        let each = 1 + 2 * OCTAVES;
        let coordinates = self.widths[0] / each;
        let places = tokens.narrow(2, 0, coordinates * each);
        let places = places.reshape([items, rows, coordinates, each]);
        places.narrow(3, 0, 1).reshape([items, rows, coordinates])
    }

    /// [`Described::read_out`] of any number of rows and no queries, `[items, rows * (place + values + mask)]`.
    pub(crate) fn read_out(&self, input: Tensor<2>) -> Tensor<2> {
        let [items, cells] = input.dims();
        let [place, values] = self.widths;
        let token = place + 2 * values;
        self.describe(input.reshape([items, cells / token, token]))
            .read_out()
    }

    /// Values of a [`read_out`](Self::read_out).
    pub(crate) fn read_out_features(&self) -> usize {
        let [context, _width] = self.h.shape.input.weight.dims();
        context - context / 3 + self.features
    }

    /// The code keeps the places of the queries where other networks keep their skips.
    pub(crate) fn encode(&self, input: Tensor<2>) -> Code {
        let items = input.dims()[0];
        let ([seen, asked], [place, values]) = (self.counts, self.widths);
        let tokens = input.reshape([items, seen + asked, place + 2 * values]);
        let queries = tokens
            .clone()
            .slice([0..items, seen..seen + asked, 0..place]);
        Code {
            h: self.describe(tokens.slice([0..items, 0..seen])).h,
            skips: vec![queries.reshape([items, asked, 1, place])],
        }
    }

    /// What h and the places add to the first layer of G, `[items, queries, width]`.
    pub(crate) fn prepare(&self, code: &Code) -> Prepared {
        let [items, asked, _one, place] = code.skips[0].dims();
        let places = code.skips[0].clone().reshape([items * asked, place]);
        let places = linear_part(&self.g.input, places, self.features + self.latent);
        let shape = linear_part(&self.g.input, code.h.clone(), 0);
        let [rows, width] = shape.dims();
        let places = places.reshape([items, asked, width]);
        Prepared::Set(places.repeat_dim(0, rows / items) + shape.reshape([rows, 1, width]))
    }

    /// The rest of G, given what [`prepare`](Self::prepare) made of h and the places.
    pub(crate) fn finish(&self, first: &Tensor<3>, z: Tensor<2>) -> Tensor<2> {
        let [items, asked, width] = first.dims();
        let z = linear_part(&self.g.input, z, self.features);
        let first = first.clone() + z.reshape([items, 1, width]);
        let rows = self.g.after_input(first.reshape([items * asked, width]));
        rows.reshape([items, asked * self.widths[1]])
    }

    pub(crate) fn products(&self) -> Products {
        let ([seen, asked], [place, _values]) = (self.counts.map(|n| n as f64), self.widths);
        let width = self.g.input.weight.dims()[1];
        let context = 2.0 / 3.0 * elements(&self.h.shape.input.weight);
        let prepare_h = (self.features * width) as f64;
        let places = (place * width) as f64;
        let z = (self.latent * width) as f64;
        let attention: f64 = self.h.attention.iter().map(|a| a.products(seen)).sum();
        let each = self.h.rows.products() + attention + self.h.shape.products() - context;
        Products {
            encode: seen * each + context,
            encode_first: seen * elements(&self.h.rows.input.weight),
            prepare_h,
            prepare_skips: asked * places,
            finish: z + asked * (self.g.products() - prepare_h - places - z),
        }
    }

    pub(crate) fn features(&self) -> usize {
        self.features
    }

    pub(crate) fn dtype(&self) -> DType {
        self.g.input.weight.dtype()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::NetworkKind;
    use crate::encoder::to_host;
    use crate::nets::Generator;
    use burn::tensor::{Device, TensorData};

    /// Two coordinates.
    const PLACE: usize = 2 * (1 + 2 * OCTAVES);
    const SIZES: Sizes = Sizes {
        input: [1, 7, PLACE + 2 * 5],
        target: [1, 2, 5],
    };

    fn pair(attention: usize, device: &Device) -> SetPair {
        let config = NetworkConfig {
            kind: NetworkKind::Set,
            width: 16,
            depth: 1,
            attention,
            bottleneck: 12,
            latent: 3,
            ..NetworkConfig::default()
        };
        match Generator::new(&config, SIZES, 5, device).unwrap() {
            Generator::Set(pair) => pair,
            other => panic!("{other:?}"),
        }
    }

    /// Two items of five rows and two queries.
    fn input() -> Vec<f32> {
        (0..2 * SIZES.input_cells())
            .map(|i| ((i * 37 + 11) % 53) as f32 / 53.0 - 0.5)
            .collect()
    }

    fn put(values: Vec<f32>, device: &Device) -> Tensor<2> {
        let shape = [2, values.len() / 2];
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    fn near(a: &[f32], b: &[f32]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5)
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_that_of_queries_is_kept() {
        orders(0);
        orders(2);
    }

    fn orders(attention: usize) {
        let device = Device::flex();
        let pair = pair(attention, &device);
        let z = || put(vec![0.6, 0.0, 0.8, 0.0, 1.0, 0.0], &device);
        let token = SIZES.input[2];
        let mut moved = input();
        // Rows 0 and 3, and the two queries, change places in the first item.
        for i in 0..token {
            moved.swap(i, 3 * token + i);
            moved.swap(5 * token + i, 6 * token + i);
        }
        let codes = [input(), moved].map(|values| pair.encode(put(values, &device)));
        let outputs = codes.clone().map(|code| {
            let Prepared::Set(first) = pair.prepare(&code) else {
                panic!("a set prepares a set")
            };
            to_host(pair.finish(&first, z())).unwrap()
        });
        let h = codes.map(|code| to_host(code.h).unwrap());
        assert!(near(&h[0], &h[1]));
        assert!(near(&outputs[0][..5], &outputs[1][5..10]));
        assert!(near(&outputs[0][5..10], &outputs[1][..5]));
        assert!(near(&outputs[0][10..], &outputs[1][10..]));
        assert!(!near(&outputs[0][..5], &outputs[0][5..10]), "places differ");
    }

    #[test]
    fn what_a_query_hides_never_reaches_h_or_the_outputs() {
        let device = Device::flex();
        let pair = pair(1, &device);
        let token = SIZES.input[2];
        let mut other = input();
        // Values and mask of the queries of the first item; then also their places.
        for query in 5..7 {
            other[query * token + PLACE..(query + 1) * token].fill(9.0);
        }
        let codes = [input(), other.clone()].map(|values| pair.encode(put(values, &device)));
        let of = |code: &Code| to_host(code.h.clone()).unwrap();
        assert_eq!(of(&codes[0]), of(&codes[1]));
        let places = codes.map(|code| to_host(code.skips[0].clone()).unwrap());
        assert_eq!(places[0], places[1]);
        other[5 * token] = 7.0;
        let moved = pair.encode(put(other, &device));
        assert_eq!(of(&moved), of(&pair.encode(put(input(), &device))));
    }

    #[test]
    fn gradients_reach_every_weight_and_z() {
        let device = Device::flex().autodiff();
        let pair = pair(1, &device);
        let code = pair.encode(put(input(), &device));
        let z = put(vec![0.6, 0.0, 0.8, 0.0, 1.0, 0.0], &device).require_grad();
        let Prepared::Set(first) = pair.prepare(&code) else {
            panic!("a set prepares a set")
        };
        let gradients = pair.finish(&first, z.clone()).abs().sum().backward();
        assert!(
            to_host(z.grad(&gradients).unwrap())
                .unwrap()
                .iter()
                .all(|g| *g != 0.0)
        );
        let stacks = [&pair.h.rows, &pair.h.shape, &pair.g];
        for weight in stacks.map(|stack| stack.input.weight.val()) {
            let gradient = to_host(weight.grad(&gradients).unwrap()).unwrap();
            let moved = gradient.iter().filter(|g| **g != 0.0).count();
            assert!(moved > gradient.len() / 2, "{moved} of {}", gradient.len());
        }
    }
}
