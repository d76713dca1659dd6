//! One line of the table: what classifiers answered, counted.

use serde::{Deserialize, Serialize};

use crate::error::{EvalError, Result};
use crate::evaluate::Protocol;
use crate::features::Labels;

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
    /// Share of the training labels that were used.
    pub labels: f64,
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
    /// Accuracy on training rows while they were held out (of the folds, or one by one for ridges), mean over seeds: what
    /// settings may be compared by. Null where nothing is chosen.
    pub held_out: Option<f64>,
    /// Accuracy within each class, mean over seeds; null for classes without test objects.
    pub per_class: Vec<Option<f64>>,
    /// Counts of the first seed: `confusion[true][predicted]`.
    pub confusion: Vec<Vec<u32>>,
}

/// What a classifier made of the test objects, for one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// The seed.
    pub seed: u64,
    /// The class that each test object was given.
    pub predicted: Vec<usize>,
    /// What was chosen inside the training set, in words.
    pub chosen: String,
    /// Share of the training objects that were right while they were held out, in [0, 1], where anything was chosen.
    pub held_out: Option<f64>,
}

impl Row {
    /// Accuracy while held out, in %, or a dash where nothing was chosen.
    pub(crate) fn held_out_text(&self) -> String {
        self.held_out
            .map_or("-".to_owned(), |share| format!("{:.2}", 100.0 * share))
    }

    /// Share of the training labels in %, without the digits that 100 times 0.07 has.
    pub(crate) fn labels_percent(&self) -> f64 {
        (1e6 * self.labels).round() / 1e4
    }

    /// The row of a classifier that was trained elsewhere, such as a network with labels, from its `answers`, one for each
    /// seed. `features` says what it saw, in how many columns.
    ///
    /// # Errors
    /// No answers, answers for another number of test objects, classes that there are not.
    pub fn new(
        features: (&str, usize),
        classifier: &str,
        labels: &Labels,
        protocol: &Protocol,
        answers: &[Answers],
    ) -> Result<Row> {
        labels.check()?;
        if answers.is_empty() {
            return Err(EvalError::Empty("the list of answers".into()));
        }
        for Answers { predicted, .. } in answers {
            let what = || format!("answers of \"{}\"", features.0);
            let classes = labels.classes.len();
            if predicted.len() != labels.test.len() {
                return Err(EvalError::Rows {
                    what: what(),
                    expected: labels.test.len(),
                    found: predicted.len(),
                });
            }
            if let Some(row) = predicted.iter().position(|&class| class >= classes) {
                return Err(EvalError::Class {
                    what: what(),
                    row,
                    class: predicted[row],
                    classes,
                });
            }
        }
        Ok(Row::of(features, classifier, labels, protocol, answers))
    }

    /// As [`new`](Self::new), for answers that are known to fit.
    pub(crate) fn of(
        (features, columns): (&str, usize),
        classifier: &str,
        labels: &Labels,
        protocol: &Protocol,
        answers: &[Answers],
    ) -> Row {
        let confusions: Vec<Vec<Vec<u32>>> = answers
            .iter()
            .map(|run| confusion(&labels.test, &run.predicted, labels.classes.len()))
            .collect();
        let accuracies: Vec<f64> = confusions.iter().map(|table| accuracy(table)).collect();
        let count = accuracies.len() as f64;
        let mean = accuracies.iter().sum::<f64>() / count;
        let squares = accuracies.iter().map(|a| (a - mean).powi(2)).sum::<f64>();
        let per_class: Vec<Option<f64>> = (0..labels.classes.len())
            .map(|class| {
                let shares = confusions.iter().map(|table| recall(&table[class], class));
                let shares: Option<Vec<f64>> = shares.collect();
                shares.map(|shares| shares.iter().sum::<f64>() / count)
            })
            .collect();
        let held_out: Option<Vec<f64>> = answers.iter().map(|run| run.held_out).collect();
        let known: Vec<f64> = per_class.iter().flatten().copied().collect();
        Row {
            features: features.to_owned(),
            columns,
            classifier: classifier.to_owned(),
            rotation: protocol.rotation.clone(),
            labels: protocol.labels,
            seeds: answers.iter().map(|run| run.seed).collect(),
            accuracy_mean: mean,
            accuracy_std: (squares / (count - 1.0).max(1.0)).sqrt(),
            class_mean: known.iter().sum::<f64>() / known.len().max(1) as f64,
            chosen: answers[0].chosen.clone(),
            held_out: held_out.map(|shares| shares.iter().sum::<f64>() / count),
            accuracies,
            per_class,
            confusion: confusions[0].clone(),
        }
    }
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

    #[test]
    fn answers_are_counted_and_refused_where_they_do_not_fit() {
        let labels = Labels {
            train: vec![0, 1],
            test: vec![0, 0, 0, 1],
            classes: vec!["a".into(), "b".into(), "c".into()],
        };
        let answers = |seed, predicted: &[usize]| Answers {
            seed,
            predicted: predicted.to_vec(),
            chosen: "epochs = 3".into(),
            held_out: Some(0.5),
        };
        let row = |answers: &[Answers]| {
            Row::new(
                ("x", 7),
                "end to end",
                &labels,
                &Protocol::default(),
                answers,
            )
        };
        let found = row(&[answers(4, &[0, 0, 1, 1]), answers(5, &[0, 0, 0, 1])]).unwrap();
        assert_eq!(
            (found.accuracies, found.seeds),
            (vec![0.75, 1.0], vec![4, 5])
        );
        assert!((found.accuracy_std - 0.25 / 2.0f64.sqrt()).abs() < 1e-12);
        assert!((found.per_class[0].unwrap() - 5.0 / 6.0).abs() < 1e-12);
        assert_eq!(found.per_class[1..], [Some(1.0), None]);
        assert_eq!((found.held_out, found.columns), (Some(0.5), 7));
        assert_eq!(found.confusion[0], [2, 1, 0]);
        let message = |answers: &[Answers]| row(answers).unwrap_err().to_string();
        assert!(message(&[answers(0, &[0, 0])]).contains("expected 4 rows, found 2"));
        assert!(message(&[answers(0, &[0, 0, 0, 3])]).contains("class 3"));
        assert!(message(&[]).contains("list of answers"));
    }
}
