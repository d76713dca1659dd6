//! The outer radius of a cloud as a function on the sphere, and its spherical harmonics.

use std::f64::consts::PI;

#[cfg(test)]
mod naive;
mod nearest;
mod outer;

use crate::check::{check_length, check_order, check_points_finite};
use crate::real::power_below;
use crate::{Basis, ScatteredPlan, SpectralError, SphereGrid, SphericalPlan};
use nearest::fill;
use outer::outer_radii;

/// Spherical-harmonic coefficients of the outer radius of a cloud, `(order + 1)^2` values in flat order.
///
/// The radius is taken at the nodes of a Gauss-Legendre grid of `order + 1` latitudes and `2 order + 2` longitudes: the
/// 90 % quantile of the radii of the points within 1.5 grid spacings, or, where there are none, the mean of the four
/// nearest nodes that have some, weighted by inverse angular distance. Whatever lies behind the outer surface is lost.
/// The quadrature is exact for band-limited radii (Driscoll and Healy 1994 for the principle).
///
/// For the radii each node looks through the points of its band of colatitudes, O(order points) in all where they are spread evenly. A node without
/// points looks through the rings about it; it sorts all nodes with points, O(order^2 log order), where the order of equally near ones changes the
/// last bits or picks other nodes. O(order^3) for the transform. In parallel over nodes, with the same bits at any number of threads.
///
/// A cloud of any scale does; coefficients beyond the range of `f64` are infinite.
///
/// # Errors
/// An empty cloud, points that are not finite, all of them at the origin; an order that [`SphericalPlan`] does not have.
pub fn spherical_from_cloud(points: &[[f64; 3]], order: usize) -> Result<Vec<f64>, SpectralError> {
    check_order(Basis::Spherical, order)?;
    // Squares of very large or small lengths are no numbers: all are taken in a unit near the largest.
    let largest = points
        .iter()
        .flatten()
        .fold(0.0, |m: f64, x| m.max(x.abs()));
    let unit = power_below(largest);
    let samples = directions_and_radii(points, unit)?;
    let plan = SphericalPlan::new(SphereGrid::gauss_legendre(order)?, order)?;
    let nodes = Nodes::new(plan.grid());
    let radii = fill(&nodes, &outer_radii(&nodes, samples));
    let mut coefficients = plan.analysis(&radii)?;
    coefficients.iter_mut().for_each(|c| *c *= unit);
    Ok(coefficients)
}

/// A direction and the radius there.
type Sample = ([f64; 3], f64);

/// The nodes of a grid, as many in each ring.
struct Nodes {
    directions: Vec<[f64; 3]>,
    /// Colatitudes of the rings, ascending.
    thetas: Vec<f64>,
}

impl Nodes {
    fn new(grid: &SphereGrid) -> Self {
        Self {
            directions: grid.angles().map(direction).collect(),
            thetas: grid.rings().iter().map(|ring| ring.theta).collect(),
        }
    }

    fn in_ring(&self) -> usize {
        self.directions.len() / self.thetas.len()
    }
}

/// Directions and radii of the points away from the origin.
fn directions_and_radii(points: &[[f64; 3]], unit: f64) -> Result<Vec<Sample>, SpectralError> {
    if points.is_empty() {
        return Err(SpectralError::Empty { what: "cloud" });
    }
    check_points_finite("point", points)?;
    let samples: Vec<_> = points
        .iter()
        .map(|p| p.map(|x| x / unit))
        .map(|p| (p, dot(p, p).sqrt()))
        .filter(|(_point, radius)| *radius > 0.0)
        .map(|(point, radius)| (point.map(|x| x / radius), radius))
        .collect();
    if samples.is_empty() {
        return Err(SpectralError::Value {
            what: "cloud",
            expected: "a point away from the origin",
            found: "only the origin".into(),
        });
    }
    Ok(samples)
}

fn direction((theta, phi): (f64, f64)) -> [f64; 3] {
    let (ring, z) = theta.sin_cos();
    [ring * phi.cos(), ring * phi.sin(), z]
}

/// `count` points of the surface whose radius has these coefficients, evenly spread over directions by a spiral.
///
/// Cost of [`ScatteredPlan::evaluate`]. Where the radius is negative (ringing of a cut-off series) it is taken as 0.
///
/// # Errors
/// An order above 4096, a number of coefficients that is not `(order + 1)^2`, coefficients that are not finite.
pub fn radial_points(
    order: usize,
    coefficients: &[f64],
    count: usize,
) -> Result<Vec<[f64; 3]>, SpectralError> {
    check_order(Basis::Spherical, order)?;
    let expected = Basis::Spherical.count(order);
    check_length("spherical coefficients", expected, coefficients.len())?;
    if count == 0 {
        return Ok(Vec::new());
    }
    let turn = PI * (3.0 - 5.0f64.sqrt());
    let spiral = |i: usize| {
        let z = 1.0 - (2 * i + 1) as f64 / count as f64;
        let (sin, cos) = (i as f64 * turn).sin_cos();
        let ring = (1.0 - z * z).sqrt();
        [ring * cos, ring * sin, z]
    };
    let directions: Vec<[f64; 3]> = (0..count).map(spiral).collect();
    let radii = ScatteredPlan::new(order)?.evaluate(coefficients, &directions)?;
    let each = directions.iter().zip(radii);
    Ok(each
        .map(|(direction, radius)| direction.map(|x| x * radius.max(0.0)))
        .collect())
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noise;

    /// Points of a surface given by its radius in each direction.
    fn surface(radius: impl Fn([f64; 3]) -> f64) -> Vec<[f64; 3]> {
        let sphere = radial_points(0, &[(4.0 * PI).sqrt()], 20_000).unwrap();
        sphere
            .into_iter()
            .map(|u| u.map(|x| x * radius(u)))
            .collect()
    }

    #[test]
    fn a_smooth_surface_is_recovered() {
        let radius = |u: [f64; 3]| 0.6 + 0.15 * u[2] + 0.1 * u[0] * u[1];
        let order = 15;
        let coefficients = spherical_from_cloud(&surface(radius), order).unwrap();
        for point in radial_points(order, &coefficients, 500).unwrap() {
            let length = dot(point, point).sqrt();
            let truth = radius(point.map(|x| x / length));
            // The quantile of a cone leans to the larger radii in it.
            assert!((length - truth).abs() < 0.05, "{length} {truth}");
        }
    }

    #[test]
    fn a_cloud_of_any_scale_is_taken() {
        let cloud = surface(|u| 1.0 + 0.5 * u[0])[..300].to_vec();
        let usual = spherical_from_cloud(&cloud, 6).unwrap();
        for power in [-1000, -660, -1, 3, 660, 1000] {
            let scale = 2f64.powi(power);
            let scaled: Vec<_> = cloud.iter().map(|p| p.map(|x| x * scale)).collect();
            let found = spherical_from_cloud(&scaled, 6).unwrap();
            let expected: Vec<f64> = usual.iter().map(|c| c * scale).collect();
            assert_eq!(found, expected, "2^{power}");
        }
    }

    /// Noise in a cube, on one side of it and in a plane through it; all radii of the last are 1.
    fn clouds(count: usize) -> Vec<Vec<[f64; 3]>> {
        let numbers = noise(3 * count, count as u64);
        let cube: Vec<[f64; 3]> = numbers.chunks(3).map(|p| [p[0], p[1], p[2]]).collect();
        let half = cube.iter().map(|[x, y, z]| [*x, y.abs(), *z]);
        let plane = cube.iter().map(|[x, y, _z]| [*x, *y, 0.0]);
        let length = |p: &[f64; 3]| dot(*p, *p).sqrt();
        let sphere = cube.iter().map(|p| p.map(|x| x / length(p)));
        let others = [half.collect(), plane.collect(), sphere.collect()];
        [cube.clone()].into_iter().chain(others).collect()
    }

    fn searches_find_what_looking_at_all_finds(order: usize, count: usize) {
        let nodes = Nodes::new(&SphereGrid::gauss_legendre(order).unwrap());
        for cloud in clouds(count) {
            let samples = directions_and_radii(&cloud, 1.0).unwrap();
            let expected = naive::outer_radii(&nodes, &samples);
            assert_eq!(outer_radii(&nodes, samples), expected);
            let bits =
                |radii: Vec<f64>| -> Vec<u64> { radii.iter().map(|r| r.to_bits()).collect() };
            let (filled, expected) = (fill(&nodes, &expected), naive::fill(&nodes, &expected));
            assert!(bits(filled) == bits(expected), "{order} {count}");
        }
    }

    #[test]
    fn searches_find_what_looking_at_all_finds_at_small_orders() {
        for order in 0..=16 {
            for count in [1, 2, 3, 5, 8, 20, 100] {
                searches_find_what_looking_at_all_finds(order, count);
            }
        }
    }

    #[test]
    fn searches_find_what_looking_at_all_finds_at_large_orders() {
        for (order, count) in [(31, 300), (47, 40), (48, 2000)] {
            searches_find_what_looking_at_all_finds(order, count);
        }
    }

    #[test]
    fn gaps_are_filled_and_nonsense_refused() {
        let cap: Vec<_> = surface(|_u| 0.5)
            .into_iter()
            .filter(|p| p[2] > -0.2)
            .collect();
        let coefficients = spherical_from_cloud(&cap, 8).unwrap();
        let points = radial_points(8, &coefficients, 200).unwrap();
        assert!(
            points
                .iter()
                .all(|p| (dot(*p, *p).sqrt() - 0.5).abs() < 1e-9)
        );
        assert!(spherical_from_cloud(&[], 4).is_err());
        assert!(spherical_from_cloud(&[[0.0; 3]], 4).is_err());
        assert!(spherical_from_cloud(&[[f64::NAN; 3]], 4).is_err());
        assert!(radial_points(2, &[0.0; 5], 10).is_err());
        for order in [5000, usize::MAX] {
            let refused = |error| matches!(error, SpectralError::Order { .. });
            assert!(refused(spherical_from_cloud(&cap, order).unwrap_err()));
            assert!(refused(radial_points(order, &[0.0; 4], 10).unwrap_err()));
        }
    }
}
