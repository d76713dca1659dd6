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

use nalgebra::{DMatrix, Matrix3, SymmetricEigen, Vector3};
use ndarray::{Array2, ArrayView1};
use pulp::{Arch, NullaryFnOnce};

use crate::{Basis, SpectralError, ZernikePlan};

/// Highest order of local moments: monomials of higher degree would cancel in single precision.
pub const MAX_LOCAL_ORDER: usize = 8;
/// What the logarithm of the share of points is multiplied by, so that it weighs about as much as a moment.
const COUNT_WEIGHT: f32 = 0.3;
/// Points handled at once.
const LANES: usize = 16;

/// Axes of one neighbourhood: orthonormal, right-handed, one in each row.
pub type Axes = [[f32; 3]; 3];

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
        if let Some(axes) = axes.filter(|axes| axes.len() != centres.len()) {
            return Err(SpectralError::Length {
                what: "axes",
                expected: centres.len(),
                found: axes.len(),
            });
        }
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

    /// Sums of all monomials over the gathered points; the constant one is their count.
    #[inline(always)]
    fn sum(&self, scratch: &mut Scratch) {
        let Scratch {
            coordinates,
            values,
            lanes,
            sums,
            count,
        } = scratch;
        lanes.fill([0.0; LANES]);
        for at in (0..*count).step_by(LANES) {
            // Monomial 0 is 1 everywhere; padded places are the origin, where all the others are 0.
            for (m, &(parent, axis)) in self.steps.iter().enumerate() {
                let mut value = values[parent];
                for (value, factor) in value.iter_mut().zip(&coordinates[axis][at..at + LANES]) {
                    *value *= factor;
                }
                values[m + 1] = value;
                for (sum, value) in lanes[m + 1].iter_mut().zip(value) {
                    *sum += value;
                }
            }
        }
        sums[0] = *count as f32;
        for (sum, lanes) in sums.iter_mut().zip(lanes.iter()).skip(1) {
            *sum = lanes.iter().sum();
        }
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
        let mut scratch = Scratch::new(self.cloud.0.len(), width);
        for (i, (mut row, centre)) in self.rows.outer_iter_mut().zip(self.centres).enumerate() {
            let axes = self.axes.map(|axes| &axes[i]);
            scratch.gather(self.cloud, centre, self.radius, axes);
            self.plan.sum(&mut scratch);
            let count = scratch.count.max(1) as f32;
            for (weights, sum) in self.plan.matrix.chunks_exact(width).zip(&scratch.sums) {
                row.scaled_add(sum / count, &ArrayView1::from(weights));
            }
            row[0] = COUNT_WEIGHT * (count / self.cloud.0.len() as f32).ln();
        }
    }
}

/// Axes for each centre that turn with the cloud: the third is the normal (the direction in which the points within
/// `radius` extend least, turned away from the mean of the cloud), the first the part of the vector from that mean to the centre
/// that lies in the tangent plane, the second completes them.
///
/// Where a centre lies on the normal through the mean, the first axis is any tangent one.
///
/// # Errors
/// As [`LocalPlan::rows`].
pub fn local_axes(
    points: &[[f32; 3]],
    centres: &[[f32; 3]],
    radius: f32,
) -> Result<Vec<Axes>, SpectralError> {
    check(points, centres, radius)?;
    let sorted = Sorted::new(points);
    let mean = mean(points);
    let mut scratch = Scratch::new(points.len(), 0);
    Ok(centres
        .iter()
        .map(|centre| {
            scratch.gather(&sorted, centre, radius, None);
            let outward = vector(centre) - mean;
            axes_of(&scratch, &outward)
        })
        .collect())
}

fn vector(point: &[f32; 3]) -> Vector3<f64> {
    Vector3::from(point.map(f64::from))
}

fn mean(points: &[[f32; 3]]) -> Vector3<f64> {
    points.iter().map(vector).sum::<Vector3<f64>>() / points.len() as f64
}

fn axes_of(scratch: &Scratch, outward: &Vector3<f64>) -> Axes {
    let [x, y, z] = &scratch.coordinates;
    let near: Vec<Vector3<f64>> = (0..scratch.count)
        .map(|i| vector(&[x[i], y[i], z[i]]))
        .collect();
    let middle = near.iter().sum::<Vector3<f64>>() / near.len().max(1) as f64;
    let spread: Matrix3<f64> = near
        .iter()
        .map(|p| (p - middle) * (p - middle).transpose())
        .sum();
    let eigen = SymmetricEigen::new(spread);
    let normal = eigen
        .eigenvectors
        .column(eigen.eigenvalues.imin())
        .into_owned();
    let normal = if normal.dot(outward) < 0.0 {
        -normal
    } else {
        normal
    };
    let tangent = outward - normal * normal.dot(outward);
    let first = match tangent.try_normalize(1e-9) {
        Some(first) => first,
        None => eigen
            .eigenvectors
            .column(eigen.eigenvalues.imax())
            .into_owned(),
    };
    let second = normal.cross(&first);
    [first, second, normal].map(|axis| [axis.x as f32, axis.y as f32, axis.z as f32])
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

/// A cloud in ascending x, so that only a slab of it need be searched.
struct Sorted(Vec<[f32; 3]>);

impl Sorted {
    fn new(points: &[[f32; 3]]) -> Self {
        let mut points = points.to_vec();
        points.sort_by(|a, b| a[0].total_cmp(&b[0]));
        Self(points)
    }

    /// The points whose x is within `radius` of `x`.
    fn slab(&self, x: f32, radius: f32) -> &[[f32; 3]] {
        let from = self.0.partition_point(|p| p[0] < x - radius);
        let to = self.0.partition_point(|p| p[0] <= x + radius);
        &self.0[from..to.max(from)]
    }
}

struct Scratch {
    /// x, y and z of a neighbourhood in its own ball, `count` of each and zeros up to a whole block.
    coordinates: [Vec<f32>; 3],
    values: Vec<[f32; LANES]>,
    lanes: Vec<[f32; LANES]>,
    sums: Vec<f32>,
    count: usize,
}

impl Scratch {
    /// Room for neighbourhoods of up to `points` points.
    fn new(points: usize, columns: usize) -> Self {
        Self {
            coordinates: std::array::from_fn(|_| vec![0.0; points + LANES]),
            values: vec![[1.0; LANES]; columns],
            lanes: vec![[0.0; LANES]; columns],
            sums: vec![0.0; columns],
            count: 0,
        }
    }

    /// Collects the points in reach. Each is written and stays if it was in reach: no branch to mispredict.
    #[inline(always)]
    fn gather(&mut self, cloud: &Sorted, centre: &[f32; 3], radius: f32, axes: Option<&Axes>) {
        let scale = 1.0 / radius;
        let [x, y, z] = &mut self.coordinates;
        let mut count = 0;
        for point in cloud.slab(centre[0], radius) {
            let d: [f32; 3] = std::array::from_fn(|i| (point[i] - centre[i]) * scale);
            (x[count], y[count], z[count]) = (d[0], d[1], d[2]);
            count += usize::from(d[0] * d[0] + d[1] * d[1] + d[2] * d[2] <= 1.0);
        }
        self.count = count;
        if let Some(axes) = axes {
            for ((x, y), z) in x.iter_mut().zip(&mut *y).zip(&mut *z).take(count) {
                let d = [*x, *y, *z];
                [*x, *y, *z] = axes.map(|a| a[0] * d[0] + a[1] * d[1] + a[2] * d[2]);
            }
        }
        for list in [x, y, z] {
            list[count..count.next_multiple_of(LANES)].fill(0.0);
        }
    }
}

/// How each monomial x^a y^b z^c of degree 1..=order follows from one of a degree less.
fn monomials(order: usize) -> Vec<(usize, usize)> {
    let mut known = vec![[0usize; 3]];
    let mut steps = Vec::new();
    for degree in 1..=order {
        for a in (0..=degree).rev() {
            for b in (0..=degree - a).rev() {
                let powers = [a, b, degree - a - b];
                let axis = powers.iter().position(|&p| p > 0).unwrap_or(0);
                let mut parent = powers;
                parent[axis] -= 1;
                let place = known.iter().position(|&p| p == parent).unwrap_or(0);
                steps.push((place, axis));
                known.push(powers);
            }
        }
    }
    steps
}

/// The matrix from monomials to Zernike functions divided by the constant one: both span the polynomials of the order, so
/// values at enough points decide it.
fn zernike_from_monomials(
    order: usize,
    steps: &[(usize, usize)],
) -> Result<Vec<f32>, SpectralError> {
    let plan = ZernikePlan::<f64>::new(order)?;
    let count = plan.count();
    let samples = 4 * count + 8;
    let mut powers = DMatrix::<f64>::zeros(samples, count);
    let mut functions = DMatrix::<f64>::zeros(samples, count);
    for i in 0..samples {
        // A spiral through the ball: no polynomial of the order vanishes on it.
        let share = (i as f64 + 0.5) / samples as f64;
        let (height, turn) = (1.0 - 2.0 * (share * 7.0).fract(), 2.4 * i as f64);
        let (radius, flat) = (share.cbrt(), (1.0 - height * height).max(0.0).sqrt());
        let point = [flat * turn.cos(), flat * turn.sin(), height].map(|x| radius * x);
        powers[(i, 0)] = 1.0;
        for (m, &(parent, axis)) in steps.iter().enumerate() {
            powers[(i, m + 1)] = powers[(i, parent)] * point[axis];
        }
        for (k, value) in plan.functions(point)?.into_iter().enumerate() {
            functions[(i, k)] = value;
        }
    }
    let constant = functions[(0, 0)];
    let solved = powers.svd(true, true).solve(&functions, 1e-14);
    let solved = solved.map_err(|message| SpectralError::Value {
        what: "the fit of monomials",
        expected: "a full rank",
        found: message.to_owned(),
    })?;
    // solved[(monomial, function)] lies column by column.
    Ok(solved
        .transpose()
        .iter()
        .map(|value| (value / constant) as f32)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Rotation3;

    fn cloud() -> Vec<[f32; 3]> {
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
                let q = turn * vector(p);
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
