//! Coefficients back to a surface, to look at and to compare.

use std::f64::consts::PI;

use rayon::prelude::*;

use crate::check::{check_finite, check_length, check_order, no_expansion};
use crate::{Basis, Real, ScatteredPlan, SpectralError, TriangleMesh, ZernikePlan, isosurface};

/// Share of the mass of a density that its surface encloses.
const ENCLOSED: f64 = 0.75;
/// Rings of directions between the poles of a star-shaped surface, and directions in a ring.
const RINGS: usize = 63;
const AROUND: usize = 128;

/// The shape that `coefficients` up to `order` describe, in the unit ball: for Zernike moments the surface of equal density
/// that encloses three quarters of the mass, on a grid of `side^3` cells and with Lanczos' sigma factors against
/// ringing; for spherical harmonics the surface whose radius they give, on a fixed net of directions, `side` unused.
///
/// The moments of a surface give a thickened shell. O(side^3 order^3) for Zernike; 8,000 directions otherwise. The mesh is empty where no
/// density is positive.
///
/// # Errors
/// A radius fit; an order that the basis does not have, another number of coefficients than `basis.count(order)`, values that are not finite;
/// for Zernike a side of 0 or above 1024.
///
/// ```
/// use spectra_spectral::{Basis, reconstruct_surface};
/// // A constant radius of 1/2: the constant harmonic is 1 / sqrt(4 pi).
/// let sphere = reconstruct_surface(Basis::Spherical, 0, &[0.5 * (4.0 * std::f32::consts::PI).sqrt()], 32)?;
/// let length = |v: &[f64; 3]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
/// assert!(sphere.vertices.iter().all(|v| (length(v) - 0.5).abs() < 1e-6));
/// # Ok::<(), spectra_spectral::SpectralError>(())
/// ```
pub fn reconstruct_surface<T: Real>(
    basis: Basis,
    order: usize,
    coefficients: &[T],
    side: usize,
) -> Result<TriangleMesh, SpectralError> {
    if basis == Basis::Radius {
        return Err(no_expansion("basis of a surface"));
    }
    check_order(basis, order)?;
    check_length("coefficients", basis.count(order), coefficients.len())?;
    check_finite("coefficient", coefficients)?;
    if basis == Basis::Spherical {
        return star(order, coefficients);
    }
    let damped = damped(order, coefficients);
    let density = ZernikePlan::<T>::new(order)?.density_grid(&damped, side)?;
    isosurface(&density, side, enclosing(&density))
}

/// Lanczos' sigma factors over the order n, against the ringing of a series that ends.
fn damped<T: Real>(order: usize, coefficients: &[T]) -> Vec<T> {
    let mut damped = coefficients.to_vec();
    for n in 1..=order {
        let x = PI * n as f64 / (order + 1) as f64;
        let sigma = T::from_f64(x.sin() / x);
        let of_order = Basis::Zernike.count(n - 1)..Basis::Zernike.count(n);
        damped[of_order].iter_mut().for_each(|c| *c *= sigma);
    }
    damped
}

/// The level just under the cells that hold [`ENCLOSED`] of the positive mass: halfway from the least of their values to the next lower one, so
/// that a constant density has a surface too. A cut-off series also rings below zero.
fn enclosing<T: Real>(density: &[T]) -> T {
    let mut sorted: Vec<T> = density.iter().copied().filter(|d| *d > T::ZERO).collect();
    sorted.par_sort_unstable_by(|a, b| b.to_f64().total_cmp(&a.to_f64()));
    let whole: f64 = sorted.iter().map(|d| d.to_f64()).sum();
    let mut sum = 0.0;
    let last = sorted.iter().find(|d| {
        sum += d.to_f64();
        sum >= ENCLOSED * whole
    });
    let Some(&last) = last else {
        return T::ZERO;
    };
    let lower = sorted
        .iter()
        .copied()
        .find(|d| *d < last)
        .unwrap_or(T::ZERO);
    let half = T::from_f64(0.5);
    let between = half * last + half * lower;
    // Two neighbouring numbers have none between them.
    if between < last { between } else { lower }
}

/// A ring of directions for each latitude, and the poles.
fn star<T: Real>(order: usize, coefficients: &[T]) -> Result<TriangleMesh, SpectralError> {
    let mut directions = vec![[T::ZERO, T::ZERO, T::ONE]];
    for ring in 1..=RINGS {
        let (sin, cos) = (PI * ring as f64 / (RINGS + 1) as f64).sin_cos();
        directions.extend((0..AROUND).map(|i| {
            let (y, x) = (2.0 * PI * i as f64 / AROUND as f64).sin_cos();
            [sin * x, sin * y, cos].map(T::from_f64)
        }));
    }
    directions.push([T::ZERO, T::ZERO, -T::ONE]);
    let radii = ScatteredPlan::<T>::new(order)?.evaluate(coefficients, &directions)?;
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
    let place = |(direction, radius): (&[T; 3], &T)| {
        direction.map(|x| x.to_f64() * radius.to_f64().max(0.0))
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

    #[test]
    fn a_constant_density_fills_the_ball() {
        let single = reconstruct_surface(Basis::Zernike, 0, &[1.0f32], 32).unwrap();
        let double = reconstruct_surface(Basis::Zernike, 0, &[1.0f64], 32).unwrap();
        for ball in [single, double] {
            let volume: f64 = ball.faces.iter().map(|f| signed_volume(&ball, f)).sum();
            assert!((volume / (4.0 * PI / 3.0) - 1.0).abs() < 0.05, "{volume}");
        }
        let nothing = reconstruct_surface(Basis::Zernike, 0, &[-1.0f32], 8).unwrap();
        assert!(nothing.faces.is_empty());
        let next = f32::from_bits(1.0f32.to_bits() - 1);
        for density in [
            &[1.0f32, 1.0, next][..],
            &[f32::from_bits(1)],
            &[f32::MAX; 3],
        ] {
            assert!(enclosing(density) < density[0], "{density:?}");
        }
    }

    #[test]
    fn the_order_is_refused_before_the_length() {
        for basis in [Basis::Zernike, Basis::Spherical] {
            let error = reconstruct_surface(basis, usize::MAX, &[1.0f32], 8).unwrap_err();
            assert!(matches!(error, SpectralError::Order { .. }), "{error}");
        }
    }

    fn signed_volume(mesh: &TriangleMesh, face: &[u32; 3]) -> f64 {
        let [a, b, c] = face.map(|v| mesh.vertices[v as usize]);
        (a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0]))
            / 6.0
    }
}
