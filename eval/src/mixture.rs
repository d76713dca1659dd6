//! Gaussian mixtures with diagonal covariances, by expectation and maximisation.

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate};
use rand::RngExt;
use rayon::prelude::*;

use crate::random::{purpose, stream};

/// Rows of one block of the E step; fixed, so that sums do not depend on the number of threads.
const BLOCK: usize = 1024;
/// Passes of EM at the most.
const PASSES: usize = 40;
/// EM ends when a pass raises the mean logarithm of the density by less than this.
const GAIN: f64 = 2e-3;
/// Smallest variance, as a share of the variance of all rows along the same axis.
const FLOOR: f64 = 1e-2;

/// Logarithm of the share of a row, against that of its likeliest Gaussian, below which a Gaussian gets none of it.
const SMALLEST: f32 = -60.0;

/// A mixture of Gaussians with diagonal covariances.
#[derive(Debug, Clone)]
pub(crate) struct Mixture {
    /// `[gaussians]`, summing to 1.
    pub weights: Array1<f32>,
    /// `[gaussians, columns]`.
    pub means: Array2<f32>,
    /// `[gaussians, columns]`.
    pub variances: Array2<f32>,
    /// What logarithms of densities are made of: `[2 columns, gaussians]` times (x, x^2), plus `[gaussians]`.
    slopes: Array2<f32>,
    offsets: Array1<f32>,
}

/// Sums over rows of the posterior of each Gaussian: its own, times x, times x^2.
#[derive(Debug, Clone)]
pub(crate) struct Sums {
    /// `[gaussians]`.
    pub zeroth: Array1<f64>,
    /// `[gaussians, 2 columns]`: first and second moments side by side.
    pub moments: Array2<f64>,
    /// Sum of the logarithm of the density of each row.
    pub log_density: f64,
}

impl Mixture {
    /// Fits `gaussians` Gaussians to `rows` (at least as many rows) by EM from means that k-means++ picks among
    /// the rows, a pure function of `rows` and `seed`. Cost of a pass: 4 products rows x columns x gaussians.
    pub(crate) fn fit(rows: &ArrayView2<f32>, gaussians: usize, seed: u64) -> Self {
        let joined = with_squares(rows);
        let n = rows.nrows() as f64;
        let total = joined.map_axis(Axis(0), |column| {
            column.iter().map(|&x| f64::from(x)).sum::<f64>() / n
        });
        let columns = rows.ncols();
        let spread = |j: usize| (total[columns + j] - total[j] * total[j]).max(1e-12);
        let floor: Vec<f64> = (0..columns).map(|j| FLOOR * spread(j)).collect();
        let means = spread_rows(rows, gaussians, seed);
        let variances = Array2::from_shape_fn(means.dim(), |(_, j)| spread(j) as f32);
        let weights = Array1::from_elem(means.nrows(), 1.0 / means.nrows() as f32);
        let mut mixture = Self::new(weights, means, variances);
        let mut before = f64::NEG_INFINITY;
        for _pass in 0..PASSES {
            let sums = joined
                .axis_chunks_iter(Axis(0), BLOCK)
                .into_par_iter()
                .map(|block| mixture.sums(&block))
                .collect::<Vec<Sums>>();
            mixture = mixture.update(&sums, n, &floor);
            let density = sums.iter().map(|part| part.log_density).sum::<f64>() / n;
            if density - before < GAIN {
                break;
            }
            before = density;
        }
        mixture
    }

    fn new(weights: Array1<f32>, means: Array2<f32>, variances: Array2<f32>) -> Self {
        let (gaussians, columns) = means.dim();
        let slope = |(j, k): (usize, usize)| match j < columns {
            true => means[[k, j]] / variances[[k, j]],
            false => -0.5 / variances[[k, j - columns]],
        };
        let offset = |k: usize| {
            let terms = means
                .row(k)
                .into_iter()
                .zip(variances.row(k))
                .map(|(&m, &v)| {
                    let (m, v) = (f64::from(m), f64::from(v));
                    -0.5 * (m * m / v + (std::f64::consts::TAU * v).ln())
                });
            (terms.sum::<f64>() + f64::from(weights[k]).max(1e-30).ln()) as f32
        };
        Self {
            slopes: Array2::from_shape_fn((2 * columns, gaussians), slope),
            offsets: (0..gaussians).map(offset).collect(),
            weights,
            means,
            variances,
        }
    }

    /// Sums over `joined`, rows with their squares beside them (see [`with_squares`]).
    pub(crate) fn sums(&self, joined: &ArrayView2<f32>) -> Sums {
        let mut posterior = joined.dot(&self.slopes) + &self.offsets;
        let mut log_density = 0.0;
        for mut row in posterior.axis_iter_mut(Axis(0)) {
            let top = row.fold(f32::NEG_INFINITY, |a, &b| a.max(b));
            row.mapv_inplace(|value| match value - top {
                // Smaller ones end as subnormal numbers, on which a product takes many times as long.
                below if below < SMALLEST => 0.0,
                below => below.exp(),
            });
            let total = row.sum();
            row /= total;
            log_density += f64::from(top + total.ln());
        }
        Sums {
            zeroth: posterior.sum_axis(Axis(0)).mapv(f64::from),
            moments: posterior.t().dot(joined).mapv(f64::from),
            log_density,
        }
    }

    /// The M step. A Gaussian that owns less than one row keeps its place.
    fn update(&self, sums: &[Sums], rows: f64, floor: &[f64]) -> Self {
        let (gaussians, columns) = self.means.dim();
        let mut zeroth = Array1::<f64>::zeros(gaussians);
        let mut moments = Array2::<f64>::zeros((gaussians, 2 * columns));
        for part in sums {
            zeroth += &part.zeroth;
            moments += &part.moments;
        }
        let mut next = (self.means.clone(), self.variances.clone());
        for k in (0..gaussians).filter(|&k| zeroth[k] >= 1.0) {
            for j in 0..columns {
                let mean = moments[[k, j]] / zeroth[k];
                let variance = moments[[k, columns + j]] / zeroth[k] - mean * mean;
                next.0[[k, j]] = mean as f32;
                next.1[[k, j]] = variance.max(floor[j]) as f32;
            }
        }
        let weights = zeroth.mapv(|z| (z / rows) as f32);
        Self::new(weights, next.0, next.1)
    }
}

/// Each row and, beside it, the squares of its values.
pub(crate) fn with_squares(rows: &ArrayView2<f32>) -> Array2<f32> {
    concatenate(Axis(1), &[rows.view(), rows.mapv(|x| x * x).view()])
        .unwrap_or_else(|_same_shape| rows.to_owned())
}

/// Rows picked by k-means++: each with a probability that grows with its squared distance from those picked before.
fn spread_rows(rows: &ArrayView2<f32>, count: usize, seed: u64) -> Array2<f32> {
    let mut rng = stream(seed, purpose::MIXTURE, 0);
    let n = rows.nrows();
    let mut picked = vec![rng.random_range(0..n.max(1))];
    let mut gaps = vec![f32::INFINITY; n];
    while picked.len() < count.min(n) {
        let last = rows.row(picked[picked.len() - 1]);
        gaps.par_iter_mut()
            .enumerate()
            .with_min_len(BLOCK)
            .for_each(|(i, gap)| {
                let row = rows.row(i);
                let square = row.iter().zip(last).map(|(a, b)| (a - b) * (a - b));
                *gap = gap.min(square.sum());
            });
        let total: f64 = gaps.iter().map(|&gap| f64::from(gap)).sum();
        let mut left = rng.random::<f64>() * total;
        let next = gaps.iter().position(|&gap| {
            left -= f64::from(gap);
            left < 0.0
        });
        picked.push(next.unwrap_or(n - 1));
    }
    Array2::from_shape_fn((picked.len(), rows.ncols()), |(k, j)| rows[[picked[k], j]])
}

/// Fisher vector of rows: the gradient of their mean log-density by weights, means and variances, in units of its own
/// spread (Perronnin et al. 2010), `gaussians (2 columns + 1)` values.
pub(crate) fn fisher(mixture: &Mixture, rows: &ArrayView2<f32>) -> Array1<f32> {
    let joined = with_squares(rows);
    let sums = mixture.sums(&joined.view());
    let n = rows.nrows().max(1) as f64;
    let (gaussians, columns) = mixture.means.dim();
    let mut vector = Array1::zeros(gaussians * (2 * columns + 1));
    for k in 0..gaussians {
        let weight = f64::from(mixture.weights[k]).max(1e-12);
        let zeroth = sums.zeroth[k];
        vector[k] = ((zeroth / n - weight) / weight.sqrt()) as f32;
        for j in 0..columns {
            let (mean, variance) = (
                f64::from(mixture.means[[k, j]]),
                f64::from(mixture.variances[[k, j]]),
            );
            let (first, second) = (sums.moments[[k, j]], sums.moments[[k, columns + j]]);
            let by_mean = (first - mean * zeroth) / (variance.sqrt() * weight.sqrt() * n);
            let about_mean = second - 2.0 * mean * first + (mean * mean - variance) * zeroth;
            let by_variance = about_mean / (variance * (2.0 * weight).sqrt() * n);
            vector[gaussians + k * columns + j] = by_mean as f32;
            vector[gaussians + (gaussians + k) * columns + j] = by_variance as f32;
        }
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::normal;
    use ndarray::s;

    /// 600 rows from three Gaussians of known weights, means and spreads.
    fn rows() -> Array2<f32> {
        let mut rng = stream(11, 0, 0);
        Array2::from_shape_fn((600, 2), |(i, j)| {
            let (mean, spread) = match i % 6 {
                0 => ([5.0, 0.0], [0.5, 1.0]),
                1 | 2 => ([-5.0, 3.0], [1.0, 0.3]),
                _ => ([0.0, -4.0], [0.7, 0.7]),
            };
            (mean[j] + spread[j] * normal(&mut rng)) as f32
        })
    }

    #[test]
    fn the_mixture_that_made_the_rows_is_found() {
        let mixture = Mixture::fit(&rows().view(), 3, 0);
        let mut order: Vec<usize> = (0..3).collect();
        order.sort_by(|&a, &b| mixture.weights[a].total_cmp(&mixture.weights[b]));
        let truth = [
            (1.0 / 6.0, [5.0, 0.0], [0.25, 1.0]),
            (2.0 / 6.0, [-5.0, 3.0], [1.0, 0.09]),
            (3.0 / 6.0, [0.0, -4.0], [0.49, 0.49]),
        ];
        for (k, (weight, mean, variance)) in order.into_iter().zip(truth) {
            assert!((mixture.weights[k] - weight).abs() < 0.01);
            for j in 0..2 {
                assert!((mixture.means[[k, j]] - mean[j]).abs() < 0.3);
                assert!((mixture.variances[[k, j]] / variance[j] - 1.0).abs() < 0.4);
            }
        }
    }

    #[test]
    fn the_fisher_vector_is_the_gradient_of_the_log_density() {
        let rows = rows();
        let part = rows.slice(s![..40, ..]);
        let mixture = Mixture::fit(&rows.view(), 3, 1);
        let vector = fisher(&mixture, &part);
        let joined = with_squares(&part);
        let density = |mixture: &Mixture| mixture.sums(&joined.view()).log_density / 40.0;
        let step = 1e-2f32;
        for k in 0..3 {
            for j in 0..2 {
                let moved = |by: f32| {
                    let mut means = mixture.means.clone();
                    means[[k, j]] += by;
                    Mixture::new(mixture.weights.clone(), means, mixture.variances.clone())
                };
                let slope =
                    (density(&moved(step)) - density(&moved(-step))) / f64::from(2.0 * step);
                let unit = f64::from((mixture.variances[[k, j]] / mixture.weights[k]).sqrt());
                let value = f64::from(vector[3 + k * 2 + j]);
                assert!(
                    (slope * unit - value).abs() < 2e-2,
                    "{k} {j}: {} {value}",
                    slope * unit
                );

                let spread = |factor: f32| {
                    let mut variances = mixture.variances.clone();
                    variances[[k, j]] *= factor * factor;
                    Mixture::new(mixture.weights.clone(), mixture.means.clone(), variances)
                };
                // By the logarithm of the standard deviation, whose spread is sqrt(2 weight).
                let slope = (density(&spread(1.0 + step)) - density(&spread(1.0 - step)))
                    / f64::from(2.0 * step);
                let unit = f64::from(1.0 / (2.0 * mixture.weights[k]).sqrt());
                let value = f64::from(vector[3 + (3 + k) * 2 + j]);
                assert!(
                    (slope * unit - value).abs() < 2e-2,
                    "{k} {j}: {} {value}",
                    slope * unit
                );
            }
        }
        let mean = fisher(&mixture, &rows.view());
        let length = |v: &Array1<f32>| v.dot(v).sqrt();
        assert!(
            length(&mean) < 0.2 * length(&vector),
            "all rows together are what was fitted"
        );
    }
}
