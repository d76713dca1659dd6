//! What holds for any input: laws of the transforms, and that nothing finite makes a panic or a NaN.
#![allow(clippy::unwrap_used)] // a test may panic

use std::f64::consts::PI;

use nalgebra::{Rotation3, Vector3};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use spectra_spectral::scattered::Method;
use spectra_spectral::{
    Basis, Coefficients, Normalization, Real, Ring, Rotation, ScatteredPlan, SphereGrid,
    SphericalPlan, ZernikePlan, harmonics, isosurface, power_spectrum,
};

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 48,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    }
}

fn values(count: usize) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-1.0..1.0f64, count)
}

fn cloud(most: usize) -> impl Strategy<Value = Vec<[f64; 3]>> {
    let point = [-0.57..0.57f64, -0.57..0.57, -0.57..0.57];
    prop::collection::vec(point, 1..most)
}

fn angles() -> impl Strategy<Value = [f64; 3]> {
    // Whole quarter turns and tiny angles as often as any others.
    let angle = || {
        prop_oneof![
            -10.0..10.0f64,
            (-4i32..5).prop_map(|k| f64::from(k) * PI / 2.0),
            -1e-9..1e-9f64
        ]
    };
    [angle(), angle(), angle()]
}

fn turn([a, b, c]: [f64; 3]) -> Rotation3<f64> {
    let about = |axis: Vector3<f64>, angle: f64| Rotation3::new(axis * angle);
    about(Vector3::z(), a) * about(Vector3::y(), b) * about(Vector3::z(), c)
}

fn difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .fold(0.0, |worst, (a, b)| (a - b).abs().max(worst))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Either an error or finite values.
fn finite<T: Real, E>(found: Result<Vec<T>, E>) -> bool {
    found.map_or(true, |values| values.iter().all(|v| v.is_finite()))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn two_rotations_are_their_product(
        (lmax, a) in (0usize..48).prop_flat_map(|l| (Just(l), values((l + 1) * (l + 1)))),
        first in angles(),
        second in angles(),
    ) {
        let of = |[a, b, c]: [f64; 3]| Rotation::from_euler_zyz(a, b, c, lmax);
        let (mut twice, mut once) = (a.clone(), a.clone());
        of(first).apply_spherical(&mut twice).unwrap();
        of(second).apply_spherical(&mut twice).unwrap();
        let product = Rotation::from_rotation3(&(turn(second) * turn(first)), lmax);
        product.apply_spherical(&mut once).unwrap();
        prop_assert!(difference(&twice, &once) < 1e-13 * (lmax + 4) as f64);
        let power = |a: &[f64]| power_spectrum(a).unwrap();
        prop_assert!(difference(&power(&once), &power(&a)) < 1e-12 * (lmax + 1) as f64);
    }

    #[test]
    fn moments_of_a_rotated_cloud_are_rotated_moments(
        order in 0usize..20,
        points in cloud(60),
        angles in angles(),
    ) {
        let plan = ZernikePlan::<f64>::new(order).unwrap();
        let matrix = turn(angles);
        let turned: Vec<[f64; 3]> = points.iter().map(|p| (matrix * Vector3::from(*p)).into()).collect();
        let mut moments = plan.moments(&points, None).unwrap();
        Rotation::from_rotation3(&matrix, order).apply_zernike(order, &mut moments).unwrap();
        let expected = plan.moments(&turned, None).unwrap();
        prop_assert!(difference(&moments, &expected) < 1e-12);
    }

    #[test]
    fn sums_over_points_are_transposes_and_ways_agree(
        (lmax, a) in (0usize..50).prop_flat_map(|l| (Just(l), values((l + 1) * (l + 1)))),
        (points, weights) in cloud(80).prop_flat_map(|p| { let n = p.len(); (Just(p), values(n)) }),
    ) {
        prop_assume!(points.iter().all(|p| p.iter().any(|x| x.abs() > 1e-6)));
        let direct = ScatteredPlan::<f64>::with_method(lmax, Method::Direct).unwrap();
        let fast = ScatteredPlan::<f64>::with_method(lmax, Method::Fast { error: 1e-12 }).unwrap();
        let sums = direct.adjoint(&points, Some(&weights)).unwrap();
        let field = direct.evaluate(&a, &points).unwrap();
        let size = dot(&a, &a).sqrt() * dot(&weights, &weights).sqrt() * (lmax + 1) as f64;
        prop_assert!((dot(&field, &weights) - dot(&a, &sums)).abs() < 1e-13 * (size + 1.0));
        let bound = 1e-11 * (size + 1.0);
        prop_assert!(difference(&fast.adjoint(&points, Some(&weights)).unwrap(), &sums) < bound);
        prop_assert!(difference(&fast.evaluate(&a, &points).unwrap(), &field) < bound * (lmax + 1) as f64);
    }

    #[test]
    fn any_rings_hold_the_values_of_the_series(
        rings in prop::collection::vec((0.0..PI, 1usize..40, -7.0..7.0f64), 1..12),
        (lmax, a) in (0usize..24).prop_flat_map(|l| (Just(l), values((l + 1) * (l + 1)))),
    ) {
        let ring = |(theta, longitudes, first): (f64, usize, f64)| Ring { theta, longitudes, first, weight: 1.0 };
        let rings: Vec<Ring> = rings.into_iter().map(ring).collect();
        let plan = SphericalPlan::<f64>::new(SphereGrid::from_rings(&rings).unwrap(), lmax).unwrap();
        let field = plan.synthesis(&a).unwrap();
        for ((theta, phi), value) in plan.grid().angles().zip(field) {
            let (sin, cos) = theta.sin_cos();
            let y = harmonics(lmax, [sin * phi.cos(), sin * phi.sin(), cos]).unwrap();
            prop_assert!((dot(&y, &a) - value).abs() < 1e-13 * ((lmax + 1) * (lmax + 1)) as f64);
        }
    }

    #[test]
    fn other_layouts_come_back(
        (lmax, a) in (0usize..30).prop_flat_map(|l| (Just(l), values((l + 1) * (l + 1)))),
    ) {
        let ours = Coefficients::new(Basis::Spherical, lmax, a.clone()).unwrap();
        let there = ours.clone().normalized(Normalization::FourPi).unwrap().to_pyshtools().unwrap();
        let back = Coefficients::from_pyshtools(lmax, Normalization::FourPi, &there).unwrap();
        let back = back.normalized(Normalization::Orthonormal).unwrap();
        prop_assert!(difference(back.values(), &a) < 1e-14);
        let back = Coefficients::from_healpy(lmax, &ours.to_healpy().unwrap()).unwrap();
        prop_assert!(difference(back.values(), &a) < 1e-14);
    }

    #[test]
    fn nothing_finite_makes_a_nan(
        points in prop::collection::vec([any::<f64>(), any::<f64>(), any::<f64>()], 0..20),
        weights in prop::collection::vec(-1e3..1e3f64, 0..20),
        order in 0usize..40,
    ) {
        let narrow: Vec<[f32; 3]> = points.iter().map(|p| p.map(|x| x as f32)).collect();
        for weights in [None, Some(&weights[..])] {
            prop_assert!(finite(ZernikePlan::<f64>::new(order).unwrap().moments(&points, weights)));
            for method in [Method::Direct, Method::Fast { error: 1e-6 }] {
                let plan = ScatteredPlan::<f64>::with_method(order, method).unwrap();
                prop_assert!(finite(plan.adjoint(&points, weights)));
            }
        }
        prop_assert!(finite(ZernikePlan::<f32>::new(order).unwrap().moments(&narrow, None)));
        prop_assert!(finite(ScatteredPlan::<f32>::new(order).unwrap().adjoint(&narrow, None)));
        let [a, b, c] = points.first().copied().unwrap_or_default();
        if [a, b, c].iter().all(|x| x.is_finite()) {
            let mut set = vec![1.0; (order + 1) * (order + 1)];
            Rotation::from_euler_zyz(a, b, c, order).apply_spherical(&mut set).unwrap();
            prop_assert!(set.iter().all(|v| v.is_finite()));
        }
    }

    #[test]
    fn surfaces_of_any_field_are_closed(field in values(5 * 5 * 5), level in -0.9..0.9f64) {
        let mesh = isosurface(&field, 5, level).unwrap();
        let mut edges = std::collections::BTreeMap::new();
        for face in &mesh.faces {
            for (a, b) in [(0, 1), (1, 2), (2, 0)] {
                *edges.entry((face[a], face[b])).or_insert(0) += 1;
                *edges.entry((face[b], face[a])).or_insert(0) -= 1;
            }
        }
        prop_assert!(edges.values().all(|balance| *balance == 0));
    }
}
