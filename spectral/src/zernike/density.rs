//! Densities on grids, eight cells at a time.

use rayon::prelude::*;

use super::mirrored::{Mirrored, hadamard, mirrored_axis};
use super::parity::{CLASSES, FoldedScratch, SynthesiseFolded};
use super::sweep::block_points;
use super::{ZernikePlan, ZernikeScratch};
use crate::check::{check_finite, check_length};
use crate::{Real, SpectralError};

impl<T: Real> ZernikePlan<T> {
    /// The density `sum c_nlm Z_nlm` at the centres of `side^3` cells that fill the cube around the unit ball, `[x, y, z]`
    /// with z running fastest; 0 outside the ball. In parallel, with the same bits at any number of threads.
    ///
    /// # Errors
    /// `coefficients` of another length than [`count`](Self::count) or not finite, a side of 0 or above 1024.
    pub fn density_grid(&self, coefficients: &[T], side: usize) -> Result<Vec<T>, SpectralError> {
        check_length("coefficients", self.count(), coefficients.len())?;
        check_finite("coefficient", coefficients)?;
        if side == 0 || side > 1024 {
            return Err(SpectralError::Value {
                what: "side of a grid",
                expected: "1 to 1024",
                found: side.to_string(),
            });
        }
        let axis = mirrored_axis(side, 1, T::from_f64(2.0 / side as f64));
        let mut scratch = self.scratch();
        self.gather(coefficients, &mut scratch.sums);
        let mut out = vec![T::ZERO; side * side * side];
        let mut planes: Vec<Option<&mut [T]>> = out.chunks_mut(side * side).map(Some).collect();
        // The plane in the middle is its own image; it is filled as that.
        let mut pair = |x: &Mirrored<T>| {
            let below = planes[x.below].take();
            [planes[x.above].take(), below]
        };
        let pairs: Vec<_> = axis.iter().map(&mut pair).collect();
        axis.par_iter().zip(pairs).for_each_init(
            || (scratch.clone(), FoldedScratch::new()),
            |work, (x, planes)| self.fill_planes(x, &axis, work, planes),
        );
        Ok(out)
    }

    /// Densities in the plane of cells at `x`, and in its mirror image, where they are given.
    fn fill_planes(
        &self,
        x: &Mirrored<T>,
        axis: &[Mirrored<T>],
        (scratch, folded): &mut (ZernikeScratch<T>, FoldedScratch<T>),
        mut planes: [Option<&mut [T]>; 2],
    ) {
        let inside = |[y, z]: &[&Mirrored<T>; 2]| {
            x.place * x.place + y.place * y.place + z.place * z.place <= T::ONE
        };
        let places = axis.iter().flat_map(|y| axis.iter().map(move |z| [y, z]));
        let places: Vec<_> = places.filter(inside).collect();
        let mut points = Vec::with_capacity(block_points::<T>());
        for places in places.chunks(block_points::<T>()) {
            points.clear();
            points.extend(places.iter().map(|[y, z]| [x.place, y.place, z.place]));
            self.synthesise_folded(&points, scratch, folded);
            for (i, [y, z]) in places.iter().enumerate() {
                let classes: [T; CLASSES] = std::array::from_fn(|class| folded.row(class)[i]);
                for (signs, value) in hadamard(classes).into_iter().enumerate() {
                    if let Some(plane) = &mut planes[signs >> 2] {
                        plane[y.cell(signs >> 1 & 1) * y.cells + z.cell(signs & 1)] = value;
                    }
                }
            }
        }
    }

    /// Leaves the part of the density in each class at a block of points in `folded`.
    fn synthesise_folded(
        &self,
        points: &[[T; 3]],
        scratch: &mut ZernikeScratch<T>,
        folded: &mut FoldedScratch<T>,
    ) {
        scratch.sweep.load(points, |_| T::ONE);
        let job = SynthesiseFolded {
            tables: &self.tables,
            order: self.order,
            points: points.len(),
            scratch,
            folded,
        };
        T::synthesise_folded(self.arch, job);
    }
}

#[cfg(test)]
mod tests {
    use crate::ZernikePlan;
    use crate::testing::{assert_same_at_any_threads, noise};

    #[test]
    fn densities_on_a_grid_are_densities_at_its_points() {
        for (order, side) in [(0, 1), (7, 9), (12, 10)] {
            let plan = ZernikePlan::<f64>::new(order).unwrap();
            let coefficients = noise(plan.count(), 5);
            let found = plan.density_grid(&coefficients, side).unwrap();
            for (i, density) in found.iter().enumerate() {
                let at = |i: usize| (2 * i + 1) as f64 / side as f64 - 1.0;
                let point = [at(i / (side * side)), at(i / side % side), at(i % side)];
                let inside = point.iter().map(|x| x * x).sum::<f64>() <= 1.0;
                let expected = if inside {
                    plan.evaluate(&coefficients, &[point]).unwrap()[0]
                } else {
                    0.0
                };
                assert!(
                    (density - expected).abs() < 1e-11,
                    "{order} {i}: {density} {expected}"
                );
            }
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let plan = ZernikePlan::<f64>::new(9).unwrap();
        let coefficients = noise(plan.count(), 2);
        for side in [1, 2, 21, 22] {
            assert_same_at_any_threads(|| plan.density_grid(&coefficients, side).unwrap());
        }
    }

    #[test]
    fn bad_grids_are_refused() {
        let plan = ZernikePlan::<f32>::new(3).unwrap();
        assert!(plan.density_grid(&[0.0; 19], 4).is_err());
        assert!(plan.density_grid(&[f32::NAN; 20], 4).is_err());
        assert!(plan.density_grid(&[0.0; 20], 0).is_err());
        assert!(plan.density_grid(&[0.0; 20], 1025).is_err());
    }
}
