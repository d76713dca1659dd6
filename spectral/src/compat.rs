//! What the authors of the paper computed, for comparison only.
//!
//! Their published text (Ramasinghe et al., ICLR 2021, section 5.4) speaks of 3D Zernike moments; their programs fit the radius of a
//! surface by least squares and squash the coefficients with a softmax. Both are kept here as they were, with their
//! faults, which are named. Nothing else in this crate computes with them: [`Basis::Radius`](crate::Basis::Radius) only names them in
//! stores and maps.

use std::f64::consts::FRAC_1_SQRT_2;

use nalgebra::{DMatrix, DVector};

use crate::SpectralError;
use crate::check::{check_finite, check_points};
use crate::legendre::{Legendre, harmonics_into};

/// Order of the fit.
pub const RADIUS_ORDER: usize = 6;

/// Terms of the fit: real parts, then imaginary parts, of 50 functions; the map of 10 x 10, row by row.
pub const RADIUS_TERMS: usize = 100;

/// Singular values below this share of the largest count as zero.
const RANK_TOLERANCE: f64 = 1e-15;

/// The authors' coefficients: least squares of the radius on functions of the point itself, by the pseudo-inverse.
///
/// The columns are `R_n^l(r) Y_l^m(theta, phi)` with the radial polynomials of the *two*-dimensional Zernike functions, n <= 6, n - l even,
/// 0 <= m <= l, evaluated at each surface point, real and imaginary parts apart. Faults that are kept: the term n = 2, l = 0 takes
/// `Y_2^0` for `Y_0^0`; the imaginary parts for m = 0 vanish, so 16 of the 100 values are always zero; the columns depend on the value to be
/// fitted, so there is no inverse; values reach thousands on thin shapes. Points are surface points in the unit ball, `[P]`; they took one for
/// each of 50 x 50 directions. O(P 84^2).
///
/// # Errors
/// No points, or points that are not finite or outside the ball; a singular value decomposition that does not converge.
pub fn radius_fit(points: &[[f64; 3]]) -> Result<[f64; RADIUS_TERMS], SpectralError> {
    check_points(points)?;
    // Columns that vanish get zero from a pseudo-inverse and are left out.
    let imaginary = terms().enumerate().filter(|(_i, (_n, _l, m))| *m > 0);
    let imaginary = imaginary.map(|(i, _term)| RADIUS_TERMS / 2 + i);
    let columns: Vec<usize> = (0..RADIUS_TERMS / 2).chain(imaginary).collect();
    let mut rows = Vec::with_capacity(points.len() * columns.len());
    let mut radii = Vec::with_capacity(points.len());
    let basis = Columns::new()?;
    for &point in points {
        let (values, radius) = basis.at(point)?;
        rows.extend(columns.iter().map(|&i| values[i]));
        radii.push(radius);
    }
    let fit = least_squares(points.len(), columns.len(), &rows, radii)?;
    let mut out = [0.0; RADIUS_TERMS];
    for (&i, &value) in columns.iter().zip(&fit) {
        out[i] = value;
    }
    check_finite("radius fit", &out)?;
    Ok(out)
}

/// The shortest `x` that brings `rows` `[height, width]` times `x` nearest to `wanted`: the pseudo-inverse, of the small triangle of a
/// QR decomposition.
fn least_squares(
    height: usize,
    width: usize,
    rows: &[f64],
    wanted: Vec<f64>,
) -> Result<Vec<f64>, SpectralError> {
    let unsolved = |found: &str| SpectralError::Value {
        what: "radius fit",
        expected: "a singular value decomposition",
        found: found.into(),
    };
    let qr = DMatrix::from_row_slice(height, width, rows).qr();
    let mut wanted = DVector::from_vec(wanted);
    qr.q_tr_mul(&mut wanted);
    let triangle = qr.unpack_r();
    let wanted = wanted.rows(0, triangle.nrows()).into_owned();
    let svd = triangle
        .try_svd(true, true, f64::EPSILON, 10_000)
        .ok_or_else(|| unsolved("no convergence"))?;
    let floor = svd.singular_values.max() * RANK_TOLERANCE;
    let fit = svd.solve(&wanted, floor).map_err(unsolved)?;
    Ok(fit.as_slice().to_vec())
}

/// The functions of the fit.
struct Columns {
    legendre: Legendre,
    /// In the authors' order.
    radials: Vec<Radial>,
}

/// A radial polynomial: factor and power of r of each term.
struct Radial {
    n: usize,
    l: usize,
    terms: Vec<(f64, i32)>,
}

impl Columns {
    fn new() -> Result<Self, SpectralError> {
        let radials = degrees().map(|(n, l)| Radial {
            n,
            l,
            terms: plane_radial(n, l),
        });
        Ok(Self {
            legendre: Legendre::new(RADIUS_ORDER)?,
            radials: radials.collect(),
        })
    }

    /// Real, then imaginary parts at a point, and its radius.
    fn at(&self, point: [f64; 3]) -> Result<([f64; RADIUS_TERMS], f64), SpectralError> {
        let radius = point[0].hypot(point[1]).hypot(point[2]);
        // The origin has no direction; theirs is then +z.
        let direction = if radius > 0.0 { point } else { [0.0, 0.0, 1.0] };
        let mut real = [0.0; (RADIUS_ORDER + 1) * (RADIUS_ORDER + 1)];
        harmonics_into(&self.legendre, direction, &mut real)?;
        let mut out = [0.0; RADIUS_TERMS];
        let mut term = 0;
        for Radial { n, l, terms } in &self.radials {
            let radial: f64 = terms.iter().map(|(c, k)| c * radius.powi(*k)).sum();
            let degree = if (*n, *l) == (2, 0) { 2 } else { *l };
            for m in 0..=*l {
                let [re, im] = complex_harmonic(&real, degree, m);
                out[term] = radial * re;
                out[RADIUS_TERMS / 2 + term] = radial * im;
                term += 1;
            }
        }
        Ok((out, radius))
    }
}

/// `Y_l^m`, m >= 0, orthonormal with the Condon-Shortley phase, from the real harmonics at the same direction.
fn complex_harmonic(real: &[f64], l: usize, m: usize) -> [f64; 2] {
    let middle = l * l + l;
    if m == 0 {
        return [real[middle], 0.0];
    }
    let half = if m.is_multiple_of(2) {
        FRAC_1_SQRT_2
    } else {
        -FRAC_1_SQRT_2
    };
    [half * real[middle + m], half * real[middle - m]]
}

/// (n, l) in the authors' order.
fn degrees() -> impl Iterator<Item = (usize, usize)> {
    (0..=RADIUS_ORDER).flat_map(|n| (n % 2..=n).step_by(2).map(move |l| (n, l)))
}

/// (n, l, m) in the authors' order.
fn terms() -> impl Iterator<Item = (usize, usize, usize)> {
    degrees().flat_map(|(n, l)| (0..=l).map(move |m| (n, l, m)))
}

/// Factors and powers of the radial polynomial `R_n^l` of Zernike's functions in the plane (Born and Wolf, section 9.2). Orders here are
/// small enough for the sum.
fn plane_radial(n: usize, l: usize) -> Vec<(f64, i32)> {
    let factorial = |k: usize| (1..=k).map(|i| i as f64).product::<f64>();
    let term = |s: usize| {
        let sign = if s.is_multiple_of(2) { 1.0 } else { -1.0 };
        let below = factorial(s) * factorial((n + l) / 2 - s) * factorial((n - l) / 2 - s);
        (sign * factorial(n - s) / below, (n - 2 * s) as i32)
    };
    (0..=(n - l) / 2).map(term).collect()
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

    /// 400 directions on a spiral, and a body with rounded edges about the origin.
    fn body() -> Vec<[f64; 3]> {
        let point = |i: i32| {
            let (z, turn) = (f64::from(2 * i + 1) / 400.0 - 1.0, 2.4 * f64::from(i));
            let ring = (1.0 - z * z).sqrt();
            let d = [ring * turn.cos(), ring * turn.sin(), z];
            let sum: f64 = d
                .iter()
                .zip([0.9, 0.6, 0.7])
                .map(|(x, a)| (x / a).powi(4))
                .sum();
            let r = 0.81 * sum.powf(-0.25) * (1.0 + 0.2 * d[0] * d[2] + 0.1 * d[1]);
            d.map(|x| r * x)
        };
        (0..400).map(point).collect()
    }

    #[test]
    fn the_fit_is_that_of_normal_equations_in_fifty_digits() {
        assert_eq!(terms().count() * 2, RADIUS_TERMS);
        let fit = radius_fit(&body()).unwrap();
        for (i, expected) in [
            (0, 1.694_463_922_897_717),
            (1, -9.336_690_884_052_192e-4),
            (2, -6.140_146_343_813_278e-5),
            (3, -0.016546305796086062),
            (5, -0.15787528783455),
            (17, -0.735_623_402_248_615_2),
            (30, -2.9482954930872577e-4),
            (49, -0.10055577514385464),
            (52, -0.089_225_202_561_003_73),
            (60, -0.007_376_759_590_066_773),
            (75, -0.005_224_573_604_789_472),
            (99, -0.0010564325646383928),
        ] {
            assert!((fit[i] - expected).abs() < 1e-11, "{i}: {}", fit[i]);
        }
        for (i, (_n, _l, m)) in terms().enumerate() {
            assert_eq!(fit[50 + i] == 0.0, m == 0);
        }
    }

    #[test]
    fn fewer_points_than_functions_are_met_exactly() {
        let points: Vec<[f64; 3]> = body().into_iter().step_by(9).collect();
        let fit = radius_fit(&points).unwrap();
        let columns = Columns::new().unwrap();
        for point in points {
            let (values, radius) = columns.at(point).unwrap();
            let sum: f64 = values.iter().zip(&fit).map(|(v, c)| v * c).sum();
            assert!((sum - radius).abs() < 1e-9, "{sum} {radius}");
        }
    }

    #[test]
    fn bad_points_are_refused() {
        assert!(radius_fit(&[]).is_err());
        assert!(radius_fit(&[[f64::NAN; 3]]).is_err());
        assert!(radius_fit(&[[1.0, 1.0, 0.0]]).is_err());
        assert!(radius_fit(&[[0.0; 3]]).is_ok());
    }

    #[test]
    fn radial_polynomials_are_those_of_the_plane() {
        let at = |n, l, r: f64| -> f64 {
            let terms = plane_radial(n, l);
            terms.iter().map(|(c, k)| c * r.powi(*k)).sum()
        };
        assert!((at(4, 2, 0.7) - (4.0 * 0.7f64.powi(4) - 3.0 * 0.49)).abs() < 1e-14);
        assert!((at(6, 0, 1.0) - 1.0).abs() < 1e-14);
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
