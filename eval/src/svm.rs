//! Linear support vector machines, one against the rest, by dual coordinate descent on a Gram matrix.
//!
//! The problem is LIBLINEAR's: minimise |w|^2 / 2 + C sum max(0, 1 - y (w . x + b))^2 with the bias b as a weight
//! on a constant feature 1, so it is regularised too (Fan et al. 2008; Hsieh et al. 2008, "A dual coordinate
//! descent method for large-scale linear SVM", Algorithm 1 with the squared hinge). Here the gradient of every
//! dual variable is kept, so a variable that rests at its bound costs one comparison and a variable that moves
//! costs one row of the Gram matrix. The Gram matrix depends on neither class, nor fold, nor C: it is computed
//! once and serves them all. Memory: n^2 f32 for n training rows.

use crate::error::{EvalError, Result};
use crate::linear::LinearModel;
use crate::matrix;
use crate::random::{purpose, shuffle, stream};
use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;

/// When the descent stops.
#[derive(Debug, Clone, Copy)]
pub struct SvmOptions {
    /// Stop when the projected gradient spans less than this over a whole pass (LIBLINEAR: 0.1 by default).
    pub tolerance: f64,
    /// Stop after this many passes at the latest.
    pub passes: usize,
    /// Seed of the order in which variables are visited.
    pub seed: u64,
}

impl Default for SvmOptions {
    fn default() -> Self {
        Self {
            tolerance: 0.01,
            passes: 1000,
            seed: 0,
        }
    }
}

/// Training rows with their Gram matrix, from which machines for any labels, subset and C are trained.
#[derive(Debug)]
pub struct SvmTrainer<'a> {
    rows: ArrayView2<'a, f32>,
    gram: Array2<f32>,
}

impl<'a> SvmTrainer<'a> {
    /// Computes the Gram matrix of `rows`: n^2 d multiplications, n^2 f32 of memory.
    pub fn new(rows: ArrayView2<'a, f32>) -> Self {
        Self {
            gram: matrix::gram(&rows),
            rows,
        }
    }

    /// Trains on the rows named by `subset` for every C in `costs`, ascending or not; each starts from the last.
    /// `labels` are the classes of all rows. Returns one model per C. Parallel over classes.
    pub fn fit(
        &self,
        labels: &[usize],
        classes: usize,
        subset: &[usize],
        costs: &[f64],
        options: SvmOptions,
    ) -> Result<Vec<LinearModel>> {
        check(self.rows.nrows(), labels, subset, costs)?;
        let dual: Vec<Vec<Vec<f32>>> = (0..classes)
            .into_par_iter()
            .map(|class| {
                let signs: Vec<f32> = subset
                    .iter()
                    .map(|&row| if labels[row] == class { 1.0 } else { -1.0 })
                    .collect();
                self.one_class(&signs, subset, costs, options, class as u64)
            })
            .collect();
        Ok((0..costs.len())
            .map(|cost| self.model(&dual, cost, subset))
            .collect())
    }

    /// Signed dual variables (y alpha) of one class for every C.
    fn one_class(
        &self,
        signs: &[f32],
        subset: &[usize],
        costs: &[f64],
        options: SvmOptions,
        class: u64,
    ) -> Vec<Vec<f32>> {
        let mut state = Dual::new(&self.gram, signs, subset);
        let mut order: Vec<u32> = (0..subset.len() as u32).collect();
        let mut rng = stream(options.seed, purpose::DUAL_ORDER, class);
        costs
            .iter()
            .map(|&cost| {
                let diagonal = (0.5 / cost) as f32;
                for _ in 0..options.passes {
                    shuffle(&mut order, &mut rng);
                    if state.pass(&order, diagonal) < options.tolerance as f32 {
                        break;
                    }
                }
                state.signed.clone()
            })
            .collect()
    }

    /// Weights from dual variables: w = sum y alpha x, b = sum y alpha.
    fn model(&self, dual: &[Vec<Vec<f32>>], cost: usize, subset: &[usize]) -> LinearModel {
        let mut signed = Array2::<f32>::zeros((dual.len(), self.rows.nrows()));
        let mut bias = Array1::<f32>::zeros(dual.len());
        for (class, values) in dual.iter().enumerate() {
            for (&row, &value) in subset.iter().zip(&values[cost]) {
                signed[[class, row]] = value;
            }
            bias[class] = values[cost].iter().map(|&v| f64::from(v)).sum::<f64>() as f32;
        }
        // Few classes, many columns: parallel over columns needs the transpose as the left factor.
        let weights = matrix::product(&self.rows.t(), &signed.t());
        LinearModel { weights, bias }
    }
}

fn check(rows: usize, labels: &[usize], subset: &[usize], costs: &[f64]) -> Result<()> {
    if labels.len() != rows {
        let what = "labels of the training rows".into();
        return Err(EvalError::Rows {
            what,
            expected: rows,
            found: labels.len(),
        });
    }
    if subset.is_empty() {
        return Err(EvalError::Empty("the subset of training rows".into()));
    }
    match costs.iter().find(|&&c| !(c.is_finite() && c > 0.0)) {
        Some(bad) => Err(EvalError::Parameter {
            what: "C",
            value: bad.to_string(),
            expected: "a positive number",
        }),
        None => Ok(()),
    }
}

/// The dual problem of one class: minimise a^T Q a / 2 - sum a with a >= 0, Q_ij = y_i y_j (x_i . x_j + 1) + d_ij / 2C.
struct Dual<'a> {
    gram: &'a Array2<f32>,
    subset: &'a [usize],
    /// Position in `subset` of each run of neighbouring rows, so that updates run over slices.
    runs: Vec<(usize, usize, usize)>,
    signs: &'a [f32],
    /// y alpha.
    signed: Vec<f32>,
    /// w . x + b of every row of the subset.
    scores: Vec<f32>,
}

impl<'a> Dual<'a> {
    fn new(gram: &'a Array2<f32>, signs: &'a [f32], subset: &'a [usize]) -> Self {
        let n = subset.len();
        Self {
            gram,
            subset,
            runs: runs(subset),
            signs,
            signed: vec![0.0; n],
            scores: vec![0.0; n],
        }
    }

    /// One pass over the variables in `order`; returns the span of the projected gradient.
    fn pass(&mut self, order: &[u32], diagonal: f32) -> f32 {
        let (mut low, mut high) = (0.0_f32, 0.0_f32);
        for &i in order {
            let i = i as usize;
            let alpha = self.signed[i] * self.signs[i];
            let gradient = self.signs[i] * self.scores[i] - 1.0 + diagonal * alpha;
            if alpha == 0.0 && gradient >= 0.0 {
                continue;
            }
            low = low.min(gradient);
            high = high.max(gradient);
            let row = self.subset[i];
            let curvature = self.gram[[row, row]] + 1.0 + diagonal;
            let next = (alpha - gradient / curvature).max(0.0);
            let step = (next - alpha) * self.signs[i];
            if step != 0.0 {
                self.signed[i] = next * self.signs[i];
                self.shift(row, step);
            }
        }
        high - low
    }

    /// Adds `step` times row `row` of the Gram matrix, and of the bias's constant 1, to the scores.
    fn shift(&mut self, row: usize, step: f32) {
        let row = self.gram.row(row);
        let row = row
            .as_slice()
            .expect("a Gram matrix is made in standard layout");
        for &(at, from, length) in &self.runs {
            let scores = &mut self.scores[at..at + length];
            for (score, product) in scores.iter_mut().zip(&row[from..from + length]) {
                *score += step * (product + 1.0);
            }
        }
    }
}

/// Cuts ascending or arbitrary row numbers into (position, first row, length) of consecutive rows.
fn runs(subset: &[usize]) -> Vec<(usize, usize, usize)> {
    let mut runs: Vec<(usize, usize, usize)> = Vec::new();
    for (at, &row) in subset.iter().enumerate() {
        match runs.last_mut() {
            Some((_, from, length)) if *from + *length == row => *length += 1,
            _ => runs.push((at, row, 1)),
        }
    }
    runs
}
