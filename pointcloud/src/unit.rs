//! Shapes brought into the unit ball.

use crate::error::ShapeError;
use crate::random::{below, stream};
use crate::sample::{norm, sample_surface};
use crate::shape::Shape;

/// The largest distance from the origin in a [`UnitCloud`]: just inside the unit ball, so that rounding to
/// `f32` and rotation never carry a point out of it.
pub const UNIT_RADIUS: f64 = 0.98;

/// Points centred on their mean and scaled to [`UNIT_RADIUS`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UnitCloud {
    /// `(x - center) * scale` for each point `x`.
    pub points: Vec<[f64; 3]>,
    /// The mean of the points before.
    pub center: [f64; 3],
    /// [`UNIT_RADIUS`] over the largest distance from the mean. Positive and finite.
    pub scale: f64,
}

/// Takes at most `points` points of a shape and brings them into the unit ball.
///
/// A mesh gives exactly `points` area-uniform samples of its surface. A cloud with more points gives a random
/// subset in the order of the file, one with as many or fewer all its points as they are. What is random is drawn from
/// [`random::stream`](crate::random::stream)`(seed, 0, item)`. Normals and weights are left out.
///
/// # Errors
///
/// [`ShapeError`] where there is nothing to sample: no points, no area, coordinates that are not finite,
/// or points that coincide up to rounding.
pub fn unit_cloud(
    shape: &Shape,
    points: usize,
    seed: u64,
    item: u64,
) -> Result<UnitCloud, ShapeError> {
    if points == 0 {
        return Err(ShapeError::NoPoints);
    }
    let mut rng = stream(seed, 0, item);
    let taken = match shape {
        Shape::Mesh(mesh) => sample_surface(mesh, points, &mut rng)?,
        Shape::Cloud(cloud) if cloud.points.len() <= points => cloud.points.clone(),
        Shape::Cloud(cloud) => {
            let mut order: Vec<usize> = (0..cloud.points.len()).collect();
            for i in 0..points {
                let other = i + below(&mut rng, order.len() - i);
                order.swap(i, other);
            }
            order.truncate(points);
            order.sort_unstable();
            order.iter().map(|&i| cloud.points[i]).collect()
        }
    };
    UnitCloud::from_points(taken)
}

impl UnitCloud {
    /// Centres points on their mean and scales the farthest to [`UNIT_RADIUS`].
    ///
    /// # Errors
    ///
    /// [`ShapeError`] where there are no points, some are not finite, or all coincide up to rounding.
    pub fn from_points(mut points: Vec<[f64; 3]>) -> Result<Self, ShapeError> {
        if points.is_empty() {
            return Err(ShapeError::Empty("point"));
        }
        check_finite(&points)?;
        let share = 1.0 / points.len() as f64;
        let mut center = [0.0; 3];
        for point in &points {
            for i in 0..3 {
                center[i] += point[i] * share;
            }
        }
        let offset = |p: &[f64; 3]| -> [f64; 3] { std::array::from_fn(|i| p[i] - center[i]) };
        let largest = points
            .iter()
            .flat_map(offset)
            .fold(0.0, |m: f64, x| m.max(x.abs()));
        // Lengths are taken in units of the largest coordinate, whose square may not be a number.
        let radius = largest
            * points
                .iter()
                .map(|p| norm(offset(p).map(|x| x / largest)))
                .fold(0.0, f64::max);
        let scale = UNIT_RADIUS / radius;
        let noise = 1e-12 * center.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        if !(radius > noise && radius.is_finite() && scale.is_finite() && scale > 0.0) {
            return Err(ShapeError::Degenerate { radius: largest });
        }
        for point in &mut points {
            *point = offset(point).map(|x| x * scale);
        }
        Ok(Self {
            points,
            center,
            scale,
        })
    }
}

pub(crate) fn check_finite(points: &[[f64; 3]]) -> Result<(), ShapeError> {
    match points.iter().position(|p| !p.iter().all(|x| x.is_finite())) {
        Some(index) => Err(ShapeError::NotFinite {
            index,
            point: points[index],
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mesh, PointCloud};

    fn line(count: usize) -> Shape {
        PointCloud::new((0..count).map(|i| [i as f64, 1.0, -2.0]).collect()).into()
    }

    #[test]
    fn centre_and_scale_bring_points_back() {
        let unit = unit_cloud(&line(5), 10, 0, 0).expect("valid");
        assert_eq!(unit.center, [2.0, 1.0, -2.0]);
        assert_eq!(unit.scale, 0.49);
        assert_eq!(unit.points.len(), 5);
        assert_eq!(unit.points[0], [-0.98, 0.0, 0.0]);
        assert_eq!(unit.points[4], [0.98, 0.0, 0.0]);
    }

    #[test]
    fn a_subset_is_drawn_without_repetition_and_by_item() {
        let draw = |seed, item| unit_cloud(&line(1000), 100, seed, item).expect("valid");
        let first = draw(1, 2);
        assert_eq!(first, draw(1, 2));
        assert_ne!(first, draw(1, 3));
        assert_ne!(first, draw(2, 2));
        let mut taken: Vec<i64> = first
            .points
            .iter()
            .map(|p| (p[0] / first.scale + first.center[0]).round() as i64)
            .collect();
        taken.sort_unstable();
        taken.dedup();
        assert_eq!(taken.len(), 100);
    }

    #[test]
    fn a_mesh_is_sampled() {
        let mesh = Mesh {
            vertices: vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
            faces: vec![[0, 1, 2]],
        };
        let unit = unit_cloud(&mesh.into(), 64, 0, 0).expect("valid");
        assert_eq!(unit.points.len(), 64);
        let farthest = unit.points.iter().map(|p| norm(*p)).fold(0.0, f64::max);
        assert!((farthest - UNIT_RADIUS).abs() < 1e-15);
    }

    #[test]
    fn shapes_without_extent_are_refused() {
        let kind = |points: Vec<[f64; 3]>| {
            unit_cloud(&PointCloud::new(points).into(), 8, 0, 0)
                .expect_err("invalid")
                .kind()
        };
        assert_eq!(kind(vec![]), "empty");
        assert_eq!(kind(vec![[1.0, 2.0, 3.0]]), "degenerate");
        assert_eq!(kind(vec![[0.1; 3]; 7]), "degenerate");
        assert_eq!(kind(vec![[0.0; 3], [5e-324, 0.0, 0.0]]), "degenerate");
        assert_eq!(kind(vec![[-1.7e308; 3], [1.7e308; 3]]), "degenerate");
        assert_eq!(kind(vec![[0.0; 3], [f64::NAN, 0.0, 0.0]]), "not-finite");
        assert_eq!(
            unit_cloud(&line(3), 0, 0, 0).expect_err("none").kind(),
            "no-points"
        );
    }
}
