//! Moments of functions that are known at the points of a neighbourhood.

use ndarray::{Array2, ArrayView2};
use pulp::{Arch, NullaryFnOnce};

use super::reach::Reach;
use super::{Axes, COUNT_WEIGHT, LANES, LocalPlan, check, check_axes};
use crate::SpectralError;

impl LocalPlan {
    /// How functions lie around each centre, `[centres, columns (functions + 1)]`: for each function f, whose values at the points are a
    /// column of `values` `[points, functions]`, its moments `(1 / count) sum f(x) Z_nlm(x) / Z_000` over the points within `radius`,
    /// and last what [`rows`](Self::rows) has, which are those of the function 1.
    ///
    /// Where values describe neighbourhoods of the points, rows are of neighbourhoods of neighbourhoods. `axes` as in `rows`; the
    /// values are taken as they are. A centre without any point in reach has moments 0. Cost: points times centres for the distances,
    /// and for each point in reach columns times functions.
    ///
    /// # Errors
    /// As [`rows`](Self::rows); values of another number of points or not finite.
    pub fn fields(
        &self,
        points: &[[f32; 3]],
        values: &ArrayView2<f32>,
        centres: &[[f32; 3]],
        radius: f32,
        axes: Option<&[Axes]>,
    ) -> Result<Array2<f32>, SpectralError> {
        check(points, centres, radius)?;
        check_axes(axes, centres)?;
        if values.nrows() != points.len() {
            return Err(SpectralError::Length {
                what: "values at the points",
                expected: points.len(),
                found: values.nrows(),
            });
        }
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            let what = "value at a point";
            return Err(SpectralError::NotFinite { what, index });
        }
        let mut rows = Array2::zeros((centres.len(), self.columns() * (values.ncols() + 1)));
        Arch::new().dispatch(FillFields {
            plan: self,
            points,
            values: values.view(),
            centres,
            radius,
            axes,
            rows: &mut rows,
        });
        Ok(rows)
    }
}

/// What [`LocalPlan::fields`] fills, compiled for each instruction set. None of them fuses, so the rows are the same on all.
struct FillFields<'a> {
    plan: &'a LocalPlan,
    points: &'a [[f32; 3]],
    values: ArrayView2<'a, f32>,
    centres: &'a [[f32; 3]],
    radius: f32,
    axes: Option<&'a [Axes]>,
    rows: &'a mut Array2<f32>,
}

impl NullaryFnOnce for FillFields<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (columns, functions) = (self.plan.columns(), self.values.ncols());
        let known = Known::new(self.points, &self.values);
        let mut near = Near::new(self.points.len(), columns);
        let mut sums = vec![[0.0; LANES]; columns * known.width];
        let centres = self.centres.iter().zip(self.rows.outer_iter_mut());
        for (i, (centre, mut row)) in centres.enumerate() {
            near.gather(self.points, centre, self.radius);
            if let Some(axes) = self.axes {
                near.reach.turn(&axes[i]);
            }
            near.add(&self.plan.steps, &known, &mut sums);
            let count = near.reach.count.max(1);
            let row = row.as_slice_mut().expect("a new array is in row order");
            self.plan.add_moments(sums.as_flattened(), count, row);
            let share = count as f32 / self.points.len() as f32;
            row[columns * functions] = COUNT_WEIGHT * share.ln();
        }
    }
}

/// At each point the functions with 1 after them, in vectors.
struct Known {
    /// `width` vectors for each point, zeros where functions end.
    values: Vec<[f32; LANES]>,
    width: usize,
}

impl Known {
    fn new(points: &[[f32; 3]], values: &ArrayView2<f32>) -> Self {
        let functions = values.ncols();
        let width = (functions + 1).div_ceil(LANES);
        let mut packed = vec![[0.0; LANES]; points.len() * width];
        let rows = packed.as_flattened_mut().chunks_exact_mut(width * LANES);
        for (packed, row) in rows.zip(values.outer_iter()) {
            packed.iter_mut().zip(row).for_each(|(p, v)| *p = *v);
            packed[functions] = 1.0;
        }
        Self {
            values: packed,
            width,
        }
    }
}

/// The points within a radius of a centre, and which they are.
struct Near {
    reach: Reach,
    /// Numbers of the points in reach.
    places: Vec<u32>,
    /// Monomials at the points of one block.
    powers: Vec<[f32; LANES]>,
}

impl Near {
    fn new(points: usize, columns: usize) -> Self {
        Self {
            reach: Reach::new(points),
            places: vec![0; points + LANES],
            powers: vec![[1.0; LANES]; columns],
        }
    }

    /// As [`Reach::gather`], of points that keep their numbers.
    #[inline(always)]
    fn gather(&mut self, points: &[[f32; 3]], centre: &[f32; 3], radius: f32) {
        let places = &mut self.places;
        self.reach
            .gather_noting(points, centre, radius, |count, place| {
                places[count] = place as u32;
            });
    }

    /// Sums over the points in reach of each monomial times each function, `width` vectors for each monomial.
    #[inline(always)]
    fn add(&mut self, steps: &[(usize, usize)], known: &Known, sums: &mut [[f32; LANES]]) {
        sums.fill([0.0; LANES]);
        for at in (0..self.reach.count).step_by(LANES) {
            self.reach
                .monomials(steps, at, &mut self.powers, |_m, _value| ());
            let places = &self.places[at..self.reach.count.min(at + LANES)];
            for (powers, sums) in self.powers.iter().zip(sums.chunks_exact_mut(known.width)) {
                for (part, sum) in sums.iter_mut().enumerate() {
                    let mut total = *sum;
                    for (&place, power) in places.iter().zip(powers) {
                        let values = &known.values[place as usize * known.width + part];
                        for (total, value) in total.iter_mut().zip(values) {
                            *total += power * value;
                        }
                    }
                    *sum = total;
                }
            }
        }
    }
}

impl LocalPlan {
    /// Adds means of Zernike functions `[functions, columns]`, from sums over `count` points `[columns, functions or more]`, to `out`.
    #[inline(always)]
    fn add_moments(&self, sums: &[f32], count: usize, out: &mut [f32]) {
        let (columns, share) = (self.columns(), 1.0 / count as f32);
        let width = sums.len() / columns;
        for (sums, weights) in sums
            .chunks_exact(width)
            .zip(self.matrix.chunks_exact(columns))
        {
            for (sum, out) in sums.iter().zip(out.chunks_exact_mut(columns)) {
                for (out, weight) in out.iter_mut().zip(weights) {
                    *out += sum * share * weight;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ZernikePlan;
    use crate::local::local_axes;
    use crate::local::tests::cloud;
    use crate::simd::every_arch;

    fn functions(points: &[[f32; 3]]) -> Array2<f32> {
        Array2::from_shape_fn((points.len(), 2), |(i, j)| match j {
            0 => (3.0 * points[i][0]).sin(),
            _ => 1.0,
        })
    }

    #[test]
    fn rows_are_zernike_moments_of_the_functions_in_reach() {
        let points = cloud();
        let values = functions(&points);
        let centres = [points[3], points[77], [0.1, 0.0, 0.0], [5.0, 0.0, 0.0]];
        let axes = local_axes(&points, &centres, 0.3).unwrap();
        for (order, axes) in [(0, None), (2, None), (3, Some(&axes[..]))] {
            let plan = LocalPlan::new(order).unwrap();
            let rows = plan
                .fields(&points, &values.view(), &centres, 0.4, axes)
                .unwrap();
            assert_eq!(rows.dim(), (4, 3 * plan.columns()));
            let (own, columns) = (ZernikePlan::<f64>::new(order).unwrap(), plan.columns());
            let constant = own.functions([0.0; 3]).unwrap()[0];
            for (i, centre) in centres[..3].iter().enumerate() {
                let mut truth = vec![0.0; columns];
                let mut count = 0.0;
                for (point, value) in points.iter().zip(values.column(0)) {
                    let d: [f64; 3] =
                        std::array::from_fn(|c| f64::from((point[c] - centre[c]) / 0.4));
                    let d = match axes {
                        Some(axes) => axes[i].map(|a| (0..3).map(|c| f64::from(a[c]) * d[c]).sum()),
                        None => d,
                    };
                    if d.iter().map(|x| x * x).sum::<f64>() <= 0.999_999 {
                        count += 1.0;
                        let at = own.functions(d).unwrap();
                        truth
                            .iter_mut()
                            .zip(at)
                            .for_each(|(t, z)| *t += f64::from(*value) * z / constant);
                    }
                }
                assert!(count > 20.0);
                for (k, truth) in truth.iter().enumerate() {
                    let error = (f64::from(rows[[i, k]]) - truth / count).abs();
                    assert!(
                        error < 1e-4,
                        "order {order}, centre {i}, column {k}: {error}"
                    );
                }
            }
            // The function 1 as one that is given, and as the last.
            let plain = plan.rows(&points, &centres, 0.4, axes).unwrap();
            for (i, plain) in plain.outer_iter().enumerate() {
                for k in 1..columns {
                    let [given, last] = [columns + k, 2 * columns + k].map(|k| rows[[i, k]]);
                    assert!((given - plain[k]).abs() < 2e-4 && (last - plain[k]).abs() < 2e-4);
                }
                assert!((rows[[i, 2 * columns]] - plain[0]).abs() < 1e-6);
            }
            assert!(
                rows.row(3)
                    .iter()
                    .take(2 * columns)
                    .all(|value| *value == 0.0)
            );
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_rows() {
        let points = cloud();
        let values = functions(&points);
        let plan = LocalPlan::new(2).unwrap();
        let expected = plan
            .fields(&points, &values.view(), &points[..30], 0.4, None)
            .unwrap();
        for arch in every_arch() {
            let mut rows = Array2::zeros(expected.dim());
            arch.dispatch(FillFields {
                plan: &plan,
                points: &points,
                values: values.view(),
                centres: &points[..30],
                radius: 0.4,
                axes: None,
                rows: &mut rows,
            });
            assert_eq!(rows, expected);
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let plan = LocalPlan::new(2).unwrap();
        let points = cloud();
        let mut values = functions(&points);
        let few = values.slice(ndarray::s![1.., ..]);
        assert!(plan.fields(&points, &few, &points, 0.4, None).is_err());
        assert!(
            plan.fields(&points, &values.view(), &points, 0.4, Some(&[]))
                .is_err()
        );
        assert!(
            plan.fields(&points, &values.view(), &points, -1.0, None)
                .is_err()
        );
        values[[7, 1]] = f32::NAN;
        assert!(
            plan.fields(&points, &values.view(), &points, 0.4, None)
                .is_err()
        );
    }
}
