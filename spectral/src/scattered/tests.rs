//! Scattered sums against the naive oracle, the reference files and each other.

use super::{Method, ScatteredPlan, SphereFit, naive};
use crate::simd::every_arch;
use crate::testing::{csv_rows, noise, oracle};
use crate::{Real, SpectralError};

/// Points in all directions and at all distances, with the poles and places beside them.
fn cloud(count: usize, seed: u64) -> Vec<[f64; 3]> {
    let mut points: Vec<[f64; 3]> = noise(3 * count, seed)
        .chunks(3)
        .map(|p| [p[0], p[1], p[2]])
        .collect();
    let special = [
        [0.0, 0.0, 1.0],
        [0.0, 0.0, -3.0],
        [1e-9, -2e-9, 1.0],
        [1e-200, 0.0, -1.0],
        [1.0, 0.0, 0.0],
        [-1.0, 0.0, 0.0],
        [0.0, -1e-3, 0.0],
    ];
    for (point, special) in points.iter_mut().zip(special) {
        *point = special;
    }
    points
}

fn largest<T: Real>(found: &[T], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let errors = found
        .iter()
        .zip(expected)
        .map(|(a, b)| (a.to_f64() - b).abs());
    errors.fold(0.0, f64::max)
}

fn relative<T: Real>(found: &[T], expected: &[f64]) -> f64 {
    let square = |v: f64| v * v;
    let wrong: f64 = found
        .iter()
        .zip(expected)
        .map(|(a, b)| square(a.to_f64() - b))
        .sum();
    let whole: f64 = expected.iter().map(|v| square(*v)).sum();
    (wrong / whole).sqrt()
}

fn narrow(points: &[[f64; 3]]) -> Vec<[f32; 3]> {
    points.iter().map(|p| p.map(|v| v as f32)).collect()
}

fn wide(points: &[[f32; 3]]) -> Vec<[f64; 3]> {
    points.iter().map(|p| p.map(f64::from)).collect()
}

#[test]
fn every_small_size_agrees_with_the_oracle() {
    for lmax in 0..=32 {
        for count in [1, 7, 100] {
            let points = cloud(count, lmax as u64);
            let weights = noise(count, 50);
            let a = noise((lmax + 1) * (lmax + 1), 51);
            let sums = naive::adjoint(lmax, &points, &weights).unwrap();
            let values = naive::evaluate(lmax, &a, &points).unwrap();
            let size = (lmax + 1) as f64;
            for method in [Method::Auto, Method::Direct, Method::Fast { error: 1e-12 }] {
                let plan = ScatteredPlan::<f64>::with_method(lmax, method).unwrap();
                let fast = matches!(method, Method::Fast { .. });
                let bound = if fast { 1e-12 } else { 4e-15 } * size * (count as f64).sqrt();
                let error = largest(&plan.adjoint(&points, Some(&weights)).unwrap(), &sums);
                assert!(error < bound, "{lmax} {count} {method:?} {error:e}");
                let error = largest(&plan.evaluate(&a, &points).unwrap(), &values);
                assert!(error < bound * size, "{lmax} {count} {method:?} {error:e}");
            }
        }
    }
}

#[test]
fn single_precision_agrees_with_the_oracle() {
    for lmax in 0..=32 {
        let points = narrow(&cloud(90, 3));
        let weights: Vec<f32> = noise(90, 4).into_iter().map(|w| w as f32).collect();
        let a: Vec<f32> = noise((lmax + 1) * (lmax + 1), 5)
            .into_iter()
            .map(|w| w as f32)
            .collect();
        let w: Vec<f64> = weights.iter().map(|w| f64::from(*w)).collect();
        let b: Vec<f64> = a.iter().map(|w| f64::from(*w)).collect();
        let sums = naive::adjoint(lmax, &wide(&points), &w).unwrap();
        let values = naive::evaluate(lmax, &b, &wide(&points)).unwrap();
        for method in [Method::Direct, Method::Fast { error: 1e-7 }] {
            let plan = ScatteredPlan::<f32>::with_method(lmax, method).unwrap();
            let error = relative(&plan.adjoint(&points, Some(&weights)).unwrap(), &sums);
            assert!(error < 1e-5, "{lmax} {method:?} {error:e}");
            let error = relative(&plan.evaluate(&a, &points).unwrap(), &values);
            assert!(error < 1e-5, "{lmax} {method:?} {error:e}");
        }
    }
}

/// Directions between two colatitudes in degrees, about either pole.
fn zone(count: usize, low: f64, high: f64) -> Vec<[f32; 3]> {
    let noise = noise(2 * count, 3);
    let places = noise.chunks(2).enumerate().map(|(i, place)| {
        let theta = (low + (high - low) * (0.5 + 0.5 * place[0])).to_radians();
        let (y, x) = (3.2 * place[1]).sin_cos();
        let south = if i % 2 == 0 { 1.0 } else { -1.0 };
        [theta.sin() * x, theta.sin() * y, south * theta.cos()]
    });
    narrow(&places.collect::<Vec<_>>())
}

#[test]
fn single_precision_keeps_its_promise_at_the_poles() {
    for lmax in [16, 32, 133] {
        let direct = ScatteredPlan::<f32>::with_method(lmax, Method::Direct).unwrap();
        let auto = ScatteredPlan::<f32>::new(lmax).unwrap();
        for (low, high) in [(0.0, 0.0), (0.0, 2.0), (2.0, 12.0), (12.0, 90.0)] {
            for (single, double) in zone(60, low, high).iter().zip(wide(&zone(60, low, high))) {
                let found = direct.adjoint(&[*single], Some(&[1.0])).unwrap();
                let best = auto.adjoint(&[*single], Some(&[1.0])).unwrap();
                let truth = crate::harmonics(lmax, double).unwrap();
                for l in 0..=lmax {
                    let largest = ((2 * l + 1) as f64 / (4.0 * std::f64::consts::PI)).sqrt();
                    let degree = l.max(8) as f64;
                    let polar = if high <= 12.0 {
                        1e-7 * degree * degree
                    } else {
                        0.0
                    };
                    let bound = largest * polar.max(4e-7 * degree);
                    let of_degree = l * l..(l + 1) * (l + 1);
                    let error = largest_of(&found, &truth, of_degree.clone());
                    assert!(error < bound, "{lmax} {l} {low}: {error:e} > {bound:e}");
                    let error = largest_of(&best, &truth, of_degree);
                    assert!(
                        lmax < 32 || error < 1e-6 * largest,
                        "{lmax} {l} {low}: {error:e}"
                    );
                }
                if lmax <= 32 {
                    let error = relative(&found, &truth);
                    assert!(error < 4e-5, "{lmax} {low}: {error:e}");
                }
            }
        }
    }
}

fn largest_of(found: &[f32], expected: &[f64], range: std::ops::Range<usize>) -> f64 {
    largest(&found[range.clone()], &expected[range])
}

#[test]
fn the_fast_way_keeps_its_promise_and_both_are_transposes() {
    let points = cloud(3000, 9);
    let weights = noise(3000, 10);
    for lmax in [20, 63, 130] {
        let a = noise((lmax + 1) * (lmax + 1), 11);
        let exact = ScatteredPlan::<f64>::with_method(lmax, Method::Direct).unwrap();
        let sums = exact.adjoint(&points, Some(&weights)).unwrap();
        let values = exact.evaluate(&a, &points).unwrap();
        for error in [1e-2, 1e-4, 1e-6, 1e-9, 1e-12, 1e-13] {
            let plan = ScatteredPlan::<f64>::with_method(lmax, Method::Fast { error }).unwrap();
            let b = plan.adjoint(&points, Some(&weights)).unwrap();
            let f = plan.evaluate(&a, &points).unwrap();
            let (up, down) = (relative(&b, &sums), relative(&f, &values));
            let floor = 1e-15 * lmax as f64;
            assert!(up < error.max(floor), "{lmax} {error:e}: adjoint {up:e}");
            assert!(
                down < error.max(floor),
                "{lmax} {error:e}: evaluate {down:e}"
            );
            let left: f64 = f.iter().zip(&weights).map(|(f, w)| f * w).sum();
            let right: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            assert!(
                (left - right).abs() < 1e-10 * left.abs().max(100.0),
                "{left} {right}"
            );
        }
    }
}

#[test]
fn instruction_sets_agree() {
    let points = cloud(1500, 12);
    let weights = noise(1500, 13);
    for method in [Method::Direct, Method::Fast { error: 1e-12 }] {
        let mut plan = ScatteredPlan::<f64>::with_method(45, method).unwrap();
        let best = plan.adjoint(&points, Some(&weights)).unwrap();
        let values = plan.evaluate(&best, &points).unwrap();
        let mut single = ScatteredPlan::<f32>::with_method(45, method).unwrap();
        let w: Vec<f32> = weights.iter().map(|w| *w as f32).collect();
        for arch in every_arch() {
            plan.arch = arch;
            single.arch = arch;
            let sums = plan.adjoint(&points, Some(&weights)).unwrap();
            assert!(relative(&sums, &best) < 1e-13, "{arch:?}");
            assert!(relative(&plan.evaluate(&best, &points).unwrap(), &values) < 1e-13);
            let sums = single.adjoint(&narrow(&points), Some(&w)).unwrap();
            assert!(relative(&sums, &best) < 1e-5, "{arch:?}");
        }
    }
}

#[test]
fn reference_harmonics_are_met_to_degree_1000() {
    for (dirs, file, real) in [
        ("sph_dirs.csv", "sph_real.csv", true),
        (
            "extra/sph_high_dirs.csv",
            "extra/sph_complex_high.csv",
            false,
        ),
        ("sph_dirs.csv", "sph_complex.csv", false),
    ] {
        let (Some(dirs), Some(text)) = (oracle(dirs), oracle(file)) else {
            return;
        };
        let plan = ScatteredPlan::<f64>::with_method(1000, Method::Direct).unwrap();
        let mut scratch = plan.scratch();
        let directions: Vec<[f64; 3]> = csv_rows(&dirs)
            .map(|row| [row[1], row[2], row[3]])
            .collect();
        let mut values = vec![0.0; plan.count()];
        let mut current = usize::MAX;
        for row in csv_rows(&text) {
            let (dir, l, m) = (row[0] as usize, row[1] as usize, row[2] as i64);
            if dir != current {
                plan.adjoint_into(&[directions[dir]], Some(&[1.0]), &mut values, &mut scratch)
                    .unwrap();
                current = dir;
            }
            let at = |m: i64| values[((l * l + l) as i64 + m) as usize];
            let (found, expected) = if real {
                ([at(m), 0.0], [row[3], 0.0])
            } else {
                (complex(m, at(m.abs()), at(-m.abs())), [row[3], row[4]])
            };
            // Off the poles as good as the accurate path; near them looser, as `l^2`.
            let [x, y, z] = directions[dir];
            let polar = z.abs() > 0.999 * x.hypot(y).hypot(z);
            let degree = l.max(8) as f64;
            let square = if polar { 4e-16 * degree * degree } else { 0.0 };
            let bound = square.max(2e-15 * degree);
            for (found, expected) in found.iter().zip(expected) {
                let error = (found - expected).abs();
                assert!(
                    error <= bound,
                    "{file} dir {dir} l {l} m {m}: {error:e} > {bound:e}"
                );
            }
        }
    }
}

/// `Y_l^m` from `Y_l,|m|` and `Y_l,-|m|`.
fn complex(m: i64, cosine: f64, sine: f64) -> [f64; 2] {
    let sign = if m > 0 && m % 2 != 0 { -1.0 } else { 1.0 };
    let half = std::f64::consts::FRAC_1_SQRT_2;
    match m {
        0 => [cosine, 0.0],
        _ => [sign * half * cosine, sign * half * sine * m.signum() as f64],
    }
}

#[test]
fn reference_clouds_are_met_to_twelve_digits() {
    for name in ["cloud16.json", "cloud200.json"] {
        let Some(text) = oracle(name) else { return };
        let cloud: serde_json::Value = serde_json::from_str(&text).unwrap();
        let numbers = |value: &serde_json::Value| -> Vec<f64> {
            let entries = value.as_array().unwrap().iter();
            entries
                .map(|v| v.as_f64().or_else(|| v.as_str()?.parse().ok()).unwrap())
                .collect()
        };
        let entries = cloud["points"].as_array().unwrap().iter();
        let points: Vec<[f64; 3]> = entries.map(|p| numbers(p).try_into().unwrap()).collect();
        let (weights, expected) = (numbers(&cloud["weights"]), numbers(&cloud["sh"]));
        let lmax = cloud["sh_lmax"].as_u64().unwrap() as usize;
        let size = expected.iter().fold(0.0f64, |a, v| a.max(v.abs()));
        for method in [Method::Auto, Method::Fast { error: 1e-13 }] {
            let plan = ScatteredPlan::<f64>::with_method(lmax, method).unwrap();
            let found = plan.adjoint(&points, Some(&weights)).unwrap();
            assert!(
                largest(&found, &expected) < 1e-12 * size,
                "{name} {method:?}"
            );
        }
        let plan = ScatteredPlan::<f32>::new(lmax).unwrap();
        let w: Vec<f32> = weights.iter().map(|w| *w as f32).collect();
        let found = plan.adjoint(&narrow(&points), Some(&w)).unwrap();
        assert!(largest(&found, &expected) < 1e-5 * size, "{name} f32");
    }
}

#[test]
fn a_fit_recovers_noisy_and_partial_samples() {
    let lmax = 6;
    let truth = noise(49, 20);
    let points = cloud(600, 21);
    let values = naive::evaluate(lmax, &truth, &points).unwrap();
    let fit = SphereFit::new(&points, None, lmax, 0.0).unwrap();
    assert!(largest(&fit.solve(&values).unwrap(), &truth) < 1e-12);
    // The kernel is used again, on noisy values.
    let noisy: Vec<f64> = values
        .iter()
        .zip(noise(600, 22))
        .map(|(v, e)| v + 0.1 * e)
        .collect();
    let a = fit.solve(&noisy).unwrap();
    assert!(largest(&a, &truth) < 0.1);
    assert!(fit.misfit(&a, &noisy).unwrap() < 0.1 && fit.misfit(&truth, &values).unwrap() < 1e-13);

    // Half a sphere of a low-degree function at a high degree: a ridge stays near it.
    let half: Vec<[f64; 3]> = points.iter().copied().filter(|p| p[2] > 0.0).collect();
    let smooth = |p: &[f64; 3]| 1.0 + 0.3 * p[0] / (p[0] * p[0] + p[1] * p[1] + p[2] * p[2]).sqrt();
    let values: Vec<f64> = half.iter().map(smooth).collect();
    let fit = SphereFit::new(&half, None, 12, 1e-6).unwrap();
    let a = fit.solve(&values).unwrap();
    let everywhere = naive::evaluate(12, &a, &points).unwrap();
    let expected: Vec<f64> = points.iter().map(smooth).collect();
    assert!(largest(&everywhere, &expected) < 0.1);
    assert!(matches!(
        SphereFit::new(&half[..100], None, 12, 0.0),
        Err(SpectralError::Value { .. })
    ));
}

#[test]
fn bad_input_is_named() {
    let plan = ScatteredPlan::<f64>::new(40).unwrap();
    let points = cloud(10, 1);
    assert!(matches!(
        plan.adjoint(&[], None),
        Err(SpectralError::Empty { .. })
    ));
    assert!(matches!(
        plan.adjoint(&points, Some(&[1.0; 9])),
        Err(SpectralError::Length {
            expected: 10,
            found: 9,
            ..
        })
    ));
    let mut bad = points.clone();
    bad[4][1] = f64::NAN;
    let mut zero = points.clone();
    zero[6] = [0.0; 3];
    for method in [Method::Direct, Method::Fast { error: 1e-9 }] {
        let plan = ScatteredPlan::<f64>::with_method(40, method).unwrap();
        let a = vec![0.0; plan.count()];
        assert_eq!(
            plan.adjoint(&bad, None),
            Err(SpectralError::NotFinite {
                what: "point",
                index: 4
            })
        );
        assert!(matches!(
            plan.evaluate(&a, &zero),
            Err(SpectralError::Value { .. })
        ));
        let huge = [[1e308, -1e308, 1e308], [1e-320, 0.0, 0.0]];
        assert!(
            plan.adjoint(&huge, None)
                .unwrap()
                .iter()
                .all(|v| v.is_finite())
        );
        assert!(plan.evaluate(&a[1..], &points).is_err());
        let other = ScatteredPlan::<f64>::with_method(39, method).unwrap();
        let mut out = a.clone();
        assert!(
            plan.adjoint_into(&points, None, &mut out, &mut other.scratch())
                .is_err()
        );
    }
    // Of these two the fine grids have the same size, and the rows the same stride.
    let [plan, other] = [21, 22]
        .map(|lmax| ScatteredPlan::<f64>::with_method(lmax, Method::Fast { error: 1e-9 }).unwrap());
    for (plan, other) in [(&plan, &other), (&other, &plan)] {
        let (mut a, mut values) = (vec![0.0; plan.count()], vec![0.0; points.len()]);
        let mut scratch = other.scratch();
        assert!(
            plan.adjoint_into(&points, None, &mut a, &mut scratch)
                .is_err()
        );
        assert!(
            plan.evaluate_into(&a, &points, &mut values, &mut scratch)
                .is_err()
        );
    }
    let mut weights = [1.0; 10];
    weights[3] = f64::INFINITY;
    assert_eq!(
        plan.adjoint(&points, Some(&weights)),
        Err(SpectralError::NotFinite {
            what: "weight",
            index: 3
        })
    );
    assert!(ScatteredPlan::<f64>::new(5000).is_err());
    assert!(ScatteredPlan::<f32>::with_method(500, Method::Direct).is_err());
    assert!(ScatteredPlan::<f32>::new(500).is_ok());
    for error in [0.0, 1.0, f64::NAN] {
        assert!(ScatteredPlan::<f64>::with_method(9, Method::Fast { error }).is_err());
    }
    assert!(SphereFit::new(&points, None, 1, -1.0).is_err());
    assert!(SphereFit::new(&points, Some(&[-1.0; 10]), 1, 0.0).is_err());
    assert!(SphereFit::new(&[], None, 1, 0.0).is_err());
    assert!(SphereFit::new(&zero, None, 1, 0.0).is_err());
    assert!(SphereFit::new(&points, None, 64, 1.0).is_err());
}

#[test]
fn single_precision_does_not_lose_with_the_number_of_points() {
    let points = cloud(400_000, 5);
    let upper: Vec<[f64; 3]> = points.iter().map(|[x, y, z]| [*x, *y, z.abs()]).collect();
    let narrow = narrow(&upper);
    let exact: Vec<[f64; 3]> = narrow.iter().map(|p| p.map(f64::from)).collect();
    // Sums lane by lane for all orders at once, and order by order.
    for lmax in [8, 200] {
        let few = if lmax == 8 { narrow.len() } else { 40_000 };
        let plan = ScatteredPlan::<f32>::new(lmax).unwrap();
        let wide = ScatteredPlan::<f64>::new(lmax).unwrap();
        let found = plan.adjoint(&narrow[..few], None).unwrap();
        let expected = wide.adjoint(&exact[..few], None).unwrap();
        let error = relative(&found, &expected);
        assert!(error < 1e-5, "degree {lmax}: {error:e}");
    }
}
