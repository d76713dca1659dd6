//! What is evaluated: features with their labels, checked once at the door.

use crate::error::{EvalError, Result};
use ndarray::{Array1, Array2, ArrayView2, Axis};

/// One kind of features of all objects: rows are objects, columns are features.
#[derive(Debug, Clone)]
pub struct FeatureSet {
    /// What the features are, as it shall stand in the table.
    pub name: String,
    /// Features of the training objects, `[train objects, features]`.
    pub train: Array2<f32>,
    /// Features of the test objects, `[test objects, features]`.
    pub test: Array2<f32>,
}

/// The class of every object, in the order of the rows of a [`FeatureSet`].
#[derive(Debug, Clone)]
pub struct Labels {
    /// Class number of each training object.
    pub train: Vec<usize>,
    /// Class number of each test object.
    pub test: Vec<usize>,
    /// Names of the classes; a class number is an index into them.
    pub classes: Vec<String>,
}

impl Labels {
    /// Checks that every label names a class and that there is something to learn and to test.
    pub fn check(&self) -> Result<()> {
        for (what, labels) in [
            ("training labels", &self.train),
            ("test labels", &self.test),
        ] {
            if labels.is_empty() {
                return Err(EvalError::Empty(what.into()));
            }
            let bad = labels.iter().position(|&class| class >= self.classes.len());
            if let Some(row) = bad {
                return Err(EvalError::Class {
                    what: what.into(),
                    row,
                    class: labels[row],
                    classes: self.classes.len(),
                });
            }
        }
        let mut seen = vec![false; self.classes.len()];
        self.train.iter().for_each(|&class| seen[class] = true);
        match seen.iter().filter(|&&s| s).count() {
            few @ 0..2 => Err(EvalError::OneClass(few)),
            _ => Ok(()),
        }
    }
}

impl FeatureSet {
    /// Checks that the features fit the labels and that every value is finite.
    pub fn check(&self, labels: &Labels) -> Result<()> {
        let parts = [
            ("training", &self.train, &labels.train),
            ("test", &self.test, &labels.test),
        ];
        for (part, rows, labels) in parts {
            let what = format!("{part} features of \"{}\"", self.name);
            if rows.nrows() != labels.len() {
                return Err(EvalError::Rows {
                    what,
                    expected: labels.len(),
                    found: rows.nrows(),
                });
            }
            if rows.ncols() != self.train.ncols() {
                let expected = self.train.ncols();
                return Err(EvalError::Columns {
                    what,
                    expected,
                    found: rows.ncols(),
                });
            }
            if rows.ncols() == 0 {
                return Err(EvalError::Empty(what));
            }
            check_finite(&rows.view(), what)?;
        }
        Ok(())
    }
}

/// Refuses NaN and infinite values, naming the first.
pub(crate) fn check_finite(rows: &ArrayView2<f32>, what: impl Into<String>) -> Result<()> {
    match rows.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some(((row, column), &value)) => Err(EvalError::NotFinite {
            what: what.into(),
            row,
            column,
            value,
        }),
        None => Ok(()),
    }
}

/// Brings columns to one scale before a linear classifier or a distance: subtracts each one's mean and divides by its standard
/// deviation, as fitted on training rows. After it, the mean squared length of a training row is 1 whatever the number of
/// columns, so one grid of regularisation strengths suits every kind of features.
#[derive(Debug, Clone)]
pub struct Standardizer {
    /// What is subtracted from each column.
    pub mean: Array1<f32>,
    /// What each column is then multiplied by; 0 for a column that is constant in training to rounding.
    pub factor: Array1<f32>,
}

impl Standardizer {
    /// Fits means and factors on `rows`. Sums are in f64; cost O(rows x columns).
    pub fn fit(rows: &ArrayView2<f32>) -> Self {
        let n = rows.nrows().max(1) as f64;
        let mut mean = Array1::<f64>::zeros(rows.ncols());
        let mut square = Array1::<f64>::zeros(rows.ncols());
        for row in rows.axis_iter(Axis(0)) {
            mean.zip_mut_with(&row, |m, &x| *m += f64::from(x) / n);
        }
        for row in rows.axis_iter(Axis(0)) {
            for ((s, &x), m) in square.iter_mut().zip(row).zip(&mean) {
                *s += (f64::from(x) - m).powi(2) / n;
            }
        }
        // A spread that is mere rounding, of the mean or beside the widest column, is no information.
        let widest = square.iter().copied().fold(0.0, f64::max);
        let useful =
            |variance: f64, mean: f64| variance > 1e-12 * mean * mean && variance > 1e-14 * widest;
        let live = square.iter().zip(&mean).filter(|&(&v, &m)| useful(v, m));
        let count = live.count() as f64;
        let factor = square.iter().zip(&mean).map(|(&v, &m)| match useful(v, m) {
            true => 1.0 / (v * count).sqrt(),
            false => 0.0,
        });
        Self {
            factor: factor.map(|f| f as f32).collect(),
            mean: mean.mapv(|m| m as f32),
        }
    }

    /// The rows after the map, as a new standard-layout array.
    pub fn transform(&self, rows: &ArrayView2<f32>) -> Array2<f32> {
        let mut out = rows.as_standard_layout().into_owned();
        for mut row in out.axis_iter_mut(Axis(0)) {
            for ((x, m), f) in row.iter_mut().zip(&self.mean).zip(&self.factor) {
                *x = (*x - m) * f;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn standardised_rows_have_unit_mean_square_length() {
        let rows = array![[1.0_f32, 10.0, 5.0], [3.0, 30.0, 5.0], [2.0, -20.0, 5.0]];
        let out = Standardizer::fit(&rows.view()).transform(&rows.view());
        let mean = out.iter().map(|x| x * x).sum::<f32>() / 3.0;
        assert!((mean - 1.0).abs() < 1e-5, "{mean}");
        assert!(
            out.column(2).iter().all(|&x| x == 0.0),
            "a constant column carries nothing"
        );
        assert!(out.column(0).sum().abs() < 1e-6);
    }

    #[test]
    fn rounding_errors_do_not_become_a_feature() {
        let rows = array![[1.0_f32, 3e-17], [-1.0, -5e-17], [0.5, 4e-17]];
        let factor = Standardizer::fit(&rows.view()).factor;
        assert!(factor[0] > 0.0 && factor[1] == 0.0, "{factor}");
    }

    #[test]
    fn bad_input_is_named() {
        let labels = Labels {
            train: vec![0, 1],
            test: vec![0],
            classes: vec!["a".into(), "b".into()],
        };
        let mut set = FeatureSet {
            name: "x".into(),
            train: array![[0.0], [1.0]],
            test: array![[f32::NAN]],
        };
        let message = set.check(&labels).unwrap_err().to_string();
        assert!(
            message.contains("test features of \"x\": row 0, column 0 is NaN"),
            "{message}"
        );
        set.test = array![[1.0], [2.0]];
        assert!(
            set.check(&labels)
                .unwrap_err()
                .to_string()
                .contains("expected 1 rows, found 2")
        );
        let wrong = Labels {
            test: vec![7],
            ..labels.clone()
        };
        assert!(wrong.check().unwrap_err().to_string().contains("class 7"));
        let one = Labels {
            train: vec![1, 1],
            ..labels
        };
        assert!(matches!(one.check(), Err(EvalError::OneClass(1))));
    }
}
