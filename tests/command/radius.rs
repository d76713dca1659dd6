//! The coefficients of the paper's authors as a user runs them: what works with them does, what cannot is refused.

use std::fs;
use std::path::Path;

use crate::common::{done, features, first_item, json, refused, shapes};

#[test]
fn radius_fits_are_learnt_from_and_nothing_else_is_made_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    shapes(folder, 4, 2);
    let convert = "convert shapes -o a.spectra --basis radius --points 300";
    refused(
        folder,
        &format!("{convert} --order 7"),
        2,
        &["--order", "expected 6"],
    );
    done(folder, convert);

    let authors = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configs/authors.toml");
    fs::copy(authors, folder.join("authors.toml")).unwrap();
    let quick = "--set network.channels=[4,8] --set train.epochs=2 --set algorithm.walker_updates=1 --set algorithm.steps=2";
    done(
        folder,
        &format!("pretrain a.spectra -o run --config authors.toml {quick}"),
    );
    let info = json(&folder.join("run/run.json"));
    assert_eq!(
        (&info["basis"], &info["scaler"]),
        (&"radius".into(), &"softmax".into())
    );

    done(
        folder,
        "eval a.spectra --run run --seeds 1 --classifiers 1-nn --json a.json",
    );
    let report = json(&folder.join("a.json"));
    let names = features(&report);
    for (name, there) in [
        ("cGML bottleneck", true),
        ("raw map", true),
        ("random encoder", true),
        ("coefficients, unscaled", true),
        ("rotation invariants", false),
        ("invariants about z", false),
    ] {
        assert_eq!(names.contains(&name), there, "{name}: {names:?}");
    }

    let item = first_item(folder);
    let shape = "OFF\n2 0 0\n0.5 0 0\n-0.5 0 0.25\n";
    fs::write(folder.join("one.off"), shape).unwrap();
    let neither = "a radius fit neither turns";
    for (line, status, part) in [
        ("reconstruct ITEM -o a.png", 1, neither),
        ("eval a.spectra --run run --rotation so3", 1, neither),
        ("eval a.spectra --run run --stances", 1, neither),
        ("eval a.spectra --features fourier", 1, neither),
        (
            "eval a.spectra --run run --reconstruction",
            2,
            "radius fits",
        ),
        ("pretrain a.spectra -o other", 1, "augment.rotate to none"),
        (
            "transform one.off --basis radius --order 6 --power",
            2,
            "--power",
        ),
        (
            "transform one.off --basis radius --order 7",
            2,
            "expected 6",
        ),
    ] {
        refused(folder, &line.replace("ITEM", &item), status, &[part]);
    }
    let printed = done(folder, "transform one.off --basis radius --order 6 --raw");
    assert_eq!(printed.lines().count(), 100);
}
