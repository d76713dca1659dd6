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
