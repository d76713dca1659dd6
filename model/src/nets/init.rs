//! Initial weights, drawn on the host: a pure function of the seed, whatever the device or the
//! threads, with parameter ids that count from zero so that two equal runs write equal files.

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::{Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use spectra_pointcloud::random::stream;

/// Ids of the parameters of network `n` start at `n` times this.
const IDS_PER_NETWORK: u64 = 1 << 32;

/// Replaces the weights of `module`: matrices and kernels are uniform with variance 1 / fan-in,
/// biases zero; gains of norms stay one. Networks of one run are told apart by `network`.
pub(crate) fn draw_weights<M: Module>(module: M, seed: u64, network: u64) -> M {
    let mut drawer = Drawer {
        seed,
        network,
        index: 0,
        path: Vec::new(),
    };
    module.map(&mut drawer)
}

struct Drawer {
    seed: u64,
    network: u64,
    index: u64,
    /// (field name, container type) from the outermost module inwards.
    path: Vec<(String, String)>,
}

impl Drawer {
    /// Inputs that reach one output of a weight of this shape.
    fn fan_in(&self, shape: &[usize]) -> usize {
        let transposed = self
            .path
            .iter()
            .any(|(_name, container)| container.ends_with("UpConv"));
        match *shape {
            // A 4x4 kernel at stride 2 reaches each output from a quarter of its cells.
            [input, _output] if transposed => input * 4,
            [input, _output] => input,
            _ => shape.iter().product(),
        }
    }

    fn values(&self, shape: &[usize], rng: &mut ChaCha8Rng) -> Vec<f32> {
        let limit = (3.0 / self.fan_in(shape).max(1) as f32).sqrt();
        let count = shape.iter().product();
        (0..count)
            .map(|_cell| rng.random_range(-limit..limit))
            .collect()
    }
}

impl ModuleMapper for Drawer {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.push((name.to_owned(), container.to_owned()));
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let id = ParamId::from(self.network * IDS_PER_NETWORK + self.index);
        let mut rng = stream(self.seed, u64::MAX - self.network, self.index);
        self.index += 1;
        let is_bias = self
            .path
            .last()
            .is_some_and(|(name, _container)| name == "bias");
        let (_old_id, value, mapper) = param.consume();
        let device = value.device();
        let shape: [usize; D] = value.dims();
        let value = if D > 1 {
            let data = TensorData::new(self.values(&shape, &mut rng), shape);
            Tensor::from_data(data, &device)
        } else if is_bias {
            Tensor::zeros(shape, &device)
        } else {
            value.detach()
        };
        // Plain devices hold weights that are never trained.
        let value = if value.is_autodiff() {
            value.require_grad()
        } else {
            value
        };
        Param::from_mapped_value(id, value, mapper)
    }
}
