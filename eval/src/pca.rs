//! Principal components, fitted on training rows.

use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};

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

/// The first two coordinates of at most `limit` rows, evenly taken: a map to look at. `[(row, x, y)]`.
pub(crate) fn map(rows: &ArrayView2<f32>, limit: usize) -> Vec<(usize, f32, f32)> {
    let stride = rows.nrows().div_ceil(limit.max(1)).max(1);
    // Two axes of wide features need no full decomposition: project on the widest columns' span first.
    let columns = rows.ncols().min(400);
    let plane = Pca::fit(&rows.slice(s![.., ..columns]), 2);
    let points = plane.transform(&rows.slice(s![.., ..columns]));
    let y = |row: usize| {
        if points.ncols() > 1 {
            points[[row, 1]]
        } else {
            0.0
        }
    };
    (0..rows.nrows())
        .step_by(stride)
        .map(|row| (row, points[[row, 0]], y(row)))
        .collect()
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
