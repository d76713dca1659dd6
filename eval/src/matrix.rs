//! Matrix products on several cores whose result does not depend on how many.
//!
//! Each product is cut into blocks of fixed size, each block is one single-threaded product, so the order of
//! summation, and with it every bit of the result, is the same on any number of threads.

use ndarray::linalg::general_mat_mul;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView2, Axis, s};

/// Rows of the left factor in one block.
const BLOCK: usize = 128;

/// `a . b`, parallel over blocks of rows of `a`.
pub(crate) fn product(a: &ArrayView2<f32>, b: &ArrayView2<f32>) -> Array2<f32> {
    let mut out = Array2::zeros((a.nrows(), b.ncols()));
    out.axis_chunks_iter_mut(Axis(0), BLOCK)
        .into_par_iter()
        .zip(a.axis_chunks_iter(Axis(0), BLOCK).into_par_iter())
        .for_each(|(mut out, a)| general_mat_mul(1.0, &a, b, 0.0, &mut out));
    out
}

/// `a . a^T`, each unordered pair of rows computed once.
pub(crate) fn gram(a: &ArrayView2<f32>) -> Array2<f32> {
    let n = a.nrows();
    let mut out = Array2::zeros((n, n));
    out.axis_chunks_iter_mut(Axis(0), BLOCK)
        .into_par_iter()
        .enumerate()
        .for_each(|(block, mut out)| {
            let from = block * BLOCK;
            let rows = a.slice(s![from..from + out.nrows(), ..]);
            let mut part = out.slice_mut(s![.., from..]);
            general_mat_mul(1.0, &rows, &a.slice(s![from.., ..]).t(), 0.0, &mut part);
        });
    for row in 0..n {
        for column in 0..row {
            out[[row, column]] = out[[column, row]];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{normal, stream};

    #[test]
    fn blocks_give_the_plain_product() {
        let mut rng = stream(1, 0, 0);
        let a = Array2::from_shape_simple_fn((301, 37), || normal(&mut rng) as f32);
        let b = Array2::from_shape_simple_fn((37, 5), || normal(&mut rng) as f32);
        let difference = product(&a.view(), &b.view()) - a.dot(&b);
        assert!(difference.iter().all(|d| d.abs() < 1e-4));
        let difference = gram(&a.view()) - a.dot(&a.t());
        assert!(difference.iter().all(|d| d.abs() < 1e-4));
    }
}
