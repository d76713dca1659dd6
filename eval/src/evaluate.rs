//! One row of the table: features, a classifier, a figure with its spread.

use ndarray::{Axis, CowArray};
use serde::{Deserialize, Serialize};

use crate::classify::{StandardRows, classify};
use crate::error::{EvalError, Result};
use crate::features::{FeatureSet, Labels, Standardizer};
use crate::kernel::Kernel;
use crate::row::{Answers, Row};

/// What classifies frozen features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Classifier {
    /// Linear softmax, which is multinomial logistic regression: the paper's fully connected layer. The weight decay
    /// is chosen.
    Softmax,
    /// The softmax's model fitted by linfa, to check one by the other: several times as slow, and less exact where
    /// columns nearly depend on each other. The weight decay is chosen.
    Logistic,
    /// Linear support vector machine, one against the rest, squared hinge. C is chosen.
    Svm,
    /// Least squares to targets of +1 and -1. The ridge is chosen, by leaving one out in closed form.
    Ridge,
    /// k nearest neighbours by cosine. Nothing is chosen.
    Knn(usize),
}

impl Classifier {
    /// Its name in tables.
    pub fn name(self) -> String {
        match self {
            Self::Softmax => "softmax".into(),
            Self::Logistic => "logistic".into(),
            Self::Svm => "svm".into(),
            Self::Ridge => "ridge".into(),
            Self::Knn(k) => format!("{k}-nn"),
        }
    }

    /// Whether it can be run where inner products alone are known, as of kernels.
    pub fn takes_kernels(self) -> bool {
        !matches!(self, Self::Softmax | Self::Logistic)
    }
}

impl std::str::FromStr for Classifier {
    type Err = EvalError;

    fn from_str(text: &str) -> Result<Self> {
        let neighbours = text.strip_suffix("-nn").and_then(|k| k.parse().ok());
        match (text, neighbours) {
            ("softmax", _) => Ok(Self::Softmax),
            ("logistic", _) => Ok(Self::Logistic),
            ("svm", _) => Ok(Self::Svm),
            ("ridge", _) => Ok(Self::Ridge),
            (_, Some(k)) if k > 0 => Ok(Self::Knn(k)),
            _ => Err(EvalError::Parameter {
                what: "classifier",
                value: text.to_owned(),
                expected: "softmax, logistic, svm, ridge or k-nn with a number k",
            }),
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
    /// Weight decays of the softmax and of the logistic regression.
    pub decays: Vec<f64>,
    /// Ridges of the ridge classifier; those too small for single precision on a set of features are passed over.
    pub ridges: Vec<f64>,
    /// Share of the training objects whose labels may be used, drawn anew from each class for each seed; 1 for all.
    pub labels: f64,
    /// Poses of training / test objects, `aligned` as the data set gives them.
    pub rotation: String,
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            seeds: vec![0, 1, 2],
            folds: 5,
            costs: vec![0.1, 1.0, 10.0, 100.0],
            decays: vec![1e-6, 1e-5, 1e-4, 1e-3],
            ridges: vec![0.01, 0.03, 0.1, 0.3, 1.0],
            labels: 1.0,
            rotation: "aligned".into(),
        }
    }
}

/// Evaluates `features` (one set for each seed of the protocol, or one set for all) with each of `classifiers`.
///
/// Columns are standardised by the training rows; C, ridge or decay is chosen inside the training set, anew for each set;
/// the test set is read once. Fails on rows that do not fit the labels and on values that are not finite.
pub fn evaluate(
    features: &[FeatureSet],
    labels: &Labels,
    classifiers: &[Classifier],
    protocol: &Protocol,
) -> Result<Vec<Row>> {
    if features.is_empty() {
        return Err(EvalError::Empty("the list of feature sets".into()));
    }
    let mut evaluation = Evaluation::new(labels, classifiers, protocol)?;
    for set in drawn(features, protocol) {
        evaluation.add_features(set)?;
    }
    Ok(evaluation.rows())
}

/// The same of kernels, for all classifiers that take them.
pub fn evaluate_kernels(
    kernels: &[Kernel],
    labels: &Labels,
    classifiers: &[Classifier],
    protocol: &Protocol,
) -> Result<Vec<Row>> {
    let mut evaluation = Evaluation::new(labels, classifiers, protocol)?;
    for kernel in drawn(kernels, protocol) {
        evaluation.add_kernel(kernel)?;
    }
    Ok(evaluation.rows())
}

/// What is evaluated for each seed. What depends on no seed gives one figure, except where the labels are drawn.
fn drawn<'t, T>(items: &'t [T], protocol: &Protocol) -> impl Iterator<Item = &'t T> {
    let draws = match items {
        [_one] if protocol.labels < 1.0 => protocol.seeds.len(),
        _ => items.len(),
    };
    items.iter().cycle().take(draws)
}

/// Figures of one kind of features, gathered seed by seed, so that one set at a time need be in memory.
#[derive(Debug)]
pub struct Evaluation<'a> {
    labels: &'a Labels,
    classifiers: &'a [Classifier],
    protocol: &'a Protocol,
    name: String,
    columns: usize,
    /// For each classifier, what it gave for each seed.
    runs: Vec<Vec<Answers>>,
}

impl<'a> Evaluation<'a> {
    /// Begins without features.
    ///
    /// # Errors
    /// Labels that name no class or hold too few.
    pub fn new(
        labels: &'a Labels,
        classifiers: &'a [Classifier],
        protocol: &'a Protocol,
    ) -> Result<Self> {
        labels.check()?;
        Ok(Self {
            labels,
            classifiers,
            protocol,
            name: String::new(),
            columns: 0,
            runs: vec![Vec::new(); classifiers.len()],
        })
    }

    /// Standardises the features of the next seed and runs all classifiers on them. Does nothing when every seed of the
    /// protocol has had its set.
    ///
    /// # Errors
    /// Rows that do not fit the labels, values that are not finite.
    pub fn add_features(&mut self, set: &FeatureSet) -> Result<()> {
        let Some(seed) = self.next_seed() else {
            return Ok(());
        };
        set.check(self.labels)?;
        let (drawn, labels) = self.budget(seed);
        let chosen = match &drawn {
            Some(rows) => CowArray::from(set.train.select(Axis(0), rows)),
            None => CowArray::from(set.train.view()),
        };
        let scale = Standardizer::fit(&chosen.view());
        let rows = StandardRows {
            train: scale.transform(&chosen.view()),
            test: scale.transform(&set.test.view()),
        };
        // Of 50,000 pictures it takes 10 GB, which classifiers of rows have no use for.
        let needed = self.classifiers.iter().any(|c| c.takes_kernels());
        let kernel =
            needed.then(|| Kernel::of_rows(&set.name, &rows.train.view(), &rows.test.view()));
        (self.name, self.columns) = (set.name.clone(), set.train.ncols());
        self.run(kernel.as_ref(), Some(&rows), &labels, seed)
    }

    /// Runs all classifiers that need inner products alone ([`Classifier::takes_kernels`]) on the kernel of the next seed.
    ///
    /// # Errors
    /// A kernel that does not fit the labels, values that are not finite.
    pub fn add_kernel(&mut self, kernel: &Kernel) -> Result<()> {
        let Some(seed) = self.next_seed() else {
            return Ok(());
        };
        kernel.check(self.labels)?;
        let (drawn, labels) = self.budget(seed);
        (self.name, self.columns) = (kernel.name.clone(), kernel.columns);
        match drawn {
            Some(rows) => self.run(Some(&kernel.select(&rows)), None, &labels, seed),
            None => self.run(Some(kernel), None, &labels, seed),
        }
    }

    fn next_seed(&self) -> Option<u64> {
        let done = self.runs.iter().map(Vec::len).max().unwrap_or(0);
        self.protocol.seeds.get(done).copied()
    }

    /// The training rows whose labels may be used, if not all, and their labels.
    fn budget(&self, seed: u64) -> (Option<Vec<usize>>, Labels) {
        let mut labels = self.labels.clone();
        if self.protocol.labels >= 1.0 {
            return (None, labels);
        }
        let rows = labels.budget(self.protocol.labels, seed);
        labels.train = rows.iter().map(|&row| self.labels.train[row]).collect();
        (Some(rows), labels)
    }

    fn run(
        &mut self,
        kernel: Option<&Kernel>,
        rows: Option<&StandardRows>,
        labels: &Labels,
        seed: u64,
    ) -> Result<()> {
        for (&classifier, runs) in self.classifiers.iter().zip(&mut self.runs) {
            let run = classify(kernel, rows, labels, classifier, self.protocol, seed)?;
            runs.extend(run);
        }
        Ok(())
    }

    /// One row of the table for each classifier that could be run.
    pub fn rows(&self) -> Vec<Row> {
        let runs = self.classifiers.iter().zip(&self.runs);
        runs.filter(|(_, runs)| !runs.is_empty())
            .map(|(classifier, runs)| {
                let features = (self.name.as_str(), self.columns);
                Row::of(
                    features,
                    &classifier.name(),
                    self.labels,
                    self.protocol,
                    runs,
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{normal, stream};
    use ndarray::Array2;

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
        let all = [
            Classifier::Softmax,
            Classifier::Logistic,
            Classifier::Svm,
            Classifier::Ridge,
            Classifier::Knn(1),
        ];
        let (set, labels) = blobs(0.1);
        for row in evaluate(&[set.clone(), set], &labels, &all, &protocol).unwrap() {
            assert!(row.accuracy_mean > 0.98, "{row:?}");
            assert_eq!(
                (row.seeds.len(), row.confusion.iter().flatten().sum::<u32>()),
                (2, 60)
            );
        }
        let (set, labels) = blobs(50.0);
        let rows = evaluate(&[set], &labels, &all, &protocol).unwrap();
        assert_eq!(rows.len(), all.len());
        for row in rows {
            assert!(row.accuracy_mean < 0.6, "{row:?}");
            assert!(
                (row.class_mean - row.accuracy_mean).abs() < 1e-9,
                "classes are of one size"
            );
        }
    }

    #[test]
    fn classifiers_have_names() {
        for classifier in [
            Classifier::Softmax,
            Classifier::Logistic,
            Classifier::Svm,
            Classifier::Ridge,
            Classifier::Knn(5),
        ] {
            assert_eq!(classifier.name().parse::<Classifier>().unwrap(), classifier);
        }
        assert!("0-nn".parse::<Classifier>().is_err() && "tree".parse::<Classifier>().is_err());
    }

    #[test]
    fn few_labels_are_drawn_anew_for_each_seed() {
        let (set, labels) = blobs(0.6);
        let protocol = Protocol {
            labels: 0.1,
            ..Protocol::default()
        };
        let classifiers = [Classifier::Ridge, Classifier::Svm, Classifier::Knn(1)];
        let few = evaluate(std::slice::from_ref(&set), &labels, &classifiers, &protocol).unwrap();
        assert_eq!((few[0].seeds.len(), few[0].labels), (3, 0.1));
        assert!(few[0].accuracy_std > 0.0);
        let kernel = Kernel::standardised(&set);
        let mut evaluation = Evaluation::new(&labels, &classifiers, &protocol).unwrap();
        (0..4).for_each(|_more_than_seeds| evaluation.add_kernel(&kernel).unwrap());
        assert_eq!(evaluation.rows()[0].seeds, [0, 1, 2]);
        let of_kernel = evaluate_kernels(&[kernel], &labels, &classifiers, &protocol).unwrap();
        for (row, few) in of_kernel.iter().zip(&few) {
            assert_eq!((&row.classifier, &row.seeds), (&few.classifier, &few.seeds));
            assert!(row.accuracy_mean > 0.5, "{row:?}");
        }
        let all = evaluate(&[set], &labels, &classifiers, &Protocol::default()).unwrap();
        assert!(all[0].accuracy_mean > few[0].accuracy_mean);
    }
}
