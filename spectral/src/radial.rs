//! The outer radius of a cloud as a function on the sphere, and its spherical harmonics.

use std::f64::consts::PI;

use crate::legendre::{Legendre, harmonics_into};
use crate::quadrature::gauss_legendre;
use crate::{Basis, SpectralError};

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
/// O(order^2 (points + order^2)). Fails on an empty cloud, on points that are not finite, and where all are at the origin.
pub fn spherical_from_cloud(points: &[[f64; 3]], order: usize) -> Result<Vec<f64>, SpectralError> {
    let samples = directions_and_radii(points)?;
    let nodes = nodes(order);
    let cone = (CONE * PI / (order + 1) as f64).min(PI).cos();
    let radii = fill(
        &nodes,
        nodes
            .iter()
            .map(|node| outer_radius(node, &samples, cone))
            .collect(),
    );
    let legendre = Legendre::new(order);
    let count = Basis::Spherical.count(order);
    let (mut sum, mut values) = (vec![0.0; count], vec![0.0; count]);
    for (node, radius) in nodes.iter().zip(radii) {
        harmonics_into(&legendre, node.direction, &mut values)?;
        for (sum, value) in sum.iter_mut().zip(&values) {
            *sum += node.weight * radius * value;
        }
    }
    Ok(sum)
}

/// `count` points of the surface whose radius has these coefficients, evenly spread over directions by a spiral.
///
/// O(count order^2). Fails where the number of coefficients is not `(order + 1)^2`. Where the radius is negative
/// (ringing of a cut-off series) it is taken as 0.
pub fn radial_points(
    coefficients: &[f64],
    order: usize,
    count: usize,
) -> Result<Vec<[f64; 3]>, SpectralError> {
    let expected = Basis::Spherical.count(order);
    if coefficients.len() != expected {
        let found = coefficients.len();
        return Err(SpectralError::Length {
            what: "spherical coefficients",
            expected,
            found,
        });
    }
    let legendre = Legendre::new(order);
    let mut values = vec![0.0; expected];
    let turn = PI * (3.0 - 5.0f64.sqrt());
    (0..count)
        .map(|i| {
            let z = 1.0 - (2 * i + 1) as f64 / count as f64;
            let (sin, cos) = (i as f64 * turn).sin_cos();
            let ring = (1.0 - z * z).sqrt();
            let direction = [ring * cos, ring * sin, z];
            harmonics_into(&legendre, direction, &mut values)?;
            let radius: f64 = values.iter().zip(coefficients).map(|(y, a)| y * a).sum();
            Ok(direction.map(|x| x * radius.max(0.0)))
        })
        .collect()
}

struct Node {
    direction: [f64; 3],
    /// Share of the sphere's area 4 pi.
    weight: f64,
}

/// The grid: Gauss-Legendre in cos theta, uniform in phi.
fn nodes(order: usize) -> Vec<Node> {
    let longitudes = 2 * order + 2;
    let step = 2.0 * PI / longitudes as f64;
    let mut nodes = Vec::with_capacity((order + 1) * longitudes);
    for (z, weight) in gauss_legendre(order + 1) {
        let ring = (1.0 - z * z).sqrt();
        for k in 0..longitudes {
            let (sin, cos) = (k as f64 * step).sin_cos();
            nodes.push(Node {
                direction: [ring * cos, ring * sin, z],
                weight: weight * step,
            });
        }
    }
    nodes
}

fn directions_and_radii(points: &[[f64; 3]]) -> Result<Vec<([f64; 3], f64)>, SpectralError> {
    if points.is_empty() {
        return Err(SpectralError::Empty { what: "cloud" });
    }
    if let Some(index) = points.iter().position(|p| !p.iter().all(|x| x.is_finite())) {
        return Err(SpectralError::NotFinite {
            what: "point",
            index,
        });
    }
    let samples: Vec<_> = points
        .iter()
        .map(|p| (*p, dot(*p, *p).sqrt()))
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

fn outer_radius(node: &Node, samples: &[([f64; 3], f64)], cone: f64) -> Option<f64> {
    let near = samples
        .iter()
        .filter(|(direction, _radius)| dot(*direction, node.direction) >= cone);
    let mut radii: Vec<f64> = near.map(|(_direction, radius)| *radius).collect();
    let last = radii.len().checked_sub(1)?;
    let rank = (last as f64 * OUTER).round() as usize;
    Some(*radii.select_nth_unstable_by(rank, f64::total_cmp).1)
}

/// Gives empty nodes the weighted mean of the nearest filled ones.
fn fill(nodes: &[Node], radii: Vec<Option<f64>>) -> Vec<f64> {
    let filled: Vec<([f64; 3], f64)> = nodes
        .iter()
        .zip(&radii)
        .filter_map(|(node, radius)| Some((node.direction, (*radius)?)))
        .collect();
    let from_neighbours = |node: &Node| {
        let mut near: Vec<(f64, f64)> = filled
            .iter()
            .map(|(direction, radius)| {
                (
                    dot(*direction, node.direction).clamp(-1.0, 1.0).acos(),
                    *radius,
                )
            })
            .collect();
        near.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        near.truncate(NEIGHBOURS);
        let total: f64 = near.iter().map(|(angle, _radius)| 1.0 / angle).sum();
        near.iter()
            .map(|(angle, radius)| radius / angle)
            .sum::<f64>()
            / total
    };
    let each = nodes.iter().zip(radii);
    each.map(|(node, radius)| radius.unwrap_or_else(|| from_neighbours(node)))
        .collect()
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
    fn the_quadrature_integrates_its_polynomials() {
        for count in [1, 2, 5, 32, 64] {
            let total: f64 = gauss_legendre(count).iter().map(|(_x, w)| w).sum();
            let power = 2 * count as i32 - 2;
            let moment: f64 = gauss_legendre(count)
                .iter()
                .map(|(x, w)| w * x.powi(power))
                .sum();
            assert!(
                (total - 2.0).abs() < 1e-13 && (moment - 2.0 / (power + 1) as f64).abs() < 1e-13
            );
        }
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
    }
}
