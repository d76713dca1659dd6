//! Coefficients back to a surface, to look at and to compare.

use std::f64::consts::PI;

use crate::check::{check_finite, check_length, no_expansion};
use crate::{Basis, ScatteredPlan, SpectralError, TriangleMesh, ZernikePlan, isosurface};

/// Share of the mass of a density that its surface encloses.
const ENCLOSED: f64 = 0.75;
/// Rings of directions between the poles of a star-shaped surface, and directions in a ring.
const RINGS: usize = 63;
const AROUND: usize = 128;

/// The shape that `coefficients` up to `order` describe, in the unit ball: for Zernike moments the surface of equal density
/// that encloses three quarters of the mass, on a grid of `side^3` cells and with Lanczos' sigma factors against
/// ringing; for spherical harmonics the surface whose radius they give, on a fixed net of directions, `side` unused.
///
/// The moments of a surface give a thickened shell. O(side^3 order^2) for Zernike; 8,000 directions otherwise.
///
/// # Errors
/// A radius fit; another number of coefficients than `basis.count(order)`, values that are not finite, a side of 0 or above 1024.
///
/// ```
/// use spectra_spectral::{Basis, reconstruct_surface};
/// // A constant radius of 1/2: the constant harmonic is 1 / sqrt(4 pi).
/// let sphere = reconstruct_surface(Basis::Spherical, 0, &[0.5 * (4.0 * std::f32::consts::PI).sqrt()], 32)?;
/// let length = |v: &[f64; 3]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
/// assert!(sphere.vertices.iter().all(|v| (length(v) - 0.5).abs() < 1e-6));
/// # Ok::<(), spectra_spectral::SpectralError>(())
/// ```
pub fn reconstruct_surface(
    basis: Basis,
    order: usize,
    coefficients: &[f32],
    side: usize,
) -> Result<TriangleMesh, SpectralError> {
    check_length("coefficients", basis.count(order), coefficients.len())?;
    check_finite("coefficient", coefficients)?;
    match basis {
        Basis::Spherical => star(order, coefficients),
        Basis::Zernike => {
            let damped = damped(order, coefficients);
            let density = ZernikePlan::<f32>::new(order)?.density_grid(&damped, side)?;
            isosurface(&density, side, enclosing(&density))
        }
        Basis::Radius => Err(no_expansion("basis of a surface")),
    }
}

/// Lanczos' sigma factors over the order n, against the ringing of a series that ends.
fn damped(order: usize, coefficients: &[f32]) -> Vec<f32> {
    let mut damped = coefficients.to_vec();
    for n in 1..=order {
        let x = PI * n as f64 / (order + 1) as f64;
        let sigma = (x.sin() / x) as f32;
        let of_order = Basis::Zernike.count(n - 1)..Basis::Zernike.count(n);
        damped[of_order].iter_mut().for_each(|c| *c *= sigma);
    }
    damped
}

/// The level above which [`ENCLOSED`] of the positive mass lies. A cut-off series also rings below zero.
fn enclosing(density: &[f32]) -> f32 {
    let mut sorted: Vec<f32> = density.iter().copied().filter(|d| *d > 0.0).collect();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let whole: f64 = sorted.iter().map(|d| f64::from(*d)).sum();
    let mut sum = 0.0;
    let level = sorted.iter().find(|d| {
        sum += f64::from(**d);
        sum >= ENCLOSED * whole
    });
    level.copied().unwrap_or(0.0)
}

/// A ring of directions for each latitude, and the poles.
fn star(order: usize, coefficients: &[f32]) -> Result<TriangleMesh, SpectralError> {
    let mut directions = vec![[0.0f32, 0.0, 1.0]];
    for ring in 1..=RINGS {
        let (sin, cos) = (PI * ring as f64 / (RINGS + 1) as f64).sin_cos();
        directions.extend((0..AROUND).map(|i| {
            let (y, x) = (2.0 * PI * i as f64 / AROUND as f64).sin_cos();
            [(sin * x) as f32, (sin * y) as f32, cos as f32]
        }));
    }
    directions.push([0.0, 0.0, -1.0]);
    let radii = ScatteredPlan::<f32>::new(order)?.evaluate(coefficients, &directions)?;
    let at = |ring: usize, i: usize| (1 + ring * AROUND + i % AROUND) as u32;
    let last = directions.len() as u32 - 1;
    let mut faces = Vec::with_capacity(2 * AROUND * RINGS);
    for i in 0..AROUND {
        faces.push([0, at(0, i), at(0, i + 1)]);
        for ring in 1..RINGS {
            let (a, b) = (at(ring - 1, i), at(ring - 1, i + 1));
            let (c, d) = (at(ring, i), at(ring, i + 1));
            faces.extend([[a, c, b], [b, c, d]]);
        }
        faces.push([last, at(RINGS - 1, i + 1), at(RINGS - 1, i)]);
    }
    // A cut-off series may ring below zero, where there is no surface.
    let place = |(direction, radius): (&[f32; 3], &f32)| {
        direction.map(|x| f64::from(x) * f64::from(radius.max(0.0)))
    };
    Ok(TriangleMesh {
        vertices: directions.iter().zip(&radii).map(place).collect(),
        faces,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_radius_is_a_sphere_without_gaps() {
        let sphere =
            reconstruct_surface(Basis::Spherical, 0, &[2.0 * PI.sqrt() as f32], 1).unwrap();
        assert_eq!(sphere.faces.len(), 2 * (sphere.vertices.len() - 2));
        let volume: f64 = sphere.faces.iter().map(|f| signed_volume(&sphere, f)).sum();
        assert!((volume / (4.0 * PI / 3.0) - 1.0).abs() < 2e-3, "{volume}");
    }

    #[test]
    fn a_surface_of_equal_density_lies_around_the_points() {
        let points: Vec<[f64; 3]> = (0..400)
            .map(|i| (f64::from(i) * 0.37).sin_cos())
            .map(|(y, x)| [0.7 * x, 0.7 * y, 0.0])
            .collect();
        let plan = ZernikePlan::<f64>::new(16).unwrap();
        let moments = plan.moments(&points, None).unwrap();
        let moments: Vec<f32> = moments.iter().map(|c| *c as f32).collect();
        let ring = reconstruct_surface(Basis::Zernike, 16, &moments, 40).unwrap();
        assert!(!ring.faces.is_empty());
        for vertex in &ring.vertices {
            let across = vertex[0].hypot(vertex[1]) - 0.7;
            assert!(across.hypot(vertex[2]) < 0.25, "{vertex:?}");
        }
    }

    fn signed_volume(mesh: &TriangleMesh, face: &[u32; 3]) -> f64 {
        let [a, b, c] = face.map(|v| mesh.vertices[v as usize]);
        (a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0]))
            / 6.0
    }
}
