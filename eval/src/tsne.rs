//! A map of objects on which neighbours stay neighbours: t-SNE (van der Maaten and Hinton 2008), exact.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::prelude::*;

use crate::matrix;
use crate::pca::Pca;

/// Iterations, the first quarter of which pull neighbours together more strongly.
const ITERATIONS: usize = 500;
const EXAGGERATION: f32 = 12.0;
/// Neighbours that each object has in effect.
const PERPLEXITY: f64 = 30.0;

/// Places in the plane, `[rows, 2]`, a pure function of `rows`: it starts from the two principal axes. Cost: 500 times all
/// pairs of rows, so at most some two thousand rows should be given.
pub(crate) fn embed(rows: &ArrayView2<f32>) -> Array2<f32> {
    let n = rows.nrows();
    if n < 4 {
        return Array2::from_shape_fn((n, 2), |(i, j)| (i * (1 - j)) as f32);
    }
    let affinity = affinities(rows);
    let mut places = start(rows);
    let mut speed = Array2::<f32>::zeros((n, 2));
    let mut gain = Array2::<f32>::ones((n, 2));
    let rate = (n as f32 / EXAGGERATION).max(50.0);
    for iteration in 0..ITERATIONS {
        let early = iteration < ITERATIONS / 4;
        let pull = if early { EXAGGERATION } else { 1.0 };
        let momentum = if early { 0.5 } else { 0.8 };
        let gradient = gradient(&affinity, &places, pull);
        ndarray::Zip::from(&mut gain)
            .and(&gradient)
            .and(&speed)
            .for_each(|gain, &g, &s| {
                *gain = if g * s > 0.0 {
                    (*gain * 0.8).max(0.01)
                } else {
                    *gain + 0.2
                };
            });
        speed = speed * momentum - &gradient * &gain * rate;
        places += &speed;
    }
    places
}

/// The two principal axes, small, as t-SNE wants its start.
fn start(rows: &ArrayView2<f32>) -> Array2<f32> {
    // Some hundred columns decide two axes well enough, and the covariance stays small.
    let columns = rows.ncols().min(400);
    let rows = rows.slice(ndarray::s![.., ..columns]);
    let found = Pca::fit(&rows, 2).transform(&rows);
    let spread = found.column(0).dot(&found.column(0)) / found.nrows() as f32;
    let scale = 1e-2 / spread.sqrt().max(1e-12);
    // A second axis that is missing is a tiny, fixed unevenness.
    Array2::from_shape_fn((rows.nrows(), 2), |(i, j)| match found.get((i, j)) {
        Some(value) => value * scale,
        None => 1e-4 * (i % 7) as f32,
    })
}

/// Symmetric probabilities that two objects are neighbours, summing to 1.
fn affinities(rows: &ArrayView2<f32>) -> Array2<f32> {
    let n = rows.nrows();
    let products = matrix::gram(rows);
    let squares: Array1<f32> = products.diag().to_owned();
    let entropy = PERPLEXITY.min((n as f64 - 1.0) / 3.0).max(2.0).ln();
    let of: Vec<Vec<f32>> = (0..n)
        .into_par_iter()
        .map(|i| {
            let distances: Vec<f64> = (0..n)
                .map(|j| f64::from((squares[i] + squares[j] - 2.0 * products[[i, j]]).max(0.0)))
                .collect();
            neighbours(&distances, i, entropy)
        })
        .collect();
    Array2::from_shape_fn((n, n), |(i, j)| {
        ((of[i][j] + of[j][i]) / (2 * n) as f32).max(1e-12)
    })
}

/// Probabilities of one object's neighbours, of the given entropy, by bisecting the width of a Gaussian.
fn neighbours(distances: &[f64], own: usize, entropy: f64) -> Vec<f32> {
    let others = distances
        .iter()
        .enumerate()
        .filter(|(j, _)| *j != own)
        .map(|(_, d)| *d);
    let nearest = others.clone().fold(f64::INFINITY, f64::min);
    let mean = others.sum::<f64>() / (distances.len() - 1) as f64;
    let (mut low, mut high) = (0.0f64, f64::INFINITY);
    let mut sharpness = 1.0 / (mean - nearest).max(1e-12);
    let mut shares = Vec::new();
    for _bisection in 0..60 {
        shares = distances
            .iter()
            .map(|d| (-(d - nearest) * sharpness).exp())
            .collect::<Vec<f64>>();
        shares[own] = 0.0;
        let total: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= total);
        let found: f64 = shares
            .iter()
            .filter(|s| **s > 0.0)
            .map(|s| -s * s.ln())
            .sum();
        if (found - entropy).abs() < 1e-4 {
            break;
        }
        if found > entropy {
            low = sharpness;
            sharpness = if high.is_finite() {
                0.5 * (low + high)
            } else {
                2.0 * sharpness
            };
        } else {
            high = sharpness;
            sharpness = 0.5 * (low + high);
        }
    }
    shares.into_iter().map(|share| share as f32).collect()
}

fn gradient(affinity: &Array2<f32>, places: &Array2<f32>, pull: f32) -> Array2<f32> {
    let n = places.nrows();
    let near = |i: usize, j: usize| {
        let (dx, dy) = (
            places[[i, 0]] - places[[j, 0]],
            places[[i, 1]] - places[[j, 1]],
        );
        1.0 / (1.0 + dx * dx + dy * dy)
    };
    // Sums of each row in order, then of the rows: the same on any number of threads.
    let totals: Vec<f64> = (0..n)
        .into_par_iter()
        .map(|i| {
            (0..n)
                .filter(|&j| j != i)
                .map(|j| f64::from(near(i, j)))
                .sum()
        })
        .collect();
    let total = totals.iter().sum::<f64>().max(1e-12) as f32;
    let mut gradient = Array2::zeros((n, 2));
    ndarray::Zip::indexed(gradient.axis_iter_mut(Axis(0))).par_for_each(|i, mut row| {
        for j in 0..n {
            let close = near(i, j);
            let force = 4.0 * (pull * affinity[[i, j]] - close / total) * close;
            row[0] += force * (places[[i, 0]] - places[[j, 0]]);
            row[1] += force * (places[[i, 1]] - places[[j, 1]]);
        }
    });
    gradient
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{normal, stream};

    #[test]
    fn clusters_in_ten_dimensions_are_clusters_in_the_plane() {
        let mut rng = stream(2, 0, 0);
        let rows = Array2::from_shape_fn((90, 10), |(i, j)| {
            (if j % 3 == i % 3 { 3.0 } else { 0.0 } + 0.5 * normal(&mut rng)) as f32
        });
        let places = embed(&rows.view());
        let distance = |a: usize, b: usize| {
            let d = &places.row(a) - &places.row(b);
            d.dot(&d)
        };
        let right = (0..90).filter(|&i| {
            let near = (0..90).filter(|&j| j != i);
            let nearest = near.min_by(|&a, &b| distance(i, a).total_cmp(&distance(i, b)));
            nearest.is_some_and(|j| j % 3 == i % 3)
        });
        assert!(right.count() >= 88);
        assert_eq!(places, embed(&rows.view()));
        assert!(places.iter().all(|x| x.is_finite()));
    }

    #[test]
    fn few_or_equal_rows_have_places_too() {
        assert_eq!(embed(&Array2::zeros((3, 5)).view()).dim(), (3, 2));
        assert!(
            embed(&Array2::zeros((20, 1)).view())
                .iter()
                .all(|x| x.is_finite())
        );
    }
}
