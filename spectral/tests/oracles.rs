//! Every transform against 60-digit values, where the oracle files are at hand.
#![allow(clippy::unwrap_used)] // a test may panic

use std::path::{Path, PathBuf};

use spectra_spectral::zernike::naive;
use spectra_spectral::{ZernikePlan, zernike_index};

fn oracles() -> Option<PathBuf> {
    let shared = std::env::var_os("SPECTRA_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("oracles");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} absent", folder.display());
    None
}

fn rows(path: &Path) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(path).unwrap();
    let row = |line: &str| line.split(',').map(|v| v.parse().unwrap()).collect();
    text.lines().skip(1).map(row).collect()
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    let entries = value.as_array().unwrap().iter();
    entries
        .map(|v| v.as_f64().or_else(|| v.as_str()?.parse().ok()).unwrap())
        .collect()
}

#[test]
fn radial_functions_match_to_order_100() {
    let Some(folder) = oracles() else { return };
    for row in rows(&folder.join("zernike_radial.csv")) {
        let (n, l, r, value) = (row[0] as usize, row[1] as usize, row[2], row[3]);
        let limit = 1e-14 * (n as f64 + 10.0) * (2.0 * n as f64 + 3.0).sqrt();
        assert!(
            (naive::radial(n, l, r) - value).abs() <= limit,
            "R_{n},{l}({r})"
        );
    }
}

#[test]
fn functions_match_at_poles_origin_and_rim() {
    let Some(folder) = oracles() else { return };
    let points = rows(&folder.join("zernike_points_xyz.csv"));
    let plan = ZernikePlan::<f64>::new(12).unwrap();
    let single = ZernikePlan::<f32>::new(12).unwrap();
    for row in rows(&folder.join("zernike_points.csv")) {
        let (n, l, m) = (row[1] as usize, row[2] as usize, row[3] as isize);
        let p = &points[row[0] as usize];
        let values = plan.functions([p[1], p[2], p[3]]).unwrap();
        let limit = 1e-14 * (n as f64 + 10.0) * (2.0 * n as f64 + 3.0).sqrt();
        let found = values[zernike_index(n, l, m)];
        assert!((found - row[4]).abs() <= limit, "{row:?} {found}");
        let values = single
            .functions([p[1] as f32, p[2] as f32, p[3] as f32])
            .unwrap();
        let found = f64::from(values[zernike_index(n, l, m)]);
        assert!(
            (found - row[4]).abs() <= 1e-5 * (2.0 * n as f64 + 3.0).sqrt() * 4.0,
            "{row:?} {found}"
        );
    }
}

#[test]
fn moments_of_clouds_match_to_twelve_digits() {
    let Some(folder) = oracles() else { return };
    for name in ["cloud16.json", "cloud200.json"] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let oracle: serde_json::Value = serde_json::from_str(&text).unwrap();
        let points: Vec<[f64; 3]> = oracle["points"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| numbers(p).try_into().unwrap())
            .collect();
        let weights = numbers(&oracle["weights"]);
        let expected = numbers(&oracle["zernike"]);
        let order = oracle["zernike_nmax"].as_u64().unwrap() as usize;
        let found = ZernikePlan::new(order)
            .unwrap()
            .moments(&points, Some(&weights))
            .unwrap();
        let size = expected.iter().fold(0.0f64, |a, v| a.max(v.abs()));
        for (i, (a, b)) in found.iter().zip(&expected).enumerate() {
            assert!((a - b).abs() <= 1e-12 * size, "{name} {i}: {a} {b}");
        }
    }
}

#[test]
fn radial_functions_of_every_degree_match_at_high_orders() {
    let Some(folder) = oracles() else { return };
    for row in rows(&folder.join("extra/radial_high.csv")) {
        let (n, l, r, value) = (row[0] as usize, row[1] as usize, row[2], row[3]);
        let limit = 1e-14 * (n as f64 + 10.0) * (2.0 * n as f64 + 3.0).sqrt();
        assert!(
            (naive::radial(n, l, r) - value).abs() <= limit,
            "R_{n},{l}({r})"
        );
        // The plan on the axis +z, where only m = 0 is not zero: Z_nl0 = R_nl sqrt((2l + 1) / 4 pi).
        if n == 100 && l % 10 == 0 {
            let plan = ZernikePlan::<f64>::new(100).unwrap();
            let pole = ((2 * l + 1) as f64 / (4.0 * std::f64::consts::PI)).sqrt();
            let found = plan.functions([0.0, 0.0, r]).unwrap()[zernike_index(n, l, 0)];
            assert!(
                (found - value * pole).abs() <= limit * pole,
                "Z_{n},{l},0 at {r}"
            );
        }
    }
}

#[test]
fn functions_of_orders_20_to_30_match() {
    let Some(folder) = oracles() else { return };
    let points = rows(&folder.join("extra/zernike_points_high_xyz.csv"));
    let (double, single) = (
        ZernikePlan::<f64>::new(30).unwrap(),
        ZernikePlan::<f32>::new(30).unwrap(),
    );
    let at = |p: &[f64]| [p[1], p[2], p[3]];
    let doubles: Vec<_> = points
        .iter()
        .map(|p| double.functions(at(p)).unwrap())
        .collect();
    let singles: Vec<_> = points
        .iter()
        .map(|p| single.functions(at(p).map(|x| x as f32)).unwrap())
        .collect();
    for row in rows(&folder.join("extra/zernike_points_high.csv")) {
        let (point, n, l, m) = (
            row[0] as usize,
            row[1] as usize,
            row[2] as usize,
            row[3] as isize,
        );
        let (index, size) = (zernike_index(n, l, m), (2.0 * n as f64 + 3.0).sqrt());
        let limit = 1e-14 * (n as f64 + 10.0) * size;
        let found = doubles[point][index];
        assert!((found - row[4]).abs() <= limit, "{row:?} {found}");
        let found = f64::from(singles[point][index]);
        assert!(
            (found - row[4]).abs() <= 1e-5 * size * size,
            "{row:?} {found}"
        );
    }
}

#[test]
fn moments_of_two_hundred_points_match_to_order_20() {
    let Some(folder) = oracles() else { return };
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
    };
    let (cloud, high) = (read("cloud200.json"), read("extra/cloud200_n20.json"));
    let points: Vec<[f64; 3]> = cloud["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| numbers(p).try_into().unwrap())
        .collect();
    let weights = numbers(&cloud["weights"]);
    let expected = numbers(&high["zernike"]);
    let found = ZernikePlan::new(20)
        .unwrap()
        .moments(&points, Some(&weights))
        .unwrap();
    let size = expected.iter().fold(0.0f64, |a, v| a.max(v.abs()));
    assert!(
        found
            .iter()
            .zip(&expected)
            .all(|(a, b)| (a - b).abs() <= 1e-12 * size)
    );
    let points: Vec<[f32; 3]> = points.iter().map(|p| p.map(|x| x as f32)).collect();
    let weights: Vec<f32> = weights.iter().map(|w| *w as f32).collect();
    let found = ZernikePlan::new(20)
        .unwrap()
        .moments(&points, Some(&weights))
        .unwrap();
    assert!(
        found
            .iter()
            .zip(&expected)
            .all(|(a, b)| (f64::from(*a) - b).abs() <= 1e-5 * size)
    );
}

#[test]
fn a_ball_of_a_fine_mesh_approaches_its_closed_form() {
    let Some(folder) = oracles() else { return };
    let text = std::fs::read_to_string(folder.join("bodies.json")).unwrap();
    let truth: serde_json::Value = serde_json::from_str(&text).unwrap();
    let ball = &truth["ball"];
    let (radius, centre) = (ball["radius"].as_f64().unwrap(), numbers(&ball["centre"]));
    let expected = numbers(&ball["zernike"]);
    let plan = ZernikePlan::<f64>::new(8).unwrap();
    let worst = |rings: usize| {
        let (mut vertices, faces) = sphere(rings);
        // Inscribed triangles hold less than the ball: scaled to its volume, which leaves an error of second order.
        let unit = plan.volume_moments(&vertices, &faces).unwrap()[0]
            * (4.0 * std::f64::consts::PI / 3.0).sqrt();
        let scale = radius * (4.0 * std::f64::consts::PI / 3.0 / unit).cbrt();
        for v in &mut vertices {
            *v = std::array::from_fn(|k| centre[k] + scale * v[k]);
        }
        let found = plan.volume_moments(&vertices, &faces).unwrap();
        found
            .iter()
            .zip(&expected)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max)
    };
    let (coarse, fine) = (worst(12), worst(24));
    assert!(fine < 1e-3 && fine < coarse / 3.0, "{coarse:e} {fine:e}");
}

/// A unit sphere of `rings` bands of latitude, faces outward.
fn sphere(rings: usize) -> (Vec<[f64; 3]>, Vec<[u32; 3]>) {
    let around = 2 * rings;
    let pi = std::f64::consts::PI;
    let mut vertices = vec![[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]];
    for i in 1..rings {
        let (sin, cos) = (pi * i as f64 / rings as f64).sin_cos();
        vertices.extend((0..around).map(|j| {
            let phi = pi * j as f64 / rings as f64;
            [sin * phi.cos(), sin * phi.sin(), cos]
        }));
    }
    let at = |i: usize, j: usize| (2 + (i - 1) * around + j % around) as u32;
    let mut faces = Vec::new();
    for j in 0..around {
        faces.push([0, at(1, j), at(1, j + 1)]);
        faces.push([1, at(rings - 1, j + 1), at(rings - 1, j)]);
        for i in 1..rings - 1 {
            faces.push([at(i, j), at(i + 1, j), at(i + 1, j + 1)]);
            faces.push([at(i, j), at(i + 1, j + 1), at(i, j + 1)]);
        }
    }
    (vertices, faces)
}
