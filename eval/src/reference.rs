//! A classifier of clean objects that is then shown others: what reconstructions are worth.

use ndarray::{Array2, ArrayView2};

use crate::classify::ridge_model;
use crate::error::Result;
use crate::evaluate::Protocol;
use crate::features::{FeatureSet, Labels, Scaling, Standardizer};
use crate::kernel::{radial, squares};
use crate::matrix;
use crate::ridge::Ridge;

/// A ridge classifier on exp(-|x - y|^2) of standardised features, trained on clean training objects.
///
/// It is not linear, since a judge that recognises few clean objects cannot tell good completions from bad ones.
#[derive(Debug, Clone)]
pub struct Reference {
    scale: Standardizer,
    /// Standardised training rows, and their squared lengths.
    train: Array2<f32>,
    squares: Vec<f32>,
    model: Ridge,
}

impl Reference {
    /// Trains on the training rows of `set`; the ridge is chosen by leaving one of them out. Memory: 4 n^2 bytes twice
    /// for n training rows, while it trains.
    ///
    /// # Errors
    /// Rows that do not fit the labels, values that are not finite.
    pub fn fit(set: &FeatureSet, labels: &Labels, protocol: &Protocol) -> Result<Self> {
        labels.check()?;
        set.check(labels)?;
        let scale = Standardizer::fit(&set.train.view(), Scaling::Standard);
        let train = scale.transform(&set.train.view());
        let squares = squares(&train.view());
        let mut kernel = matrix::gram(&train.view());
        radial(&mut kernel, &squares, &squares);
        let (_ridge, model) = ridge_model(&kernel.view(), labels, protocol)?;
        Ok(Self {
            scale,
            train,
            squares,
            model,
        })
    }

    /// Scores of each class, +1 for its own and -1 for others where it is sure, `[rows, classes]`.
    pub fn scores(&self, rows: &ArrayView2<f32>) -> Array2<f32> {
        let rows = self.standardised(rows);
        let mut kernel = matrix::product(&rows.view(), &self.train.t());
        radial(&mut kernel, &squares(&rows.view()), &self.squares);
        self.model.scores(&kernel.view())
    }

    /// Rows as the classifier sees them, centred and scaled by the training rows.
    pub fn standardised(&self, rows: &ArrayView2<f32>) -> Array2<f32> {
        self.scale.transform(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class_precision;
    use ndarray::array;

    #[test]
    fn clean_objects_are_recognised_and_shuffled_ones_are_not() {
        let train = Array2::from_shape_fn((60, 3), |(i, j)| {
            f32::from(i % 3 == j) + ((i * 31 + j * 17) % 11) as f32 * 0.02
        });
        let set = FeatureSet {
            name: "x".into(),
            test: array![[1.0f32, 0.1, 0.0], [0.0, 1.1, 0.1], [0.1, 0.0, 1.0]],
            train,
        };
        let labels = Labels {
            train: (0..60).map(|i| i % 3).collect(),
            test: vec![0, 1, 2],
            classes: ["a", "b", "c"].map(String::from).to_vec(),
        };
        let reference = Reference::fit(&set, &labels, &Protocol::default()).unwrap();
        let scores = reference.scores(&set.test.view());
        assert_eq!(class_precision(&scores.view(), &labels.test), 1.0);
        assert!(class_precision(&scores.view(), &[1, 2, 0]) < 0.6);
    }
}
