use nalgebra::{Rotation3, Vector3};

use super::*;
use crate::invariants::{power_spectrum, zernike_invariants};
use crate::testing::{csv_rows, oracle};

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    let values = value.as_array().unwrap().iter();
    values.map(|v| v.as_f64().unwrap()).collect()
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let each = a.iter().zip(b);
    each.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn matrix3(a: f64, b: f64, c: f64) -> Rotation3<f64> {
    let about = |axis: Vector3<f64>, angle: f64| Rotation3::new(axis * angle);
    about(Vector3::z(), a) * about(Vector3::y(), b) * about(Vector3::z(), c)
}

fn values(count: usize) -> Vec<f64> {
    (0..count)
        .map(|i| ((i * 7919) % 101) as f64 / 50.0 - 1.0)
        .collect()
}

#[test]
fn the_oracle_is_met() {
    let Some(text) = oracle("rotation.json") else {
        return;
    };
    let truth: serde_json::Value = serde_json::from_str(&text).unwrap();
    let angles = numbers(&truth["euler_zyz"]);
    let rotation = Rotation::from_euler_zyz(angles[0], angles[1], angles[2], 10);
    for (l, rows) in truth["wigner_real"].as_array().unwrap().iter().enumerate() {
        let truth: Vec<f64> = rows.as_array().unwrap().iter().flat_map(numbers).collect();
        let found = rotation.matrix(l).unwrap();
        assert!(largest_difference(&found, &truth) < 1e-14, "{l}");
    }
    let mut zernike = numbers(&truth["zernike_before"]);
    let norms = zernike_invariants(10, &zernike).unwrap();
    rotation.apply_zernike(10, &mut zernike).unwrap();
    assert!(largest_difference(&zernike, &numbers(&truth["zernike_after"])) < 1e-13);
    assert!(largest_difference(&zernike_invariants(10, &zernike).unwrap(), &norms) < 1e-13);
    let mut harmonics = numbers(&truth["sh_before"]);
    let power = power_spectrum(&harmonics).unwrap();
    rotation.apply_spherical(&mut harmonics).unwrap();
    assert!(largest_difference(&harmonics, &numbers(&truth["sh_after"])) < 1e-13);
    assert!(largest_difference(&power_spectrum(&harmonics).unwrap(), &power) < 1e-13);
}

/// Entry (m, k) of the complex Wigner matrix from the real one `d` of degree `l`.
fn complex_entry(d: &[f64], l: isize, m: isize, k: isize) -> (f64, f64) {
    // c_m = sum over s of u(m, s) a_s with u(m, m) = (-1)^m / sqrt 2, u(m, -m) = -i (-1)^m / sqrt 2 for m > 0, and the
    // conjugate without sign for m < 0; u(0, 0) = 1. D_complex = U D_real U^H.
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let row = |m: isize| -> Vec<(isize, f64, f64)> {
        let sign = if m % 2 == 0 { half } else { -half };
        match m {
            0 => vec![(0, 1.0, 0.0)],
            m if m > 0 => vec![(m, sign, 0.0), (-m, 0.0, -sign)],
            m => vec![(-m, half, 0.0), (m, 0.0, half)],
        }
    };
    let mut sum = (0.0, 0.0);
    for (s, a, b) in row(m) {
        for (t, c, e) in row(k) {
            let value = d[((s + l) * (2 * l + 1) + t + l) as usize];
            // (a + ib)(c - ie)
            sum.0 += value * (a * c + b * e);
            sum.1 += value * (b * c - a * e);
        }
    }
    sum
}

#[test]
fn the_complex_oracle_is_met_to_degree_128() {
    let (Some(angles), Some(text)) = (oracle("rotation.json"), oracle("extra/wigner.csv")) else {
        return;
    };
    let angles: serde_json::Value = serde_json::from_str(&angles).unwrap();
    let angles = numbers(&angles["euler_zyz"]);
    let rotation = Rotation::from_euler_zyz(angles[0], angles[1], angles[2], 128);
    let mut matrices: std::collections::BTreeMap<usize, Vec<f64>> = Default::default();
    let mut worst = 0.0f64;
    for row in csv_rows(&text) {
        let (l, m, k) = (row[0] as usize, row[1] as isize, row[2] as isize);
        let d = matrices
            .entry(l)
            .or_insert_with(|| rotation.matrix(l).unwrap());
        let (re, im) = complex_entry(d, l as isize, m, k);
        worst = worst.max((re - row[4]).abs()).max((im - row[5]).abs());
    }
    assert!(worst < 5e-15 * 10.0, "{worst:e}");
}

#[test]
fn both_routes_agree_for_every_small_degree_and_awkward_angles() {
    let quarter = std::f64::consts::FRAC_PI_2;
    for (a, b, c) in [
        (0.3, 1.1, -2.0),
        (0.0, quarter, 0.0),
        (1.0, 2.0 * quarter, 0.5),
        (0.4, 1e-12, 0.9),
        (-2.5, -0.7, 3.0),
        (0.8, 0.0, 0.1),
    ] {
        let matrix = matrix3(a, b, c);
        let truth = naive::wigner(&matrix, 32);
        let quaternion = UnitQuaternion::from_rotation_matrix(&matrix);
        for rotation in [
            Rotation::from_euler_zyz(a, b, c, 32),
            Rotation::from_rotation3(&matrix, 32),
            Rotation::from_quaternion(&quaternion, 32),
        ] {
            for (l, truth) in truth.iter().enumerate() {
                let worst = largest_difference(&rotation.matrix(l).unwrap(), truth);
                assert!(worst < 1e-13, "{a} {b} {c}, degree {l}: {worst:e}");
            }
            let place = matrix * Vector3::new(0.1, -0.7, 0.4);
            let found = rotation.point([0.1, -0.7, 0.4]);
            assert!(largest_difference(&found, place.as_slice()) < 1e-14);
        }
    }
}

#[test]
fn batches_shells_and_single_precision_agree() {
    let rotation = Rotation::from_euler_zyz(0.3, 1.1, -2.0, 10);
    let count = Basis::Zernike.count(10);
    let sets = values(count * 19);
    let mut batch = sets.clone();
    rotation.apply_zernike_batch(10, &mut batch).unwrap();
    let mut scratch = RotationScratch::default();
    for (set, found) in sets.chunks(count).zip(batch.chunks(count)) {
        let mut one = set.to_vec();
        rotation
            .apply_zernike_with(10, &mut one, &mut scratch)
            .unwrap();
        assert!(largest_difference(&one, found) < 1e-14);
        let mut single: Vec<f32> = set.iter().map(|v| *v as f32).collect();
        rotation.apply_zernike(10, &mut single).unwrap();
        let single: Vec<f64> = single.iter().map(|v| f64::from(*v)).collect();
        assert!(largest_difference(&single, &one) < 1e-6);
    }
    let mut turned = values(count);
    Rotation::about_z(0.7, 10)
        .apply_zernike(10, &mut turned)
        .unwrap();
    let mut general = values(count);
    Rotation::from_euler_zyz(0.7, 1e-300, 0.0, 10)
        .apply_zernike(10, &mut general)
        .unwrap();
    assert!(largest_difference(&turned, &general) < 1e-13);
}

#[test]
fn there_and_back_at_degree_256() {
    let rotation = Rotation::from_euler_zyz(0.3, 1.1, -2.0, 256);
    let start = values(257 * 257);
    let mut turned = start.clone();
    rotation.apply_spherical(&mut turned).unwrap();
    for (l, (a, b)) in power_spectrum(&turned)
        .unwrap()
        .iter()
        .zip(power_spectrum(&start).unwrap())
        .enumerate()
    {
        assert!((a - b).abs() <= 1e-12 * b, "degree {l}: {a} {b}");
    }
    rotation.inverse().apply_spherical(&mut turned).unwrap();
    let worst = largest_difference(&turned, &start);
    assert!(worst < 1e-12, "{worst:e}");
}

#[test]
fn spherical_batches_are_single_rotations() {
    let rotation = Rotation::from_euler_zyz(0.4, 1.9, -2.2, 12);
    let sets = values(11 * 100);
    let mut batch = sets.clone();
    rotation.apply_spherical_batch(9, &mut batch).unwrap();
    for (set, found) in sets.chunks(100).zip(batch.chunks(100)) {
        let mut one = set.to_vec();
        rotation.apply_spherical(&mut one).unwrap();
        assert!(largest_difference(&one, found) < 1e-12);
    }
    assert!(rotation.apply_spherical_batch(9, &mut batch[1..]).is_err());
    assert!(rotation.apply_spherical_batch(13, &mut batch).is_err());
}

#[test]
fn nan_and_degrees_beyond_memory_are_refused() {
    let nan = Rotation::from_euler_zyz(f64::NAN, 0.5, 0.0, 4);
    assert!(matches!(
        nan.apply_spherical(&mut [1.0f64; 25]),
        Err(SpectralError::NotFinite { .. })
    ));
    assert!(nan.matrix(2).is_err());
    let rotation = Rotation::from_euler_zyz(0.1, 0.5, 0.0, usize::MAX);
    assert!(rotation.apply_spherical(&mut [f64::NAN; 4]).is_err());
    assert!(rotation.apply_spherical(&mut [1.0f64; 4]).is_ok());
    assert!(
        rotation
            .apply_zernike(usize::MAX, &mut [1.0f64; 4])
            .is_err()
    );
    assert!(rotation.matrix(usize::MAX).is_err());
}

#[test]
fn what_does_not_fit_is_refused() {
    let rotation = Rotation::from_euler_zyz(0.3, 1.1, -2.0, 6);
    assert!(rotation.apply_spherical(&mut [0.0f32; 5]).is_err());
    assert!(rotation.apply_spherical(&mut [0.0f64; 64]).is_err());
    assert!(rotation.apply_spherical::<f64>(&mut []).is_err());
    assert!(rotation.apply_zernike(6, &mut [0.0f64; 83]).is_err());
    assert!(rotation.apply_zernike(7, &mut [0.0f64; 120]).is_err());
    assert!(rotation.apply_zernike_batch(6, &mut [0.0f64; 85]).is_err());
    assert!(rotation.matrix(7).is_err());
    let high = Rotation::about_z(0.1, 600);
    assert!(high.apply_spherical(&mut vec![0.0f32; 601 * 601]).is_err());
}

#[test]
fn a_length_that_is_no_square_is_refused_as_such() {
    for lmax in [20, usize::MAX] {
        let rotation = Rotation::about_z(0.3, lmax);
        for count in [0, 24, 442] {
            let error = rotation.apply_spherical(&mut vec![0.0; count]).unwrap_err();
            let text = "(L + 1)^2, with L at most the degree of the rotation, found";
            assert!(
                error.to_string().ends_with(&format!("{text} {count}")),
                "{error}"
            );
        }
        assert!(rotation.apply_spherical(&mut [0.0; 25]).is_ok());
    }
}
