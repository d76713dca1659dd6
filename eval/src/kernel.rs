//! Inner products of features: all that the SVM, the ridge and the neighbours need of them.

use ndarray::{Array2, ArrayView2, Axis};

use crate::error::{EvalError, Result};
use crate::features::{FeatureSet, Labels, Standardizer, check_finite};
use crate::matrix;

/// Inner products of one kind of features: of the training rows among themselves and of the test rows with them.
///
/// It depends on neither class, nor fold, nor regularisation, so it is computed once and serves them all; and features
/// too wide to be held at once can be added up block by block. Memory: 4 n (n + m) bytes for n training and m test rows.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// What the features are, as it shall stand in the table.
    pub name: String,
    /// Number of features.
    pub columns: usize,
    /// `[train, train]`, symmetric.
    pub train: Array2<f32>,
    /// `[test, train]`.
    pub test: Array2<f32>,
}

impl Kernel {
    /// Inner products of rows as they are. n^2 d / 2 + n m d multiplications.
    pub fn of_rows(name: &str, train: &ArrayView2<f32>, test: &ArrayView2<f32>) -> Self {
        Self {
            name: name.to_owned(),
            columns: train.ncols(),
            train: matrix::gram(train),
            test: matrix::product(test, &train.t()),
        }
    }

    /// Inner products of features standardised by their training rows: the mean of the training diagonal is then 1.
    pub fn standardised(set: &FeatureSet) -> Self {
        let scale = Standardizer::fit(&set.train.view());
        let rows = |rows: &Array2<f32>| scale.transform(&rows.view());
        Self::of_rows(&set.name, &rows(&set.train).view(), &rows(&set.test).view())
    }

    /// exp(-|x - y|^2) of standardised features, whose mean squared length is 1: what scikit-learn calls the RBF
    /// kernel with `gamma="scale"`.
    pub fn radial(set: &FeatureSet) -> Self {
        let scale = Standardizer::fit(&set.train.view());
        let (train, test) = (
            scale.transform(&set.train.view()),
            scale.transform(&set.test.view()),
        );
        let mut kernel = Self::of_rows(&set.name, &train.view(), &test.view());
        let (own, others) = (squares(&train.view()), squares(&test.view()));
        radial(&mut kernel.train, &own, &own);
        radial(&mut kernel.test, &others, &own);
        kernel
    }

    /// Adds `weight` times another kernel of the same rows: that of both kinds of features side by side.
    ///
    /// # Errors
    /// Kernels of other rows.
    pub fn add(&mut self, other: &Self, weight: f32) -> Result<()> {
        for (own, others) in [(&self.train, &other.train), (&self.test, &other.test)] {
            if own.dim() != others.dim() {
                let what = format!("kernel of \"{}\"", other.name);
                return Err(EvalError::Rows {
                    what,
                    expected: own.nrows(),
                    found: others.nrows(),
                });
            }
        }
        self.columns += other.columns;
        self.train.scaled_add(weight, &other.train);
        self.test.scaled_add(weight, &other.test);
        Ok(())
    }

    /// Divides all by the mean of the training diagonal, so that one grid of regularisation suits every kernel.
    pub fn normalise(&mut self) {
        let mean = self.train.diag().mean().unwrap_or(0.0);
        if mean > 0.0 {
            self.train /= mean;
            self.test /= mean;
        }
    }

    /// The kernel of the training rows named by `rows` and all test rows.
    pub fn select(&self, rows: &[usize]) -> Self {
        // ndarray's `select` of columns leaves them in column order, in which rows cannot be walked.
        let (n, m) = (rows.len(), self.test.nrows());
        Self {
            name: self.name.clone(),
            columns: self.columns,
            train: Array2::from_shape_fn((n, n), |(i, j)| self.train[[rows[i], rows[j]]]),
            test: Array2::from_shape_fn((m, n), |(i, j)| self.test[[i, rows[j]]]),
        }
    }

    /// Checks that the kernel fits the labels and that every value is finite.
    pub(crate) fn check(&self, labels: &Labels) -> Result<()> {
        let n = labels.train.len();
        for (part, values, rows) in [
            ("training", &self.train, n),
            ("test", &self.test, labels.test.len()),
        ] {
            let what = format!("{part} kernel of \"{}\"", self.name);
            if values.nrows() != rows {
                return Err(EvalError::Rows {
                    what,
                    expected: rows,
                    found: values.nrows(),
                });
            }
            if values.ncols() != n {
                return Err(EvalError::Columns {
                    what,
                    expected: n,
                    found: values.ncols(),
                });
            }
            check_finite(&values.view(), what)?;
        }
        Ok(())
    }
}

/// Squared length of each row.
fn squares(rows: &ArrayView2<f32>) -> Vec<f32> {
    rows.axis_iter(Axis(0)).map(|row| row.dot(&row)).collect()
}

/// Inner products x . y become exp(-|x - y|^2), given |x|^2 of the rows and |y|^2 of the columns.
fn radial(products: &mut Array2<f32>, rows: &[f32], columns: &[f32]) {
    ndarray::Zip::indexed(products).par_for_each(|(i, j), value| {
        *value = (2.0 * *value - rows[i] - columns[j]).min(0.0).exp();
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn set() -> FeatureSet {
        FeatureSet {
            name: "x".into(),
            train: array![[0.0_f32, 1.0], [2.0, -1.0], [1.0, 3.0]],
            test: array![[0.5_f32, 0.5]],
        }
    }

    #[test]
    fn side_by_side_is_the_sum() {
        let set = set();
        let part = |column: usize| {
            let cut = |rows: &Array2<f32>| rows.select(Axis(1), &[column]);
            Kernel::of_rows("x", &cut(&set.train).view(), &cut(&set.test).view())
        };
        let mut sum = part(0);
        sum.add(&part(1), 1.0).unwrap();
        let whole = Kernel::of_rows("x", &set.train.view(), &set.test.view());
        assert_eq!((&sum.train, &sum.test), (&whole.train, &whole.test));
        assert_eq!(sum.columns, 2);
        assert!(sum.add(&part(1).select(&[0, 1]), 1.0).is_err());
        assert_eq!(whole.select(&[2]).train, array![[10.0]]);
    }

    #[test]
    fn the_radial_kernel_is_one_at_distance_zero_and_falls() {
        let mut set = set();
        set.test = array![[2.0_f32, -1.0]];
        let kernel = Kernel::radial(&set);
        assert!(kernel.train.diag().iter().all(|v| (v - 1.0).abs() < 1e-6));
        assert!((kernel.test[[0, 1]] - 1.0).abs() < 1e-6);
        assert!(kernel.test[[0, 0]] < 0.5 && kernel.test[[0, 0]] > 0.0);
    }
}
