//! Principal components, fitted on training rows.

use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::matrix;
use crate::random::{normal, purpose, stream};

/// Rows or columns whose covariance is decomposed in full; the cost is cubic.
const FULL: usize = 1024;
/// Directions that the search for leading axes carries beside those that are asked for.
const SPARE: usize = 16;
/// Products with the covariance in that search.
const PASSES: usize = 5;
/// Variance beside the largest below which an axis is rounding.
const NOISE: f64 = 1e-6;

/// The first axes of largest variance.
#[derive(Debug, Clone)]
pub struct Pca {
    mean: Array1<f32>,
    /// `[columns, axes]`, orthonormal.
    axes: Array2<f32>,
    variances: Array1<f32>,
}

impl Pca {
    /// Fits `axes` axes, at most as many as there are columns; of rows of over 1,024 columns at most as many as they differ in.
    ///
    /// The covariance of up to 1,024 columns is decomposed in full, O(rows columns^2 + columns^3). Of wider rows up to 1,024 are
    /// decomposed by their inner products; of more the leading axes alone are found, O(rows columns axes), their variances to
    /// 1e-4 where these fall like 1/k or faster.
    pub fn fit(rows: &ArrayView2<f32>, axes: usize) -> Self {
        let mean = rows
            .mean_axis(Axis(0))
            .unwrap_or_else(|| Array1::zeros(rows.ncols()));
        let centred = rows - &mean;
        let (n, columns) = centred.dim();
        let searched = axes.saturating_add(SPARE).saturating_mul(PASSES);
        let found = if columns <= FULL || (n > FULL && searched >= n.min(columns)) {
            Leading::of(&matrix::gram(&centred.t()), axes)
        } else if n <= FULL {
            by_rows(&centred, axes)
        } else {
            search(&centred, axes)
        };
        let share = 1.0 / n.max(1) as f64;
        let variance = |value: &f64| (value.max(0.0) * share) as f32;
        Self {
            mean,
            variances: found.values.iter().map(variance).collect(),
            axes: found.vectors,
        }
    }

    /// Columns of the rows that it takes.
    pub(crate) fn columns(&self) -> usize {
        self.mean.len()
    }

    /// Variance of the fitted rows along each axis, descending.
    pub(crate) fn variances(&self) -> &Array1<f32> {
        &self.variances
    }

    /// Coordinates along the axes, `[rows, axes]`.
    pub fn transform(&self, rows: &ArrayView2<f32>) -> Array2<f32> {
        matrix::product(&(rows - &self.mean).view(), &self.axes.view())
    }
}

/// Eigenvalues, descending, and their vectors as columns.
struct Leading {
    values: Vec<f64>,
    vectors: Array2<f32>,
}

impl Leading {
    /// The first `count` of a symmetric matrix.
    fn of(matrix: &Array2<f32>, count: usize) -> Self {
        let size = matrix.nrows();
        let eigen = SymmetricEigen::new(DMatrix::from_fn(size, size, |i, j| {
            f64::from(matrix[[i, j]])
        }));
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_unstable_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
        order.truncate(count);
        let vector = |(i, k): (usize, usize)| eigen.eigenvectors[(i, order[k])] as f32;
        Self {
            values: order.iter().map(|&k| eigen.eigenvalues[k]).collect(),
            vectors: Array2::from_shape_fn((size, order.len()), vector),
        }
    }

    /// Those that are more than rounding.
    fn sure(mut self) -> Self {
        let least = NOISE * self.values.first().copied().unwrap_or(0.0);
        self.values.retain(|&value| value > least);
        let kept = ndarray::s![.., ..self.values.len()];
        self.vectors = self.vectors.slice(kept).to_owned();
        self
    }
}

/// Axes of few rows: X^T u / s for the eigenvectors u and the roots s of the eigenvalues of X X^T.
fn by_rows(centred: &Array2<f32>, axes: usize) -> Leading {
    let Leading { values, vectors } = Leading::of(&matrix::gram(&centred.view()), axes).sure();
    let lengths: Array1<f32> = values.iter().map(|value| value.sqrt() as f32).collect();
    Leading {
        values,
        vectors: matrix::product(&centred.t(), &vectors.view()) / lengths,
    }
}

/// Leading axes within what a few products of the covariance with random columns span (a block Krylov space: Musco and Musco,
/// NeurIPS 2015).
fn search(centred: &Array2<f32>, axes: usize) -> Leading {
    let columns = centred.ncols();
    let mut rng = stream(0, purpose::PCA, 0);
    let draw = || normal(&mut rng) as f32;
    let mut block = Array2::from_shape_simple_fn((columns, axes + SPARE), draw);
    let mut blocks = Vec::new();
    for _pass in 0..PASSES {
        let seen = matrix::product(&centred.view(), &block.view());
        block = orthonormal(&matrix::product(&centred.t(), &seen.view()));
        blocks.push(block.clone());
    }
    let views: Vec<_> = blocks.iter().map(|block| block.view()).collect();
    let all = ndarray::concatenate(Axis(1), &views).expect("all blocks have the same rows");
    let basis = orthonormal(&all);
    let seen = matrix::product(&centred.view(), &basis.view());
    let Leading { values, vectors } = Leading::of(&matrix::gram(&seen.t()), axes).sure();
    Leading {
        values,
        vectors: matrix::product(&basis.view(), &vectors.view()),
    }
}

/// An orthonormal basis of what the columns span.
fn orthonormal(columns: &Array2<f32>) -> Array2<f32> {
    let (rows, count) = columns.dim();
    let q = DMatrix::from_fn(rows, count, |i, j| f64::from(columns[[i, j]]))
        .qr()
        .q();
    Array2::from_shape_fn((rows, count), |(i, j)| q[(i, j)] as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_axis_is_the_long_one() {
        let rows = Array2::from_shape_fn((50, 3), |(i, j)| {
            let t = i as f32 - 20.0;
            [2.0 * t, t, 0.01 * (i % 3) as f32][j]
        });
        let pca = Pca::fit(&rows.view(), 1);
        let axis = pca.axes.column(0);
        let length = (axis[0] * 2.0 + axis[1]) / 5f32.sqrt();
        assert!((length.abs() - 1.0).abs() < 1e-4, "{axis}");
        let coordinates = pca.transform(&rows.view());
        let variance = coordinates.mapv(|x| x * x).mean().unwrap();
        assert!((variance / pca.variances()[0] - 1.0).abs() < 1e-3);
        assert!(coordinates.sum().abs() < 1e-2);
    }

    /// Centred rows whose variances fall slowly, as those of maps do.
    fn slowly_falling(rows: usize, columns: usize) -> Array2<f32> {
        let mut rng = stream(3, 0, 0);
        let rows = Array2::from_shape_fn((rows, columns), |(_i, j)| {
            (normal(&mut rng) / (1.0 + j as f64).sqrt()) as f32
        });
        let mean = rows.mean_axis(Axis(0)).unwrap();
        rows - mean
    }

    /// The largest relative error of a value, and the largest part of a found axis that lies outside the true ones.
    fn errors(found: &Leading, whole: &Leading) -> (f64, f32) {
        let values = found.values.iter().zip(&whole.values);
        let of_values = values.map(|(found, whole)| (found / whole - 1.0).abs());
        let seen = matrix::product(&whole.vectors.t(), &found.vectors.view());
        let lost = seen.map_axis(Axis(0), |axis| 1.0 - axis.dot(&axis));
        (
            of_values.fold(0.0, f64::max),
            lost.into_iter().fold(0.0, f32::max),
        )
    }

    fn check_orthonormal(axes: &Array2<f32>) {
        for ((i, j), product) in matrix::gram(&axes.t()).indexed_iter() {
            assert!(
                (product - f32::from(i == j)).abs() < 1e-3,
                "{i} {j} {product}"
            );
        }
    }

    #[test]
    fn the_search_finds_what_the_whole_decomposition_has() {
        let centred = slowly_falling(700, 400);
        let whole = Leading::of(&matrix::gram(&centred.t()), 24);
        let found = search(&centred, 24);
        check_orthonormal(&found.vectors);
        let (values, lost) = errors(&found, &whole);
        assert!(values < 1e-4 && lost < 1e-4, "{values} {lost}");
    }

    #[test]
    fn few_wide_rows_have_the_axes_of_the_whole_decomposition_and_no_others() {
        let centred = slowly_falling(60, 400);
        let whole = Leading::of(&matrix::gram(&centred.t()), 59);
        let found = by_rows(&centred, 100);
        assert_eq!(
            found.values.len(),
            59,
            "centred rows have one direction less"
        );
        check_orthonormal(&found.vectors);
        let (values, lost) = errors(&found, &whole);
        assert!(values < 1e-4 && lost < 1e-4, "{values} {lost}");
        let equal = Pca::fit(&Array2::ones((3, FULL + 1)).view(), 2);
        assert_eq!(
            equal.transform(&Array2::ones((2, FULL + 1)).view()).dim(),
            (2, 0)
        );
    }
}
