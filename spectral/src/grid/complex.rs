//! Complex fields, with coefficients of the complex harmonics.

use std::f64::consts::FRAC_1_SQRT_2;

use rustfft::num_complex::Complex;

use super::SphericalPlan;
use super::latitude_stage::{Part, SphericalScratch};
use crate::check::check_length;
use crate::{Real, SpectralError};

/// Working memory of one complex transform: twice the coefficients beside a real one.
#[derive(Debug, Clone)]
pub struct ComplexScratch {
    real: SphericalScratch,
    /// Coefficients of the real basis, complex.
    mixed: Vec<Complex<f64>>,
}

/// Complex transforms: coefficients `c_lm`, flat index `l * l + l + m`, of the complex orthonormal
/// harmonics `Y_l^m` with the Condon-Shortley phase, `Y_l^-m = (-1)^m conj(Y_l^m)`. A real and an
/// imaginary field go through one after the other: twice the cost of [`Self::synthesis`].
impl<T: Real> SphericalPlan<T> {
    /// Working memory for the complex methods.
    pub fn complex_scratch(&self) -> ComplexScratch {
        ComplexScratch {
            real: self.scratch(),
            mixed: vec![Complex::default(); self.count()],
        }
    }

    /// `f_i = sum_lm c_lm Y_l^m(theta_i, phi_i)`.
    ///
    /// # Errors
    /// As [`Self::synthesis_into`].
    pub fn complex_synthesis_into(
        &self,
        coefficients: &[Complex<T>],
        field: &mut [Complex<T>],
        scratch: &mut ComplexScratch,
    ) -> Result<(), SpectralError> {
        self.to_complex_field(false, coefficients, field, scratch)
    }

    /// `c_lm = sum_i w_i f_i conj(Y_l^m(theta_i, phi_i))`, with the weights of the grid.
    ///
    /// # Errors
    /// As [`Self::analysis_into`].
    pub fn complex_analysis_into(
        &self,
        field: &[Complex<T>],
        coefficients: &mut [Complex<T>],
        scratch: &mut ComplexScratch,
    ) -> Result<(), SpectralError> {
        self.to_complex_coefficients(true, field, coefficients, scratch)
    }

    /// The conjugate transpose of [`Self::complex_synthesis_into`].
    ///
    /// # Errors
    /// As [`Self::analysis_into`].
    pub fn complex_synthesis_adjoint_into(
        &self,
        field: &[Complex<T>],
        coefficients: &mut [Complex<T>],
        scratch: &mut ComplexScratch,
    ) -> Result<(), SpectralError> {
        self.to_complex_coefficients(false, field, coefficients, scratch)
    }

    /// The conjugate transpose of [`Self::complex_analysis_into`].
    ///
    /// # Errors
    /// As [`Self::synthesis_into`].
    pub fn complex_analysis_adjoint_into(
        &self,
        coefficients: &[Complex<T>],
        field: &mut [Complex<T>],
        scratch: &mut ComplexScratch,
    ) -> Result<(), SpectralError> {
        self.to_complex_field(true, coefficients, field, scratch)
    }

    fn to_complex_field(
        &self,
        weighted: bool,
        coefficients: &[Complex<T>],
        field: &mut [Complex<T>],
        scratch: &mut ComplexScratch,
    ) -> Result<(), SpectralError> {
        check_length("coefficients", self.count(), coefficients.len())?;
        check_length("field", self.grid.len(), field.len())?;
        self.check_complex_scratch(scratch)?;
        check_finite("coefficient", coefficients)?;
        let ComplexScratch { real, mixed } = scratch;
        mix(self.lmax(), coefficients, mixed);
        self.tables
            .fill_rows(self.arch, Part::Value, |i| mixed[i].re, real);
        self.write_rings(weighted, real, |i, value| field[i].re = T::from_f64(value));
        self.tables
            .fill_rows(self.arch, Part::Value, |i| mixed[i].im, real);
        self.write_rings(weighted, real, |i, value| field[i].im = T::from_f64(value));
        Ok(())
    }

    fn to_complex_coefficients(
        &self,
        weighted: bool,
        field: &[Complex<T>],
        coefficients: &mut [Complex<T>],
        scratch: &mut ComplexScratch,
    ) -> Result<(), SpectralError> {
        check_length("field", self.grid.len(), field.len())?;
        check_length("coefficients", self.count(), coefficients.len())?;
        self.check_complex_scratch(scratch)?;
        check_finite("sample", field)?;
        let ComplexScratch { real, mixed } = scratch;
        self.read_rings(weighted, real, |i| field[i].re.to_f64());
        self.tables
            .read_rows(self.arch, Part::Value, |i, value| mixed[i].re = value, real);
        self.read_rings(weighted, real, |i| field[i].im.to_f64());
        self.tables
            .read_rows(self.arch, Part::Value, |i, value| mixed[i].im = value, real);
        unmix(self.lmax(), mixed, coefficients);
        Ok(())
    }

    fn check_complex_scratch(&self, scratch: &ComplexScratch) -> Result<(), SpectralError> {
        check_length("scratch", self.count(), scratch.mixed.len())?;
        self.check_scratch(&scratch.real)
    }
}

/// Coefficients of the real basis: `Y_l^m = (-1)^m (Y_lm + i Y_l,-m) / sqrt2` for m > 0.
fn mix<T: Real>(lmax: usize, from: &[Complex<T>], to: &mut [Complex<f64>]) {
    let wide = |c: Complex<T>| Complex::new(c.re.to_f64(), c.im.to_f64());
    for l in 0..=lmax {
        let centre = l * l + l;
        to[centre] = wide(from[centre]);
        for m in 1..=l {
            let up = signed(m, wide(from[centre + m]));
            let down = wide(from[centre - m]);
            to[centre + m] = (up + down) * FRAC_1_SQRT_2;
            let difference = (up - down) * FRAC_1_SQRT_2;
            to[centre - m] = Complex::new(-difference.im, difference.re);
        }
    }
}

/// The inverse of [`mix`], which is unitary.
fn unmix<T: Real>(lmax: usize, from: &[Complex<f64>], to: &mut [Complex<T>]) {
    let narrow = |c: Complex<f64>| Complex::new(T::from_f64(c.re), T::from_f64(c.im));
    for l in 0..=lmax {
        let centre = l * l + l;
        to[centre] = narrow(from[centre]);
        for m in 1..=l {
            let cosine = from[centre + m] * FRAC_1_SQRT_2;
            let sine = from[centre - m] * FRAC_1_SQRT_2;
            let turned = Complex::new(sine.im, -sine.re);
            to[centre + m] = narrow(signed(m, cosine + turned));
            to[centre - m] = narrow(cosine - turned);
        }
    }
}

/// Times `(-1)^m`.
fn signed(m: usize, value: Complex<f64>) -> Complex<f64> {
    if m.is_multiple_of(2) { value } else { -value }
}

fn check_finite<T: Real>(what: &'static str, values: &[Complex<T>]) -> Result<(), SpectralError> {
    match values
        .iter()
        .position(|v| !(v.re.is_finite() && v.im.is_finite()))
    {
        Some(index) => Err(SpectralError::NotFinite { what, index }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::naive;
    use super::super::testing::grids;
    use super::*;
    use crate::testing::noise;

    #[test]
    fn complex_fields_agree_with_the_complex_harmonics() {
        for (lmax, grid) in
            (0..=32).flat_map(|lmax| grids(lmax).into_iter().map(move |g| (lmax, g)))
        {
            let plan = SphericalPlan::<f64>::new(grid.clone(), lmax).unwrap();
            let parts = noise(2 * plan.count(), 9);
            let c: Vec<Complex<f64>> = parts.chunks(2).map(|p| Complex::new(p[0], p[1])).collect();
            let mut scratch = plan.complex_scratch();
            let mut field = vec![Complex::default(); grid.len()];
            plan.complex_synthesis_into(&c, &mut field, &mut scratch)
                .unwrap();
            for ((theta, phi), found) in grid.angles().zip(&field) {
                let direction = [
                    theta.sin() * phi.cos(),
                    theta.sin() * phi.sin(),
                    theta.cos(),
                ];
                let y = naive::complex_harmonics(lmax, &crate::harmonics(lmax, direction).unwrap());
                let expected: Complex<f64> = y.iter().zip(&c).map(|(y, c)| y * c).sum();
                assert!((found - expected).norm() < 1.4e-14 * (lmax + 1) as f64);
            }
            let parts = noise(2 * grid.len(), 10);
            let f: Vec<Complex<f64>> = parts.chunks(2).map(|p| Complex::new(p[0], p[1])).collect();
            let mut back = vec![Complex::default(); plan.count()];
            let inner = |a: &[Complex<f64>], b: &[Complex<f64>]| -> Complex<f64> {
                a.iter().zip(b).map(|(a, b)| a.conj() * b).sum()
            };
            plan.complex_synthesis_adjoint_into(&f, &mut back, &mut scratch)
                .unwrap();
            assert!((inner(&f, &field) - inner(&back, &c)).norm() < 1e-11);
            plan.complex_analysis_into(&f, &mut back, &mut scratch)
                .unwrap();
            plan.complex_analysis_adjoint_into(&c, &mut field, &mut scratch)
                .unwrap();
            assert!((inner(&back, &c) - inner(&f, &field)).norm() < 1e-11);
        }
    }
}
