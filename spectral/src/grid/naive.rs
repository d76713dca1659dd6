//! The oracle of the grid transforms: each value on its own, by the accurate harmonics.
//!
//! Error within `1e-15 l` of the largest value of a harmonic, at the poles too; O(samples lmax^2).

use rustfft::num_complex::Complex;

use super::SphereGrid;
use crate::SpectralError;
use crate::legendre::{Legendre, harmonics_into};

/// Calls `visit` with the index and all harmonics up to `lmax` of each sample of the grid.
fn each_sample(
    grid: &SphereGrid,
    lmax: usize,
    mut visit: impl FnMut(usize, &[f64]),
) -> Result<(), SpectralError> {
    let legendre = Legendre::new(lmax)?;
    let mut values = vec![0.0; (lmax + 1) * (lmax + 1)];
    for (i, (theta, phi)) in grid.angles().enumerate() {
        let direction = [
            theta.sin() * phi.cos(),
            theta.sin() * phi.sin(),
            theta.cos(),
        ];
        harmonics_into(&legendre, direction, &mut values)?;
        visit(i, &values);
    }
    Ok(())
}

/// `f_i = sum_lm a_lm Y_lm(theta_i, phi_i)`; `coefficients` in flat order, shape [(lmax+1)^2].
///
/// # Errors
/// A degree above 4096.
pub fn synthesis(
    grid: &SphereGrid,
    lmax: usize,
    coefficients: &[f64],
) -> Result<Vec<f64>, SpectralError> {
    let mut field = vec![0.0; grid.len()];
    each_sample(grid, lmax, |i, y| {
        field[i] = y.iter().zip(coefficients).map(|(y, a)| y * a).sum();
    })?;
    Ok(field)
}

/// `a_lm = sum_i w_i f_i Y_lm(theta_i, phi_i)`, with the weights of the grid or with 1.
///
/// # Errors
/// A degree above 4096.
pub fn analysis(
    grid: &SphereGrid,
    lmax: usize,
    field: &[f64],
    weighted: bool,
) -> Result<Vec<f64>, SpectralError> {
    let rings = grid.rings().iter();
    let weights: Vec<f64> = rings
        .flat_map(|ring| std::iter::repeat_n(ring.weight, ring.longitudes))
        .collect();
    let mut sums = vec![0.0; (lmax + 1) * (lmax + 1)];
    each_sample(grid, lmax, |i, y| {
        let value = if weighted {
            weights[i] * field[i]
        } else {
            field[i]
        };
        for (sum, y) in sums.iter_mut().zip(y) {
            *sum += value * y;
        }
    })?;
    Ok(sums)
}

/// Complex harmonics `Y_l^m` (orthonormal, Condon-Shortley phase) from the real ones of one sample.
pub fn complex_harmonics(lmax: usize, real: &[f64]) -> Vec<Complex<f64>> {
    let mut out = vec![Complex::default(); real.len()];
    for l in 0..=lmax {
        let centre = l * l + l;
        out[centre] = real[centre].into();
        for m in 1..=l {
            let value = Complex::new(real[centre + m], real[centre - m]) / 2f64.sqrt();
            let sign = if m % 2 == 0 { 1.0 } else { -1.0 };
            out[centre + m] = value * sign;
            out[centre - m] = value.conj();
        }
    }
    out
}
