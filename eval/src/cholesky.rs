//! Cholesky factors and their inverses, in place, blocked and parallel.
//!
//! Blocks have a fixed size, so the result does not depend on the number of threads.

use ndarray::linalg::general_mat_mul;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayViewMut2, Axis, s};

use crate::error::{EvalError, Result};

/// Side of the blocks on the diagonal.
const BLOCK: usize = 128;

/// Replaces the lower triangle of the symmetric positive definite `a` by L with a = L L^T, and the upper by zeros.
/// n^3 / 3 multiplications.
///
/// # Errors
/// A matrix that is not positive definite to working precision.
pub(crate) fn factor(a: &mut Array2<f32>) -> Result<()> {
    let n = a.nrows();
    for from in (0..n).step_by(BLOCK) {
        let to = (from + BLOCK).min(n);
        factor_block(&mut a.slice_mut(s![from..to, from..to]), from)?;
        let mut inverse = a.slice(s![from..to, from..to]).to_owned();
        invert_block(&mut inverse.view_mut());
        // Below the diagonal block: L21 = A21 L11^-T.
        let mut below = a.slice_mut(s![to.., from..to]);
        below
            .axis_chunks_iter_mut(Axis(0), BLOCK)
            .into_par_iter()
            .for_each(|mut rows| {
                let old = rows.to_owned();
                general_mat_mul(1.0, &old, &inverse.t(), 0.0, &mut rows);
            });
        let panel = below.to_owned();
        // What remains: A22 - L21 L21^T, lower triangle.
        a.slice_mut(s![to.., to..])
            .axis_chunks_iter_mut(Axis(0), BLOCK)
            .into_par_iter()
            .enumerate()
            .for_each(|(block, mut rows)| {
                let end = block * BLOCK + rows.nrows();
                let own = panel.slice(s![block * BLOCK..end, ..]);
                let mut rows = rows.slice_mut(s![.., ..end]);
                general_mat_mul(-1.0, &own, &panel.slice(s![..end, ..]).t(), 1.0, &mut rows);
            });
    }
    a.axis_iter_mut(Axis(0))
        .into_par_iter()
        .enumerate()
        .for_each(|(i, mut row)| {
            row.slice_mut(s![i + 1..]).fill(0.0);
        });
    Ok(())
}

/// Replaces the lower triangular `l` by its inverse. n^3 / 3 multiplications.
pub(crate) fn invert(l: &mut Array2<f32>) {
    let n = l.nrows();
    for from in (0..n).step_by(BLOCK) {
        let to = (from + BLOCK).min(n);
        let mut inverse = l.slice(s![from..to, from..to]).to_owned();
        invert_block(&mut inverse.view_mut());
        let left = l.slice(s![from..to, ..from]).to_owned();
        let (above, mut own) = l.view_mut().split_at(Axis(0), from);
        // Row block i of the inverse: -L_ii^-1 L_i,<i X_<i,<i; panels of columns are zero above their own rows.
        own.slice_mut(s![..to - from, ..from])
            .axis_chunks_iter_mut(Axis(1), BLOCK)
            .into_par_iter()
            .enumerate()
            .for_each(|(panel, mut out)| {
                let first = panel * BLOCK;
                let columns = above.slice(s![first.., first..first + out.ncols()]);
                let product = left.slice(s![.., first..]).dot(&columns);
                general_mat_mul(-1.0, &inverse, &product, 0.0, &mut out);
            });
        l.slice_mut(s![from..to, from..to]).assign(&inverse);
    }
}

/// The plain algorithm on one block, sums in f64.
fn factor_block(a: &mut ArrayViewMut2<f32>, first: usize) -> Result<()> {
    let n = a.nrows();
    for j in 0..n {
        for i in j..n {
            let mut sum = f64::from(a[[i, j]]);
            for k in 0..j {
                sum -= f64::from(a[[i, k]]) * f64::from(a[[j, k]]);
            }
            if i > j {
                a[[i, j]] = (sum / f64::from(a[[j, j]])) as f32;
            } else if sum > 0.0 {
                a[[j, j]] = sum.sqrt() as f32;
            } else {
                return Err(EvalError::Parameter {
                    what: "the ridge",
                    value: format!("too small: pivot {} is {sum:e}", first + j),
                    expected: "a ridge that makes the kernel positive definite in single precision",
                });
            }
        }
        for i in 0..j {
            a[[i, j]] = 0.0;
        }
    }
    Ok(())
}

/// Inverts one lower triangular block by forward substitution, sums in f64.
fn invert_block(l: &mut ArrayViewMut2<f32>) {
    let n = l.nrows();
    for i in 0..n {
        let pivot = 1.0 / f64::from(l[[i, i]]);
        for j in 0..i {
            let sum: f64 = (j..i)
                .map(|k| f64::from(l[[i, k]]) * f64::from(l[[k, j]]))
                .sum();
            l[[i, j]] = (-sum * pivot) as f32;
        }
        l[[i, i]] = pivot as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix;
    use crate::random::{normal, stream};

    #[test]
    fn the_inverse_of_the_factor_whitens() {
        let mut rng = stream(5, 0, 0);
        for n in [1, 100, BLOCK, 3 * BLOCK + 17] {
            let rows = Array2::from_shape_simple_fn((n, 40), || normal(&mut rng) as f32 / 6.0);
            let mut a = matrix::gram(&rows.view());
            a.diag_mut().mapv_inplace(|v| v + 0.5);
            let mut l = a.clone();
            factor(&mut l).unwrap();
            let difference = l.dot(&l.t()) - &a;
            assert!(difference.iter().all(|d| d.abs() < 1e-4), "{n}");
            invert(&mut l);
            let unit = l.dot(&a).dot(&l.t()) - Array2::<f32>::eye(n);
            assert!(unit.iter().all(|d| d.abs() < 2e-3), "{n}");
            assert!(n == 1 || l[[0, n - 1]] == 0.0);
        }
        let message = factor(&mut Array2::from_elem((2, 2), 1.0))
            .unwrap_err()
            .to_string();
        assert!(message.contains("pivot 1"), "{message}");
    }
}
