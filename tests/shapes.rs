//! Single shapes as a user handles them: options that would change nothing are refused.
#![allow(clippy::unwrap_used)] // a test may panic

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use spectra_datasets::synthetic::{self, SyntheticOptions};

fn spectra(folder: &Path, arguments: &[&str]) -> std::process::Output {
    let mut command = Command::cargo_bin("spectra").unwrap();
    command
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

/// A store of order 6 as `a.spectra`, a mesh as `mesh.off`, and points with weights as `points.xyz`; an item of the store.
fn prepared(folder: &Path) -> String {
    let options = SyntheticOptions {
        train: 1,
        test: 1,
        ..SyntheticOptions::default()
    };
    synthetic::write(&folder.join("shapes"), &options).unwrap();
    let convert = "convert shapes -o a.spectra --order 6 --points 256";
    done(folder, convert);
    let mesh = "OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n";
    fs::write(folder.join("mesh.off"), mesh).unwrap();
    let points = "0.5 0 0 1\n0 0.5 0 2\n0 0 0.5 1\n-0.5 0 0 1\n";
    fs::write(folder.join("points.xyz"), points).unwrap();
    let items = fs::read_to_string(folder.join("a.spectra/part-00000-of-00001.csv")).unwrap();
    let id = items.lines().nth(1).unwrap().split(',').next().unwrap();
    format!("a.spectra#{id}")
}

fn done(folder: &Path, line: &str) {
    let output = spectra(folder, &line.split(' ').collect::<Vec<_>>());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{line}: {said}");
}

#[test]
fn options_that_would_change_nothing_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let item = prepared(folder);
    for (line, part) in [
        ("transform points.xyz --raw --basis spherical", "weights"),
        ("transform points.xyz --raw --points 9", "--points"),
        ("transform points.xyz --raw --seed 9", "--seed"),
        ("reconstruct ITEM -o a.ply --order 7", "order 6"),
        ("reconstruct ITEM -o a.ply --basis spherical", "zernike"),
        ("reconstruct ITEM -o a.ply --points 99", "--points"),
        ("reconstruct ITEM -o a.ply --seed 1", "--seed"),
        ("info a.spectra --picture a.png", "reconstruct"),
        ("info shapes --picture a.png", "a data set"),
        ("info mesh.off --up y", "--picture"),
    ] {
        let line = line.replace("ITEM", &item);
        let output = spectra(folder, &line.split(' ').collect::<Vec<_>>());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{line}: {said}");
        assert!(said.contains(part), "{line}: {said}");
        for name in ["a.ply", "a.png"] {
            assert!(!folder.join(name).exists(), "{line} wrote {name}");
        }
    }
    done(folder, "transform points.xyz --raw");
    done(folder, "info mesh.off --picture mesh.png --up y");
    // The README's own line, for a picture or a mesh.
    done(
        folder,
        "reconstruct mesh.off --order 4 --points 200 --up y -o up.ply",
    );
}

#[test]
fn an_item_of_a_store_is_drawn_at_the_order_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let item = prepared(folder);
    for (output, order) in [("all", ""), ("six", " --order 6"), ("four", " --order 4")] {
        done(
            folder,
            &format!("reconstruct {item} -o {output}.off{order}"),
        );
    }
    let written = |name: &str| fs::read(folder.join(name)).unwrap();
    assert!(written("all.off") == written("six.off"));
    assert!(written("all.off") != written("four.off"));
    done(
        folder,
        &format!("reconstruct {item} -o a.npy --points 50 --seed 3"),
    );
}
