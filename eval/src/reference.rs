//! A classifier of clean objects that is then shown others: what reconstructions are worth.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::classify::ridge_model;
use crate::error::{EvalError, Result};
use crate::evaluate::Protocol;
use crate::features::{Labels, check_finite};
use crate::matrix;

/// A ridge classifier on features as they are, trained on clean training objects.
///
/// Give it features in which a linear classifier recognises clean objects well, such as those of a
/// [`RandomFourier`](crate::RandomFourier): a judge that does not cannot tell good completions from bad ones.
#[derive(Debug, Clone)]
pub struct Reference {
    /// `[features, classes]`.
    weights: Array2<f32>,
    bias: Array1<f32>,
}

impl Reference {
    /// Trains on the rows of `train` `[objects, features]`; the ridge is chosen by leaving one of them out. Memory: 4 n^2 bytes twice for
    /// n objects, while it trains.
    ///
    /// # Errors
    /// Rows that do not fit the labels, values that are not finite.
    pub fn fit(train: &ArrayView2<f32>, labels: &Labels, protocol: &Protocol) -> Result<Self> {
        labels.check()?;
        let what = "features of clean objects";
        if train.nrows() != labels.train.len() {
            return Err(EvalError::Rows {
                what: what.into(),
                expected: labels.train.len(),
                found: train.nrows(),
            });
        }
        check_finite(train, what)?;
        let mut kernel = matrix::gram(train);
        let size = kernel.diag().mean().unwrap_or(1.0).max(f32::MIN_POSITIVE);
        kernel /= size;
        let (_ridge, model) = ridge_model(&kernel.view(), labels, protocol)?;
        drop(kernel);
        let dual = model.dual();
        Ok(Self {
            weights: matrix::product(&train.t(), &dual) / size,
            bias: dual.sum_axis(Axis(0)),
        })
    }

    /// Scores of each class, +1 for its own and -1 for others where it is sure, `[rows, classes]`.
    pub fn scores(&self, rows: &ArrayView2<f32>) -> Array2<f32> {
        matrix::product(rows, &self.weights.view()) + &self.bias
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
        let labels = Labels {
            train: (0..60).map(|i| i % 3).collect(),
            test: vec![0, 1, 2],
            classes: ["a", "b", "c"].map(String::from).to_vec(),
        };
        let protocol = Protocol::default();
        let reference = Reference::fit(&train.view(), &labels, &protocol).unwrap();
        let test = array![[1.0f32, 0.1, 0.0], [0.0, 1.1, 0.1], [0.1, 0.0, 1.0]];
        let scores = reference.scores(&test.view());
        assert_eq!(class_precision(&scores.view(), &labels.test), 1.0);
        assert!(class_precision(&scores.view(), &[1, 2, 0]) < 0.6);
        let sure = reference.scores(&train.view());
        let own = labels
            .train
            .iter()
            .enumerate()
            .map(|(i, &class)| sure[[i, class]]);
        assert!(own.fold(f32::INFINITY, f32::min) > 0.5);
        let short = train.slice(ndarray::s![1.., ..]);
        assert!(Reference::fit(&short, &labels, &protocol).is_err());
    }
}
