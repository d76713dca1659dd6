//! Arithmetic in bfloat16, with weights, gradients and optimizers in f32.
//!
//! A step computes with a copy of the networks whose matrices, kernels and biases are cast; the cast is part of the graph, so
//! gradients come back to the f32 weights as f32. Norms, errors, z and what leaves a network stay f32.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::ModelError;

/// The numbers that networks compute with while they train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Single precision throughout.
    #[default]
    F32,
    /// Products and activations in bfloat16 (8 bits of mantissa); weights and optimizers in f32.
    Bf16,
}

impl Precision {
    /// Refuses a device that cannot compute with these numbers.
    pub(crate) fn check(self, device: &Device) -> Result<(), ModelError> {
        match self {
            Precision::F32 => Ok(()),
            Precision::Bf16 => supported(device, device.supports_dtype(DType::BF16)),
        }
    }

    /// A copy of `module` to compute with; gradients through it reach the weights of `module`.
    pub(crate) fn compute<M: Module>(self, module: &M) -> M {
        match self {
            Precision::F32 => module.clone(),
            Precision::Bf16 => module.clone().map(&mut Cast { field: Vec::new() }),
        }
    }
}

fn supported(device: &Device, supported: bool) -> Result<(), ModelError> {
    if supported {
        return Ok(());
    }
    Err(ModelError::Device {
        name: format!("{device:?}"),
        message: "cannot compute in bfloat16; set train.precision to f32".to_owned(),
    })
}

/// `x` as numbers of `dtype`.
pub(crate) fn to<const D: usize>(x: Tensor<D>, dtype: DType) -> Tensor<D> {
    match x.dtype() == dtype {
        true => x,
        false => x.cast(dtype),
    }
}

/// Casts all weights but the gains and shifts of norms.
struct Cast {
    /// Fields from the module inwards.
    field: Vec<String>,
}

/// Fields of norms, whose small changes bfloat16 would swallow.
const NORMS: [&str; 2] = ["gamma", "beta"];

impl ModuleMapper for Cast {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.field.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.field.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.field.last().map_or("", String::as_str);
        if NORMS.contains(&name) {
            return param;
        }
        param.map(|weight| to(weight, DType::BF16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{NetworkConfig, NetworkKind};
    use crate::encoder::to_host;
    use crate::nets::{Generator, Sizes};
    use burn::module::ModuleVisitor;
    use burn::optim::GradientsParams;

    /// Holds the gradients of the weights against others.
    struct Compare<'g> {
        gradients: &'g GradientsParams,
        other: &'g GradientsParams,
        compared: usize,
    }

    impl ModuleVisitor for Compare<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let (Some(half), Some(full)) = (
                self.gradients.get::<D>(param.id),
                self.other.get::<D>(param.id),
            ) else {
                return;
            };
            assert_eq!(param.dtype(), DType::F32, "the weights themselves");
            assert_eq!(half.dtype(), DType::F32);
            let (half, full) = (to_host(half).unwrap(), to_host(full).unwrap());
            let norm = |values: &[f32]| values.iter().map(|v| v * v).sum::<f32>().sqrt();
            let apart: Vec<f32> = half.iter().zip(&full).map(|(a, b)| a - b).collect();
            assert!(
                norm(&apart) <= 0.05 * norm(&full) + 1e-4,
                "{} from {}",
                norm(&apart),
                norm(&full)
            );
            assert!(norm(&apart) > 0.0, "computed in f32 after all");
            self.compared += 1;
        }
    }

    /// Output and gradients of H and G at fixed values.
    fn pass(generator: &Generator, precision: Precision) -> (Vec<f32>, GradientsParams) {
        let device = Device::flex().autodiff();
        let values = |rows: usize, width: usize| -> Tensor<2> {
            let values: Vec<f32> = (0..rows * width)
                .map(|i| ((i * 37 % 101) as f32 - 50.0) / 60.0)
                .collect();
            Tensor::<1>::from_floats(values.as_slice(), &device).reshape([rows, width])
        };
        let network = precision.compute(generator);
        let output = network.decode(&network.encode(values(3, 128)), values(3, 4));
        assert_eq!(output.dtype(), DType::F32);
        let loss = (output.clone() - values(3, 64)).square().mean();
        let gradients = GradientsParams::from_grads(loss.backward(), generator);
        (to_host(output.inner()).unwrap(), gradients)
    }

    #[test]
    fn bfloat16_gives_f32_gradients_near_those_of_f32() {
        for kind in [NetworkKind::Dense, NetworkKind::Conv] {
            let config = NetworkConfig {
                kind,
                width: 16,
                depth: 1,
                bottleneck: 12,
                channels: vec![8],
                latent: 4,
                ..NetworkConfig::default()
            };
            let sizes = Sizes::with_mask([1, 8, 8]);
            let device = Device::flex().autodiff();
            let generator = Generator::new(&config, sizes, 1, &device).unwrap();
            let (full, other) = pass(&generator, Precision::F32);
            let (half, gradients) = pass(&generator, Precision::Bf16);
            assert_ne!(full, half);
            let largest = full.iter().fold(0.0, |most: f32, v| most.max(v.abs()));
            for (full, half) in full.iter().zip(&half) {
                assert!((full - half).abs() < 0.03 * largest, "{full} {half}");
            }
            let mut compare = Compare {
                gradients: &gradients,
                other: &other,
                compared: 0,
            };
            generator.visit(&mut compare);
            assert!(compare.compared >= 6, "{}", compare.compared);
        }
    }

    #[test]
    fn a_device_without_bfloat16_is_refused_with_advice() {
        let device = Device::flex();
        assert!(Precision::Bf16.check(&device).is_ok());
        let error = supported(&device, false).unwrap_err().to_string();
        assert!(error.contains("train.precision"), "{error}");
    }
}
