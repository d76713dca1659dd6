//! Every transform against 60-digit values, where the oracle files are at hand.
#![allow(clippy::unwrap_used)] // a test may panic

use std::path::{Path, PathBuf};

use spectra_spectral::scattered::Method;
use spectra_spectral::zernike::naive;
use spectra_spectral::{ScatteredPlan, ZernikePlan, harmonics, zernike_index};

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

/// What a function Z_nlm in double precision may be wrong by, anywhere in the ball.
fn double_limit(n: usize) -> f64 {
    1e-14 * (n as f64 + 10.0) * (2.0 * n as f64 + 3.0).sqrt()
}

/// In single precision: 1e-5 of the largest value in the ball, at the values that the rounded point has.
fn single_limit(n: usize, l: usize) -> f64 {
    1e-5 * ((2 * n + 3) as f64).sqrt() * largest_harmonic(l)
}

fn largest_harmonic(l: usize) -> f64 {
    ((2 * l + 1) as f64 / (4.0 * std::f64::consts::PI)).sqrt()
}

/// Every value of a file `point,n,l,m,value` against both precisions.
fn check_functions(points: &Path, values: &Path, order: usize) {
    let double = ZernikePlan::<f64>::new(order).unwrap();
    let single = ZernikePlan::<f32>::new(order).unwrap();
    let of_point = |p: Vec<f64>| {
        let exact = [p[1], p[2], p[3]];
        let rounded = exact.map(|x| x as f32);
        let values = double.functions(exact).unwrap();
        // A point on the rim may be rounded out of the ball.
        let there = double.functions(rounded.map(f64::from));
        let there = there.unwrap_or_else(|_outside| values.clone());
        [
            values,
            there,
            single
                .functions(rounded)
                .unwrap()
                .into_iter()
                .map(f64::from)
                .collect(),
        ]
    };
    let found: Vec<[Vec<f64>; 3]> = rows(points).into_iter().map(of_point).collect();
    for row in rows(values) {
        let [point, n, l] = [0, 1, 2].map(|i| row[i] as usize);
        let index = zernike_index(n, l, row[3] as isize);
        let [exact, rounded, single] = [0, 1, 2].map(|i| found[point][i][index]);
        assert!((exact - row[4]).abs() <= double_limit(n), "{row:?} {exact}");
        assert!(
            (single - rounded).abs() <= single_limit(n, l),
            "{row:?} {rounded} {single}"
        );
    }
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
        assert!(
            (naive::radial(n, l, r) - value).abs() <= double_limit(n),
            "R_{n},{l}({r})"
        );
    }
}

#[test]
fn functions_match_at_poles_origin_and_rim() {
    let Some(folder) = oracles() else { return };
    let [points, values] =
        ["zernike_points_xyz.csv", "zernike_points.csv"].map(|name| folder.join(name));
    check_functions(&points, &values, 12);
}

#[test]
fn functions_of_orders_20_to_30_match() {
    let Some(folder) = oracles() else { return };
    let [points, values] = ["zernike_points_high_xyz.csv", "zernike_points_high.csv"]
        .map(|name| folder.join("extra").join(name));
    check_functions(&points, &values, 30);
}

#[test]
fn harmonics_in_single_precision_match_to_degree_32() {
    let Some(folder) = oracles() else { return };
    let plan = ScatteredPlan::<f32>::with_method(32, Method::Direct).unwrap();
    let of_direction = |p: Vec<f64>| {
        let rounded = [p[1], p[2], p[3]].map(|x| x as f32);
        let found = plan.adjoint(&[rounded], Some(&[1.0])).unwrap();
        (found, harmonics(32, rounded.map(f64::from)).unwrap())
    };
    let found: Vec<_> = rows(&folder.join("sph_dirs.csv"))
        .into_iter()
        .map(of_direction)
        .collect();
    for row in rows(&folder.join("sph_real.csv")) {
        let (l, m) = (row[1] as usize, row[2] as isize);
        if l > 32 {
            continue;
        }
        let (single, double) = &found[row[0] as usize];
        let index = (l * l + l).checked_add_signed(m).unwrap();
        let error = (f64::from(single[index]) - double[index]).abs();
        assert!(error <= 1e-5 * largest_harmonic(l), "{row:?} {error:e}");
    }
}

/// Both precisions against the moments in `values`, of the cloud in `points`.
fn check_cloud(points: &Path, values: &Path) {
    let read = |path: &Path| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let (cloud, values) = (read(points), read(values));
    let entries = cloud["points"].as_array().unwrap().iter();
    let points: Vec<[f64; 3]> = entries.map(|p| numbers(p).try_into().unwrap()).collect();
    let weights = numbers(&cloud["weights"]);
    let expected = numbers(&values["zernike"]);
    let order = values["zernike_nmax"].as_u64().unwrap() as usize;
    let size = expected.iter().fold(0.0f64, |a, v| a.max(v.abs()));
    let plan = ZernikePlan::new(order).unwrap();
    let found = plan.moments(&points, Some(&weights)).unwrap();
    for (i, (a, b)) in found.iter().zip(&expected).enumerate() {
        assert!((a - b).abs() <= 1e-12 * size, "{i}: {a} {b}");
    }
    let points: Vec<[f32; 3]> = points.iter().map(|p| p.map(|x| x as f32)).collect();
    let weights: Vec<f32> = weights.iter().map(|w| *w as f32).collect();
    let plan = ZernikePlan::new(order).unwrap();
    let found = plan.moments(&points, Some(&weights)).unwrap();
    for (i, (a, b)) in found.iter().zip(&expected).enumerate() {
        assert!((f64::from(*a) - b).abs() <= 1e-5 * size, "{i}: {a} {b}");
    }
}

#[test]
fn moments_of_clouds_match_to_twelve_digits_and_in_single_precision_to_five() {
    let Some(folder) = oracles() else { return };
    for name in ["cloud16.json", "cloud200.json"] {
        check_cloud(&folder.join(name), &folder.join(name));
    }
    let high = folder.join("extra/cloud200_n20.json");
    check_cloud(&folder.join("cloud200.json"), &high);
}

#[test]
fn radial_functions_of_every_degree_match_at_high_orders() {
    let Some(folder) = oracles() else { return };
    for row in rows(&folder.join("extra/radial_high.csv")) {
        let (n, l, r, value) = (row[0] as usize, row[1] as usize, row[2], row[3]);
        let limit = double_limit(n);
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
