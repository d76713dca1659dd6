//! Every instruction set, both precisions and every order to 32 against the naive sums.

use super::*;
use crate::simd::every_arch;

fn cloud(count: usize) -> (Vec<[f64; 3]>, Vec<f64>) {
    let at = |i: usize, step: usize| ((i * step + 17) % 65_521) as f64 / 32_760.5 - 1.0;
    let mut points: Vec<[f64; 3]> = (0..count)
        .map(|i| [at(i, 7919), at(i, 104_729), at(i, 1_299_709)].map(|x| 0.57 * x))
        .collect();
    // The origin, both poles at the rim, and a point close to the axis.
    for (point, odd) in points.iter_mut().skip(1).step_by(3).zip([
        [0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0],
        [0.0, 0.0, -1.0],
        [1e-9, -1e-9, 0.5],
    ]) {
        *point = odd;
    }
    let weights = (0..count)
        .map(|i| ((i % 5) as f64 - 1.0) / count as f64)
        .collect();
    (points, weights)
}

fn plans<T: Real>(order: usize) -> Vec<ZernikePlan<T>> {
    let with = |arch| ZernikePlan {
        arch,
        ..ZernikePlan::new(order).unwrap()
    };
    every_arch().into_iter().map(with).collect()
}

fn worst<T: Real>(found: &[T], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let each = found.iter().zip(expected);
    each.map(|(a, b)| (a.to_f64() - b).abs())
        .fold(0.0, f64::max)
}

/// Points and weights rounded to `T`, and their exact doubles: single precision is held to the values of its own input.
fn rounded<T: Real>(points: &[[f64; 3]], weights: &[f64]) -> (Vec<[T; 3]>, Vec<T>) {
    let points = points.iter().map(|p| p.map(T::from_f64)).collect();
    (points, weights.iter().map(|w| T::from_f64(*w)).collect())
}

fn check_order<T: Real>(order: usize, count: usize, tolerance: f64) {
    let (points, weights) = cloud(count);
    let (points, weights) = rounded::<T>(&points, &weights);
    let exact: Vec<[f64; 3]> = points.iter().map(|p| p.map(|x| x.to_f64())).collect();
    let shares: Vec<f64> = weights.iter().map(|w| w.to_f64()).collect();
    let expected = naive::moments(order, &exact, &shares);
    let coefficients: Vec<T> = expected.iter().map(|c| T::from_f64(*c)).collect();
    let basis: Vec<Vec<f64>> = exact
        .iter()
        .take(8)
        .map(|p| naive::moments(order, &[*p], &[1.0]))
        .collect();
    let densities: Vec<f64> = basis
        .iter()
        .map(|z| {
            z.iter()
                .zip(&coefficients)
                .map(|(z, c)| z * c.to_f64())
                .sum()
        })
        .collect();
    let scale = (2.0 * order as f64 + 3.0).sqrt() * (order as f64 + 1.0);
    for plan in plans::<T>(order) {
        let found = plan.moments(&points, Some(&weights)).unwrap();
        let error = worst(&found, &expected);
        assert!(
            error < tolerance * scale,
            "{:?} order {order}: {error:e}",
            plan.arch
        );
        let values = plan.functions(points[0]).unwrap();
        let error = worst(&values, &basis[0]);
        assert!(
            error < 4.0 * tolerance * scale,
            "{:?} order {order}: {error:e}",
            plan.arch
        );
        let size: f64 = expected.iter().map(|c| c * c).sum::<f64>().sqrt();
        let near: Vec<[T; 3]> = points.iter().copied().take(8).collect();
        let error = worst(&plan.evaluate(&coefficients, &near).unwrap(), &densities);
        let limit = 4.0 * tolerance * scale * scale * size.max(1.0);
        assert!(error < limit, "{:?} order {order}: {error:e}", plan.arch);
    }
}

#[test]
fn every_order_to_32_in_double_precision() {
    (0..=32).for_each(|order| check_order::<f64>(order, 40, 1e-15));
}

#[test]
fn every_order_to_32_in_single_precision() {
    (0..=32).for_each(|order| check_order::<f32>(order, 40, 3e-7));
}

#[test]
fn blocks_of_any_filling() {
    for count in [1, 7, 8, 9, 255, 256, 257, 511, 512, 513, 700] {
        check_order::<f64>(5, count, 1e-15);
        check_order::<f32>(5, count, 3e-7);
    }
}

#[test]
fn order_100_holds() {
    let (points, weights) = cloud(30);
    let expected = naive::moments(100, &points, &weights);
    for plan in plans::<f64>(100) {
        let error = worst(&plan.moments(&points, Some(&weights)).unwrap(), &expected);
        assert!(error < 1e-14 * 110.0 * 203f64.sqrt(), "{error:e}");
    }
    let (points, weights) = rounded::<f32>(&points, &weights);
    let found = ZernikePlan::new(100)
        .unwrap()
        .moments(&points, Some(&weights))
        .unwrap();
    // Rounding the points alone moves the highest functions by as much as this.
    assert!(worst(&found, &expected) < 1e-3);
}

#[test]
fn batches_are_their_clouds() {
    let plan = ZernikePlan::<f64>::new(9).unwrap();
    let (points, _) = cloud(600);
    let clouds: Vec<&[[f64; 3]]> = points.chunks(70).collect();
    let batch = plan.moments_batch(&clouds).unwrap();
    for (cloud, found) in clouds.iter().zip(batch) {
        assert_eq!(found, plan.moments(cloud, None).unwrap());
    }
}

#[test]
fn a_batch_names_the_first_bad_cloud_at_any_number_of_threads() {
    let plan = ZernikePlan::<f64>::new(4).unwrap();
    let (good, outside, nothing) = ([[0.1; 3]; 9], [[0.0; 3], [0.0, 2.0, 0.0]], []);
    let mut clouds: Vec<&[[f64; 3]]> = vec![&good; 40];
    clouds[7] = &outside;
    clouds[31] = &nothing;
    let expected = SpectralError::Cloud {
        index: 7,
        error: Box::new(plan.moments(&outside, None).unwrap_err()),
    };
    for threads in [1, 2, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let found = pool
            .build()
            .unwrap()
            .install(|| plan.moments_batch(&clouds));
        assert_eq!(found.unwrap_err(), expected);
    }
    let message = expected.to_string();
    assert!(
        message.starts_with("cloud 7: point 1 has radius 2"),
        "{message}"
    );
}

#[test]
fn bad_clouds_are_refused_with_what_was_found() {
    let plan = ZernikePlan::<f64>::new(4).unwrap();
    let inside = [[0.1, 0.2, 0.3]];
    assert!(matches!(
        plan.moments(&[], None),
        Err(SpectralError::Empty { .. })
    ));
    assert!(matches!(
        plan.moments(&[[0.0, f64::NAN, 0.0]], None),
        Err(SpectralError::NotFinite { index: 0, .. })
    ));
    assert!(matches!(
        plan.moments(&[[0.0; 3], [0.9, 0.9, 0.0]], None),
        Err(SpectralError::OutsideBall { index: 1, .. })
    ));
    assert!(matches!(
        plan.moments(&[[1e200; 3]], None),
        Err(SpectralError::OutsideBall { .. })
    ));
    assert!(plan.moments(&inside, Some(&[])).is_err());
    assert!(plan.moments(&inside, Some(&[f64::INFINITY])).is_err());
    let zero = plan.moments(&inside, Some(&[0.0])).unwrap();
    assert!(zero.iter().all(|c| *c == 0.0), "no weight, no moment");
    let mut scratch = ZernikePlan::<f64>::new(3).unwrap().scratch();
    assert!(
        plan.moments_into(&inside, None, &mut [0.0; 35], &mut scratch)
            .is_err()
    );
    assert!(
        plan.moments_into(&inside, None, &mut [0.0; 34], &mut plan.scratch())
            .is_err()
    );
    assert!(plan.evaluate(&[0.0; 34], &inside).is_err());
    assert!(plan.evaluate(&[0.0; 35], &[]).is_err());
    assert!(plan.evaluate(&[f64::NAN; 35], &inside).is_err());
    assert!(plan.density_grid(&[f64::NAN; 35], 4).is_err());
    assert!(
        plan.moments_gradient(&[f64::NAN; 35], &inside, None)
            .is_err()
    );
    let mut scratch = plan.scratch();
    assert!(
        plan.evaluate_into(&[0.0; 35], &inside, &mut [], &mut scratch)
            .is_err()
    );
    assert!(plan.functions([2.0, 0.0, 0.0]).is_err());
    assert!(ZernikePlan::<f32>::new(MAX_ORDER + 1).is_err());
}

#[test]
fn single_precision_does_not_lose_with_the_number_of_points() {
    // Weights of one sign, so that sums grow with every point.
    let (points, _weights) = cloud(400_000);
    let narrow: Vec<[f32; 3]> = points.iter().map(|p| p.map(|x| x as f32)).collect();
    let exact: Vec<[f64; 3]> = narrow.iter().map(|p| p.map(f64::from)).collect();
    for (plan, wide) in plans::<f32>(4).iter().zip(plans::<f64>(4)) {
        let found = plan.moments(&narrow, None).unwrap();
        let expected = wide.moments(&exact, None).unwrap();
        let error = worst(&found, &expected);
        assert!(error < 5e-6, "{:?}: {error:e}", plan.arch);
    }
}
