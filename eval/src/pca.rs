//! Principal components, fitted on training rows.

use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::matrix;

/// The first axes of largest variance.
#[derive(Debug, Clone)]
pub struct Pca {
    mean: Array1<f32>,
    /// `[columns, axes]`, orthonormal.
    axes: Array2<f32>,
    variances: Array1<f32>,
}

impl Pca {
    /// Fits `axes` axes, at most as many as there are columns. Cost O(rows columns^2 + columns^3).
    pub fn fit(rows: &ArrayView2<f32>, axes: usize) -> Self {
        let mean = rows
            .mean_axis(Axis(0))
            .unwrap_or_else(|| Array1::zeros(rows.ncols()));
        let centred = rows - &mean;
        let covariance = matrix::gram(&centred.t());
        let size = covariance.nrows();
        let eigen = SymmetricEigen::new(DMatrix::from_fn(size, size, |i, j| {
            f64::from(covariance[[i, j]])
        }));
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_unstable_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
        order.truncate(axes);
        let column = |i: usize, k: usize| eigen.eigenvectors[(i, order[k])] as f32;
        let share = 1.0 / rows.nrows().max(1) as f64;
        Self {
            mean,
            variances: order
                .iter()
                .map(|&k| (eigen.eigenvalues[k].max(0.0) * share) as f32)
                .collect(),
            axes: Array2::from_shape_fn((size, order.len()), |(i, k)| column(i, k)),
        }
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
}
