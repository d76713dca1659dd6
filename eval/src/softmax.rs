//! Multinomial logistic regression: the paper's fully connected layer on frozen features.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::lbfgs::{Limits, minimise};
use crate::linear::LinearModel;
use crate::matrix;

/// The gradient at the end, relative to that of a model that knows nothing.
const GRADIENT: f64 = 1e-3;
const ITERATIONS: usize = 200;

/// Fits W and b to minimise mean cross-entropy + decay |W|^2 / 2 on `rows`, from `start` or zero.
///
/// scikit-learn's `LogisticRegression(C)` is decay = 1 / (C n). Deterministic. Cost: two products of
/// rows x columns x classes for each iteration.
pub(crate) fn fit(
    rows: &ArrayView2<f32>,
    labels: &[usize],
    classes: usize,
    decay: f64,
    start: Option<&LinearModel>,
) -> LinearModel {
    let columns = rows.ncols();
    let problem = Problem {
        rows,
        labels,
        classes,
        decay,
    };
    let zero = vec![0.0; (columns + 1) * classes];
    let (_value, gradient) = problem.value(&zero);
    let scale = gradient
        .iter()
        .map(|g| f64::from(g * g))
        .sum::<f64>()
        .sqrt();
    let start = start.map_or(zero, pack);
    let limits = Limits {
        gradient: GRADIENT * scale,
        iterations: ITERATIONS,
    };
    unpack(
        &minimise(|at| problem.value(at), start, limits),
        columns,
        classes,
    )
}

struct Problem<'a> {
    rows: &'a ArrayView2<'a, f32>,
    labels: &'a [usize],
    classes: usize,
    decay: f64,
}

impl Problem<'_> {
    /// Objective and gradient at the packed model `at`.
    fn value(&self, at: &[f32]) -> (f64, Vec<f32>) {
        let n = self.rows.nrows() as f32;
        let model = unpack(at, self.rows.ncols(), self.classes);
        let mut residual = model.scores(self.rows);
        let mut loss = 0.0f64;
        for (mut row, &label) in residual.axis_iter_mut(Axis(0)).zip(self.labels) {
            let top = row.fold(f32::NEG_INFINITY, |a, &b| a.max(b));
            let own = row[label] - top;
            row.mapv_inplace(|score| (score - top).exp());
            let total = row.sum();
            loss += f64::from(total.ln() - own);
            row.mapv_inplace(|share| share / (total * n));
            row[label] -= 1.0 / n;
        }
        let mut weights = matrix::product(&self.rows.t(), &residual.view());
        weights.scaled_add(self.decay as f32, &model.weights);
        let square = model.weights.iter().map(|&w| f64::from(w * w)).sum::<f64>();
        let gradient = pack(&LinearModel {
            weights,
            bias: residual.sum_axis(Axis(0)),
        });
        (loss / f64::from(n) + 0.5 * self.decay * square, gradient)
    }
}

/// Weights row by row, then biases.
fn pack(model: &LinearModel) -> Vec<f32> {
    model.weights.iter().chain(&model.bias).copied().collect()
}

fn unpack(at: &[f32], columns: usize, classes: usize) -> LinearModel {
    let (weights, bias) = at.split_at(columns * classes);
    LinearModel {
        weights: Array2::from_shape_fn((columns, classes), |(i, j)| weights[i * classes + j]),
        bias: Array1::from(bias.to_vec()),
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CLASSES, Peer};

    #[test]
    fn scores_are_those_of_scikit_learn() {
        let peer = Peer::new();
        for (decay, name) in [(1e-1, "0.1"), (1e-3, "0.001")] {
            let model = fit(&peer.train.view(), &peer.labels, CLASSES, decay, None);
            let mut scores = model.scores(&peer.test.view());
            // A number added to all classes changes no probability.
            for mut row in scores.axis_iter_mut(Axis(0)) {
                let mean = row.mean().unwrap();
                row -= mean;
            }
            peer.check("softmax", name, &scores, 2e-2);
        }
    }

    #[test]
    fn a_start_at_the_answer_of_another_decay_ends_at_the_same() {
        let peer = Peer::new();
        let of = |decay, start| fit(&peer.train.view(), &peer.labels, CLASSES, decay, start);
        let (cold, first) = (of(1e-3, None), of(1e-1, None));
        let warm = of(1e-3, Some(&first));
        let scores = |model: &LinearModel| model.scores(&peer.test.view());
        let difference = scores(&cold) - scores(&warm);
        assert!(difference.iter().all(|d| d.abs() < 3e-2));
    }
}
