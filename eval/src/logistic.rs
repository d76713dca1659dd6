//! The softmax's model from an implementation that is not ours: linfa's multinomial logistic regression.

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_logistic::{MultiFittedLogisticRegression, MultiLogisticRegression};
use ndarray::{Array1, Array2, ArrayView2};
use ndarray_of_linfa as of_linfa;

use crate::linear::LinearModel;
use crate::softmax::ITERATIONS;

/// Fits as [`softmax::Trainer::fit`](crate::softmax::Trainer::fit) does, for each of `decays` from the answer of the one
/// before; a decay that linfa cannot fit has none.
///
/// Its objective is that of the softmax times the number of rows. Arithmetic and a copy of `rows` are f64. Nothing is
/// preconditioned, so it takes more steps, and where columns nearly depend on each other all that it may.
pub(crate) fn fits(
    rows: &ArrayView2<f32>,
    labels: &[usize],
    classes: usize,
    decays: &[f64],
    precise: f64,
) -> Vec<Option<LinearModel>> {
    let records = of_linfa::Array2::from_shape_fn(rows.dim(), |at| f64::from(rows[at]));
    let scale = slope_at_zero(&records, labels, classes);
    let data = Dataset::new(records, of_linfa::Array1::from(labels.to_vec()));
    let mut start: Option<of_linfa::Array2<f64>> = None;
    let fit = |&decay: &f64| {
        let mut parameters = MultiLogisticRegression::default()
            .alpha(decay * labels.len() as f64)
            .gradient_tolerance(precise * scale)
            .max_iterations(ITERATIONS as u64);
        if let Some(start) = start.take() {
            parameters = parameters.initial_params(start);
        }
        let fitted = parameters.fit(&data).ok()?;
        let model = model(&fitted, classes);
        let finite = model.weights.iter().chain(&model.bias).all(|v| !v.is_nan());
        start = Some(packed(&fitted));
        finite.then_some(model)
    };
    decays.iter().map(fit).collect()
}

/// Euclidean length of the gradient of a model that knows nothing.
fn slope_at_zero(records: &of_linfa::Array2<f64>, labels: &[usize], classes: usize) -> f64 {
    let share = 1.0 / classes as f64;
    let residual = of_linfa::Array2::from_shape_fn((labels.len(), classes), |(row, class)| {
        share - f64::from(u8::from(labels[row] == class))
    });
    let weights = records.t().dot(&residual);
    let bias = residual.sum_axis(of_linfa::Axis(0));
    let squares = weights.iter().chain(&bias).map(|g| g * g);
    squares.sum::<f64>().sqrt().max(f64::MIN_POSITIVE)
}

type Fitted = MultiFittedLogisticRegression<f64, usize>;

/// Weights row by row, then biases, as linfa begins with.
fn packed(fitted: &Fitted) -> of_linfa::Array2<f64> {
    let mut all = fitted.params().clone();
    all.push_row(fitted.intercept().view())
        .expect("a bias for each class");
    all
}

/// A class that no row has is never the answer.
fn model(fitted: &Fitted, classes: usize) -> LinearModel {
    let mut weights = Array2::zeros((fitted.params().nrows(), classes));
    let mut bias = Array1::from_elem(classes, f32::NEG_INFINITY);
    for (place, &class) in fitted.classes().iter().enumerate() {
        let own = fitted.params().column(place);
        let own = own.iter().map(|&weight| weight as f32);
        weights
            .column_mut(class)
            .assign(&own.collect::<Array1<f32>>());
        bias[class] = fitted.intercept()[place] as f32;
    }
    LinearModel { weights, bias }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::softmax::Trainer;
    use crate::testing::{CLASSES, Peer};

    #[test]
    fn it_ends_where_scikit_learn_and_our_softmax_do() {
        let peer = Peer::new();
        let decays = [1e-1, 1e-3];
        let found = fits(&peer.train.view(), &peer.labels, CLASSES, &decays, 1e-4);
        let ours = Trainer::new(peer.train.view(), &peer.labels, CLASSES);
        for ((model, decay), name) in found.into_iter().zip(decays).zip(["0.1", "0.001"]) {
            let centred = |model: &LinearModel| {
                let mut scores = model.scores(&peer.test.view());
                // A number added to all classes changes no probability.
                for mut row in scores.rows_mut() {
                    let mean = row.mean().unwrap();
                    row -= mean;
                }
                scores
            };
            let theirs = centred(&model.unwrap());
            peer.check("softmax", name, &theirs, 2e-3);
            let ours = centred(&ours.fit(decay, 1e-4, None));
            assert!((ours - theirs).iter().all(|d| d.abs() < 4e-3));
        }
    }

    #[test]
    fn a_class_without_rows_is_never_the_answer() {
        let peer = Peer::new();
        // Class 1 of 5 is what no row has, and class 4.
        let labels: Vec<usize> = peer
            .labels
            .iter()
            .map(|&c| if c == 1 { 0 } else { c })
            .collect();
        let found = fits(&peer.train.view(), &labels, 5, &[1e-2], 1e-3);
        let predicted = found[0].as_ref().unwrap().predict(&peer.test.view());
        assert!(predicted.iter().all(|class| [0, 2, 3].contains(class)));
        let alike = vec![2; labels.len()];
        let found = fits(&peer.train.view(), &alike, 5, &[1e-2], 1e-3);
        let predicted = found[0].as_ref().unwrap().predict(&peer.test.view());
        assert!(predicted.iter().all(|&class| class == 2));
    }
}
