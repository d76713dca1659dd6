//! Ridge classifier: least squares to targets of +1 and -1, all classes in one solve, on a kernel.
//!
//! Minimises sum_i |f(x_i) - y_i|^2 + ridge |w|^2 with the bias as a weight on a constant feature 1. In the dual,
//! A a = y with A = K + 1 + ridge, and the prediction of row i by a model that never saw it is
//! y_i - a_i / (A^-1)_ii (Allen 1974; Rasmussen and Williams, section 5.4.2), so leaving one out costs nothing more.

use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView2, Axis, s};

use crate::error::Result;
use crate::linear::argmax;
use crate::{cholesky, matrix};

/// A fitted classifier.
#[derive(Debug, Clone)]
pub(crate) struct Ridge {
    /// `[train rows, classes]`.
    dual: Array2<f32>,
    /// Training rows that a model without them puts into their class.
    pub left_out_right: usize,
}

/// Fits on all rows of `kernel`. Two thirds n^3 multiplications and a copy of the kernel.
///
/// # Errors
/// A ridge too small for single precision.
pub(crate) fn fit(
    kernel: &ArrayView2<f32>,
    labels: &[usize],
    classes: usize,
    ridge: f64,
) -> Result<Ridge> {
    let mut a = kernel + 1.0f32;
    a.diag_mut().mapv_inplace(|v| v + ridge as f32);
    cholesky::factor(&mut a)?;
    cholesky::invert(&mut a);
    let target = |i: usize, class: usize| if labels[i] == class { 1.0f32 } else { -1.0 };
    let targets = Array2::from_shape_fn((labels.len(), classes), |(i, class)| target(i, class));
    let halfway = matrix::product(&a.view(), &targets.view());
    let dual = matrix::product(&a.t(), &halfway.view());
    let mut left_out = targets;
    for (mut row, (values, share)) in left_out
        .axis_iter_mut(Axis(0))
        .zip(dual.axis_iter(Axis(0)).zip(inverse_diagonal(&a)))
    {
        row.scaled_add(-1.0 / share, &values);
    }
    let predicted = argmax(&left_out.view());
    let left_out_right = predicted.iter().zip(labels).filter(|(a, b)| a == b).count();
    Ok(Ridge {
        dual,
        left_out_right,
    })
}

impl Ridge {
    /// Weights of the training rows, `[train rows, classes]`.
    pub(crate) fn dual(&self) -> ArrayView2<'_, f32> {
        self.dual.view()
    }

    /// Scores of each row of `kernel` `[rows, train rows]`, `[rows, classes]`.
    pub(crate) fn scores(&self, kernel: &ArrayView2<f32>) -> Array2<f32> {
        matrix::product(kernel, &self.dual.view()) + &self.dual.sum_axis(Axis(0))
    }

    /// The class of each row of `kernel` `[rows, train rows]`.
    pub(crate) fn predict(&self, kernel: &ArrayView2<f32>) -> Vec<usize> {
        argmax(&self.scores(kernel).view())
    }
}

/// Squared lengths of the columns of L^-1: the diagonal of (L L^T)^-1.
fn inverse_diagonal(inverse: &Array2<f32>) -> Vec<f32> {
    inverse
        .axis_iter(Axis(1))
        .into_par_iter()
        .enumerate()
        .map(|(i, column)| {
            let squares = column.slice_move(s![i..]).map(|&v| f64::from(v * v));
            squares.sum() as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{normal, stream};
    use crate::testing::{CLASSES, Peer};

    #[test]
    fn scores_are_those_of_scikit_learn() {
        let peer = Peer::new();
        let model = fit(&peer.kernel.train.view(), &peer.labels, CLASSES, 0.5).unwrap();
        peer.check(
            "ridge",
            "0.5",
            &model.scores(&peer.kernel.test.view()),
            1e-4,
        );
    }

    #[test]
    fn closed_form_is_what_leaving_each_row_out_gives() {
        let mut rng = stream(8, 0, 0);
        let rows = Array2::from_shape_fn((60, 4), |(i, j)| {
            (f64::from(i % 3 == j) + normal(&mut rng)) as f32
        });
        let labels: Vec<usize> = (0..60).map(|i| i % 3).collect();
        let kernel = matrix::gram(&rows.view());
        let whole = fit(&kernel.view(), &labels, 3, 0.7).unwrap();
        let right = (0..60).filter(|&out| {
            let rest: Vec<usize> = (0..60).filter(|&i| i != out).collect();
            let part = kernel.select(Axis(0), &rest).select(Axis(1), &rest);
            let theirs: Vec<usize> = rest.iter().map(|&i| labels[i]).collect();
            let model = fit(&part.view(), &theirs, 3, 0.7).unwrap();
            let query = kernel.select(Axis(0), &[out]).select(Axis(1), &rest);
            model.predict(&query.view()) == [labels[out]]
        });
        let right = right.count();
        assert_eq!(right, whole.left_out_right);
        assert!(
            (21..60).contains(&right),
            "neither chance nor perfect: {right}"
        );
    }
}
