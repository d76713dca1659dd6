//! Multinomial logistic regression: the paper's fully connected layer on frozen features.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::lbfgs::{Limits, minimise};
use crate::linear::LinearModel;
use crate::{cholesky, matrix};

pub(crate) const ITERATIONS: usize = 200;
/// Columns above which factoring their covariance costs more than it saves.
const FACTORED: usize = 4096;

/// What is learned from: rows and the class of each.
#[derive(Clone, Copy)]
pub(crate) struct Examples<'a> {
    pub rows: ArrayView2<'a, f32>,
    pub labels: &'a [usize],
    pub classes: usize,
}

/// One model for each of `decays`, each from the answer of the one before; see [`Trainer::fit`].
pub(crate) fn fits(examples: Examples, decays: &[f64], precise: f64) -> Vec<Option<LinearModel>> {
    let trainer = Trainer::new(examples);
    let mut models: Vec<Option<LinearModel>> = Vec::with_capacity(decays.len());
    for &decay in decays {
        let start = models.last().and_then(Option::as_ref);
        models.push(Some(trainer.fit(decay, precise, start)));
    }
    models
}

/// Examples with what the fits for several decays share.
pub(crate) struct Trainer<'a> {
    examples: Examples<'a>,
    covariance: Option<Array2<f32>>,
    slope: f64,
}

impl<'a> Trainer<'a> {
    /// Computes the covariance of the rows: columns^2 rows / 2 multiplications.
    pub(crate) fn new(examples: Examples<'a>) -> Self {
        let rows = &examples.rows;
        let covariance = (rows.ncols() <= FACTORED)
            .then(|| matrix::gram(&rows.t()) / rows.nrows().max(1) as f32);
        Self {
            examples,
            covariance,
            slope: examples.slope_at_zero(),
        }
    }

    /// Fits W and b to minimise mean cross-entropy + decay |W|^2 / 2, from `start` or zero, until the gradient is
    /// `precise` times that of a model that knows nothing.
    ///
    /// scikit-learn's `LogisticRegression(C)` is decay = 1 / (C n). Deterministic. Steps are preconditioned by the
    /// Hessian at zero, which is the covariance for each class. Cost: two products of rows x columns x classes for
    /// each iteration.
    pub(crate) fn fit(&self, decay: f64, precise: f64, start: Option<&LinearModel>) -> LinearModel {
        let (columns, classes) = (self.examples.rows.ncols(), self.examples.classes);
        let limits = Limits {
            gradient: precise * self.slope,
            iterations: ITERATIONS,
        };
        let factor = self.factor(decay);
        let precondition = |gradient: &[f32]| match &factor {
            None => gradient.to_vec(),
            Some(inverse) => {
                let mut model = unpack(gradient, columns, classes);
                let half = matrix::product(&inverse.view(), &model.weights.view());
                model.weights = matrix::product(&inverse.t(), &half.view());
                model.bias /= self.spread();
                pack(&model)
            }
        };
        let start = start.map_or_else(|| self.examples.zero(), pack);
        let value = |at: &[f32]| self.examples.value(decay, at);
        let found = minimise(value, precondition, start, limits);
        unpack(&found, columns, classes)
    }

    /// Variance of one class's share where all are alike: the curvature of the cross-entropy.
    fn spread(&self) -> f32 {
        let share = 1.0 / self.examples.classes as f32;
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

impl Examples<'_> {
    /// A packed model that knows nothing.
    fn zero(&self) -> Vec<f32> {
        vec![0.0; (self.rows.ncols() + 1) * self.classes]
    }

    /// Euclidean length of the gradient of the mean cross-entropy there.
    pub(crate) fn slope_at_zero(&self) -> f64 {
        let (_value, gradient) = self.value(0.0, &self.zero());
        let squares = gradient.iter().map(|g| f64::from(g * g));
        squares.sum::<f64>().sqrt()
    }

    /// Objective and gradient at the packed model `at`.
    fn value(&self, decay: f64, at: &[f32]) -> (f64, Vec<f32>) {
        let n = self.rows.nrows() as f32;
        let model = unpack(at, self.rows.ncols(), self.classes);
        let mut residual = model.scores(&self.rows);
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
        weights.scaled_add(decay as f32, &model.weights);
        let square = model.weights.iter().map(|&w| f64::from(w * w)).sum::<f64>();
        let gradient = pack(&LinearModel {
            weights,
            bias: residual.sum_axis(Axis(0)),
        });
        (loss / f64::from(n) + 0.5 * decay * square, gradient)
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
    use crate::testing::Peer;

    #[test]
    fn scores_are_those_of_scikit_learn() {
        let peer = Peer::new();
        for (decay, name) in [(1e-1, "0.1"), (1e-3, "0.001")] {
            let model = Trainer::new(peer.examples()).fit(decay, 1e-4, None);
            peer.check("softmax", name, &peer.centred_scores(&model), 2e-3);
        }
    }

    #[test]
    fn a_start_at_the_answer_of_another_decay_ends_at_the_same() {
        let peer = Peer::new();
        let trainer = Trainer::new(peer.examples());
        let cold = trainer.fit(1e-3, 1e-4, None);
        let warm = trainer.fit(1e-3, 1e-4, Some(&trainer.fit(1e-1, 1e-2, None)));
        let scores = |model: &LinearModel| model.scores(&peer.test.view());
        let difference = scores(&cold) - scores(&warm);
        assert!(difference.iter().all(|d| d.abs() < 3e-3));
    }
}
