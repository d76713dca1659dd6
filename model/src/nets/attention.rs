//! Rows of a set that hear of each other: a transformer's block (Vaswani et al., NeurIPS 2017) without positions of its own,
//! since rows tell their places.
//!
//! All heads but the first prefer rows nearby, by a fixed slope for each (as those of Press et al., ICLR 2022, but over squared
//! distances in space): neighbourhoods of neighbourhoods, whose sizes halve from head to head.

use burn::module::Module;
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{DType, Device, Tensor};

use super::dense::{Residual, layer_norm};
use super::{elements, linear};

/// Heads of a block, which share its width equally.
pub(crate) const HEADS: usize = 4;
/// What an attention loses for each unit of squared distance: as Gaussians of width 0.5, 0.25 and 0.125 fall off.
const SLOPES: [f32; HEADS] = [0.0, 2.0, 8.0, 32.0];

/// x + W attention(norm(x)), then the residual block of [`Residual`].
#[derive(Module, Debug)]
pub(super) struct Attention {
    norm: LayerNorm,
    /// To queries, keys and values.
    rise: Linear,
    fall: Linear,
    own: Residual,
}

impl Attention {
    /// `width` is a multiple of [`HEADS`].
    pub(super) fn new(width: usize, device: &Device) -> Attention {
        Attention {
            norm: LayerNormConfig::new(width).init(device),
            rise: LinearConfig::new(width, 3 * width).init(device),
            fall: LinearConfig::new(width, width).init(device),
            own: Residual::new(width, device),
        }
    }

    /// Rows `[items * rows, width]`, given how much they [`apart`] of each other.
    pub(super) fn forward(&self, x: Tensor<2>, apart: &Tensor<4>) -> Tensor<2> {
        let [all, width] = x.dims();
        let [items, _heads, rows, _rows] = apart.dims();
        let (dtype, size) = (x.dtype(), width / HEADS);
        let risen = linear(&self.rise, layer_norm(&self.norm, x.clone()));
        let risen = risen
            .reshape([items, rows, 3 * HEADS, size])
            .swap_dims(1, 2);
        let [queries, keys, values] =
            [0, 1, 2].map(|part| risen.clone().narrow(1, part * HEADS, HEADS));
        let near = queries.matmul(keys.swap_dims(2, 3)) * (size as f32).powf(-0.5);
        // Exponentials want more digits than bf16 has.
        let near = near.cast(DType::F32) - apart.clone();
        let heard = softmax(near, 3).cast(dtype).matmul(values);
        let heard = heard.swap_dims(1, 2).reshape([all, width]);
        self.own.forward(x + linear(&self.fall, heard))
    }

    /// Multiplications for one of `rows` rows.
    pub(super) fn products(&self, rows: f64) -> f64 {
        let width = self.fall.weight.dims()[0] as f64;
        let layers = elements(&self.rise.weight) + elements(&self.fall.weight);
        layers + 2.0 * rows * width + self.own.products()
    }
}

/// What attention loses by the distances between positions `[items, rows, coordinates]`: `[items, heads, rows, rows]`.
pub(super) fn apart(positions: Tensor<3>) -> Tensor<4> {
    let [items, rows, _coordinates] = positions.dims();
    let positions = positions.cast(DType::F32);
    let squares = positions.clone().square().sum_dim(2);
    let inner = positions.clone().matmul(positions.swap_dims(1, 2));
    let squared = (squares.clone() + squares.swap_dims(1, 2) - inner * 2.0).clamp_min(0.0);
    let device = squared.device();
    let slopes = Tensor::<1>::from_floats(SLOPES, &device).reshape([1, HEADS, 1, 1]);
    squared.reshape([items, 1, rows, rows]) * slopes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::to_host;
    use crate::nets::draw_weights;
    use burn::tensor::TensorData;

    const WIDTH: usize = 8;
    const ROWS: usize = 3;

    fn put<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
        let values: Vec<f32> = (0..shape.iter().product())
            .map(|i: usize| ((i * 29 + 7) % 31) as f32 / 31.0 - 0.5)
            .collect();
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// The attention of each row as its formula says, for one item: what is added to x before the last residual block.
    fn by_hand(block: &Attention, x: &Tensor<2>, positions: &[[f32; 2]]) -> Vec<f32> {
        let risen = linear(&block.rise, layer_norm(&block.norm, x.clone()));
        let risen = to_host(risen).unwrap();
        let (size, all) = (WIDTH / HEADS, 3 * WIDTH);
        let mut heard = vec![0.0; ROWS * WIDTH];
        for (head, slope) in SLOPES.into_iter().enumerate() {
            for row in 0..ROWS {
                let part = |row: usize, part: usize| {
                    let first = row * all + part * WIDTH + head * size;
                    &risen[first..first + size]
                };
                let weight = |other: usize| {
                    let inner: f32 = part(row, 0)
                        .iter()
                        .zip(part(other, 1))
                        .map(|(q, k)| q * k)
                        .sum();
                    let [a, b] = [positions[row], positions[other]];
                    let squared = (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2);
                    (inner / (size as f32).sqrt() - slope * squared).exp()
                };
                let total: f32 = (0..ROWS).map(weight).sum();
                for other in 0..ROWS {
                    let share = weight(other) / total;
                    let out = &mut heard[row * WIDTH + head * size..][..size];
                    for (out, value) in out.iter_mut().zip(part(other, 2)) {
                        *out += share * value;
                    }
                }
            }
        }
        heard
    }

    #[test]
    fn a_block_is_what_its_formula_says() {
        let device = Device::flex();
        let block = draw_weights(Attention::new(WIDTH, &device), 3, 0);
        let x = put([2 * ROWS, WIDTH], &device);
        let positions = put([2, ROWS, 2], &device);
        let found = to_host(block.forward(x.clone(), &apart(positions.clone()))).unwrap();
        for item in 0..2 {
            let rows = item * ROWS..(item + 1) * ROWS;
            let x = x.clone().slice(rows.clone());
            let flat = to_host(positions.clone().slice(item..item + 1).reshape([ROWS, 2])).unwrap();
            let (pairs, _rest) = flat.as_chunks::<2>();
            let heard = TensorData::new(by_hand(&block, &x, pairs), [ROWS, WIDTH]);
            let heard = linear(&block.fall, Tensor::from_data(heard, &device));
            let expected = to_host(block.own.forward(x + heard)).unwrap();
            let found = &found[rows.start * WIDTH..rows.end * WIDTH];
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-5, "{found} {expected}");
            }
        }
    }
}
