//! Single shapes as a user handles them: options that would change nothing are refused.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::{done, first_item, refused, shapes};

/// A store of order 6 as `a.spectra`, a mesh as `mesh.off`, and points with weights as `points.xyz`; an item of the store.
fn prepared(folder: &Path) -> String {
    shapes(folder, 1, 1);
    let convert = "convert shapes -o a.spectra --order 6 --points 256";
    done(folder, convert);
    let mesh = "OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n";
    fs::write(folder.join("mesh.off"), mesh).unwrap();
    let points = "0.5 0 0 1\n0 0.5 0 2\n0 0 0.5 1\n-0.5 0 0 1\n";
    fs::write(folder.join("points.xyz"), points).unwrap();
    first_item(folder)
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
        refused(folder, &line, 2, &[part]);
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

#[test]
fn transform_prints_what_programs_read() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let points = "OFF\n2 0 0\n0.5 0 0\n-0.5 0 0.25\n";
    fs::write(folder.join("points.off"), points).unwrap();
    let printed = done(folder, "transform points.off --order 4 --raw --json");
    let value: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        (value["basis"].as_str(), value["points"].as_u64()),
        (Some("zernike"), Some(2))
    );
    let coefficients = value["coefficients"].as_array().unwrap();
    // Z_000 is constant: sqrt(3 / (4 pi)).
    let first = coefficients[0].as_f64().unwrap();
    assert!(
        coefficients.len() == 35
            && (first - (3.0 / (4.0 * std::f64::consts::PI)).sqrt()).abs() < 1e-15
    );
}
