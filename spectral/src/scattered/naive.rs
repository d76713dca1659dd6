//! The oracle of the scattered sums: the accurate harmonics of each point, in `f64`.

use crate::SpectralError;
use crate::legendre::{Legendre, harmonics_into};

/// `a_lm = sum_i w_i Y_lm(p_i)`. O(points lmax^2).
///
/// # Errors
/// A point without a direction.
///
/// # Panics
/// If `weights` is shorter than `points`.
pub fn adjoint(
    lmax: usize,
    points: &[[f64; 3]],
    weights: &[f64],
) -> Result<Vec<f64>, SpectralError> {
    let legendre = Legendre::new(lmax)?;
    let mut values = vec![0.0; (lmax + 1) * (lmax + 1)];
    let mut sums = values.clone();
    for (i, point) in points.iter().enumerate() {
        harmonics_into(&legendre, *point, &mut values)?;
        for (sum, value) in sums.iter_mut().zip(&values) {
            *sum += weights[i] * value;
        }
    }
    Ok(sums)
}

/// `f_i = sum_lm a_lm Y_lm(p_i)`. O(points lmax^2).
///
/// # Errors
/// A point without a direction.
pub fn evaluate(
    lmax: usize,
    coefficients: &[f64],
    points: &[[f64; 3]],
) -> Result<Vec<f64>, SpectralError> {
    let legendre = Legendre::new(lmax)?;
    let mut values = vec![0.0; (lmax + 1) * (lmax + 1)];
    let value = |point: &[f64; 3]| {
        harmonics_into(&legendre, *point, &mut values)?;
        Ok(values.iter().zip(coefficients).map(|(y, a)| y * a).sum())
    };
    points.iter().map(value).collect()
}
