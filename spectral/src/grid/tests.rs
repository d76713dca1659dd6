//! Grid transforms against the naive oracle, the reference files, their transposes and themselves.

use std::f64::consts::PI;

use super::testing::{dot, grids, largest};
use super::{Ring, SphereGrid, SphericalPlan, naive};
use crate::simd::every_arch;
use crate::testing::{noise, oracle};
use crate::{Real, SpectralError};

fn within(a: &[f64], b: &[f64], bound: f64, plan: &SphericalPlan<f64>) {
    let error = largest(a, b);
    assert!(error <= bound, "{plan:?}: {error:e} > {bound:e}");
}

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|v| *v as f32).collect()
}

fn wide<T: Real>(values: &[T]) -> Vec<f64> {
    values.iter().map(|v| v.to_f64()).collect()
}

#[test]
fn every_small_size_agrees_with_the_oracle() {
    for lmax in 0..=32 {
        for grid in grids(lmax) {
            let plan = SphericalPlan::<f64>::new(grid.clone(), lmax).unwrap();
            let single = SphericalPlan::<f32>::new(grid.clone(), lmax).unwrap();
            let a = noise(plan.count(), lmax as u64);
            let f = noise(grid.len(), 77 + lmax as u64);
            let mut scratch = plan.scratch();
            let (mut field, mut sums) = (vec![0.0; grid.len()], vec![0.0; plan.count()]);
            let size = (lmax + 1) as f64;

            let expected = naive::synthesis(&grid, lmax, &a).unwrap();
            let found = plan.synthesis(&a).unwrap();
            within(&found, &expected, 2e-14 * size, &plan);
            let found = wide(&single.synthesis(&narrow(&a)).unwrap());
            within(&found, &expected, 3e-7 * size, &plan);

            plan.analysis_adjoint_into(&a, &mut field, &mut scratch)
                .unwrap();
            let weights: Vec<f64> = grid
                .rings()
                .iter()
                .flat_map(|r| std::iter::repeat_n(r.weight, r.longitudes))
                .collect();
            let scaled: Vec<f64> = expected.iter().zip(weights).map(|(f, w)| f * w).collect();
            within(&field, &scaled, 1e-14 * size, &plan);

            let expected = naive::analysis(&grid, lmax, &f, true).unwrap();
            let found = plan.analysis(&f).unwrap();
            within(&found, &expected, 1e-14 * size, &plan);
            let found = wide(&single.analysis(&narrow(&f)).unwrap());
            within(&found, &expected, 3e-7 * size, &plan);

            let expected = naive::analysis(&grid, lmax, &f, false).unwrap();
            plan.synthesis_adjoint_into(&f, &mut sums, &mut scratch)
                .unwrap();
            let scale = grid.len() as f64;
            within(&sums, &expected, 1e-14 * scale, &plan);

            let (mut scratch, mut field, mut sums) = (
                single.scratch(),
                vec![0.0; grid.len()],
                vec![0.0; plan.count()],
            );
            single
                .analysis_adjoint_into(&narrow(&a), &mut field, &mut scratch)
                .unwrap();
            within(&wide(&field), &scaled, 3e-7 * size, &plan);
            single
                .synthesis_adjoint_into(&narrow(&f), &mut sums, &mut scratch)
                .unwrap();
            within(&wide(&sums), &expected, 3e-7 * scale, &plan);
        }
    }
}

#[test]
fn round_trips_keep_the_coefficients() {
    for lmax in [0, 1, 2, 15, 63, 64, 200, 255] {
        for grid in grids(lmax).into_iter().take(5) {
            let plan = SphericalPlan::<f64>::new(grid, lmax).unwrap();
            let a = noise(plan.count(), 5);
            let back = plan.analysis(&plan.synthesis(&a).unwrap()).unwrap();
            let error = largest(&a, &back);
            assert!(error <= 5e-15 * lmax.max(1) as f64, "{plan:?}: {error:e}");
        }
    }
}

#[test]
fn a_high_degree_comes_back_on_each_instruction_set() {
    let lmax = 1023;
    let grid = SphereGrid::gauss_legendre(lmax).unwrap();
    let mut plan = SphericalPlan::<f64>::new(grid, lmax).unwrap();
    let a = noise(plan.count(), 6);
    let best = plan.synthesis(&a).unwrap();
    let back = plan.analysis(&best).unwrap();
    let error = largest(&a, &back);
    assert!(error <= 5e-15 * lmax as f64, "{error:e}");
    for arch in every_arch() {
        plan.arch = arch;
        let field = plan.synthesis(&a).unwrap();
        assert!(largest(&best, &field) < 1e-9, "{arch:?}");
        let again = plan.analysis(&field).unwrap();
        assert!(largest(&a, &again) <= 5e-15 * lmax as f64, "{arch:?}");
    }
}

#[test]
fn high_degrees_agree_with_the_accurate_harmonics_at_every_latitude() {
    // Rings from 1e-8 off the pole to the equator, one sample each at phi = 0: sums over l at m.
    let lmax = 1000;
    let thetas = [0.0, 1e-8, 1e-4, 0.02, 0.3, 1.0, PI / 2.0, 2.5, PI - 1e-8];
    let rings = thetas.map(|theta| Ring {
        theta,
        longitudes: 1,
        first: 0.0,
        weight: 1.0,
    });
    let grid = SphereGrid::from_rings(&rings).unwrap();
    let plan = SphericalPlan::<f64>::new(grid, lmax).unwrap();
    let legendre = crate::Legendre::new(lmax).unwrap();
    for (l, m) in [
        (1000, 0),
        (1000, 1),
        (999, 2),
        (1000, 500),
        (998, 30),
        (1000, 999),
        (1000, 1000),
    ] {
        let mut a = vec![0.0; plan.count()];
        a[l * l + l + m] = 1.0;
        let found = plan.synthesis(&a).unwrap();
        for (theta, found) in thetas.iter().zip(found) {
            let mut column = vec![0.0; lmax - m + 1];
            let sin = if *theta > 2.0 {
                (PI - theta).sin()
            } else {
                theta.sin()
            };
            legendre.column(m, theta.cos(), sin, &mut column);
            let expected = column[l - m] * if m == 0 { 1.0 } else { 2f64.sqrt() };
            let bound = 2e-15 * (l * l) as f64;
            assert!(
                (found - expected).abs() < bound,
                "{l} {m} {theta}: {found} {expected}"
            );
        }
    }
}

#[test]
fn adjoints_are_transposes() {
    for grid in grids(20).into_iter().chain(grids(70)) {
        let lmax = if grid.len() > 3000 { 70 } else { 20 };
        let plan = SphericalPlan::<f64>::new(grid.clone(), lmax).unwrap();
        let (a, f, g) = (
            noise(plan.count(), 1),
            noise(grid.len(), 2),
            noise(grid.len(), 3),
        );
        let (mut field, mut b) = (vec![0.0; grid.len()], vec![0.0; plan.count()]);
        let mut scratch = plan.scratch();
        let close = |left: f64, right: f64| {
            assert!(
                (left - right).abs() < 1e-11 * (1.0 + left.abs()),
                "{plan:?} {left} {right}"
            );
        };
        plan.synthesis_adjoint_into(&f, &mut b, &mut scratch)
            .unwrap();
        close(dot(&plan.synthesis(&a).unwrap(), &f), dot(&a, &b));
        plan.analysis_adjoint_into(&a, &mut field, &mut scratch)
            .unwrap();
        close(dot(&plan.analysis(&f).unwrap(), &a), dot(&f, &field));
        let [south, east] = plan.gradient(&a).unwrap();
        plan.gradient_adjoint_into([&f, &g], &mut b, &mut scratch)
            .unwrap();
        close(dot(&south, &f) + dot(&east, &g), dot(&a, &b));
    }
}

#[test]
fn the_reference_grid_is_met() {
    let Some(text) = oracle("grid.json") else {
        return;
    };
    let reference: serde_json::Value = serde_json::from_str(&text).unwrap();
    let numbers = |value: &serde_json::Value| -> Vec<f64> {
        let entries = value.as_array().unwrap().iter();
        entries
            .map(|v| v.as_f64().or_else(|| v.as_str()?.parse().ok()).unwrap())
            .collect()
    };
    let size = |key: &str| reference[key].as_u64().unwrap() as usize;
    let grid = SphereGrid::gauss_legendre_sized(size("ntheta"), size("nphi")).unwrap();
    for (ring, (z, w)) in grid.rings().iter().zip(
        numbers(&reference["cos_theta"])
            .iter()
            .zip(numbers(&reference["weights"])),
    ) {
        assert!((ring.theta.cos() - z).abs() < 4e-16);
        assert!((ring.weight * ring.longitudes as f64 / (2.0 * PI) - w).abs() < 1e-15);
    }
    let plan = SphericalPlan::<f64>::new(grid, size("lmax")).unwrap();
    let a = numbers(&reference["coefficients"]);
    let samples: Vec<f64> = reference["samples"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(numbers)
        .collect();
    assert!(largest(&plan.synthesis(&a).unwrap(), &samples) < 1e-13);
    assert!(largest(&plan.analysis(&samples).unwrap(), &a) < 1e-13);
}

#[test]
fn batches_are_their_fields() {
    let plan = SphericalPlan::<f32>::new(SphereGrid::gauss_legendre(12).unwrap(), 12).unwrap();
    let sets = narrow(&noise(3 * plan.count(), 4));
    let fields = plan.synthesis_batch(&sets).unwrap();
    let back = plan.analysis_batch(&fields).unwrap();
    for (i, set) in sets.chunks(plan.count()).enumerate() {
        let field = plan.synthesis(set).unwrap();
        assert_eq!(field, fields[i * field.len()..][..field.len()]);
        assert_eq!(
            plan.analysis(&field).unwrap(),
            back[i * set.len()..][..set.len()]
        );
    }
    assert!(plan.synthesis_batch(&sets[1..]).is_err());
    assert!(plan.synthesis_batch(&[]).unwrap().is_empty());
}

#[test]
fn a_scratch_of_another_grid_or_degree_is_refused() {
    let sized = |rings, longitudes| SphereGrid::gauss_legendre_sized(rings, longitudes).unwrap();
    let lopsided = [0.3, 0.6, 0.9, 1.2].map(|theta| Ring {
        theta,
        longitudes: 8,
        first: 0.0,
        weight: 1.0,
    });
    let lopsided = SphereGrid::from_rings(&lopsided).unwrap();
    let plans = [
        (sized(8, 16), 7),
        (sized(8, 32), 7),
        (sized(9, 18), 7),
        (sized(9, 18), 8),
        (sized(4, 8), 3),
        (lopsided, 3),
    ];
    let plans = plans.map(|(grid, lmax)| SphericalPlan::<f64>::new(grid, lmax).unwrap());
    for (i, plan) in plans.iter().enumerate() {
        for (j, other) in plans.iter().enumerate() {
            let (mut a, mut field) = (vec![1.0; plan.count()], vec![1.0; plan.grid().len()]);
            let mut scratch = other.scratch();
            let there = plan.synthesis_into(&a, &mut field, &mut scratch);
            let back = plan.analysis_into(&field, &mut a, &mut scratch);
            // The last two differ in how many rings mirror each other, which is still one vector.
            if i == j || i.min(j) == 4 {
                assert!(there.is_ok() && back.is_ok());
            } else {
                assert!(there.is_err() && back.is_err(), "{plan:?} {other:?}");
            }
        }
    }
}

#[test]
fn a_scratch_forgets_fields_that_overflowed() {
    for lmax in [3, 12] {
        let grid = SphereGrid::gauss_legendre(lmax).unwrap();
        let plan = SphericalPlan::<f64>::new(grid, lmax).unwrap();
        let (mut a, mut scratch) = (vec![1e308; plan.count()], plan.scratch());
        let mut field = vec![0.0; plan.grid().len()];
        plan.synthesis_into(&a, &mut field, &mut scratch).unwrap();
        assert!(field.iter().any(|v| !v.is_finite()));
        field.fill(1.0);
        plan.analysis_into(&field, &mut a, &mut scratch).unwrap();
        assert_eq!(a, plan.analysis(&field).unwrap());
        assert!(a.iter().all(|v| v.is_finite()));
    }
}

#[test]
fn the_azimuth_of_a_ring_is_one_of_a_turn() {
    let ring = |first| Ring {
        theta: 1.0,
        longitudes: 8,
        first,
        weight: 1.0,
    };
    for first in [0.0, -0.3, 6.2] {
        let grid = SphereGrid::from_rings(&[ring(first)]).unwrap();
        assert_eq!(grid.rings()[0].first, first);
    }
    let grid = SphereGrid::from_rings(&[ring(1e308)]).unwrap();
    let plan = SphericalPlan::<f64>::new(grid, 40).unwrap();
    let field = plan.synthesis(&noise(plan.count(), 1)).unwrap();
    assert!(field.iter().all(|v| v.is_finite()));
}

#[test]
fn batches_name_the_first_bad_value_at_any_number_of_threads() {
    let plan = SphericalPlan::<f64>::new(SphereGrid::gauss_legendre(3).unwrap(), 3).unwrap();
    for threads in [1, 2, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        let bad = |count: usize, first: usize| {
            let mut values = vec![0.0; count];
            values[first] = f64::NAN;
            values[count - 1] = f64::INFINITY;
            values
        };
        let sets = bad(40 * 16, 7 * 16 + 5);
        let fields = bad(40 * 32, 7 * 32 + 5);
        let named = |what, index| SpectralError::NotFinite { what, index };
        assert_eq!(
            pool.install(|| plan.synthesis_batch(&sets)).unwrap_err(),
            named("coefficient", 7 * 16 + 5)
        );
        assert_eq!(
            pool.install(|| plan.analysis_batch(&fields)).unwrap_err(),
            named("sample", 7 * 32 + 5)
        );
    }
}

#[test]
fn sizes_are_refused_by_the_name_of_the_argument() {
    for (grid, text) in [
        (SphereGrid::healpix(0), "nside: expected 1 to 8192, found 0"),
        (
            SphereGrid::healpix(10_000),
            "nside: expected 1 to 8192, found 10000",
        ),
        (
            SphereGrid::driscoll_healy(20_000),
            "bandwidth: expected 1 to 16384, found 20000",
        ),
        (
            SphereGrid::gauss_legendre(16_384),
            "degree of a grid: expected at most 16383, found 16384",
        ),
    ] {
        assert_eq!(grid.unwrap_err().to_string(), text);
    }
    assert!(SphereGrid::healpix(0).is_err() && SphereGrid::driscoll_healy(16_384).is_ok());
}

#[test]
fn bad_input_is_named() {
    let grid = SphereGrid::gauss_legendre(7).unwrap();
    assert!(matches!(
        SphericalPlan::<f64>::new(grid.clone(), 8),
        Err(SpectralError::Order { found: 8, .. })
    ));
    assert!(SphericalPlan::<f64>::new(SphereGrid::healpix(2).unwrap(), usize::MAX).is_err());
    let plan = SphericalPlan::<f64>::new(grid, 7).unwrap();
    assert!(matches!(
        plan.synthesis(&[0.0; 63]),
        Err(SpectralError::Length {
            expected: 64,
            found: 63,
            ..
        })
    ));
    let mut a = [0.0; 64];
    a[9] = f64::NAN;
    assert_eq!(
        plan.synthesis(&a),
        Err(SpectralError::NotFinite {
            what: "coefficient",
            index: 9
        })
    );
    let mut field = vec![0.0; 128];
    field[100] = f64::INFINITY;
    assert_eq!(
        plan.analysis(&field),
        Err(SpectralError::NotFinite {
            what: "sample",
            index: 100
        })
    );
    let other = SphericalPlan::<f64>::new(SphereGrid::gauss_legendre(8).unwrap(), 8).unwrap();
    let mut out = vec![0.0; 64];
    let field = vec![0.0; 128];
    assert!(
        plan.analysis_into(&field, &mut out, &mut other.scratch())
            .is_err()
    );
    assert!(plan.analysis_iterated(&field, 3, f64::NAN).is_err());
    for grid in [
        SphereGrid::gauss_legendre_sized(0, 4),
        SphereGrid::gauss_legendre(usize::MAX),
        SphereGrid::driscoll_healy(0),
        SphereGrid::equiangular(4, 0),
        SphereGrid::clenshaw_curtis(1, 4),
        SphereGrid::healpix(0),
        SphereGrid::healpix(usize::MAX),
        SphereGrid::from_rings(&[]),
        SphereGrid::from_rings(&[Ring {
            theta: 4.0,
            longitudes: 4,
            first: 0.0,
            weight: 1.0,
        }]),
        SphereGrid::from_rings(&[Ring {
            theta: f64::NAN,
            longitudes: 4,
            first: 0.0,
            weight: 1.0,
        }]),
        SphereGrid::from_rings(&[Ring {
            theta: 1.0,
            longitudes: 0,
            first: 0.0,
            weight: 1.0,
        }]),
    ] {
        assert!(grid.is_err());
    }
}
