//! Multinomial logistic regression: the paper's fully connected layer on frozen features.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::linear::LinearModel;
use crate::matrix;

/// Fits W and b to minimise mean cross-entropy + decay |W|^2 / 2 on `rows` by accelerated gradient descent
/// (Nesterov's momentum, step 1 / Lipschitz constant) for `iterations` full passes, from `start` or zero.
///
/// Deterministic. Cost: two products of rows x columns x classes for each iteration.
pub(crate) fn fit(
    rows: &ArrayView2<f32>,
    labels: &[usize],
    classes: usize,
    decay: f64,
    iterations: usize,
    start: Option<LinearModel>,
) -> LinearModel {
    let n = rows.nrows() as f32;
    let transposed = rows.t().as_standard_layout().into_owned();
    // Half the largest eigenvalue of X^T X / n bounds the curvature; the constant feature of the bias adds 1.
    let step = 1.0 / (0.5 * (largest_eigenvalue(rows, &transposed) / n + 1.0) + decay as f32);
    let mut weights = start.unwrap_or_else(|| LinearModel {
        weights: Array2::zeros((rows.ncols(), classes)),
        bias: Array1::zeros(classes),
    });
    let mut ahead = weights.clone();
    let mut momentum = 1.0f32;
    for _iteration in 0..iterations {
        let mut residual = ahead.scores(rows);
        for (mut row, &label) in residual.axis_iter_mut(Axis(0)).zip(labels) {
            let top = row.fold(f32::NEG_INFINITY, |a, &b| a.max(b));
            row.mapv_inplace(|score| (score - top).exp());
            let total = row.sum();
            row.mapv_inplace(|share| share / (total * n));
            row[label] -= 1.0 / n;
        }
        let gradient = matrix::product(&transposed.view(), &residual.view());
        let next = LinearModel {
            weights: &ahead.weights - &((gradient + &ahead.weights * decay as f32) * step),
            bias: &ahead.bias - &(residual.sum_axis(Axis(0)) * step),
        };
        let grown = 0.5 * (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt());
        let beta = (momentum - 1.0) / grown;
        ahead = LinearModel {
            weights: &next.weights + &((&next.weights - &weights.weights) * beta),
            bias: &next.bias + &((&next.bias - &weights.bias) * beta),
        };
        (weights, momentum) = (next, grown);
    }
    weights
}

/// An upper estimate of the largest eigenvalue of X^T X by power iteration.
fn largest_eigenvalue(rows: &ArrayView2<f32>, transposed: &Array2<f32>) -> f32 {
    let mut vector = Array2::from_elem((rows.ncols(), 1), 1.0 / (rows.ncols() as f32).sqrt());
    let mut value = 0.0;
    for _iteration in 0..20 {
        let image = matrix::product(
            &transposed.view(),
            &matrix::product(rows, &vector.view()).view(),
        );
        value = image.iter().map(|x| x * x).sum::<f32>().sqrt();
        if value == 0.0 {
            return 0.0;
        }
        vector = image / value;
    }
    // Power iteration approaches from below.
    1.1 * value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{normal, stream};

    #[test]
    fn the_gradient_vanishes_at_the_answer_and_blobs_are_told_apart() {
        let mut rng = stream(4, 0, 0);
        let labels: Vec<usize> = (0..120).map(|i| i % 3).collect();
        let rows = Array2::from_shape_fn((120, 2), |(i, j)| {
            let centre = [[0.0, 1.0], [1.0, -0.5], [-1.0, -0.5]][i % 3][j];
            (centre + 0.2 * normal(&mut rng)) as f32
        });
        let model = fit(&rows.view(), &labels, 3, 1e-2, 400, None);
        let right = model
            .predict(&rows.view())
            .iter()
            .zip(&labels)
            .filter(|(a, b)| a == b)
            .count();
        assert!(right >= 118, "{right}");
        // d/db of the mean cross-entropy: predicted shares equal the true shares.
        let scores = model.scores(&rows.view());
        let mut share = [0.0f32; 3];
        for row in scores.axis_iter(Axis(0)) {
            let total: f32 = row.iter().map(|s| s.exp()).sum();
            row.iter()
                .zip(&mut share)
                .for_each(|(s, share)| *share += s.exp() / total / 120.0);
        }
        assert!(
            share.iter().all(|s| (s - 1.0 / 3.0).abs() < 1e-3),
            "{share:?}"
        );
    }
}
