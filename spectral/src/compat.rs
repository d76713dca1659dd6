//! What the authors of the paper computed, for comparison only.
//!
//! Their published text (Ramasinghe et al., ICLR 2021, section 5.4) speaks of 3D Zernike moments; their programs fit the radius of a
//! surface by least squares and squash the coefficients with a softmax. Both are kept here as they were, with their
//! faults, which are named. Nothing else in this crate uses them.

use nalgebra::{DMatrix, DVector};

use crate::check::check_points_finite;
use crate::legendre::{Legendre, harmonics_into};
use crate::{Coefficients, SpectralError};

/// Highest order of the fit.
const ORDER: usize = 6;

/// Terms of the fit: real parts, then imaginary parts, of 50 functions; the map of 10 x 10, row by row.
pub const RADIUS_TERMS: usize = 100;

/// Singular values below this share of the largest count as zero.
const RANK_TOLERANCE: f64 = 1e-15;

/// The authors' coefficients: least squares of the radius on functions of the point itself, by the pseudo-inverse.
///
/// The columns are `R_n^l(r) Y_l^m(theta, phi)` with the radial polynomials of the *two*-dimensional Zernike functions, n <= 6, n - l even,
/// 0 <= m <= l, evaluated at each surface point, real and imaginary parts apart. Faults that are kept: the term n = 2, l = 0 takes
/// `Y_2^0` for `Y_0^0`; the imaginary parts for m = 0 vanish, so 16 of the 100 columns are zero; the columns depend on the value to be
/// fitted, so there is no inverse; values reach thousands on thin shapes. Points are surface points in the unit ball, `[P]`; they took one for
/// each of 50 x 50 directions. O(P 100^2).
///
/// # Errors
/// No points, or values that are not finite; a singular value decomposition that does not converge.
pub fn radius_fit(points: &[[f64; 3]]) -> Result<[f64; RADIUS_TERMS], SpectralError> {
    check_points_finite("point", points)?;
    let legendre = Legendre::new(ORDER);
    let mut rows = Vec::with_capacity(points.len() * RADIUS_TERMS);
    let mut radii = Vec::with_capacity(points.len());
    let mut values = vec![0.0; (ORDER + 1) * (ORDER + 1)];
    for &point in points {
        let radius = point[0].hypot(point[1]).hypot(point[2]);
        // The origin has no direction; theirs is then +z.
        let direction = if radius > 0.0 { point } else { [0.0, 0.0, 1.0] };
        harmonics_into(&legendre, direction, &mut values)?;
        let complex = conjugate_harmonics(&values)?;
        let terms = terms().map(|(n, l, m)| {
            let degree = if (n, l) == (2, 0) { 2 } else { l };
            let [re, im] = complex[degree * degree + degree + m];
            let radial = plane_radial(n, l, radius);
            [radial * re, -radial * im]
        });
        let terms: Vec<[f64; 2]> = terms.collect();
        rows.extend(terms.iter().map(|t| t[0]));
        rows.extend(terms.iter().map(|t| t[1]));
        radii.push(radius);
    }
    let matrix = DMatrix::from_row_slice(points.len(), RADIUS_TERMS, &rows);
    let unsolved = |found: &str| SpectralError::Value {
        what: "radius fit",
        expected: "a singular value decomposition",
        found: found.into(),
    };
    let svd = matrix
        .try_svd(true, true, f64::EPSILON, 10_000)
        .ok_or_else(|| unsolved("no convergence"))?;
    let floor = svd.singular_values.max() * RANK_TOLERANCE;
    let fit = svd
        .solve(&DVector::from_vec(radii), floor)
        .map_err(unsolved)?;
    Ok(std::array::from_fn(|i| fit[i]))
}

/// (n, l, m) in the authors' order.
fn terms() -> impl Iterator<Item = (usize, usize, usize)> {
    let degrees = (0..=ORDER).flat_map(|n| (n % 2..=n).step_by(2).map(move |l| (n, l)));
    degrees.flat_map(|(n, l)| (0..=l).map(move |m| (n, l, m)))
}

/// Conjugates of the complex harmonics from the real ones, which are the coefficients of a delta.
fn conjugate_harmonics(values: &[f64]) -> Result<Vec<[f64; 2]>, SpectralError> {
    Ok(Coefficients::from_slice(crate::Basis::Spherical, ORDER, values)?.to_complex())
}

/// The radial polynomial `R_n^l` of Zernike's functions in the plane (Born and Wolf, section 9.2). Orders here are small enough for the sum.
fn plane_radial(n: usize, l: usize, r: f64) -> f64 {
    let factorial = |k: usize| (1..=k).map(|i| i as f64).product::<f64>();
    let term = |s: usize| {
        let sign = if s.is_multiple_of(2) { 1.0 } else { -1.0 };
        let below = factorial(s) * factorial((n + l) / 2 - s) * factorial((n - l) / 2 - s);
        sign * factorial(n - s) / below * r.powi((n - 2 * s) as i32)
    };
    (0..=(n - l) / 2).map(term).sum()
}

/// The authors' scaling of a map to [-1, 1]: `p = exp(c) / sum exp(max(c, 1e-5))`, then `clip(2 p - 1, -1, 1)`; NaN becomes 0 before and after the quotient.
///
/// Cannot be undone: signs and sizes are lost, and where any value exceeds 709 the sum overflows and the whole map is -1,
/// as it was there.
pub fn softmax(values: &mut [f64]) {
    for value in values.iter_mut().filter(|v| v.is_nan()) {
        *value = 0.0;
    }
    let sum: f64 = values.iter().map(|v| v.max(1e-5).exp()).sum();
    for value in values {
        let share = value.exp() / sum;
        let share = if share.is_nan() { 0.0 } else { share };
        *value = (share / 0.5 - 1.0).clamp(-1.0, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_number_fifty_and_the_sphere_is_fitted() {
        assert_eq!(terms().count() * 2, RADIUS_TERMS);
        assert!((plane_radial(4, 2, 0.7) - (4.0 * 0.7f64.powi(4) - 3.0 * 0.49)).abs() < 1e-14);
        assert!((plane_radial(6, 0, 1.0) - 1.0).abs() < 1e-14);
        let points: Vec<[f64; 3]> = (0..600)
            .map(|i| {
                let (z, turn) = ((2 * i + 1) as f64 / 600.0 - 1.0, 2.4 * i as f64);
                let ring = (1.0 - z * z).sqrt();
                let r = 0.5 + 0.2 * z * ring * turn.cos();
                [r * ring * turn.cos(), r * ring * turn.sin(), r * z]
            })
            .collect();
        let fit = radius_fit(&points).unwrap();
        // Residuals are small.
        let legendre = Legendre::new(ORDER);
        let mut values = vec![0.0; 49];
        for point in points.iter().step_by(37) {
            harmonics_into(&legendre, *point, &mut values).unwrap();
            let complex = conjugate_harmonics(&values).unwrap();
            let r = point.iter().map(|x| x * x).sum::<f64>().sqrt();
            let mut sum = 0.0;
            for (i, (n, l, m)) in terms().enumerate() {
                let d = if (n, l) == (2, 0) { 2 } else { l };
                let [re, im] = complex[d * d + d + m];
                sum += plane_radial(n, l, r) * (fit[i] * re - fit[50 + i] * im);
            }
            assert!((sum - r).abs() < 1e-6, "{sum} {r}");
        }
        assert!(radius_fit(&[]).is_err());
        assert!(radius_fit(&[[f64::NAN; 3]]).is_err());
        assert!(radius_fit(&[[0.0; 3]]).is_ok());
    }

    #[test]
    fn softmax_is_theirs() {
        let mut values = [0.0, 1.0, f64::NAN, -2.0];
        softmax(&mut values);
        let sum = 2.0 * 1e-5f64.exp() + 1f64.exp() + 1e-5f64.exp();
        assert!((values[1] - (2.0 * 1f64.exp() / sum - 1.0)).abs() < 1e-15);
        assert_eq!(values[0], values[2]);
        let mut large = [800.0, 1.0];
        softmax(&mut large);
        assert_eq!(large, [-1.0, -1.0]);
    }
}
