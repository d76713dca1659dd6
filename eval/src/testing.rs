//! What the unit tests share.

use ndarray::Array2;

use crate::kernel::Kernel;
use crate::linear::LinearModel;
use crate::softmax::Examples;

/// The rows and labels of `tests/fixtures/scikit_learn.py`, and what scikit-learn made of them.
pub(crate) struct Peer {
    pub train: Array2<f32>,
    pub test: Array2<f32>,
    pub kernel: Kernel,
    pub labels: Vec<usize>,
    answers: serde_json::Value,
}

pub(crate) const CLASSES: usize = 4;
const LEARN: usize = 160;

impl Peer {
    pub(crate) fn new() -> Self {
        let value = |(i, j): (usize, usize)| {
            let noise = ((i * 7919 + j * 104729 + i * j * 31) % 1009) as f64 / 1009.0 - 0.5;
            let own = if j % CLASSES == i % CLASSES {
                0.35
            } else {
                0.0
            };
            ((own + noise) / 2.0) as f32
        };
        let train = Array2::from_shape_fn((LEARN, 12), value);
        let test = Array2::from_shape_fn((40, 12), |(i, j)| value((i + LEARN, j)));
        let text = include_str!("../tests/fixtures/scikit_learn.json");
        Self {
            kernel: Kernel::of_rows("peer", &train.view(), &test.view()),
            train,
            test,
            labels: (0..LEARN).map(|i| i % CLASSES).collect(),
            answers: serde_json::from_str(text).unwrap(),
        }
    }

    pub(crate) fn examples(&self) -> Examples<'_> {
        Examples {
            rows: self.train.view(),
            labels: &self.labels,
            classes: CLASSES,
        }
    }

    /// Scores of the test rows, of mean 0 in each: a number added to all classes changes no probability.
    pub(crate) fn centred_scores(&self, model: &LinearModel) -> Array2<f32> {
        let mut scores = model.scores(&self.test.view());
        for mut row in scores.rows_mut() {
            let mean = row.mean().unwrap();
            row -= mean;
        }
        scores
    }

    /// Holds `scores` of the test rows against scikit-learn's for `method` and its parameter.
    pub(crate) fn check(&self, method: &str, parameter: &str, scores: &Array2<f32>, within: f64) {
        let rows = self.answers[method][parameter].as_array().unwrap();
        assert_eq!(rows.len(), scores.nrows());
        for ((i, class), &score) in scores.indexed_iter() {
            let theirs = rows[i][class].as_f64().unwrap();
            let error = (f64::from(score) - theirs).abs();
            assert!(
                error < within,
                "{method} {parameter}, row {i}, class {class}: {score}, not {theirs}"
            );
        }
    }
}
