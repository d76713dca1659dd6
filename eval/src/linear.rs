//! Linear scores.

use crate::matrix;
use ndarray::{Array1, Array2, ArrayView2, Axis};

/// One linear function per class: scores = rows . weights + bias.
#[derive(Debug, Clone)]
pub(crate) struct LinearModel {
    /// `[columns, classes]`.
    pub weights: Array2<f32>,
    /// `[classes]`.
    pub bias: Array1<f32>,
}

impl LinearModel {
    /// Scores `[rows, classes]`; a higher score means more likely.
    pub fn scores(&self, rows: &ArrayView2<f32>) -> Array2<f32> {
        matrix::product(rows, &self.weights.view()) + &self.bias
    }

    /// The class with the highest score for each row.
    pub fn predict(&self, rows: &ArrayView2<f32>) -> Vec<usize> {
        argmax(&self.scores(rows).view())
    }
}

/// Column of the highest value in each row; the lowest such column in a tie.
pub(crate) fn argmax(scores: &ArrayView2<f32>) -> Vec<usize> {
    let best = |row: ndarray::ArrayView1<f32>| {
        let first = (0, f32::NEG_INFINITY);
        row.iter()
            .enumerate()
            .fold(first, |b, (i, &s)| if s > b.1 { (i, s) } else { b })
            .0
    };
    scores.axis_iter(Axis(0)).map(best).collect()
}
