//! Spectral normalisation (Miyato et al., ICLR 2018) of the layers of G and Z, by burn's reparameterization of weights.
//!
//! The matrix of a kernel is `[first axis, rest]`, as in that paper: its norm bounds that of the convolution only up to the
//! overlap of the windows (at most twice, for 4x4 kernels at stride 2).

use burn::module::{Module, Param, ParamId, Reparameterization, Reparameterizer, RunningState};
use burn::tensor::{Tensor, TensorData};
use rand_distr::{Distribution, StandardNormal};
use spectra_pointcloud::random::stream;

use crate::nets::{Generator, Walker};

/// Fields of H, whose weights stay free: the paper bounds G and Z.
const FREE: [&str; 3] = ["h", "stem", "downs"];
/// Ids of the states of network `n` start at this plus `n` times 2^32, beyond those of weights.
const FIRST_ID: u64 = 1 << 48;

/// Whether this is the id of a state, which is no weight.
pub(crate) fn is_state(id: ParamId) -> bool {
    id.val() >= FIRST_ID
}

/// A weight whose largest singular value is at most `bound`.
#[derive(Module, Debug)]
struct SpectralNorm {
    /// The left singular vector as far as it is known, `[rows, 1]`.
    u: RunningState<Tensor<2>>,
    #[module(skip)]
    bound: f64,
}

impl Reparameterization for SpectralNorm {
    const NAME: &'static str = "spectral_norm";

    fn apply<const D: usize>(&self, base: Tensor<D>) -> Tensor<D> {
        let rows = base.dims()[0];
        let matrix: Tensor<2> = base
            .clone()
            .reshape([rows, base.shape().num_elements() / rows]);
        // A detached leaf would stay tracked and chain every step to the last.
        let plain = matrix.clone().without_autodiff();
        let known = self.u.value_sync().without_autodiff();
        let mut v = column(plain.clone().transpose().matmul(known));
        let mut u = column(plain.matmul(v.clone()));
        // Only training moves the state: measuring must not change what a resumed run computes.
        if base.is_require_grad() {
            self.u.update(u.clone());
            // What was updated last waits for the next reading, and checkpoints do not read.
            self.u.value_sync();
        }
        if matrix.is_autodiff() {
            (u, v) = (u.autodiff(), v.autodiff());
        }
        let sigma = u.transpose().matmul(matrix).matmul(v);
        let factor = sigma.clamp_min(self.bound).recip() * self.bound;
        base * factor.reshape([1usize; D])
    }
}

/// A column divided by its length.
fn column(v: Tensor<2>) -> Tensor<2> {
    let length = (v.clone().square().sum() + 1e-12).sqrt();
    v / length.reshape([1, 1])
}

struct Attach {
    bound: f64,
    seed: u64,
    network: u64,
    index: u64,
}

impl Reparameterizer for Attach {
    type Reparam = SpectralNorm;

    fn reparameterize<const D: usize>(
        &mut self,
        path: &str,
        param: Param<Tensor<D>>,
    ) -> (Param<Tensor<D>>, Option<SpectralNorm>) {
        if D < 2 || path.split('.').any(|field| FREE.contains(&field)) {
            return (param, None);
        }
        let value = param.val();
        let rows = value.dims()[0];
        let mut rng = stream(self.seed, u64::MAX - 16 - self.network, self.index);
        let start: Vec<f32> = (0..rows)
            .map(|_row| StandardNormal.sample(&mut rng))
            .collect();
        let device = value.device().inner();
        let u = column(Tensor::from_data(
            TensorData::new(start, [rows, 1]),
            &device,
        ));
        let id = ParamId::from(FIRST_ID + (self.network << 32) + self.index);
        self.index += 1;
        let norm = SpectralNorm {
            u: RunningState::with_id(id, u),
            bound: self.bound,
        };
        (param, Some(norm))
    }
}

/// Bounds the largest singular value of every matrix and kernel of G and Z.
pub(crate) fn bound(
    generator: Generator,
    walker: Walker,
    bound: f64,
    seed: u64,
) -> (Generator, Walker) {
    let attach = |network| Attach {
        bound,
        seed,
        network,
        index: 0,
    };
    (
        generator.apply_reparameterization(attach(0)),
        walker.apply_reparameterization(attach(1)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::NetworkConfig;
    use crate::encoder::to_host;
    use crate::nets::Sizes;
    use burn::module::ModuleVisitor;
    use burn::tensor::Device;

    /// The largest singular value of each matrix whose path does or does not lie in H.
    struct Norms {
        path: Vec<String>,
        in_h: Vec<f32>,
        bounded: Vec<f32>,
    }

    impl ModuleVisitor for Norms {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.path.push(name.to_owned());
        }

        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.pop();
        }

        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if D < 2 {
                return;
            }
            let value = param.val().inner();
            let rows = value.dims()[0];
            let columns = value.shape().num_elements() / rows;
            let matrix: Tensor<2> = value.reshape([rows, columns]);
            let mut v = Tensor::ones([columns, 1], &matrix.device());
            for _round in 0..100 {
                v = column(matrix.clone().transpose().matmul(matrix.clone().matmul(v)));
            }
            let norm = to_host(matrix.matmul(v).square().sum().sqrt()).unwrap()[0];
            match self.path.iter().any(|field| FREE.contains(&field.as_str())) {
                true => self.in_h.push(norm),
                false => self.bounded.push(norm),
            }
        }
    }

    #[test]
    fn norms_of_g_and_z_are_bounded_and_those_of_h_are_not() {
        let device = Device::flex().autodiff();
        let config = NetworkConfig {
            width: 16,
            depth: 1,
            bottleneck: 8,
            walker: vec![16],
            ..NetworkConfig::default()
        };
        let sizes = Sizes {
            input: [2, 1, 9],
            target: [1, 1, 9],
        };
        let generator = Generator::new(&config, sizes, 3, &device).unwrap();
        let walker = Walker::new(&config, 8, 3, &device);
        let (generator, walker) = bound(generator, walker, 0.5, 3);
        let input = Tensor::<2>::ones([2, 18], &device);
        let z = Tensor::<2>::ones([2, 10], &device);
        for _step in 0..60 {
            let code = generator.encode(input.clone());
            let output = generator.decode(&code, z.clone());
            let (next, _rho) = walker.forward(code.h, z.clone());
            let _gradients = (output.sum() + next.sum()).backward();
        }
        let mut norms = Norms {
            path: Vec::new(),
            in_h: Vec::new(),
            bounded: Vec::new(),
        };
        generator.no_grad().materialize().visit(&mut norms);
        walker.no_grad().materialize().visit(&mut norms);
        assert_eq!((norms.in_h.len(), norms.bounded.len()), (4, 6));
        assert!(
            norms.bounded.iter().all(|n| (n - 0.5).abs() < 0.01),
            "{:?}",
            norms.bounded
        );
        assert!(
            norms.in_h.iter().all(|norm| *norm > 0.6),
            "{:?}",
            norms.in_h
        );
    }
}
