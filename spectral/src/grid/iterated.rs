//! Least squares by iteration, for grids whose quadrature is not exact.

use super::SphericalPlan;
use crate::check::{check_finite, check_length};
use crate::real::power_below;
use crate::{Real, SpectralError};

/// Coefficients that fit a field, and how well.
#[derive(Debug, Clone)]
pub struct Iterated<T> {
    /// Flat order, shape `[(lmax + 1)^2]`.
    pub coefficients: Vec<T>,
    /// Iterations done: fewer than allowed once the tolerance is met.
    pub iterations: usize,
    /// The norm of `A (f - S a)` divided by that of `A f`, A the analysis and S the synthesis: what
    /// another quadrature of the remainder would still add.
    pub residual: f64,
}

impl<T: Real> SphericalPlan<T> {
    /// The coefficients that minimise `sum_i w_i (f_i - (S a)_i)^2`, by conjugate gradients from the
    /// weighted quadrature on: analysis for HEALPix and for rings with approximate weights.
    ///
    /// Stops after `iterations` or once the residual falls below `tolerance`. A field with no degree
    /// above `lmax` comes back with an error of about `residual` times a small factor; on HEALPix with
    /// `lmax <= 2 nside` five iterations reach about 2e-7 and ten 2e-15 (measured, for coefficients of
    /// size 1). Each iteration costs a synthesis and an analysis. All in `f64`, also for an `f32` plan. A field of any scale
    /// does; coefficients beyond the range of `T` are infinite.
    ///
    /// # Errors
    /// As [`Self::analysis`]; [`SpectralError::Value`] for a negative weight among the rings, or a
    /// tolerance that is not at least 0.
    pub fn analysis_iterated(
        &self,
        field: &[T],
        iterations: usize,
        tolerance: f64,
    ) -> Result<Iterated<T>, SpectralError> {
        check_length("field", self.grid.len(), field.len())?;
        check_finite("sample", field)?;
        self.check_iteration(tolerance)?;
        let plan = self.doubled();
        let mut scratch = plan.scratch();
        let mut coefficients = vec![0.0; self.count()];
        let mut remainder = vec![0.0; self.count()];
        // Squares of very large or small values are no numbers: all are taken in a unit near the largest.
        let largest = field.iter().fold(0.0, |m: f64, v| m.max(v.to_f64().abs()));
        let unit = power_below(largest);
        let wide: Vec<f64> = field.iter().map(|v| v.to_f64() / unit).collect();
        plan.analysis_into(&wide, &mut remainder, &mut scratch)?;
        let mut direction = remainder.clone();
        let (mut image, mut samples) = (vec![0.0; self.count()], wide);
        let start = square(&remainder);
        let mut left = start;
        let mut done = 0;
        while done < iterations && left > tolerance * tolerance * start && left > 0.0 {
            plan.synthesis_into(&direction, &mut samples, &mut scratch)?;
            plan.analysis_into(&samples, &mut image, &mut scratch)?;
            let curve = dot(&direction, &image);
            if curve <= 0.0 {
                break;
            }
            let step = left / curve;
            add(step, &direction, &mut coefficients);
            add(-step, &image, &mut remainder);
            let next = square(&remainder);
            for (direction, remainder) in direction.iter_mut().zip(&remainder) {
                *direction = remainder + next / left * *direction;
            }
            left = next;
            done += 1;
        }
        let residual = if start > 0.0 {
            (left / start).sqrt()
        } else {
            0.0
        };
        let scaled = coefficients.into_iter().map(|c| T::from_f64(c * unit));
        let coefficients = scaled.collect();
        Ok(Iterated {
            coefficients,
            iterations: done,
            residual,
        })
    }

    fn check_iteration(&self, tolerance: f64) -> Result<(), SpectralError> {
        let weights = self.grid.rings().iter().map(|ring| ring.weight);
        let least = weights.fold(f64::INFINITY, f64::min);
        if least < 0.0 {
            return Err(SpectralError::Value {
                what: "weight of a ring",
                expected: "at least 0",
                found: least.to_string(),
            });
        }
        if tolerance.is_nan() || tolerance < 0.0 {
            return Err(SpectralError::Value {
                what: "tolerance",
                expected: "at least 0",
                found: tolerance.to_string(),
            });
        }
        Ok(())
    }

    /// The same plan for `f64` fields.
    fn doubled(&self) -> SphericalPlan<f64> {
        SphericalPlan {
            grid: self.grid.clone(),
            tables: self.tables.clone(),
            arch: self.arch,
            _fields: std::marker::PhantomData,
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn square(a: &[f64]) -> f64 {
    dot(a, a)
}

fn add(factor: f64, what: &[f64], to: &mut [f64]) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += factor * what;
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::super::SphereGrid;
    use super::super::testing::largest;
    use super::*;
    use crate::testing::noise;

    #[test]
    fn healpix_analysis_converges_to_the_coefficients() {
        let (nside, lmax) = (16, 32);
        let plan = SphericalPlan::<f64>::new(SphereGrid::healpix(nside).unwrap(), lmax).unwrap();
        let a = noise(plan.count(), 12);
        let field = plan.synthesis(&a).unwrap();
        let plain = largest(&plan.analysis(&field).unwrap(), &a);
        let five = plan.analysis_iterated(&field, 5, 0.0).unwrap();
        let more = plan.analysis_iterated(&field, 30, 1e-14).unwrap();
        assert!(plain < 0.2);
        assert!(largest(&five.coefficients, &a) < 1e-6);
        assert!(largest(&more.coefficients, &a) < 1e-13 && more.iterations < 15);
        let total: f64 = plan
            .grid()
            .rings()
            .iter()
            .map(|r| r.weight * r.longitudes as f64)
            .sum();
        assert!((total - 4.0 * PI).abs() < 1e-12 && plan.grid().len() == 12 * nside * nside);
    }

    #[test]
    fn the_scale_of_a_field_is_that_of_its_coefficients() {
        let plan = SphericalPlan::<f64>::new(SphereGrid::healpix(4).unwrap(), 6).unwrap();
        let field = noise(plan.grid().len(), 3);
        let usual = plan.analysis_iterated(&field, 6, 1e-9).unwrap();
        for power in [-1000, -600, -1, 1, 600, 1020] {
            let scale = 2f64.powi(power);
            let scaled: Vec<f64> = field.iter().map(|v| v * scale).collect();
            let found = plan.analysis_iterated(&scaled, 6, 1e-9).unwrap();
            assert_eq!(found.iterations, usual.iterations);
            assert_eq!(found.residual, usual.residual);
            for (found, usual) in found.coefficients.iter().zip(&usual.coefficients) {
                // Below the normal numbers digits are lost.
                assert!((found / scale - usual).abs() <= 1e-12 * f64::from(power < -900));
            }
        }
        for size in [1e-320, 1e-165, 1e200, 1e307] {
            let constant = vec![size; plan.grid().len()];
            let found = plan.analysis_iterated(&constant, 9, 0.0).unwrap();
            let mean = found.coefficients[0] / (4.0 * PI).sqrt();
            assert!((mean / size - 1.0).abs() < 1e-3, "{size} {mean}");
            assert!(found.residual < 1e-9);
        }
    }
}
