//! Shapes brought into the unit ball.

use rand::seq::index;

use crate::random::stream;
use crate::sample::sample_surface;
use crate::{Shape, ShapeError};

/// The largest distance of a point of a [`UnitCloud`] from the origin. Below 1, since the radial functions
/// of the ball are steepest at its edge.
pub const UNIT_RADIUS: f64 = 0.98;

/// Points centred on their mean and scaled into the unit ball: `unit = (original - center) * scale`.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitCloud {
    /// Positions, at most [`UNIT_RADIUS`] from the origin.
    pub points: Vec<[f64; 3]>,
    /// The mean of the points in the units of the file.
    pub center: [f64; 3],
    /// Factor from the units of the file to the ball.
    pub scale: f64,
}

/// Samples `shape` and brings it into the unit ball.
///
/// A mesh gives `points` area-uniform samples. A cloud with more points gives a random subset in the order of
/// the file; one with as many or fewer is taken as it is. What is drawn depends on `seed` and `item` alone.
/// Fails where the shape is empty, has no area or extent, or is not finite.
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
    let drawn = match shape {
        Shape::Mesh(mesh) => sample_surface(mesh, points, &mut rng)?,
        Shape::Cloud(cloud) if cloud.points.len() > points => {
            let mut chosen = index::sample(&mut rng, cloud.points.len(), points).into_vec();
            chosen.sort_unstable();
            chosen.into_iter().map(|i| cloud.points[i]).collect()
        }
        Shape::Cloud(cloud) => cloud.points.clone(),
    };
    into_ball(drawn)
}

fn into_ball(mut points: Vec<[f64; 3]>) -> Result<UnitCloud, ShapeError> {
    if points.is_empty() {
        return Err(ShapeError::Empty("point"));
    }
    if let Some(index) = points.iter().position(|p| !p.iter().all(|x| x.is_finite())) {
        return Err(ShapeError::NotFinite {
            index,
            point: points[index],
        });
    }
    let count = points.len() as f64;
    let center: [f64; 3] =
        std::array::from_fn(|i| points.iter().map(|p| p[i]).sum::<f64>() / count);
    let mut largest = 0.0f64;
    for point in &mut points {
        for (x, c) in point.iter_mut().zip(center) {
            *x -= c;
        }
        largest = largest.max(point.iter().map(|x| x * x).sum::<f64>().sqrt());
    }
    let scale = UNIT_RADIUS / largest;
    let size = center.iter().fold(0.0f64, |size, c| size.max(c.abs()));
    // Below this the differences are rounding errors of the coordinates themselves.
    if !scale.is_finite() || !largest.is_finite() || largest <= size * 1e-12 {
        return Err(ShapeError::Degenerate { radius: largest });
    }
    for x in points.iter_mut().flatten() {
        *x *= scale;
    }
    Ok(UnitCloud {
        points,
        center,
        scale,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PointCloud;

    fn line(count: usize) -> Shape {
        PointCloud::new((0..count).map(|i| [i as f64, 5.0, -2.0]).collect()).into()
    }

    #[test]
    fn clouds_are_centred_and_scaled() {
        let unit = unit_cloud(&line(11), 100, 0, 0).unwrap();
        assert_eq!(unit.center, [5.0, 5.0, -2.0]);
        assert!((unit.points[10][0] - UNIT_RADIUS).abs() < 1e-12);
        assert!((unit.points[0][0] / unit.scale + unit.center[0]).abs() < 1e-12);
    }

    #[test]
    fn subsets_depend_on_seed_and_item_alone() {
        let cut = |seed, item| unit_cloud(&line(100), 10, seed, item).unwrap();
        assert_eq!(cut(1, 1).points.len(), 10);
        assert_eq!(cut(1, 1), cut(1, 1));
        assert_ne!(cut(1, 1), cut(1, 2));
        assert_ne!(cut(1, 1), cut(2, 1));
    }

    #[test]
    fn shapes_without_extent_are_refused() {
        let dot: Shape = PointCloud::new(vec![[1e9, 0.0, 0.0]; 9]).into();
        assert_eq!(unit_cloud(&dot, 5, 0, 0).unwrap_err().kind(), "degenerate");
        let nan: Shape = PointCloud::new(vec![[f64::NAN, 0.0, 0.0]; 2]).into();
        assert_eq!(unit_cloud(&nan, 5, 0, 0).unwrap_err().kind(), "not-finite");
        assert_eq!(
            unit_cloud(&line(3), 0, 0, 0).unwrap_err().kind(),
            "no-points"
        );
    }
}
