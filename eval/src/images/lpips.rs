//! LPIPS (Zhang et al., CVPR 2018, version 0.1): distance between the features of a trained network, weighted by
//! learned factors. The weights are the user's; nothing is ever downloaded.

mod network;
mod weights;

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::{Array2, Array3, Axis};

use self::network::{Kernel, Layer, pooled};
use self::weights::{Tensors, find_factors};
use super::{Picture, check};
use crate::error::{EvalError, Result};

/// The network whose features are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LpipsNet {
    /// AlexNet, the one of most published figures.
    Alex,
    /// VGG16.
    Vgg,
}

/// Subtracted from each channel of pictures in -1..=1, and what they are divided by.
const SHIFT: [f32; 3] = [-0.030, -0.088, -0.188];
const SCALE: [f32; 3] = [0.458, 0.448, 0.450];

/// The network and its factors.
#[derive(Debug)]
pub struct Lpips {
    net: LpipsNet,
    kernels: BTreeMap<usize, Kernel>,
    /// For each compared layer, one factor for each channel.
    factors: Vec<Vec<f32>>,
}

impl Lpips {
    /// Reads weights from PyTorch files (`.pt`, `.pth`, `.bin`, `.ckpt`: a saved state) or safetensors: the network's
    /// (`features.N.weight`, `features.N.bias`, as torchvision names them) and the factors' (`linK.model.1.weight`), in one
    /// file or several. The names of the state of the `lpips` package (`net.sliceM.N.weight`) do as well. f32 only.
    ///
    /// # Errors
    /// Files that cannot be read or are of neither kind, and tensors that are absent or of another shape.
    pub fn load(net: LpipsNet, files: &[impl AsRef<Path>]) -> Result<Self> {
        let mut tensors = BTreeMap::new();
        for file in files {
            weights::read(file.as_ref(), &mut tensors)?;
        }
        Self::from_tensors(net, &tensors)
    }

    fn from_tensors(net: LpipsNet, tensors: &Tensors) -> Result<Self> {
        let (mut kernels, mut factors, mut inputs) = (BTreeMap::new(), Vec::new(), 3);
        for layer in net.layers() {
            let Layer::Conv {
                number, compared, ..
            } = *layer
            else {
                continue;
            };
            let kernel = Kernel::find(tensors, number, inputs)?;
            inputs = kernel.bias.len();
            if compared {
                factors.push(find_factors(tensors, factors.len(), inputs)?);
            }
            kernels.insert(number, kernel);
        }
        Ok(Self {
            net,
            kernels,
            factors,
        })
    }

    /// The distance of two pictures, 0 for equal ones; grey ones are taken as RGB.
    ///
    /// # Errors
    /// Pictures of different shapes, of other than 1 or 3 channels, or too small for the network; values that are not finite.
    pub fn distance(&self, a: &Picture, b: &Picture) -> Result<f64> {
        check(a, b)?;
        let (left, right) = (self.features(a)?, self.features(b)?);
        let mut total = 0.0;
        for ((x, y), factors) in left.iter().zip(&right).zip(&self.factors) {
            let (x, y) = (normalised(x), normalised(y));
            let cells = x.ncols() as f64;
            for ((x, y), factor) in x.outer_iter().zip(y.outer_iter()).zip(factors) {
                let square: f64 = x.iter().zip(y).map(|(x, y)| f64::from(x - y).powi(2)).sum();
                total += f64::from(*factor) * square / cells;
            }
        }
        Ok(total)
    }

    /// The compared features of one picture, each `[channels, cells]`.
    fn features(&self, picture: &Picture) -> Result<Vec<Array2<f32>>> {
        let mut x = scaled(picture)?;
        let mut compared_features = Vec::new();
        for layer in self.net.layers() {
            match *layer {
                Layer::Pool { window } => x = pooled(&x, window)?,
                Layer::Conv {
                    number,
                    stride,
                    padding,
                    compared,
                } => {
                    x = self.kernels[&number].apply(&x, stride, padding)?;
                    if compared {
                        let (channels, height, width) = x.dim();
                        let flat = x.clone().into_shape_with_order((channels, height * width));
                        compared_features.push(flat.map_err(|error| EvalError::Encode {
                            doing: "flatten features",
                            message: error.to_string(),
                        })?);
                    }
                }
            }
        }
        Ok(compared_features)
    }
}

impl std::str::FromStr for LpipsNet {
    type Err = EvalError;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "alex" => Ok(Self::Alex),
            "vgg" => Ok(Self::Vgg),
            _ => Err(EvalError::Parameter {
                what: "the network of LPIPS",
                value: text.to_owned(),
                expected: "alex or vgg",
            }),
        }
    }
}

/// RGB, from 0..=1 to what the network was trained on.
fn scaled(picture: &Picture) -> Result<Array3<f32>> {
    let (channels, height, width) = picture.dim();
    if channels != 1 && channels != 3 {
        return Err(EvalError::Parameter {
            what: "the number of channels",
            value: channels.to_string(),
            expected: "1 or 3",
        });
    }
    Ok(Array3::from_shape_fn((3, height, width), |(c, y, x)| {
        let value = picture[[c.min(channels - 1), y, x]];
        (2.0 * value - 1.0 - SHIFT[c]) / SCALE[c]
    }))
}

/// Each cell's channels divided by their length.
fn normalised(features: &Array2<f32>) -> Array2<f32> {
    let mut out = features.clone();
    for mut cell in out.axis_iter_mut(Axis(1)) {
        let length = cell.iter().map(|v| v * v).sum::<f32>().sqrt() + 1e-10;
        cell.mapv_inplace(|v| v / length);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::testing::{expected, first, second};

    /// Numbers in -1..1 that `tests/fixtures/images.py` makes alike.
    fn hashed(count: usize, seed: u64, scale: f64) -> Vec<f32> {
        (0..count as u64)
            .map(|i| {
                let mixed = (i + seed * 1_000_003).wrapping_mul(2_654_435_761) % (1 << 32);
                let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519) % (1 << 32);
                ((mixed as f64 / f64::from(1u32 << 31) - 1.0) * scale) as f32
            })
            .collect()
    }

    fn weights(net: LpipsNet, outputs: &[usize], sides: &[usize], sliced: bool) -> Tensors {
        let (mut tensors, mut inputs, mut conv, mut compared_count) = (Tensors::new(), 3, 0, 0);
        for layer in net.layers() {
            let Layer::Conv {
                number, compared, ..
            } = *layer
            else {
                continue;
            };
            let (outputs, side) = (outputs[conv], sides[conv]);
            let fan = inputs * side * side;
            let prefix = if sliced { "net.slice1" } else { "features" };
            tensors.insert(
                format!("{prefix}.{number}.weight"),
                (
                    vec![outputs, inputs, side, side],
                    hashed(outputs * fan, number as u64, (6.0 / fan as f64).sqrt()),
                ),
            );
            tensors.insert(
                format!("{prefix}.{number}.bias"),
                (vec![outputs], hashed(outputs, 100 + number as u64, 0.1)),
            );
            if compared {
                let factors = hashed(outputs, 200 + compared_count, 1.0);
                tensors.insert(
                    format!("lin{compared_count}.model.1.weight"),
                    (
                        vec![1, outputs, 1, 1],
                        factors.iter().map(|f| f.abs()).collect(),
                    ),
                );
                compared_count += 1;
            }
            (inputs, conv) = (outputs, conv + 1);
        }
        tensors
    }

    #[test]
    fn distances_are_those_of_the_reference_package_on_the_same_random_weights() {
        let alex = weights(
            LpipsNet::Alex,
            &[64, 192, 384, 256, 256],
            &[11, 5, 3, 3, 3],
            false,
        );
        let vgg_outputs = [
            64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512,
        ];
        let vgg = weights(LpipsNet::Vgg, &vgg_outputs, &[3; 13], true);
        for (net, tensors, name, side) in [
            (LpipsNet::Alex, &alex, "alex", 64),
            (LpipsNet::Alex, &alex, "alex", 32),
            (LpipsNet::Vgg, &vgg, "vgg", 32),
        ] {
            let lpips = Lpips::from_tensors(net, tensors).unwrap();
            let (a, b) = (first(3, side), second(3, side));
            let found = lpips.distance(&a.view(), &b.view()).unwrap();
            let expected = expected(&format!("lpips_{name}_{side}"));
            assert!(
                (found / expected - 1.0).abs() < 1e-4,
                "{name} {side}: {found} {expected}"
            );
            assert_eq!(lpips.distance(&a.view(), &a.view()).unwrap(), 0.0);
        }
    }

    #[test]
    fn a_state_that_pytorch_saved_gives_the_same_distances() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/alex_narrow.pt");
        let saved = Lpips::load(LpipsNet::Alex, &[path]).unwrap();
        let tensors = weights(LpipsNet::Alex, &[4; 5], &[11, 5, 3, 3, 3], false);
        let made = Lpips::from_tensors(LpipsNet::Alex, &tensors).unwrap();
        let (a, b) = (first(3, 64), second(3, 64));
        let [saved, made] = [saved, made].map(|net| net.distance(&a.view(), &b.view()).unwrap());
        assert!(
            made > 0.0 && (saved / made - 1.0).abs() < 1e-6,
            "{saved} {made}"
        );
    }

    #[test]
    fn files_are_read_and_what_is_absent_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alex.safetensors");
        let tensors = weights(LpipsNet::Alex, &[4, 4, 4, 4, 4], &[11, 5, 3, 3, 3], false);
        let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
            .iter()
            .map(|(name, (shape, values))| {
                (
                    name.clone(),
                    shape.clone(),
                    values.iter().flat_map(|v| v.to_le_bytes()).collect(),
                )
            })
            .collect();
        let write = |skip: &str| {
            let views =
                bytes
                    .iter()
                    .filter(|(name, ..)| name != skip)
                    .map(|(name, shape, bytes)| {
                        let view = safetensors::tensor::TensorView::new(
                            safetensors::Dtype::F32,
                            shape.clone(),
                            bytes,
                        );
                        (name.clone(), view.unwrap())
                    });
            std::fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
        };
        write("");
        let lpips = Lpips::load(LpipsNet::Alex, &[&path]).unwrap();
        let a = first(1, 32);
        assert!(lpips.distance(&a.view(), &second(1, 32).view()).unwrap() > 0.0);
        assert!(
            lpips
                .distance(&first(1, 16).view(), &first(1, 16).view())
                .is_err()
        );
        write("features.6.weight");
        let message = Lpips::load(LpipsNet::Alex, &[&path])
            .unwrap_err()
            .to_string();
        assert!(message.contains("features.6"), "{message}");
        std::fs::write(&path, b"nothing").unwrap();
        assert!(Lpips::load(LpipsNet::Alex, &[&path]).is_err());
        let pytorch = folder.path().join("alex.pth");
        std::fs::write(&pytorch, b"nothing").unwrap();
        let message = Lpips::load(LpipsNet::Alex, &[&pytorch])
            .unwrap_err()
            .to_string();
        assert!(message.contains("alex.pth"), "{message}");
    }
}
