//! Nodes of grids of cells together with their mirror images.
//!
//! Reflections in x, y and z turn each function into itself or its negative. So cells are handled in eights that differ
//! by signs: the functions are computed at one of them, and each function takes the combination of the eight values
//! that has its own parity. That is an eighth of the work of a sum over all cells, with the same rounding errors.

use super::parity::CLASSES;
use crate::Real;
use crate::quadrature::gauss_legendre;

/// A node at `place >= 0` along an axis, and the one at its mirror image.
#[derive(Debug, Clone, Copy)]
pub struct Mirrored<T> {
    pub place: T,
    pub weight: T,
    /// Cells of the node and of its image; the same where the node lies at 0.
    pub above: usize,
    pub below: usize,
    /// The node is its own image.
    pub middle: bool,
    pub cells: usize,
}

impl<T> Mirrored<T> {
    pub fn cell(&self, mirrored: usize) -> usize {
        if mirrored == 1 {
            self.below
        } else {
            self.above
        }
    }
}

pub fn mirrored_axis<T: Real>(cells: usize, nodes: usize, cell: T) -> Vec<Mirrored<T>> {
    let rule = gauss_legendre(nodes);
    let total = cells * nodes;
    (0..total.div_ceil(2))
        .map(|i| {
            let below = i;
            let above = total - 1 - i;
            // Node `above`, counted from the lowest; rules run from the largest node down.
            let (offset, weight) = rule[nodes - 1 - above % nodes];
            let middle = above == below;
            let place = if middle {
                0.0
            } else {
                (above / nodes) as f64 + 0.5 + 0.5 * offset - 0.5 * cells as f64
            };
            Mirrored {
                place: T::from_f64(place) * cell,
                weight: T::from_f64(0.5 * weight) * cell,
                above: above / nodes,
                below: below / nodes,
                middle,
                cells,
            }
        })
        .collect()
}

/// `out[a] = sum_b (-1)^(a . b) values[b]`, its own inverse times 8.
pub fn hadamard<T: Real>(mut values: [T; CLASSES]) -> [T; CLASSES] {
    for bit in [1, 2, 4] {
        for i in 0..CLASSES {
            if i & bit == 0 {
                let (a, b) = (values[i], values[i | bit]);
                (values[i], values[i | bit]) = (a + b, a - b);
            }
        }
    }
    values
}
