//! A classifier of clean objects that is then shown others: what reconstructions are worth.

use ndarray::{Array2, ArrayView2};

use crate::classify::softmax_model;
use crate::error::Result;
use crate::evaluate::Protocol;
use crate::features::{FeatureSet, Labels, Scaling, Standardizer};
use crate::linear::LinearModel;

/// A linear softmax on standardised features, trained on clean training objects.
#[derive(Debug, Clone)]
pub struct Reference {
    scale: Standardizer,
    model: LinearModel,
}

impl Reference {
    /// Trains on the training rows of `set`; the weight decay is chosen by cross-validation inside them.
    ///
    /// # Errors
    /// Rows that do not fit the labels, values that are not finite.
    pub fn fit(set: &FeatureSet, labels: &Labels, protocol: &Protocol) -> Result<Self> {
        labels.check()?;
        set.check(labels)?;
        let scale = Standardizer::fit(&set.train.view(), Scaling::Standard);
        let train = scale.transform(&set.train.view());
        let seed = protocol.seeds.first().copied().unwrap_or(0);
        let (model, _decay, _held_out) = softmax_model(&train, labels, protocol, seed);
        Ok(Self { scale, model })
    }

    /// Logarithms of the odds of each class against the mean of all, `[rows, classes]`.
    pub fn scores(&self, rows: &ArrayView2<f32>) -> Array2<f32> {
        self.model.scores(&self.standardised(rows).view())
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
