//! Gradients of fields on the sphere.

use super::SphericalPlan;
use super::latitude_stage::{Part, SphericalScratch};
use crate::check::{check_finite, check_length};
use crate::{Real, SpectralError};

impl<T: Real> SphericalPlan<T> {
    /// The gradient on the unit sphere of the field with these coefficients:
    /// `[df/dtheta, (1 / sin theta) df/dphi]` at each sample, southward and eastward.
    ///
    /// At a pole, where only order 1 has a slope, both are the limits along the meridian of the sample.
    /// Costs two syntheses. The error grows as `1 / sin theta` towards the poles, to about
    /// `1e-15 lmax^2` times the largest coefficient.
    ///
    /// # Errors
    /// As [`Self::synthesis`].
    pub fn gradient(&self, coefficients: &[T]) -> Result<[Vec<T>; 2], SpectralError> {
        let mut scratch = self.scratch();
        let [mut south, mut east] = [0, 1].map(|_| vec![T::ZERO; self.grid.len()]);
        self.gradient_into(coefficients, [&mut south, &mut east], &mut scratch)?;
        Ok([south, east])
    }

    /// As [`Self::gradient`], allocating nothing.
    ///
    /// # Errors
    /// As [`Self::synthesis_into`].
    pub fn gradient_into(
        &self,
        coefficients: &[T],
        [south, east]: [&mut [T]; 2],
        scratch: &mut SphericalScratch,
    ) -> Result<(), SpectralError> {
        self.to_field(Part::South, false, coefficients, south, scratch)?;
        self.to_field(Part::East, false, coefficients, east, scratch)
    }

    /// The exact transpose of [`Self::gradient_into`], for derivatives through it.
    ///
    /// # Errors
    /// As [`Self::synthesis_adjoint_into`].
    pub fn gradient_adjoint_into(
        &self,
        fields: [&[T]; 2],
        coefficients: &mut [T],
        scratch: &mut SphericalScratch,
    ) -> Result<(), SpectralError> {
        check_length("coefficients", self.count(), coefficients.len())?;
        self.check_scratch(scratch)?;
        for field in fields {
            check_length("field", self.grid.len(), field.len())?;
            check_finite("sample", field)?;
        }
        coefficients.fill(T::ZERO);
        for (part, field) in [Part::South, Part::East].into_iter().zip(fields) {
            self.read_rings(false, scratch, |i| field[i].to_f64());
            let add = |i: usize, value| coefficients[i] += T::from_f64(value);
            self.tables.read_rows(self.arch, part, add, scratch);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{dot, grids};
    use super::*;
    use crate::testing::noise;

    #[test]
    fn gradients_are_slopes_at_every_sample_and_at_the_poles() {
        for lmax in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 31, 32] {
            check_slopes(lmax);
        }
    }

    fn check_slopes(lmax: usize) {
        let a = noise((lmax + 1) * (lmax + 1), 8);
        // The series continued over the pole: theta below 0 is the meridian opposite.
        let value = |theta: f64, phi: f64| {
            let direction = [
                theta.sin() * phi.cos(),
                theta.sin() * phi.sin(),
                theta.cos(),
            ];
            let y = crate::harmonics(lmax, direction).unwrap();
            dot(&y, &a)
        };
        for grid in grids(lmax) {
            let plan = SphericalPlan::<f64>::new(grid.clone(), lmax).unwrap();
            let [south, east] = plan.gradient(&a).unwrap();
            let step = 1e-3 / (lmax + 1) as f64;
            let bound = 1e-11 * ((lmax + 1) * (lmax + 1)) as f64;
            for (i, (theta, phi)) in grid.angles().enumerate() {
                // Fourth-order differences, eastward along the great circle through the sample.
                let slope = |f: &dyn Fn(f64) -> f64| {
                    (8.0 * (f(step) - f(-step)) - (f(2.0 * step) - f(-2.0 * step))) / (12.0 * step)
                };
                let down = slope(&|h| value(theta + h, phi));
                let along = slope(&|h: f64| {
                    let (sin, cos) = theta.sin_cos();
                    let (x, z) = (sin * h.cos(), cos * h.cos());
                    let y = h.sin();
                    let direction = [
                        x * phi.cos() - y * phi.sin(),
                        x * phi.sin() + y * phi.cos(),
                        z,
                    ];
                    dot(&crate::harmonics(lmax, direction).unwrap(), &a)
                });
                assert!(
                    (south[i] - down).abs() < bound,
                    "{plan:?} {theta} {} {down}",
                    south[i]
                );
                assert!(
                    (east[i] - along).abs() < bound,
                    "{plan:?} {theta} {} {along}",
                    east[i]
                );
            }
        }
    }
}
