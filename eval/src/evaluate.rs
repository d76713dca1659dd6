//! One row of the table: features, a classifier, a figure with its spread.

use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::error::{EvalError, Result};
use crate::features::{FeatureSet, Labels, Scaling, Standardizer};
use crate::linear::LinearModel;
use crate::random::{purpose, shuffle, stream};
use crate::svm::{SvmOptions, SvmTrainer};
use crate::{neighbours, softmax};

/// Passes of the linear softmax.
const PASSES: usize = 150;

/// What classifies frozen features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Classifier {
    /// Linear softmax: the paper's fully connected layer. The weight decay is chosen.
    Softmax,
    /// Linear support vector machine, one against the rest, squared hinge. C is chosen.
    Svm,
    /// k nearest neighbours by cosine. Nothing is chosen.
    Knn(usize),
}

impl Classifier {
    /// Its name in tables.
    pub fn name(self) -> String {
        match self {
            Self::Softmax => "softmax".into(),
            Self::Svm => "svm".into(),
            Self::Knn(k) => format!("{k}-nn"),
        }
    }
}

/// How figures are obtained; printed with them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Protocol {
    /// Seeds of the features that depend on one, and of the classifiers.
    pub seeds: Vec<u64>,
    /// Folds of the stratified cross-validation inside the training set that chooses C and the weight decay.
    pub folds: usize,
    /// Values of C of the SVM.
    pub costs: Vec<f64>,
    /// Weight decays of the softmax.
    pub decays: Vec<f64>,
    /// Poses of training / test objects, `aligned` as the data set gives them.
    pub rotation: String,
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            seeds: vec![0, 1, 2],
            folds: 5,
            costs: vec![1.0, 10.0, 100.0, 1000.0],
            decays: vec![1e-6, 1e-5, 1e-4, 1e-3],
            rotation: "aligned".into(),
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Name of the features.
    pub features: String,
    /// Number of features.
    pub columns: usize,
    /// Name of the classifier.
    pub classifier: String,
    /// Poses.
    pub rotation: String,
    /// Seeds that were run.
    pub seeds: Vec<u64>,
    /// Overall test accuracy in [0, 1] for each seed.
    pub accuracies: Vec<f64>,
    /// Mean of `accuracies`.
    pub accuracy_mean: f64,
    /// Their standard deviation (n - 1), 0 for one seed.
    pub accuracy_std: f64,
    /// Mean over classes of the accuracy within the class, mean over seeds.
    pub class_mean: f64,
    /// What cross-validation chose for the first seed.
    pub chosen: String,
    /// Accuracy within each class, mean over seeds; null for classes without test objects.
    pub per_class: Vec<Option<f64>>,
    /// Counts of the first seed: `confusion[true][predicted]`.
    pub confusion: Vec<Vec<u32>>,
}

/// Evaluates `features` (one set for each seed of the protocol, or one set for all) with one classifier.
///
/// Columns are standardised by the training rows; C or decay is chosen by cross-validation inside the training set, anew
/// for each set; the test set is read once. Fails on rows that do not fit the labels and on values that are not finite.
pub fn evaluate(
    features: &[FeatureSet],
    labels: &Labels,
    classifier: Classifier,
    protocol: &Protocol,
) -> Result<Row> {
    labels.check()?;
    let Some(first) = features.first() else {
        return Err(EvalError::Empty("the list of feature sets".into()));
    };
    let mut runs = Vec::new();
    for (set, &seed) in features.iter().zip(&protocol.seeds) {
        set.check(labels)?;
        runs.push((seed, classify(set, labels, classifier, protocol, seed)));
    }
    let classes = labels.classes.len();
    let confusions: Vec<Vec<Vec<u32>>> = runs
        .iter()
        .map(|(_seed, run)| confusion(&labels.test, &run.predicted, classes))
        .collect();
    let accuracies: Vec<f64> = confusions.iter().map(|table| accuracy(table)).collect();
    let count = accuracies.len() as f64;
    let mean = accuracies.iter().sum::<f64>() / count;
    let spread =
        accuracies.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    let per_class: Vec<Option<f64>> = (0..classes)
        .map(|class| {
            let shares: Option<Vec<f64>> = confusions
                .iter()
                .map(|table| recall(&table[class], class))
                .collect();
            shares.map(|shares| shares.iter().sum::<f64>() / count)
        })
        .collect();
    let known: Vec<f64> = per_class.iter().flatten().copied().collect();
    Ok(Row {
        features: first.name.clone(),
        columns: first.train.ncols(),
        classifier: classifier.name(),
        rotation: protocol.rotation.clone(),
        seeds: runs.iter().map(|(seed, _run)| *seed).collect(),
        accuracy_mean: mean,
        accuracy_std: spread.sqrt(),
        class_mean: known.iter().sum::<f64>() / known.len().max(1) as f64,
        chosen: runs[0].1.chosen.clone(),
        accuracies,
        per_class,
        confusion: confusions.into_iter().next().unwrap_or_default(),
    })
}

struct Run {
    predicted: Vec<usize>,
    chosen: String,
}

fn classify(
    set: &FeatureSet,
    labels: &Labels,
    classifier: Classifier,
    protocol: &Protocol,
    seed: u64,
) -> Run {
    let scale = Standardizer::fit(&set.train.view(), Scaling::Standard);
    let (train, test) = (
        scale.transform(&set.train.view()),
        scale.transform(&set.test.view()),
    );
    let classes = labels.classes.len();
    match classifier {
        Classifier::Knn(k) => Run {
            predicted: neighbours::predict(&train.view(), &labels.train, &test.view(), k),
            chosen: format!("k = {k}"),
        },
        Classifier::Svm => {
            let trainer = SvmTrainer::new(train.view());
            let options = SvmOptions {
                seed,
                ..SvmOptions::default()
            };
            let fit = |subset: &[usize], costs: &[f64]| {
                trainer
                    .fit(&labels.train, classes, subset, costs, options)
                    .unwrap_or_default()
            };
            let best = choose(&train, labels, protocol, seed, &protocol.costs, |subset| {
                fit(subset, &protocol.costs)
            });
            let cost = protocol.costs[best];
            let all: Vec<usize> = (0..train.nrows()).collect();
            let model = fit(&all, &[cost]);
            Run {
                predicted: model[0].predict(&test.view()),
                chosen: format!("C = {cost}"),
            }
        }
        Classifier::Softmax => {
            // Heavier decays first: each answer starts the next.
            let decays = {
                let mut decays = protocol.decays.clone();
                decays.sort_by(|a, b| b.total_cmp(a));
                decays
            };
            let fit = |subset: &[usize], decays: &[f64]| {
                let rows = train.select(Axis(0), subset);
                let targets: Vec<usize> = subset.iter().map(|&row| labels.train[row]).collect();
                let mut models: Vec<LinearModel> = Vec::with_capacity(decays.len());
                for &decay in decays {
                    let start = models.last().cloned();
                    models.push(softmax::fit(
                        &rows.view(),
                        &targets,
                        classes,
                        decay,
                        PASSES,
                        start,
                    ));
                }
                models
            };
            let best = choose(&train, labels, protocol, seed, &decays, |subset| {
                fit(subset, &decays)
            });
            let all: Vec<usize> = (0..train.nrows()).collect();
            let models = fit(&all, &decays[..=best]);
            Run {
                predicted: models[best].predict(&test.view()),
                chosen: format!("decay = {:e}", decays[best]),
            }
        }
    }
}

/// Position of the value with the best cross-validated accuracy; the earlier one in a tie.
fn choose(
    train: &Array2<f32>,
    labels: &Labels,
    protocol: &Protocol,
    seed: u64,
    values: &[f64],
    fit: impl Fn(&[usize]) -> Vec<LinearModel>,
) -> usize {
    if values.len() < 2 {
        return 0;
    }
    let folds = folds(
        &labels.train,
        labels.classes.len(),
        protocol.folds.max(2),
        seed,
    );
    let mut right = vec![0usize; values.len()];
    for fold in 0..protocol.folds.max(2) {
        let subset: Vec<usize> = (0..folds.len()).filter(|&row| folds[row] != fold).collect();
        let held: Vec<usize> = (0..folds.len()).filter(|&row| folds[row] == fold).collect();
        if subset.is_empty() || held.is_empty() {
            continue;
        }
        let rows = train.select(Axis(0), &held);
        for (model, right) in fit(&subset).iter().zip(&mut right) {
            *right += hits(model, &rows.view(), &held, &labels.train);
        }
    }
    let best = right.iter().max().copied().unwrap_or(0);
    right.iter().position(|&r| r == best).unwrap_or(0)
}

fn hits(model: &LinearModel, rows: &ArrayView2<f32>, held: &[usize], labels: &[usize]) -> usize {
    model
        .predict(rows)
        .iter()
        .zip(held)
        .filter(|(predicted, row)| **predicted == labels[**row])
        .count()
}

/// The fold of each row: rows of each class, shuffled, go to the folds in turn.
fn folds(labels: &[usize], classes: usize, folds: usize, seed: u64) -> Vec<usize> {
    let mut fold = vec![0; labels.len()];
    for class in 0..classes {
        let mut rows: Vec<usize> = (0..labels.len())
            .filter(|&row| labels[row] == class)
            .collect();
        shuffle(&mut rows, &mut stream(seed, purpose::FOLDS, class as u64));
        for (turn, row) in rows.into_iter().enumerate() {
            fold[row] = (turn + class) % folds;
        }
    }
    fold
}

fn confusion(truth: &[usize], predicted: &[usize], classes: usize) -> Vec<Vec<u32>> {
    let mut table = vec![vec![0; classes]; classes];
    for (&truth, &predicted) in truth.iter().zip(predicted) {
        table[truth][predicted] += 1;
    }
    table
}

fn accuracy(table: &[Vec<u32>]) -> f64 {
    let right: u32 = (0..table.len()).map(|class| table[class][class]).sum();
    let all: u32 = table.iter().flatten().sum();
    f64::from(right) / f64::from(all.max(1))
}

fn recall(row: &[u32], class: usize) -> Option<f64> {
    let all: u32 = row.iter().sum();
    (all > 0).then(|| f64::from(row[class]) / f64::from(all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{normal, stream};

    /// Three noisy blobs: 90 training and 60 test objects.
    fn blobs(spread: f64) -> (FeatureSet, Labels) {
        let mut rng = stream(9, 0, 0);
        let mut draw = |count: usize| {
            Array2::from_shape_fn((count, 6), |(i, j)| {
                let centre = if i % 3 == j { 1.0 } else { 0.0 };
                (centre + spread * normal(&mut rng)) as f32
            })
        };
        let set = FeatureSet {
            name: "blobs".into(),
            train: draw(90),
            test: draw(60),
        };
        let class = |count: usize| (0..count).map(|i| i % 3).collect();
        let classes = ["a", "b", "c"].map(String::from).to_vec();
        (
            set,
            Labels {
                train: class(90),
                test: class(60),
                classes,
            },
        )
    }

    #[test]
    fn easy_blobs_are_told_apart_and_noise_is_not() {
        let protocol = Protocol::default();
        for classifier in [Classifier::Softmax, Classifier::Svm, Classifier::Knn(1)] {
            let (set, labels) = blobs(0.1);
            let row = evaluate(&[set.clone(), set], &labels, classifier, &protocol).unwrap();
            assert!(
                row.accuracy_mean > 0.98,
                "{classifier:?} {}",
                row.accuracy_mean
            );
            assert_eq!(
                (row.seeds.len(), row.confusion.iter().flatten().sum::<u32>()),
                (2, 60)
            );
            let (set, labels) = blobs(50.0);
            let row = evaluate(&[set], &labels, classifier, &protocol).unwrap();
            assert!(
                row.accuracy_mean < 0.6,
                "{classifier:?} {}",
                row.accuracy_mean
            );
            assert!(
                (row.class_mean - row.accuracy_mean).abs() < 1e-9,
                "classes are of one size"
            );
        }
    }

    #[test]
    fn folds_are_stratified() {
        let labels: Vec<usize> = (0..100).map(|i| usize::from(i % 10 == 0)).collect();
        let folds = folds(&labels, 2, 5, 0);
        for fold in 0..5 {
            let rare = (0..100)
                .filter(|&i| folds[i] == fold && labels[i] == 1)
                .count();
            assert_eq!(
                (rare, folds.iter().filter(|f| **f == fold).count()),
                (2, 20)
            );
        }
    }
}
