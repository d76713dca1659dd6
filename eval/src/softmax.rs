//! Multinomial logistic regression: the paper's fully connected layer on frozen features.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::lbfgs::{Limits, minimise};
use crate::linear::LinearModel;
use crate::{cholesky, matrix};

pub(crate) const ITERATIONS: usize = 200;
/// Columns above which factoring their covariance costs more than it saves.
const FACTORED: usize = 4096;

/// One model for each of `decays`, each from the answer of the one before; see [`Trainer::fit`].
pub(crate) fn fits(
    rows: &ArrayView2<f32>,
    labels: &[usize],
    classes: usize,
    decays: &[f64],
    precise: f64,
) -> Vec<Option<LinearModel>> {
    let trainer = Trainer::new(*rows, labels, classes);
    let mut models: Vec<Option<LinearModel>> = Vec::with_capacity(decays.len());
    for &decay in decays {
        let start = models.last().and_then(Option::as_ref);
        models.push(Some(trainer.fit(decay, precise, start)));
    }
    models
}

/// Rows with what the fits for several decays share.
pub(crate) struct Trainer<'a> {
    rows: ArrayView2<'a, f32>,
    labels: &'a [usize],
    classes: usize,
    covariance: Option<Array2<f32>>,
}

impl<'a> Trainer<'a> {
    /// Computes the covariance of `rows`: columns^2 rows / 2 multiplications.
    pub(crate) fn new(rows: ArrayView2<'a, f32>, labels: &'a [usize], classes: usize) -> Self {
        let covariance = (rows.ncols() <= FACTORED)
            .then(|| matrix::gram(&rows.t()) / rows.nrows().max(1) as f32);
        Self {
            rows,
            labels,
            classes,
            covariance,
        }
    }

    /// Fits W and b to minimise mean cross-entropy + decay |W|^2 / 2, from `start` or zero, until the gradient is
    /// `precise` times that of a model that knows nothing.
    ///
    /// scikit-learn's `LogisticRegression(C)` is decay = 1 / (C n). Deterministic. Steps are preconditioned by the
    /// Hessian at zero, which is the covariance for each class. Cost: two products of rows x columns x classes for
    /// each iteration.
    pub(crate) fn fit(&self, decay: f64, precise: f64, start: Option<&LinearModel>) -> LinearModel {
        let columns = self.rows.ncols();
        let problem = Problem {
            rows: &self.rows,
            labels: self.labels,
            classes: self.classes,
            decay,
        };
        let zero = vec![0.0; (columns + 1) * self.classes];
        let (_value, gradient) = problem.value(&zero);
        let scale = gradient
            .iter()
            .map(|g| f64::from(g * g))
            .sum::<f64>()
            .sqrt();
        let limits = Limits {
            gradient: precise * scale,
            iterations: ITERATIONS,
        };
        let factor = self.factor(decay);
        let precondition = |gradient: &[f32]| match &factor {
            None => gradient.to_vec(),
            Some(inverse) => {
                let mut model = unpack(gradient, columns, self.classes);
                let half = matrix::product(&inverse.view(), &model.weights.view());
                model.weights = matrix::product(&inverse.t(), &half.view());
                model.bias /= self.spread();
                pack(&model)
            }
        };
        let start = start.map_or(zero, pack);
        let found = minimise(|at| problem.value(at), precondition, start, limits);
        unpack(&found, columns, self.classes)
    }

    /// Variance of one class's share where all are alike: the curvature of the cross-entropy.
    fn spread(&self) -> f32 {
        let share = 1.0 / self.classes as f32;
        share * (1.0 - share)
    }

    /// L^-1 of L L^T = Hessian at zero; none where columns are too many or single precision does not carry it.
    fn factor(&self, decay: f64) -> Option<Array2<f32>> {
        let mut hessian = self.covariance.as_ref()? * self.spread();
        hessian
            .diag_mut()
            .mapv_inplace(|v| v + decay.max(1e-6) as f32);
        cholesky::factor(&mut hessian).ok()?;
        cholesky::invert(&mut hessian);
        Some(hessian)
    }
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
            let trainer = Trainer::new(peer.train.view(), &peer.labels, CLASSES);
            let model = trainer.fit(decay, 1e-4, None);
            let mut scores = model.scores(&peer.test.view());
            // A number added to all classes changes no probability.
            for mut row in scores.axis_iter_mut(Axis(0)) {
                let mean = row.mean().unwrap();
                row -= mean;
            }
            peer.check("softmax", name, &scores, 2e-3);
        }
    }

    #[test]
    fn a_start_at_the_answer_of_another_decay_ends_at_the_same() {
        let peer = Peer::new();
        let trainer = Trainer::new(peer.train.view(), &peer.labels, CLASSES);
        let cold = trainer.fit(1e-3, 1e-4, None);
        let warm = trainer.fit(1e-3, 1e-4, Some(&trainer.fit(1e-1, 1e-2, None)));
        let scores = |model: &LinearModel| model.scores(&peer.test.view());
        let difference = scores(&cold) - scores(&warm);
        assert!(difference.iter().all(|d| d.abs() < 3e-3));
    }
}
