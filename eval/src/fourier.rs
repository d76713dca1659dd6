//! Random Fourier features: what makes linear classifiers out of those with a Gaussian kernel.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use crate::features::Standardizer;
use crate::matrix;
use crate::random::{normal, purpose, stream};

/// Cosines and sines of random projections, whose inner products are exp(-|x - y|^2 / 2) of standardised features x and y on average
/// (Rahimi and Recht, 2007), with errors that fall as one over the root of the number of features.
///
/// Unlike the kernel itself they are features: they can be averaged over poses of an object, and the time they take grows with the
/// number of objects, not with its square.
#[derive(Debug, Clone)]
pub struct RandomFourier {
    scale: Standardizer,
    /// Normal numbers, `[columns, pairs]`.
    directions: Array2<f32>,
}

impl RandomFourier {
    /// Scales by `rows` and draws the directions of `pairs` cosines and sines from `seed`.
    pub fn fit(rows: &ArrayView2<f32>, pairs: usize, seed: u64) -> Self {
        let mut rng = stream(seed, purpose::FOURIER, 0);
        Self {
            scale: Standardizer::fit(rows),
            directions: Array2::from_shape_simple_fn((rows.ncols(), pairs), || {
                normal(&mut rng) as f32
            }),
        }
    }

    /// Rows as the projections see them: standardised, of mean squared length 1.
    pub fn standardised(&self, rows: &ArrayView2<f32>) -> Array2<f32> {
        self.scale.transform(rows)
    }

    /// `[rows, 2 pairs]`: all cosines, then all sines, divided by the root of the number of pairs, so that each row has length 1.
    pub fn transform(&self, rows: &ArrayView2<f32>) -> Array2<f32> {
        let pairs = self.directions.ncols();
        let angles = matrix::product(&self.standardised(rows).view(), &self.directions.view());
        let size = (pairs.max(1) as f32).sqrt().recip();
        let mut features = Array2::zeros((rows.nrows(), 2 * pairs));
        features
            .axis_iter_mut(Axis(0))
            .into_par_iter()
            .zip(angles.axis_iter(Axis(0)))
            .for_each(|(row, angles)| {
                let (mut cosines, mut sines) = row.split_at(Axis(0), pairs);
                for ((cosine, sine), angle) in cosines.iter_mut().zip(&mut sines).zip(&angles) {
                    (*sine, *cosine) = angle.sin_cos();
                    *sine *= size;
                    *cosine *= size;
                }
            });
        features
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_products_come_to_the_kernel() {
        let mut rng = stream(1, 0, 0);
        let rows = Array2::from_shape_simple_fn((40, 5), || normal(&mut rng) as f32 * 3.0 + 1.0);
        let error = |pairs: usize| {
            let fourier = RandomFourier::fit(&rows.view(), pairs, 7);
            let x = fourier.standardised(&rows.view());
            let found = matrix::gram(&fourier.transform(&rows.view()).view());
            let mut worst = 0.0_f32;
            for ((i, j), found) in found.indexed_iter() {
                let apart = &x.row(i) - &x.row(j);
                worst = worst.max((found - (-apart.dot(&apart) / 2.0).exp()).abs());
            }
            worst
        };
        let (few, many) = (error(64), error(16_384));
        assert!(few < 0.5 && many < 0.03 && many < few, "{few} {many}");
    }

    #[test]
    fn a_row_has_length_one_and_its_seed_is_all_that_is_drawn() {
        let rows =
            Array2::from_shape_fn((6, 3), |(i, j)| (i * 3 + j) as f32 * 0.7 - (i * i) as f32);
        let of = |seed| RandomFourier::fit(&rows.view(), 50, seed).transform(&rows.view());
        let found = of(3);
        assert!(
            found
                .outer_iter()
                .all(|row| (row.dot(&row) - 1.0).abs() < 1e-5)
        );
        assert_eq!(found, of(3));
        assert_ne!(found, of(4));
    }
}
