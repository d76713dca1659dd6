//! A classifier with its regularisation chosen inside the training rows.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use crate::error::{EvalError, Result};
use crate::evaluate::{Classifier, Protocol};
use crate::features::Labels;
use crate::kernel::Kernel;
use crate::linear::{LinearModel, argmax};
use crate::row::Answers;
use crate::softmax::Examples;
use crate::split::folds;
use crate::svm::Problem;
use crate::{logistic, matrix, neighbours, ridge, softmax, svm};

/// LIBLINEAR's own default serves to compare values of C; the last machine is fitted more exactly.
const ROUGH: f32 = 0.1;
const EXACT: f32 = 0.01;

/// The same for the softmax and the logistic regression: the gradient at the end, relative to that of a model that knows nothing.
const ROUGH_SLOPE: f64 = 1e-2;
const EXACT_SLOPE: f64 = 1e-3;

/// Standardised rows of the training and the test objects.
pub(crate) struct StandardRows {
    pub train: Array2<f32>,
    pub test: Array2<f32>,
}

/// Trains on the training rows and classifies the test rows. The softmax and the logistic regression need `rows`, all others the
/// `kernel`; without what it needs a classifier gives nothing.
pub(crate) fn classify(
    kernel: Option<&Kernel>,
    rows: Option<&StandardRows>,
    labels: &Labels,
    classifier: Classifier,
    protocol: &Protocol,
    seed: u64,
) -> Result<Option<Answers>> {
    Ok(match (classifier, kernel, rows) {
        (Classifier::Softmax, _, Some(rows)) => {
            Some(by_decay(rows, labels, protocol, seed, softmax::fits)?)
        }
        (Classifier::Logistic, _, Some(rows)) => {
            Some(by_decay(rows, labels, protocol, seed, logistic::fits)?)
        }
        (Classifier::Svm, Some(kernel), _) => Some(by_svm(kernel, labels, protocol, seed)),
        (Classifier::Ridge, Some(kernel), _) => Some(by_ridge(kernel, labels, protocol, seed)?),
        (Classifier::Knn(k), Some(kernel), _) => Some(by_neighbours(kernel, labels, k, seed)),
        (_, None, _) | (Classifier::Softmax | Classifier::Logistic, _, None) => None,
    })
}

fn by_neighbours(kernel: &Kernel, labels: &Labels, k: usize, seed: u64) -> Answers {
    let squares = kernel.train.diag().to_vec();
    Answers {
        seed,
        predicted: neighbours::predict(&kernel.test.view(), &squares, &labels.train, k),
        chosen: format!("k = {k}"),
        held_out: None,
    }
}

fn by_svm(kernel: &Kernel, labels: &Labels, protocol: &Protocol, seed: u64) -> Answers {
    let train = kernel.train.as_standard_layout();
    let train = train.view();
    let costs = ascending(&protocol.costs);
    let train_on = |rows: &[usize], tolerance: f32, costs: &[f64]| {
        let problem = Problem {
            labels: &labels.train,
            classes: labels.classes.len(),
            rows,
            tolerance,
            seed,
        };
        svm::fit(&train, problem, costs)
    };
    let right = |fold: &Fold| -> Vec<usize> {
        let machines = train_on(&fold.learn, ROUGH, &costs);
        let scores = machines.iter().map(|machine| &machine.scores);
        scores
            .map(|scores| {
                hits(
                    &argmax(&scores.select(Axis(0), &fold.hold).view()),
                    &fold.hold,
                    labels,
                )
            })
            .collect()
    };
    let (best, held_out) = choose(labels, protocol, seed, costs.len(), right);
    let all: Vec<usize> = (0..train.nrows()).collect();
    // As in the folds, each C starts from the answer of the one below.
    let machines = train_on(&all, EXACT, &costs[..=best]);
    let machine = &machines[best];
    let scores = matrix::product(&kernel.test.view(), &machine.dual.view()) + &machine.bias;
    Answers {
        seed,
        predicted: argmax(&scores.view()),
        chosen: format!("C = {}", costs[best]),
        held_out,
    }
}

fn by_ridge(kernel: &Kernel, labels: &Labels, protocol: &Protocol, seed: u64) -> Result<Answers> {
    let (ridge, fitted) = ridge_model(&kernel.train.view(), labels, protocol)?;
    Ok(Answers {
        seed,
        predicted: fitted.predict(&kernel.test.view()),
        chosen: format!("ridge = {ridge}"),
        held_out: Some(fitted.left_out_right as f64 / labels.train.len().max(1) as f64),
    })
}

/// The ridge classifier of a training kernel, after the ridge that was chosen by leaving one out. In a tie the heavier ridge.
pub(crate) fn ridge_model(
    train: &ArrayView2<f32>,
    labels: &Labels,
    protocol: &Protocol,
) -> Result<(f64, ridge::Ridge)> {
    let mut best: Option<(f64, ridge::Ridge)> = None;
    let mut failed = EvalError::Empty("the list of ridges".into());
    for ridge in ascending(&protocol.ridges) {
        match ridge::fit(train, &labels.train, labels.classes.len(), ridge) {
            Err(error) => failed = error,
            Ok(fitted)
                if best
                    .as_ref()
                    .is_none_or(|(_, b)| fitted.left_out_right >= b.left_out_right) =>
            {
                best = Some((ridge, fitted));
            }
            Ok(_worse) => {}
        }
    }
    best.ok_or(failed)
}

/// A model for each decay, from heavy to light, and how precise they are to be; none where a decay cannot be fitted.
type Fits = fn(Examples, &[f64], f64) -> Vec<Option<LinearModel>>;

/// A linear model on standardised rows, its decay chosen inside the training rows.
fn by_decay(
    rows: &StandardRows,
    labels: &Labels,
    protocol: &Protocol,
    seed: u64,
    fits: Fits,
) -> Result<Answers> {
    // Heavier decays first: each answer starts the next.
    let mut decays = ascending(&protocol.decays);
    decays.reverse();
    let classes = labels.classes.len();
    let right = |fold: &Fold| -> Vec<usize> {
        let learn = rows.train.select(Axis(0), &fold.learn);
        let hold = rows.train.select(Axis(0), &fold.hold);
        let targets: Vec<usize> = fold.learn.iter().map(|&row| labels.train[row]).collect();
        let examples = Examples {
            rows: learn.view(),
            labels: &targets,
            classes,
        };
        let models = fits(examples, &decays, ROUGH_SLOPE);
        let right = |model: LinearModel| hits(&model.predict(&hold.view()), &fold.hold, labels);
        let counts = models.into_iter().map(|model| model.map_or(0, right));
        counts.collect()
    };
    let (best, held_out) = choose(labels, protocol, seed, decays.len(), right);
    let examples = Examples {
        rows: rows.train.view(),
        labels: &labels.train,
        classes,
    };
    let decay = decays[best];
    let model = fits(examples, &decays[..=best], EXACT_SLOPE).pop();
    let model = model.flatten().ok_or(EvalError::NoFit { decay })?;
    Ok(Answers {
        seed,
        predicted: model.predict(&rows.test.view()),
        chosen: format!("decay = {decay:e}"),
        held_out,
    })
}

fn ascending(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

fn hits(predicted: &[usize], rows: &[usize], labels: &Labels) -> usize {
    let pairs = predicted.iter().zip(rows);
    pairs
        .filter(|(class, row)| **class == labels.train[**row])
        .count()
}

/// Rows to learn from and rows to hold out.
struct Fold {
    learn: Vec<usize>,
    hold: Vec<usize>,
}

/// Position of the value that is right most often on held-out rows, `right` giving the count of each value for one fold;
/// the earlier value in a tie; and the share of those rows. Folds run in parallel.
fn choose(
    labels: &Labels,
    protocol: &Protocol,
    seed: u64,
    values: usize,
    right: impl Fn(&Fold) -> Vec<usize> + Send + Sync,
) -> (usize, Option<f64>) {
    if values < 2 {
        return (0, None);
    }
    let count = protocol.folds.max(2);
    let fold = folds(&labels.train, labels.classes.len(), count, seed);
    let parts: Vec<Fold> = (0..count)
        .map(|part| {
            let (hold, learn) = (0..fold.len()).partition(|&row| fold[row] == part);
            Fold { learn, hold }
        })
        .filter(|fold: &Fold| !fold.learn.is_empty() && !fold.hold.is_empty())
        .collect();
    let counts: Vec<Vec<usize>> = parts.par_iter().map(&right).collect();
    let total = |value: usize| counts.iter().map(|count| count[value]).sum::<usize>();
    let best = (0..values).map(total).max().unwrap_or(0);
    let first = (0..values).position(|value| total(value) == best);
    let held: usize = parts.iter().map(|fold| fold.hold.len()).sum();
    (first.unwrap_or(0), Some(best as f64 / held.max(1) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CLASSES, Peer};

    #[test]
    fn a_ridge_that_cannot_be_solved_is_passed_over_unless_all_are() {
        let peer = Peer::new();
        let labels = Labels {
            train: peer.labels.clone(),
            test: vec![0; peer.test.nrows()],
            classes: (0..CLASSES).map(|class| class.to_string()).collect(),
        };
        let with = |ridges: &[f64]| {
            let protocol = Protocol {
                ridges: ridges.to_vec(),
                ..Protocol::default()
            };
            by_ridge(&peer.kernel, &labels, &protocol, 0)
        };
        assert_eq!(with(&[-5.0, 0.1]).unwrap().chosen, "ridge = 0.1");
        assert!(with(&[-5.0]).is_err());
    }
}
