//! The softmax's model from an implementation that is not ours: linfa's multinomial logistic regression.

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_logistic::{MultiFittedLogisticRegression, MultiLogisticRegression};
use ndarray::{Array1, Array2};
use ndarray_of_linfa as of_linfa;

use crate::linear::LinearModel;
use crate::softmax::{Examples, ITERATIONS};

/// Fits as [`softmax::Trainer::fit`](crate::softmax::Trainer::fit) does, for each of `decays` from the answer of the one
/// before; a decay that linfa cannot fit has none.
///
/// Its objective is that of the softmax times the number of rows. Arithmetic and a copy of the rows are f64. Nothing is
/// preconditioned, so it takes more steps, and where columns nearly depend on each other all that it may.
pub(crate) fn fits(examples: Examples, decays: &[f64], precise: f64) -> Vec<Option<LinearModel>> {
    let Examples {
        rows,
        labels,
        classes,
    } = examples;
    let count = labels.len() as f64;
    // linfa takes no tolerance of 0, which one class alone would have.
    let tolerance = (precise * count * examples.slope_at_zero()).max(f64::MIN_POSITIVE);
    let records = of_linfa::Array2::from_shape_fn(rows.dim(), |at| f64::from(rows[at]));
    let data = Dataset::new(records, of_linfa::Array1::from(labels.to_vec()));
    let mut start: Option<of_linfa::Array2<f64>> = None;
    let fit = |&decay: &f64| {
        let mut parameters = MultiLogisticRegression::default()
            .alpha(decay * count)
            .gradient_tolerance(tolerance)
            .max_iterations(ITERATIONS as u64);
        if let Some(start) = start.take() {
            parameters = parameters.initial_params(start);
        }
        let fitted = parameters.fit(&data).ok()?;
        let found = packed(&fitted);
        if !found.iter().all(|value| value.is_finite()) {
            return None;
        }
        start = Some(found);
        Some(model(&fitted, classes))
    };
    decays.iter().map(fit).collect()
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
    use crate::testing::Peer;

    #[test]
    fn it_ends_where_scikit_learn_and_our_softmax_do() {
        let peer = Peer::new();
        let decays = [1e-1, 1e-3];
        let found = fits(peer.examples(), &decays, 1e-4);
        let ours = Trainer::new(peer.examples());
        for ((model, decay), name) in found.into_iter().zip(decays).zip(["0.1", "0.001"]) {
            let theirs = peer.centred_scores(&model.unwrap());
            peer.check("softmax", name, &theirs, 2e-3);
            let ours = peer.centred_scores(&ours.fit(decay, 1e-4, None));
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
        let answers = |labels: &[usize]| {
            let examples = Examples {
                labels,
                classes: 5,
                ..peer.examples()
            };
            let found = fits(examples, &[1e-2], 1e-3);
            found[0].as_ref().unwrap().predict(&peer.test.view())
        };
        assert!(
            answers(&labels)
                .iter()
                .all(|class| [0, 2, 3].contains(class))
        );
        let alike = vec![2; labels.len()];
        assert!(answers(&alike).iter().all(|&class| class == 2));
    }
}
