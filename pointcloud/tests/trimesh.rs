//! The files of `meshes` and `mesh-quirks`, held against what trimesh finds in them.

use std::path::{Path, PathBuf};
use std::process::Command;

use spectra_pointcloud::{Limits, Shape, read_path};

fn area(shape: &Shape) -> f64 {
    let corner = |v: u32| shape.points()[v as usize];
    let of_face = |&[a, b, c]: &[u32; 3]| {
        let side = |p: u32| -> [f64; 3] { std::array::from_fn(|i| corner(p)[i] - corner(a)[i]) };
        let (u, v) = (side(b), side(c));
        let cross = [
            u[1] * v[2] - u[2] * v[1],
            u[2] * v[0] - u[0] * v[2],
            u[0] * v[1] - u[1] * v[0],
        ];
        cross.iter().map(|x| x * x).sum::<f64>().sqrt() / 2.0
    };
    shape.faces().iter().map(of_face).sum()
}

/// The box of what the faces use, as trimesh gives it; of all points for a cloud.
fn bounds(shape: &Shape) -> Vec<f64> {
    let mut bounds = [[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]];
    let used: Vec<[f64; 3]> = match shape.faces() {
        [] => shape.points().to_vec(),
        faces => faces
            .iter()
            .flatten()
            .map(|&v| shape.points()[v as usize])
            .collect(),
    };
    for point in used {
        for (i, x) in point.into_iter().enumerate() {
            bounds[0][i] = bounds[0][i].min(x);
            bounds[1][i] = bounds[1][i].max(x);
        }
    }
    bounds.concat()
}

fn check(path: &Path, row: &[&str]) {
    let name = row[0];
    let read = read_path(path, &Limits::default());
    let shape = match (read, row[1]) {
        (Err(error), kind) => {
            assert_eq!(error.kind(), kind, "{error}");
            return;
        }
        (Ok(shape), kind) => {
            assert_eq!(
                kind,
                if shape.faces().is_empty() {
                    "cloud"
                } else {
                    "mesh"
                },
                "{name}"
            );
            shape
        }
    };
    let count = if row[1] == "mesh" {
        shape.faces().len()
    } else {
        shape.points().len()
    };
    assert_eq!(count.to_string(), row[2], "{name}");
    let numbers: Vec<f64> = row[4..]
        .iter()
        .map(|cell| cell.parse().expect("a number"))
        .collect();
    let size = numbers.iter().fold(0.0f64, |size, x| size.max(x.abs()));
    for (found, expected) in bounds(&shape).into_iter().zip(numbers) {
        assert!(
            (found - expected).abs() <= 1e-6 * size,
            "{name}: {found} is not {expected}"
        );
    }
    if row[1] == "mesh" {
        let expected: f64 = row[3].parse().expect("an area");
        let found = area(&shape);
        assert!(
            (found - expected).abs() <= 1e-6 * expected,
            "{name}: {found} is not {expected}"
        );
    }
}

#[test]
fn as_trimesh_finds_it() {
    let shared = std::env::var_os("SPECTRA_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let dir = tempfile::tempdir().expect("a temporary folder");
    for archive in ["mesh-quirks.tar.gz", "meshes.tar.gz"] {
        let archive = shared.join("data").join(archive);
        if !archive.exists() {
            println!("skipped: {} absent", archive.display());
            return;
        }
        let tar = Command::new("tar")
            .arg("-xzf")
            .arg(&archive)
            .arg("-C")
            .arg(dir.path())
            .status();
        if !tar.is_ok_and(|status| status.success()) {
            println!("skipped: tar cannot unpack {}", archive.display());
            return;
        }
    }
    let table = include_str!("fixtures/trimesh.csv");
    let mut rows = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let row: Vec<&str> = line.split(',').collect();
        check(&dir.path().join(row[0]), &row);
        rows += 1;
    }
    assert_eq!(rows, 59);
}
