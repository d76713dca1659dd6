//! Linear support vector machines, one against the rest, by dual coordinate descent on a kernel.
//!
//! The problem is LIBLINEAR's: minimise |w|^2 / 2 + C sum max(0, 1 - y (w . x + b))^2 with the bias b as a weight
//! on a constant feature 1, so it is regularised too (Fan et al. 2008; Hsieh et al. 2008, "A dual coordinate
//! descent method for large-scale linear SVM", Algorithm 1 with the squared hinge). Here the scores of all rows are
//! kept, so a variable that rests at its bound costs one comparison and a variable that moves costs one row of the
//! kernel. Rows that are held out are scored on the way. Several classes walk in step, so that a row of the kernel is
//! fetched once for all of them.

use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;

use crate::random::{purpose, shuffle, stream};

/// Classes that walk in step: their scores stay in the second-level cache for ten thousand rows.
const GROUP: usize = 8;
/// Passes at the latest, as LIBLINEAR.
const PASSES: usize = 1000;

/// One problem: which rows to learn from, by which labels, how exactly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Problem<'a> {
    /// Class of every row of the kernel.
    pub labels: &'a [usize],
    pub classes: usize,
    /// Rows to learn from.
    pub rows: &'a [usize],
    /// Stop when the projected gradient spans less than this over a whole pass (LIBLINEAR: 0.1 by default).
    pub tolerance: f32,
    /// Seed of the order in which variables are visited.
    pub seed: u64,
}

/// What was learnt for one C.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// y alpha, `[rows, classes]`, zero for rows that were held out.
    pub dual: Array2<f32>,
    /// `[classes]`.
    pub bias: Array1<f32>,
    /// Scores of all rows of the kernel, `[rows, classes]`.
    pub scores: Array2<f32>,
}

/// Solves `problem` for every C in `costs`, each starting from the last. Parallel over groups of classes.
pub(crate) fn fit(kernel: &ArrayView2<f32>, problem: Problem, costs: &[f64]) -> Vec<Machine> {
    let classes: Vec<usize> = (0..problem.classes).collect();
    let solved: Vec<Vec<Vec<Dual>>> = classes
        .par_chunks(GROUP)
        .map(|group| walk(kernel, problem, group, costs))
        .collect();
    let n = kernel.nrows();
    (0..costs.len())
        .map(|cost| {
            let duals: Vec<&Dual> = solved.iter().flat_map(|group| &group[cost]).collect();
            Machine {
                dual: Array2::from_shape_fn((n, duals.len()), |(i, class)| duals[class].dual[i]),
                bias: duals.iter().map(|d| sum(&d.dual)).collect(),
                scores: Array2::from_shape_fn((n, duals.len()), |(i, class)| {
                    duals[class].scores[i]
                }),
            }
        })
        .collect()
}

fn sum(values: &[f32]) -> f32 {
    values.iter().map(|&v| f64::from(v)).sum::<f64>() as f32
}

/// The duals of a group of classes for every C.
fn walk(
    kernel: &ArrayView2<f32>,
    problem: Problem,
    group: &[usize],
    costs: &[f64],
) -> Vec<Vec<Dual>> {
    let mut rng = stream(problem.seed, purpose::DUAL_ORDER, group[0] as u64);
    let mut order = problem.rows.to_vec();
    let sign = |class: usize| move |&label: &usize| if label == class { 1.0 } else { -1.0 };
    let mut duals: Vec<Dual> = group
        .iter()
        .map(|&class| Dual::new(problem.labels.iter().map(sign(class)).collect()))
        .collect();
    costs
        .iter()
        .map(|&cost| {
            let diagonal = (0.5 / cost) as f32;
            let mut walking: Vec<&mut Dual> = duals.iter_mut().collect();
            for _pass in 0..PASSES {
                shuffle(&mut order, &mut rng);
                for &i in &order {
                    let row = kernel.row(i);
                    let row = row.as_slice().expect("`fit` takes kernels in row order");
                    walking
                        .iter_mut()
                        .for_each(|dual| dual.visit(i, row, diagonal));
                }
                walking.retain_mut(|dual| dual.take_span() >= problem.tolerance);
                if walking.is_empty() {
                    break;
                }
            }
            duals.clone()
        })
        .collect()
}

/// The dual problem of one class: minimise a^T Q a / 2 - sum a with a >= 0, Q_ij = y_i y_j (k_ij + 1) + d_ij / 2C.
#[derive(Debug, Clone)]
struct Dual {
    signs: Vec<f32>,
    /// y alpha.
    dual: Vec<f32>,
    /// w . x + b of every row.
    scores: Vec<f32>,
    /// Lowest and highest projected gradient of the pass so far.
    span: (f32, f32),
}

impl Dual {
    fn new(signs: Vec<f32>) -> Self {
        let zeros = vec![0.0; signs.len()];
        Self {
            dual: zeros.clone(),
            scores: zeros,
            signs,
            span: (0.0, 0.0),
        }
    }

    /// Solves for the variable of row `i`, whose products with all rows are `row`.
    fn visit(&mut self, i: usize, row: &[f32], diagonal: f32) {
        let alpha = self.dual[i] * self.signs[i];
        let gradient = self.signs[i] * self.scores[i] - 1.0 + diagonal * alpha;
        if alpha == 0.0 && gradient >= 0.0 {
            return;
        }
        self.span = (self.span.0.min(gradient), self.span.1.max(gradient));
        let next = (alpha - gradient / (row[i] + 1.0 + diagonal)).max(0.0);
        let step = (next - alpha) * self.signs[i];
        if step != 0.0 {
            self.dual[i] = next * self.signs[i];
            for (score, product) in self.scores.iter_mut().zip(row) {
                *score += step * (product + 1.0);
            }
        }
    }

    /// Width of the projected gradient over the pass that ends here.
    fn take_span(&mut self) -> f32 {
        let (low, high) = std::mem::take(&mut self.span);
        high - low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix;
    use crate::testing::{CLASSES, Peer};

    #[test]
    fn scores_are_those_of_liblinear() {
        let peer = Peer::new();
        let rows: Vec<usize> = (0..peer.labels.len()).collect();
        let problem = Problem {
            labels: &peer.labels,
            classes: CLASSES,
            rows: &rows,
            tolerance: 1e-4,
            seed: 0,
        };
        let machines = fit(&peer.kernel.train.view(), problem, &[1.0, 30.0]);
        for (machine, cost) in machines.iter().zip(["1.0", "30.0"]) {
            let test = peer.kernel.test.view();
            let scores = matrix::product(&test, &machine.dual.view()) + &machine.bias;
            peer.check("svm", cost, &scores, 2e-3);
        }
    }

    #[test]
    fn rows_held_out_are_scored_but_not_learnt_from() {
        let peer = Peer::new();
        let kernel = peer.kernel.train.view();
        let learn: Vec<usize> = (0..peer.labels.len()).filter(|i| i % 5 != 0).collect();
        let problem = Problem {
            labels: &peer.labels,
            classes: CLASSES,
            rows: &learn,
            tolerance: 1e-3,
            seed: 3,
        };
        let machine = &fit(&kernel, problem, &[3.0])[0];
        for held in (0..peer.labels.len()).step_by(5) {
            assert!(machine.dual.row(held).iter().all(|&v| v == 0.0));
        }
        let scores = matrix::product(&kernel, &machine.dual.view()) + &machine.bias;
        let difference = scores - &machine.scores;
        assert!(difference.iter().all(|d| d.abs() < 1e-4));
    }
}
