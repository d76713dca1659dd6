//! Normalised associated Legendre functions and real spherical harmonics at one direction.
//!
//! This is the accurate path: `f64`, one direction at a time, right at the poles and to degree
//! several thousand. The grid and scattered plans have faster kernels of their own.

use std::f64::consts::{PI, SQRT_2};

use crate::check::{check_length, check_order};
use crate::{Basis, SpectralError};

/// Degrees from which the start value `sin^m` may leave the range of `f64` are carried with an
/// extra exponent: a value is `mantissa * 2^(SHIFT * exponent)`, exponent at most 0.
const SHIFT: i32 = 512;
/// `sin theta` below which the recurrence runs on differences.
const NEAR_POLE: f64 = 0.5;

/// Recurrence coefficients of the fully normalised associated Legendre functions up to a degree.
///
/// `P_lm(cos theta, sin theta)` is normalised so that with `theta` the colatitude and `phi` the
/// azimuth
///
/// ```text
/// Y_l0 = P_l0,   Y_l,m = sqrt(2) P_lm cos(m phi),   Y_l,-m = sqrt(2) P_lm sin(m phi)   (m > 0)
/// ```
///
/// is orthonormal on the sphere; there is no Condon-Shortley phase, so `P_mm >= 0`. Values come
/// from the three-term recurrence in `l` at fixed `m`, run on Schmidt semi-normalised functions
/// `S_lm` (Holmes and Featherstone 2002); `sin^m theta` carries an exponent of its own against
/// underflow. Within 30 degrees of a pole it runs on the differences of consecutive degrees instead, which `1 - |cos theta|` drives:
/// there the plain one subtracts numbers that are nearly equal. Error at most `1e-15 l` times the largest value of the
/// degree, `sqrt((2l + 1) / 4 pi)`, at the poles too.
///
/// Memory: `(lmax+1)(lmax+2)/2` numbers of 8 bytes. Immutable, cheap to share by reference.
#[derive(Debug, Clone)]
pub struct Legendre {
    lmax: usize,
    /// `sqrt(l^2 - m^2)`, column `m` holds `l = m + 1 ..= lmax`.
    steps: Vec<f64>,
    /// `S_mm / (S_(m-1),(m-1) sin)`: `sqrt((2m - 1) / (2m))` for `m >= 1`; entry 0 is 1.
    diagonal: Vec<f64>,
    /// `P_lm / S_lm = sqrt((2l + 1) / (4 pi))`.
    norms: Vec<f64>,
}

impl Legendre {
    /// Coefficients for all degrees up to and including `lmax`. O(lmax^2).
    ///
    /// # Errors
    /// [`SpectralError::Order`] above 4096.
    pub fn new(lmax: usize) -> Result<Self, SpectralError> {
        check_order(Basis::Spherical, lmax)?;
        let mut steps = Vec::with_capacity((lmax + 1) * lmax / 2);
        for m in 0..=lmax {
            steps.extend((m + 1..=lmax).map(|l| (((l - m) * (l + m)) as f64).sqrt()));
        }
        let diagonal = (0..=lmax).map(|m| match m {
            0 => 1.0,
            _ => ((2 * m - 1) as f64 / (2 * m) as f64).sqrt(),
        });
        let norms = (0..=lmax).map(|l| ((2 * l + 1) as f64 * (0.25 / PI)).sqrt());
        Ok(Self {
            lmax,
            steps,
            diagonal: diagonal.collect(),
            norms: norms.collect(),
        })
    }

    /// The largest degree.
    pub fn lmax(&self) -> usize {
        self.lmax
    }

    fn steps(&self, m: usize) -> &[f64] {
        // Columns before m hold lmax, lmax - 1, ..., lmax - m + 1 entries.
        let start = m * self.lmax - m * m.saturating_sub(1) / 2;
        &self.steps[start..start + self.lmax - m]
    }

    /// `P_lm` for one `m` and `l = m ..= lmax` into `out` (length `lmax - m + 1`), given
    /// `cos theta` and `sin theta >= 0`. O(lmax).
    ///
    /// Pass `sin theta` from `sqrt(x^2 + y^2) / r`, not from `sqrt(1 - cos^2)`: near the poles
    /// the latter has no correct digits.
    ///
    /// # Panics
    /// When `m > lmax` or the length differs.
    pub fn column(&self, m: usize, cos: f64, sin: f64, out: &mut [f64]) {
        assert!(m <= self.lmax, "an order of at most lmax");
        assert_eq!(
            out.len(),
            self.lmax - m + 1,
            "one value for each l from m to lmax"
        );
        let start = self.diagonal_value(m, sin);
        self.column_from(m, [cos, sin], start, |l, p| out[l - m] = p);
    }

    /// All `P_lm` at one colatitude, column after column (`m = 0`: `l = 0 ..= lmax`; `m = 1`:
    /// `l = 1 ..= lmax`; ...), `(lmax+1)(lmax+2)/2` values.
    ///
    /// # Panics
    /// When the length differs.
    pub fn columns(&self, cos: f64, sin: f64, out: &mut [f64]) {
        assert_eq!(
            out.len(),
            (self.lmax + 1) * (self.lmax + 2) / 2,
            "one value for each l >= m"
        );
        let mut start = (1.0, 0);
        let mut rest = out;
        for m in 0..=self.lmax {
            let (column, tail) = rest.split_at_mut(self.lmax - m + 1);
            start = self.next_diagonal(start, m, sin);
            self.column_from(m, [cos, sin], start, |l, p| column[l - m] = p);
            rest = tail;
        }
    }

    fn diagonal_value(&self, m: usize, sin: f64) -> (f64, i32) {
        (0..=m).fold((1.0, 0), |value, m| self.next_diagonal(value, m, sin))
    }

    /// `S_mm` from `S_(m-1),(m-1)`, as mantissa and exponent.
    fn next_diagonal(&self, (value, exponent): (f64, i32), m: usize, sin: f64) -> (f64, i32) {
        let value = if m == 0 {
            self.diagonal[0]
        } else {
            value * self.diagonal[m] * sin
        };
        if value != 0.0 && value < small() {
            (value * large(), exponent - 1)
        } else {
            (value, exponent)
        }
    }

    /// `put(l, P_lm)` for each l from m to lmax, from `S_mm`.
    fn column_from(
        &self,
        m: usize,
        [cos, sin]: [f64; 2],
        start: (f64, i32),
        put: impl FnMut(usize, f64),
    ) {
        if sin < NEAR_POLE {
            self.column_near_pole(m, [cos, sin], start, put);
        } else {
            self.column_off_pole(m, cos, start, put);
        }
    }

    /// `steps[l] S_l = (2l - 1) cos S_(l-1) - steps[l-1] S_(l-2)`.
    fn column_off_pole(
        &self,
        m: usize,
        cos: f64,
        (start, mut exponent): (f64, i32),
        mut put: impl FnMut(usize, f64),
    ) {
        let (mut before, mut value) = (0.0_f64, start);
        let mut step = 0.0;
        put(m, unscale(value, exponent) * self.norms[m]);
        for (i, next) in self.steps(m).iter().enumerate() {
            let l = m + 1 + i;
            let slope = (2 * l - 1) as f64 * cos;
            (before, value) = (value, (slope * value - step * before) / next);
            step = *next;
            if exponent < 0 && value.abs() > 1.0 {
                before *= small();
                value *= small();
                exponent += 1;
            }
            put(l, unscale(value, exponent) * self.norms[l]);
        }
    }

    /// The same in differences (Reinsch's form): at the pole itself `steps[l] S_l = (l + m) S_(l-1)`, and what is missing
    /// elsewhere, `E_l = steps[l] S_l - (l + m) S_(l-1)`, has the recurrence
    /// `E_l = (2l - 1) (cos - 1) S_(l-1) + (l - 1 - m) / steps[l-1] E_(l-1)`, in which nothing cancels.
    fn column_near_pole(
        &self,
        m: usize,
        [cos, sin]: [f64; 2],
        (start, mut exponent): (f64, i32),
        mut put: impl FnMut(usize, f64),
    ) {
        // P_lm at the other pole differs by the sign of l - m.
        let (mut sign, turn) = (1.0, if cos < 0.0 { -1.0 } else { 1.0 });
        let short = -sin * sin / (1.0 + cos.abs());
        let (mut value, mut missing, mut step) = (start, 0.0_f64, 1.0);
        put(m, unscale(value, exponent) * self.norms[m]);
        for (i, next) in self.steps(m).iter().enumerate() {
            let l = m + 1 + i;
            missing = (2 * l - 1) as f64 * short * value + i as f64 / step * missing;
            value = ((l + m) as f64 * value + missing) / next;
            step = *next;
            sign *= turn;
            if exponent < 0 && value.abs() > 1.0 {
                missing *= small();
                value *= small();
                exponent += 1;
            }
            put(l, sign * unscale(value, exponent) * self.norms[l]);
        }
    }
}

fn large() -> f64 {
    f64::from_bits(((1023 + SHIFT) as u64) << 52)
}

fn small() -> f64 {
    f64::from_bits(((1023 - SHIFT) as u64) << 52)
}

/// The plain number; zero where it lies below the range of `f64`.
fn unscale(value: f64, exponent: i32) -> f64 {
    match exponent {
        0 => value,
        -1 => value * small(),
        -2 => value * small() * small(),
        _ => 0.0,
    }
}

/// All real spherical harmonics `Y_lm` at the direction of `(x, y, z)`, flat index
/// `l * l + l + m`, `(lmax + 1)^2` values. Orthonormal, no Condon-Shortley phase: `Y_1,-1` is a
/// positive multiple of `y`, `Y_10` of `z`, `Y_11` of `x`.
///
/// The direction need not have length one; right near the poles. Error at most `1e-15 l` times the largest value of the
/// degree, `sqrt((2l + 1) / 4 pi)`.
/// Cost O(lmax^2); for many directions make a [`Legendre`] once and call [`harmonics_into`].
///
/// # Errors
/// [`SpectralError::Order`] above 4096, [`SpectralError::NotFinite`] for a NaN or infinite component,
/// [`SpectralError::Value`] for the zero vector, which has no direction.
///
/// ```
/// let y = spectra_spectral::harmonics(1, [0.0, 0.0, 2.0])?;
/// assert!((y[2] - (3.0 / (4.0 * std::f64::consts::PI)).sqrt()).abs() < 1e-15);
/// # Ok::<(), spectra_spectral::SpectralError>(())
/// ```
pub fn harmonics(lmax: usize, direction: [f64; 3]) -> Result<Vec<f64>, SpectralError> {
    let legendre = Legendre::new(lmax)?;
    let mut out = vec![0.0; (lmax + 1) * (lmax + 1)];
    harmonics_into(&legendre, direction, &mut out)?;
    Ok(out)
}

/// As [`harmonics`], into `out` of length `(lmax + 1)^2`, with coefficients made beforehand. Allocates nothing.
///
/// # Errors
/// Those of [`harmonics`], and [`SpectralError::Length`] when `out` has another length.
pub fn harmonics_into(
    legendre: &Legendre,
    direction: [f64; 3],
    out: &mut [f64],
) -> Result<(), SpectralError> {
    let lmax = legendre.lmax;
    check_length(
        "values of the harmonics",
        (lmax + 1) * (lmax + 1),
        out.len(),
    )?;
    let angles = Angles::of(direction)?;
    let mut diagonal = (1.0, 0);
    let (mut re, mut im) = (1.0, 0.0);
    for m in 0..=lmax {
        diagonal = legendre.next_diagonal(diagonal, m, angles.sin);
        legendre.column_from(m, [angles.cos, angles.sin], diagonal, |l, p| {
            if m == 0 {
                out[l * l + l] = p;
            } else {
                out[l * l + l + m] = SQRT_2 * p * re;
                out[l * l + l - m] = SQRT_2 * p * im;
            }
        });
        (re, im) = (re * angles.x - im * angles.y, re * angles.y + im * angles.x);
    }
    Ok(())
}

/// Cosine and sine of colatitude and azimuth, without forming an angle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Angles {
    /// `cos theta = z / r`.
    pub cos: f64,
    /// `sin theta = sqrt(x^2 + y^2) / r`.
    pub sin: f64,
    /// `cos phi`; 1 on the axis.
    pub x: f64,
    /// `sin phi`; 0 on the axis.
    pub y: f64,
}

impl Angles {
    pub(crate) fn of(direction: [f64; 3]) -> Result<Self, SpectralError> {
        if let Some(index) = direction.iter().position(|c| !c.is_finite()) {
            return Err(SpectralError::NotFinite {
                what: "component of the direction",
                index,
            });
        }
        let largest = direction.iter().fold(0.0_f64, |a, c| a.max(c.abs()));
        if largest == 0.0 {
            return Err(SpectralError::Value {
                what: "direction",
                expected: "a vector other than zero",
                found: "(0, 0, 0)".into(),
            });
        }
        // Scaling by the largest component keeps the squares in range for every finite vector.
        let [x, y, z] = direction.map(|c| c / largest);
        let rho = x.hypot(y);
        let r = rho.hypot(z);
        let (cos_phi, sin_phi) = if rho > 0.0 {
            (x / rho, y / rho)
        } else {
            (1.0, 0.0)
        };
        Ok(Self {
            cos: z / r,
            sin: rho / r,
            x: cos_phi,
            y: sin_phi,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{csv_rows, oracle};

    fn directions(name: &str) -> Option<Vec<[f64; 3]>> {
        let text = oracle(name)?;
        Some(
            csv_rows(&text)
                .map(|row| [row[1], row[2], row[3]])
                .collect(),
        )
    }

    #[test]
    fn agrees_with_the_oracle_to_degree_1000() {
        let Some(directions) = directions("sph_dirs.csv") else {
            return;
        };
        let Some(text) = oracle("sph_real.csv") else {
            return;
        };
        let legendre = Legendre::new(1000).unwrap();
        let mut values = vec![0.0; 1001 * 1001];
        let mut current = usize::MAX;
        for row in csv_rows(&text) {
            let (dir, l, m) = (row[0] as usize, row[1] as i64, row[2] as i64);
            if dir != current {
                harmonics_into(&legendre, directions[dir], &mut values).unwrap();
                current = dir;
            }
            let error = (values[(l * l + l + m) as usize] - row[3]).abs();
            // The largest value of a harmonic of degree l, met at the poles.
            let largest = ((2 * l + 1) as f64 / (4.0 * PI)).sqrt().max(1.0);
            let degree = l.max(8) as f64;
            let bound = 1e-15 * degree * largest;
            assert!(
                error <= bound,
                "dir {dir} l {l} m {m}: error {error:e} > {bound:e}"
            );
        }
    }

    #[test]
    fn agrees_with_the_complex_oracle_near_the_poles() {
        let Some(directions) = directions("extra/sph_high_dirs.csv") else {
            return;
        };
        let Some(text) = oracle("extra/sph_complex_high.csv") else {
            return;
        };
        let legendre = Legendre::new(1000).unwrap();
        let mut values = vec![0.0; 1001 * 1001];
        let mut current = usize::MAX;
        for row in csv_rows(&text) {
            let (dir, l, m) = (row[0] as usize, row[1] as usize, row[2] as usize);
            if dir != current {
                harmonics_into(&legendre, directions[dir], &mut values).unwrap();
                current = dir;
            }
            let centre = l * l + l;
            let sign = if m % 2 == 0 { 1.0 } else { -1.0 } * std::f64::consts::FRAC_1_SQRT_2;
            let (re, im) = match m {
                0 => (values[centre], 0.0),
                _ => (sign * values[centre + m], sign * values[centre - m]),
            };
            let error = (re - row[3]).abs().max((im - row[4]).abs());
            let largest = ((2 * l + 1) as f64 / (4.0 * PI)).sqrt().max(1.0);
            let degree = l as f64;
            let bound = 1e-15 * degree * largest;
            assert!(
                error <= bound,
                "dir {dir} l {l} m {m}: error {error:e} > {bound:e}"
            );
        }
    }

    #[test]
    fn columns_agree_with_single_columns() {
        let legendre = Legendre::new(40).unwrap();
        let (cos, sin) = (0.3_f64, (1.0_f64 - 0.09).sqrt());
        let mut all = vec![0.0; 41 * 42 / 2];
        legendre.columns(cos, sin, &mut all);
        let mut start = 0;
        for m in 0..=40 {
            let mut one = vec![0.0; 41 - m];
            legendre.column(m, cos, sin, &mut one);
            assert_eq!(one, all[start..start + 41 - m]);
            start += 41 - m;
        }
    }

    #[test]
    fn nothing_is_lost_to_underflow_of_the_sine_power() {
        // sin^m alone is below the range of f64 here; the addition theorem still has to hold.
        let lmax = 3000;
        let y = harmonics(lmax, [0.12, 0.05, 1.0]).unwrap();
        for l in [10, 1000, lmax] {
            let sum: f64 = y[l * l..(l + 1) * (l + 1)].iter().map(|v| v * v).sum();
            let expected = (2 * l + 1) as f64 / (4.0 * std::f64::consts::PI);
            assert!(
                (sum / expected - 1.0).abs() < 1e-11,
                "l {l}: {sum} against {expected}"
            );
        }
    }

    #[test]
    fn refuses_what_has_no_direction() {
        assert!(Legendre::new(5000).is_err() && Legendre::new(usize::MAX).is_err());
        assert!(matches!(
            harmonics(3, [0.0; 3]),
            Err(SpectralError::Value { .. })
        ));
        assert!(matches!(
            harmonics(3, [0.0, f64::NAN, 1.0]),
            Err(SpectralError::NotFinite { index: 1, .. })
        ));
        assert!(
            harmonics(5, [1e-320, 0.0, 0.0])
                .unwrap()
                .iter()
                .all(|v| v.is_finite())
        );
        assert!(
            harmonics(5, [1e308, 1e308, 1e308])
                .unwrap()
                .iter()
                .all(|v| v.is_finite())
        );
    }
}
