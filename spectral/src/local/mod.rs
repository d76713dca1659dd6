//! Local moments: neighbourhoods of a cloud, each in a ball of its own. Rows of the `local` map.
//!
//! A row belongs to a centre and a radius: the points within the radius, moved to the centre and divided by the radius,
//! have mean Zernike moments `c_nlm = (1 / count) sum Z_nlm(x)`. `c_000` is the same for every row, so the others are divided
//! by it and its column holds `0.3 ln(count / points)` instead, which tells how dense the neighbourhood is. Global low degrees
//! cannot hold such detail.
//!
//! Sums run over monomials, whose recurrence is one product each, and one small matrix per row turns them into Zernike
//! moments. It is exact for polynomials; at the orders allowed here nothing is lost to cancellation.

use std::sync::Arc;

use ndarray::{Array2, ArrayView1};
use pulp::{Arch, NullaryFnOnce};

use crate::{Basis, SpectralError};

mod axes;
mod fields;
mod monomials;
mod reach;

pub use axes::{Axes, local_axes, upright_axes};
use monomials::{monomials, zernike_from_monomials};
use reach::{Reach, Sorted};

/// Highest order of local moments: monomials of higher degree would cancel in single precision.
pub const MAX_LOCAL_ORDER: usize = 8;
/// What the logarithm of the share of points is multiplied by, so that it weighs about as much as a moment.
const COUNT_WEIGHT: f32 = 0.3;
/// Points handled at once: a vector of the widest instruction set.
const LANES: usize = 16;

/// Local moments up to one order. Cheap to clone, immutable.
///
/// ```
/// use spectra_spectral::LocalPlan;
///
/// let cloud = [[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.0, 0.1, 0.0], [0.9, 0.0, 0.0]];
/// let rows = LocalPlan::new(2)?.rows(&cloud, &[[0.0, 0.0, 0.0]], 0.2, None)?;
/// assert_eq!(rows.dim(), (1, 10));
/// assert_eq!(rows[[0, 0]], 0.3 * (3.0f32 / 4.0).ln());
/// # Ok::<(), spectra_spectral::SpectralError>(())
/// ```
#[derive(Debug, Clone)]
pub struct LocalPlan {
    order: usize,
    /// For each monomial but the constant: a monomial of one degree less, and the coordinate it is multiplied by.
    steps: Arc<[(usize, usize)]>,
    /// Zernike moments divided by `c_000` from sums of monomials, `[monomials, moments]`.
    matrix: Arc<[f32]>,
}

impl LocalPlan {
    /// A plan for all functions with n <= `order`.
    ///
    /// # Errors
    /// [`SpectralError::Order`] above [`MAX_LOCAL_ORDER`].
    pub fn new(order: usize) -> Result<Self, SpectralError> {
        if order > MAX_LOCAL_ORDER {
            return Err(SpectralError::Order {
                expected: "at most 8 for local moments",
                found: order,
            });
        }
        let steps = monomials(order);
        let matrix = zernike_from_monomials(order, &steps)?;
        Ok(Self {
            order,
            steps: steps.into(),
            matrix: matrix.into(),
        })
    }

    /// The highest n.
    pub fn order(&self) -> usize {
        self.order
    }

    /// Columns of a row, `(N+1)(N+2)(N+3)/6`.
    pub fn columns(&self) -> usize {
        Basis::Zernike.count(self.order)
    }

    /// One row for each centre, `[centres, columns]`, of the points within `radius` of it.
    ///
    /// `axes`, one for each centre, turn its neighbourhood first: with [`local_axes`] rows do not depend on how the cloud
    /// is rotated. A centre without any point in reach has moments 0 and counts as one point. Cost: about 2 columns
    /// operations for each point in reach, and columns^2 for each centre.
    ///
    /// # Errors
    /// No points, values that are not finite, a radius that is not positive, axes of another number than centres.
    pub fn rows(
        &self,
        points: &[[f32; 3]],
        centres: &[[f32; 3]],
        radius: f32,
        axes: Option<&[Axes]>,
    ) -> Result<Array2<f32>, SpectralError> {
        check(points, centres, radius)?;
        check_axes(axes, centres)?;
        let sorted = Sorted::new(points);
        let mut rows = Array2::zeros((centres.len(), self.columns()));
        Arch::new().dispatch(Fill {
            plan: self,
            cloud: &sorted,
            centres,
            radius,
            axes,
            rows: &mut rows,
        });
        Ok(rows)
    }
}

/// What [`LocalPlan::rows`] fills, compiled for each instruction set. None of them fuses, so the rows are the same on all.
struct Fill<'a> {
    plan: &'a LocalPlan,
    cloud: &'a Sorted,
    centres: &'a [[f32; 3]],
    radius: f32,
    axes: Option<&'a [Axes]>,
    rows: &'a mut Array2<f32>,
}

impl NullaryFnOnce for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let width = self.plan.columns();
        let mut near = Reach::new(self.cloud.len());
        let mut sums = Sums::new(width);
        for (i, (mut row, centre)) in self.rows.outer_iter_mut().zip(self.centres).enumerate() {
            near.gather(self.cloud, centre, self.radius);
            if let Some(axes) = self.axes {
                near.turn(&axes[i]);
            }
            sums.add(&self.plan.steps, &near);
            let count = near.count.max(1) as f32;
            for (weights, sum) in self.plan.matrix.chunks_exact(width).zip(&sums.totals) {
                row.scaled_add(sum / count, &ArrayView1::from(weights));
            }
            row[0] = COUNT_WEIGHT * (count / self.cloud.len() as f32).ln();
        }
    }
}

/// Sums of all monomials over a neighbourhood.
struct Sums {
    /// Monomials at the points of one block.
    values: Vec<[f32; LANES]>,
    lanes: Vec<[f32; LANES]>,
    /// One for each monomial; the constant one is the number of points.
    totals: Vec<f32>,
}

impl Sums {
    fn new(columns: usize) -> Self {
        Self {
            values: vec![[1.0; LANES]; columns],
            lanes: vec![[0.0; LANES]; columns],
            totals: vec![0.0; columns],
        }
    }

    #[inline(always)]
    fn add(&mut self, steps: &[(usize, usize)], near: &Reach) {
        self.lanes.fill([0.0; LANES]);
        for at in (0..near.count).step_by(LANES) {
            // Monomial 0 is 1 everywhere; padded places are the origin, where all the others are 0.
            near.monomials(steps, at, &mut self.values, |m, value| {
                for (sum, value) in self.lanes[m].iter_mut().zip(value) {
                    *sum += value;
                }
            });
        }
        self.totals[0] = near.count as f32;
        for (total, lanes) in self.totals.iter_mut().zip(&self.lanes).skip(1) {
            *total = lanes.iter().sum();
        }
    }
}

fn check(points: &[[f32; 3]], centres: &[[f32; 3]], radius: f32) -> Result<(), SpectralError> {
    if points.is_empty() {
        return Err(SpectralError::Empty { what: "points" });
    }
    for (what, list) in [("point", points), ("centre", centres)] {
        if let Some(index) = list.iter().position(|p| p.iter().any(|x| !x.is_finite())) {
            return Err(SpectralError::NotFinite { what, index });
        }
    }
    if radius.is_finite() && radius > 0.0 {
        return Ok(());
    }
    Err(SpectralError::Value {
        what: "radius of neighbourhoods",
        expected: "a positive number",
        found: radius.to_string(),
    })
}

fn check_axes(axes: Option<&[Axes]>, centres: &[[f32; 3]]) -> Result<(), SpectralError> {
    match axes.filter(|axes| axes.len() != centres.len()) {
        Some(axes) => Err(SpectralError::Length {
            what: "axes",
            expected: centres.len(),
            found: axes.len(),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ZernikePlan;
    use crate::simd::every_arch;
    use nalgebra::{Matrix3, Rotation3, Vector3};

    pub(super) fn cloud() -> Vec<[f32; 3]> {
        let wave = |i: usize, k: f64| ((i as f64 + 1.0) * k).sin() as f32;
        (0..300)
            .map(|i| [0.8 * wave(i, 0.7), 0.5 * wave(i, 1.9), 0.2 * wave(i, 2.3)])
            .collect()
    }

    #[test]
    fn rows_are_zernike_moments_of_the_points_in_reach() {
        let points = cloud();
        let centres = [points[3], points[77], [0.1, 0.0, 0.0]];
        for order in [0, 1, 4, 6, MAX_LOCAL_ORDER] {
            let rows = LocalPlan::new(order)
                .unwrap()
                .rows(&points, &centres, 0.4, None)
                .unwrap();
            let plan = ZernikePlan::<f64>::new(order).unwrap();
            for (row, centre) in rows.outer_iter().zip(&centres) {
                let near: Vec<[f64; 3]> = points
                    .iter()
                    .map(|p| std::array::from_fn(|i| f64::from((p[i] - centre[i]) / 0.4)))
                    .filter(|d: &[f64; 3]| d.iter().map(|x| x * x).sum::<f64>() <= 1.0)
                    .collect();
                assert!(near.len() > 20);
                let truth = plan.moments(&near, None).unwrap();
                let share = near.len() as f32 / points.len() as f32;
                assert!((row[0] - 0.3 * share.ln()).abs() < 1e-6);
                for k in 1..truth.len() {
                    let error = (f64::from(row[k]) - truth[k] / truth[0]).abs();
                    assert!(error < 2e-4, "order {order}, column {k}: {error}");
                }
            }
        }
    }

    #[test]
    fn rows_in_their_own_axes_do_not_turn_with_the_cloud() {
        let points = cloud();
        let turn = Rotation3::from_euler_angles(0.4, -1.1, 2.0);
        let turned: Vec<[f32; 3]> = points
            .iter()
            .map(|p| {
                let q = turn * Vector3::from(p.map(f64::from));
                [q.x as f32, q.y as f32, q.z as f32]
            })
            .collect();
        let plan = LocalPlan::new(4).unwrap();
        let rows = |points: &[[f32; 3]], own: bool| {
            let centres = &points[..40];
            let axes = local_axes(points, centres, 0.3).unwrap();
            plan.rows(points, centres, 0.5, own.then_some(&axes))
                .unwrap()
        };
        let difference = |own: bool| {
            let change = rows(&points, own) - rows(&turned, own);
            change.iter().fold(0.0f32, |most, d| most.max(d.abs()))
        };
        assert!(difference(true) < 2e-3, "{}", difference(true));
        assert!(difference(false) > 0.1, "{}", difference(false));
        for axes in local_axes(&points, &points[..40], 0.3).unwrap() {
            let matrix = Matrix3::from_fn(|i, j| f64::from(axes[i][j]));
            assert!((matrix.determinant() - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn upright_axes_lead_away_from_the_upright_line() {
        let points = [
            [2.0f32, 0.0, 1.0],
            [-2.0, 0.0, -1.0],
            [0.0, 0.5, 3.0],
            [0.0, -0.5, -3.0],
        ];
        let axes = upright_axes(&points, &points, 2).unwrap();
        assert_eq!(axes[0], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
        assert_eq!(
            axes[1],
            [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]]
        );
        assert_eq!(
            axes[2],
            [[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
        );
        // The mean is the origin: with x up the first point lies above nothing but z.
        let about_x = upright_axes(&points, &points[..1], 0).unwrap();
        assert_eq!(
            about_x[0],
            [[0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]
        );
        let on_the_line = upright_axes(&points, &[[0.0, 0.0, 5.0]], 2).unwrap();
        assert_eq!(on_the_line[0][0], [1.0, 0.0, 0.0]);
        assert!(upright_axes(&points, &points, 3).is_err());
        assert!(upright_axes(&[], &[], 2).is_err());
    }

    #[test]
    fn every_instruction_set_gives_the_same_rows() {
        let points = cloud();
        let plan = LocalPlan::new(5).unwrap();
        let centres = &points[..30];
        let expected = plan.rows(&points, centres, 0.4, None).unwrap();
        for arch in every_arch() {
            let mut rows = Array2::zeros(expected.dim());
            arch.dispatch(Fill {
                plan: &plan,
                cloud: &Sorted::new(&points),
                centres,
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
        assert!(LocalPlan::new(MAX_LOCAL_ORDER + 1).is_err());
        assert!(plan.rows(&[], &[], 0.1, None).is_err());
        assert!(plan.rows(&[[f32::NAN; 3]], &[], 0.1, None).is_err());
        assert!(plan.rows(&[[0.0; 3]], &[[0.0; 3]], 0.0, None).is_err());
        assert!(plan.rows(&[[0.0; 3]], &[[0.0; 3]], 0.1, Some(&[])).is_err());
        let alone = plan
            .rows(&[[0.0; 3]], &[[0.9, 0.0, 0.0]], 0.1, None)
            .unwrap();
        assert!(alone.iter().all(|value| *value == 0.0));
    }
}
