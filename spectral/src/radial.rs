//! The outer radius of a cloud as a function on the sphere, and its spherical harmonics.

use std::f64::consts::PI;

use rayon::prelude::*;

use crate::check::{check_length, check_order, check_points_finite};
use crate::real::power_below;
use crate::{Basis, ScatteredPlan, SpectralError, SphereGrid, SphericalPlan};

/// Half-angle of the cone that a node looks into, in spacings of the grid.
const CONE: f64 = 1.5;
/// The quantile of the radii in a cone that counts as its outer radius: robust against stray points.
const OUTER: f64 = 0.9;
/// Filled nodes from which an empty one takes its value.
const NEIGHBOURS: usize = 4;

/// Spherical-harmonic coefficients of the outer radius of a cloud, `(order + 1)^2` values in flat order.
///
/// The radius is taken at the nodes of a Gauss-Legendre grid of `order + 1` latitudes and `2 order + 2` longitudes: the
/// 90 % quantile of the radii of the points within 1.5 grid spacings, or, where there are none, the mean of the four
/// nearest nodes that have some, weighted by inverse angular distance. Whatever lies behind the outer surface is lost.
/// The quadrature is exact for band-limited radii (Driscoll and Healy 1994 for the principle).
///
/// O(order^2 points) for the radii; O(order^2) for each node without points, and a sort where others are equally near; O(order^3) for the
/// transform. In parallel over nodes, with the same bits at any number of threads.
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
    let nodes: Vec<[f64; 3]> = plan.grid().angles().map(direction).collect();
    let cone = (CONE * PI / (order + 1) as f64).min(PI).cos();
    let radii = nodes.par_iter();
    let radii = radii.map(|node| outer_radius(node, &samples, cone));
    let mut coefficients = plan.analysis(&fill(&nodes, &radii.collect::<Vec<_>>()))?;
    coefficients.iter_mut().for_each(|c| *c *= unit);
    Ok(coefficients)
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
    coefficients: &[f64],
    order: usize,
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

fn directions_and_radii(
    points: &[[f64; 3]],
    unit: f64,
) -> Result<Vec<([f64; 3], f64)>, SpectralError> {
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

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn outer_radius(node: &[f64; 3], samples: &[([f64; 3], f64)], cone: f64) -> Option<f64> {
    let near = samples
        .iter()
        .filter(|(direction, _radius)| dot(*direction, *node) >= cone);
    let mut radii: Vec<f64> = near.map(|(_direction, radius)| *radius).collect();
    let last = radii.len().checked_sub(1)?;
    let rank = (last as f64 * OUTER).round() as usize;
    Some(*radii.select_nth_unstable_by(rank, f64::total_cmp).1)
}

/// Gives empty nodes the weighted mean of the nearest filled ones.
fn fill(nodes: &[[f64; 3]], radii: &[Option<f64>]) -> Vec<f64> {
    let filled: Vec<([f64; 3], f64)> = nodes
        .iter()
        .zip(radii)
        .filter_map(|(node, radius)| Some((*node, (*radius)?)))
        .collect();
    let from_neighbours = |node: &[f64; 3]| {
        let near = nearest(node, &filled);
        let total: f64 = near.iter().map(|(angle, _radius)| 1.0 / angle).sum();
        near.iter()
            .map(|(angle, radius)| radius / angle)
            .sum::<f64>()
            / total
    };
    let each = nodes.par_iter().zip(radii);
    each.map(|(node, radius)| radius.unwrap_or_else(|| from_neighbours(node)))
        .collect()
}

/// Angle and radius of at most [`NEIGHBOURS`] nodes, the nearest first.
fn nearest(node: &[f64; 3], filled: &[([f64; 3], f64)]) -> Vec<(f64, f64)> {
    let cosine = |direction: &[f64; 3]| dot(*direction, *node).clamp(-1.0, 1.0);
    // One more than wanted, by cosine, which needs no inverse.
    let mut near: Vec<(f64, f64)> = Vec::with_capacity(NEIGHBOURS + 2);
    for (direction, radius) in filled {
        let cosine = cosine(direction);
        if near.len() <= NEIGHBOURS || cosine > near[NEIGHBOURS].0 {
            let place = near.partition_point(|(other, _radius)| *other >= cosine);
            near.insert(place, (cosine, *radius));
            near.truncate(NEIGHBOURS + 1);
        }
    }
    near.iter_mut()
        .for_each(|(angle, _radius)| *angle = angle.acos());
    if near.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        // Which of nodes equally near comes first is for the sort to say, as it was for the coefficients that people have stored.
        near = filled
            .iter()
            .map(|(direction, radius)| (cosine(direction).acos(), *radius))
            .collect();
        near.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    }
    near.truncate(NEIGHBOURS);
    near
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of a surface given by its radius in each direction.
    fn surface(radius: impl Fn([f64; 3]) -> f64) -> Vec<[f64; 3]> {
        let sphere = radial_points(&[(4.0 * PI).sqrt()], 0, 20_000).unwrap();
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
        for point in radial_points(&coefficients, order, 500).unwrap() {
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

    #[test]
    fn one_pass_finds_the_nearest_as_sorting_does() {
        let filled: Vec<([f64; 3], f64)> = surface(|u| 1.0 + u[0])
            .into_iter()
            .step_by(31)
            .map(|p| (p.map(|x| x / dot(p, p).sqrt()), dot(p, p)))
            .collect();
        for count in [0, 1, 3, 4, 5, filled.len()] {
            let filled = &filled[..count];
            for node in [[0.0, 0.0, 1.0], [0.6, 0.0, -0.8], [-1.0, 0.0, 0.0]] {
                let mut sorted: Vec<(f64, f64)> = filled
                    .iter()
                    .map(|(direction, radius)| {
                        (dot(*direction, node).clamp(-1.0, 1.0).acos(), *radius)
                    })
                    .collect();
                sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
                sorted.truncate(NEIGHBOURS);
                assert_eq!(nearest(&node, filled), sorted);
            }
        }
    }

    #[test]
    fn gaps_are_filled_and_nonsense_refused() {
        let cap: Vec<_> = surface(|_u| 0.5)
            .into_iter()
            .filter(|p| p[2] > -0.2)
            .collect();
        let coefficients = spherical_from_cloud(&cap, 8).unwrap();
        let points = radial_points(&coefficients, 8, 200).unwrap();
        assert!(
            points
                .iter()
                .all(|p| (dot(*p, *p).sqrt() - 0.5).abs() < 1e-9)
        );
        assert!(spherical_from_cloud(&[], 4).is_err());
        assert!(spherical_from_cloud(&[[0.0; 3]], 4).is_err());
        assert!(spherical_from_cloud(&[[f64::NAN; 3]], 4).is_err());
        assert!(radial_points(&[0.0; 5], 2, 10).is_err());
        for order in [5000, usize::MAX] {
            let refused = |error| matches!(error, SpectralError::Order { .. });
            assert!(refused(spherical_from_cloud(&cap, order).unwrap_err()));
            assert!(refused(radial_points(&[0.0; 4], order, 10).unwrap_err()));
        }
    }
}
