//! Colours for grey pictures: from L to a and b of CIELAB (section 5.2).
//!
//! L enters as L / 50 - 1; a and b are divided by 128. Beside L1 the error holds a term that draws the colours of each
//! picture towards a uniform distribution. The paper's E sums over cells; here it is divided by their number, so
//! `lambda` keeps the meaning it has there.

use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};
use palette::{FromColor, Lab, Srgb};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use spectra_datasets::images::Images;
use spectra_pointcloud::random::stream;

use super::pictures::{Extra, PictureTask, Row};
use crate::ModelError;
use crate::nets::Sizes;

/// Bins of the soft histogram.
const BINS: usize = 16;
/// The histogram reaches from -REACH to REACH in the network's units; more extreme colours count in the last bins.
const REACH: f64 = 0.5;
/// Floor of the authors' variant before its softmax.
const FLOOR: f64 = 1e-4;

/// How the colours are drawn towards a uniform distribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Colorize {
    /// Which divergence.
    pub uniform: UniformKind,
    /// Weight of the divergence of each of the two planes, against errors summed over cells; 0 leaves it out.
    pub lambda: f64,
}

/// Which divergence draws colours apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UniformKind {
    /// KL divergence of a soft histogram of each picture's values from the uniform one.
    Histogram,
    /// What the authors' code does: a softmax over the cells of the blurred absolute values against one over noise.
    Softmax,
}

impl Default for Colorize {
    fn default() -> Self {
        Colorize {
            uniform: UniformKind::Histogram,
            lambda: 0.5,
        }
    }
}

impl PictureTask for Colorize {
    fn name(&self) -> &'static str {
        "colorize"
    }

    fn sizes(&self, channels: usize, side: usize) -> Result<Sizes, ModelError> {
        if channels != 3 {
            return Err(ModelError::Input(format!(
                "colours are learnt from RGB pictures; found {channels} channels"
            )));
        }
        if !(self.lambda >= 0.0 && self.lambda.is_finite()) {
            let message = format!("expected a lambda of at least 0, found {}", self.lambda);
            return Err(ModelError::Input(message));
        }
        Ok(Sizes {
            input: [1, side, side],
            target: [2, side, side],
        })
    }

    fn example(&self, images: &Images, item: usize, _rng: &mut ChaCha8Rng, row: Row) {
        let pixels = images.picture(item);
        let cells = row.input.len();
        for cell in 0..cells {
            let rgb = Srgb::new(pixels[cell], pixels[cells + cell], pixels[2 * cells + cell]);
            let lab: Lab = Lab::from_color(rgb.into_format::<f32>());
            row.input[cell] = lab.l / 50.0 - 1.0;
            row.target[cell] = lab.a / 128.0;
            row.target[cells + cell] = lab.b / 128.0;
        }
        row.weight.fill(1.0);
    }

    fn repeats_targets(&self) -> bool {
        true
    }

    fn whole(&self, images: &Images, item: usize, input: &mut [f32]) {
        let pixels = images.picture(item);
        let cells = input.len();
        let grey = pixels.len() == cells;
        for (cell, value) in input.iter_mut().enumerate() {
            let at = |channel: usize| pixels[if grey { cell } else { channel * cells + cell }];
            let rgb = Srgb::new(at(0), at(1), at(2));
            let lab: Lab = Lab::from_color(rgb.into_format::<f32>());
            *value = lab.l / 50.0 - 1.0;
        }
    }

    fn shown(&self, input: &[f32], _sizes: Sizes) -> Vec<f32> {
        self.picture(input, &vec![0.0; 2 * input.len()])
    }

    fn picture(&self, input: &[f32], output: &[f32]) -> Vec<f32> {
        let cells = input.len();
        let mut picture = vec![0.0; 3 * cells];
        for (cell, lightness) in input.iter().enumerate() {
            let (a, b) = (output[cell], output[cells + cell]);
            let l = 50.0 * (lightness + 1.0);
            let lab: Lab = Lab::new(l, 128.0 * a, 128.0 * b);
            let rgb: Srgb<f32> = Srgb::from_color(lab);
            for (channel, value) in [rgb.red, rgb.green, rgb.blue].into_iter().enumerate() {
                picture[channel * cells + cell] = value.clamp(0.0, 1.0);
            }
        }
        picture
    }

    fn extra(&self, sizes: Sizes, device: &Device) -> Option<Extra> {
        let (lambda, cells) = (self.lambda, sizes.target_cells());
        if lambda == 0.0 {
            return None;
        }
        let divergence: Extra = match self.uniform {
            UniformKind::Histogram => histogram_divergence(device),
            UniformKind::Softmax => softmax_divergence(cells / 2, device),
        };
        Some(Box::new(move |output| {
            let rows = output.dims()[0];
            let planes = output.clone().reshape([2 * rows, cells / 2]);
            let of_rows = divergence(&planes).reshape([rows, 2]).sum_dim(1);
            of_rows * (lambda / cells as f64)
        }))
    }
}

/// KL divergence from the uniform distribution of the soft histogram of each row, `[rows, 1]`, in nats.
///
/// Each value falls into its two nearest bins in linear shares.
fn histogram_divergence(device: &Device) -> Extra {
    let width = 2.0 * REACH / (BINS - 1) as f64;
    let centres: Vec<f32> = (0..BINS)
        .map(|bin| (bin as f64 * width - REACH) as f32)
        .collect();
    let centres: Tensor<3> = Tensor::from_data(TensorData::new(centres, [1, BINS, 1]), device);
    Box::new(move |planes| {
        let [rows, cells] = planes.dims();
        let values = planes.clone().clamp(-REACH, REACH);
        let values = values.reshape([rows, 1, cells]).expand([rows, BINS, cells]);
        let far = (values - centres.clone().expand([rows, BINS, cells])).abs();
        let shares = relu(far.mul_scalar(-1.0 / width).add_scalar(1.0));
        let shares = shares.mean_dim(2).reshape([rows, BINS]).add_scalar(1e-8);
        (shares.clone() * (shares * BINS as f64).log()).sum_dim(1)
    })
}

/// KL divergence of the softmax over the cells of the blurred absolute values from one over uniform noise, as the
/// authors' code has it; the noise is the same at every step. `[rows, 1]`.
fn softmax_divergence(cells: usize, device: &Device) -> Extra {
    let weight = |at: usize| (-0.5 * (at as f64 - 2.0).powi(2)).exp();
    let total: f64 = (0..5).map(weight).sum();
    let kernel: Vec<f32> = (0..25)
        .map(|at| (weight(at / 5) * weight(at % 5) / (total * total)) as f32)
        .collect();
    let kernel: Tensor<4> = Tensor::from_data(TensorData::new(kernel, [1, 1, 5, 5]), device);
    let mut rng = stream(0, 0, 0);
    let noise: Vec<f32> = (0..cells)
        .map(|_cell| rng.random::<f32>().max(FLOOR as f32))
        .collect();
    let noise: Tensor<2> = Tensor::from_data(TensorData::new(noise, [1, cells]), device);
    let (wanted, side) = (log_softmax(noise, 1), cells.isqrt());
    Box::new(move |planes| {
        let rows = planes.dims()[0];
        let blurred = conv2d(
            planes.clone().abs().reshape([rows, 1, side, side]),
            kernel.clone(),
            None,
            ConvOptions::new([1, 1], [2, 2], [1, 1], 1),
        );
        let found = log_softmax(blurred.reshape([rows, cells]).clamp_min(FLOOR), 1);
        let wanted = wanted.clone().expand([rows, cells]);
        (found.clone().exp() * (found - wanted)).sum_dim(1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(values: Vec<f32>, cells: usize) -> Tensor<2> {
        let shape = [values.len() / cells, cells];
        Tensor::from_data(TensorData::new(values, shape), &Device::flex())
    }

    fn host(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn one_colour_is_far_from_uniform_and_an_even_spread_is_near() {
        let even = (0..256).map(|i| i as f32 / 255.0 - 0.5);
        let planes: Vec<f32> = std::iter::repeat_n(0.1, 256).chain(even).collect();
        let found = host(histogram_divergence(&Device::flex())(&rows(planes, 256)));
        assert!((1.9..2.8).contains(&found[0]), "{found:?}");
        assert!((0.0..0.05).contains(&found[1]), "{found:?}");
    }

    #[test]
    fn the_authors_variant_tells_a_peak_from_a_flat_plane() {
        let mut planes = vec![0.0; 512];
        planes[256 + 120] = 40.0;
        let found = host(softmax_divergence(256, &Device::flex())(&rows(planes, 256)));
        assert!(found[0] >= 0.0 && found[0] < 0.1, "{found:?}");
        assert!(found[1] > 0.3, "{found:?}");
    }

    #[test]
    fn colours_survive_the_way_through_lab() {
        let images = Images {
            channels: 3,
            size: 2,
            pixels: vec![255, 0, 10, 128, 0, 200, 10, 128, 30, 90, 250, 128],
            labels: vec![-1],
            ids: vec!["x".into()],
        };
        let (mut input, mut target, mut weight) = (vec![0.0; 4], vec![0.0; 8], vec![0.0; 8]);
        let task = Colorize::default();
        let row = Row {
            input: &mut input,
            target: &mut target,
            weight: &mut weight,
        };
        task.example(&images, 0, &mut stream(0, 0, 0), row);
        let back = task.picture(&input, &target);
        for (value, pixel) in back.iter().zip(&images.pixels) {
            assert!((value * 255.0 - f32::from(*pixel)).abs() < 0.6, "{back:?}");
        }
        let sizes = task.sizes(3, 2).unwrap();
        let grey = task.shown(&input, sizes);
        assert!((grey[0] - grey[4]).abs() < 1e-3 && (grey[3] * 255.0 - 128.0).abs() < 0.6);
        let mut whole = vec![0.0; 4];
        task.whole(&images, 0, &mut whole);
        assert_eq!(whole, input);
    }

    #[test]
    fn the_term_is_small_beside_the_error_and_can_be_left_out() {
        let flat = rows(vec![0.0; 2 * 2 * 64], 128);
        let task = Colorize::default();
        let extra = |task: &Colorize| task.extra(task.sizes(3, 8).unwrap(), &Device::flex());
        let found = host(extra(&task).unwrap()(&flat));
        assert_eq!(found.len(), 2);
        assert!(found[0] > 0.0 && found[0] < 0.05, "{found:?}");
        let none = Colorize {
            lambda: 0.0,
            ..task
        };
        assert!(extra(&none).is_none());
    }
}
