//! The coefficients of the paper's authors as a user runs them: what works with them does, what cannot is refused.
#![allow(clippy::unwrap_used)] // a test may panic

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use spectra_datasets::synthetic::{self, SyntheticOptions};

/// Status, standard output and standard error of the command.
fn spectra(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::cargo_bin("spectra")
        .unwrap()
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn done(arguments: &[&str]) -> String {
    let (status, out, err) = spectra(arguments);
    assert_eq!(status, Some(0), "{arguments:?}: {err}");
    out
}

#[test]
fn radius_fits_are_learnt_from_and_nothing_else_is_made_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (shapes, store, run, json) = (
        path("shapes"),
        path("a.spectra"),
        path("run"),
        path("a.json"),
    );
    let options = SyntheticOptions {
        train: 4,
        test: 2,
        ..SyntheticOptions::default()
    };
    synthetic::write(Path::new(&shapes), &options).unwrap();
    let convert = [
        "convert", &shapes, "-o", &store, "--basis", "radius", "--points", "300",
    ];
    let (status, _, said) = spectra(&convert);
    assert!(status == Some(1) && said.contains("expected 6"), "{said}");
    done(&[&convert[..], &["--order", "6"]].concat());

    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configs/authors.toml");
    let authors = configs.to_str().unwrap();
    let quick = [
        "network.channels=[4,8]",
        "train.epochs=2",
        "algorithm.walker_updates=1",
        "algorithm.steps=2",
    ];
    let quick: Vec<&str> = quick
        .iter()
        .flat_map(|setting| ["--set", setting])
        .collect();
    done(
        &[
            &["pretrain", &store, "-o", &run, "--config", authors][..],
            &quick,
        ]
        .concat(),
    );
    let info: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path("run/run.json")).unwrap()).unwrap();
    assert_eq!(
        (&info["basis"], &info["scaler"]),
        (&"radius".into(), &"softmax".into())
    );

    done(&[
        "eval",
        &store,
        "--run",
        &run,
        "--seeds",
        "1",
        "--classifiers",
        "1-nn",
        "--json",
        &json,
    ]);
    let report: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    let rows = report["rows"].as_array().unwrap();
    let names: Vec<&str> = rows
        .iter()
        .map(|row| row["features"].as_str().unwrap())
        .collect();
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

    let item = fs::read_to_string(path("a.spectra/part-00000-of-00001.csv")).unwrap();
    let item = format!(
        "{store}#{}",
        item.lines().nth(1).unwrap().split(',').next().unwrap()
    );
    let (picture, other, shape) = (path("a.png"), path("other"), path("one.off"));
    fs::write(&shape, "OFF\n2 0 0\n0.5 0 0\n-0.5 0 0.25\n").unwrap();
    for (arguments, status, part) in [
        (
            vec!["reconstruct", &item, "-o", &picture],
            1,
            "a radius fit neither turns",
        ),
        (
            vec!["eval", &store, "--run", &run, "--rotation", "so3"],
            1,
            "a radius fit neither turns",
        ),
        (
            vec!["eval", &store, "--run", &run, "--stances"],
            1,
            "a radius fit neither turns",
        ),
        (
            vec!["eval", &store, "--features", "fourier"],
            1,
            "a radius fit neither turns",
        ),
        (
            vec!["eval", &store, "--run", &run, "--reconstruction"],
            2,
            "radius fits",
        ),
        (
            vec!["pretrain", &store, "-o", &other],
            1,
            "augment.rotate to none",
        ),
        (
            vec![
                "transform",
                &shape,
                "--basis",
                "radius",
                "--order",
                "6",
                "--power",
            ],
            2,
            "--power",
        ),
        (
            vec!["transform", &shape, "--basis", "radius"],
            1,
            "expected 6",
        ),
    ] {
        let (found, _, said) = spectra(&arguments);
        assert_eq!(found, Some(status), "{arguments:?}: {said}");
        assert!(
            said.contains(part) && !said.contains("panicked"),
            "{arguments:?}: {said}"
        );
    }
    let printed = done(&[
        "transform",
        &shape,
        "--basis",
        "radius",
        "--order",
        "6",
        "--raw",
    ]);
    assert_eq!(printed.lines().count(), 100);
}
