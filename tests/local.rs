//! A run on local maps, as a user makes and evaluates one.
#![allow(clippy::unwrap_used)] // a test may panic

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use spectra_datasets::synthetic::{self, SyntheticOptions};

fn spectra(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spectra"));
    command.current_dir(folder).args(arguments);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Accuracies by the features of a report's rows, in their order.
fn accuracies(report: &Path) -> Vec<(String, f64)> {
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    let rows = report["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        let name = row["features"].as_str().unwrap().to_owned();
        (name, row["accuracy_mean"].as_f64().unwrap())
    })
    .collect()
}

#[test]
fn local_maps_from_shapes_to_rows() {
    let folder = tempfile::tempdir().unwrap();
    let made = SyntheticOptions {
        train: 6,
        test: 3,
        ..SyntheticOptions::default()
    };
    synthetic::write(&folder.path().join("shapes"), &made).unwrap();
    let done = |arguments: &[&str]| {
        let output = spectra(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    };
    done(&[
        "convert",
        "shapes",
        "-o",
        "s.spectra",
        "--order",
        "4",
        "--points",
        "256",
    ]);
    let small = [
        "map.visible=12",
        "map.queries=6",
        "map.local.centres=32",
        "map.local.radii=[0.3, 0.6]",
        "map.local.order=2",
        "network.width=32",
        "network.bottleneck=32",
        "train.batch=20",
        "train.epochs=2",
    ];
    let small: Vec<&str> = small.iter().flat_map(|&set| ["--set", set]).collect();
    let pretrain = ["pretrain", "s.spectra", "-o", "run", "--preset", "local"];
    done(&[&pretrain[..], &small].concat());

    let eval = ["eval", "s.spectra", "--run", "run", "--seeds", "1"];
    let rows = |more: &[&str]| {
        let judged = ["--classifiers", "1-nn", "--json", "a.json"];
        done(&[&eval[..], &judged, more].concat());
        accuracies(&folder.path().join("a.json"))
    };
    let as_it_is = rows(&["--features", "learned,controls,fisher-learned"]);
    let names: Vec<&str> = as_it_is.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "cGML, local maps",
            "cGML, local maps + raw local map, pooled",
            "raw local map, pooled",
            "PCA of the raw local map, pooled",
            "random encoder",
            "rotation invariants",
            "invariants about z",
            "Fisher vector of cGML rows",
            "Fisher vector of random rows",
        ]
    );
    // Thirty test objects of ten families; of sixty training objects most principal axes are noise.
    let sure = as_it_is[..5]
        .iter()
        .filter(|(name, _)| !name.starts_with("PCA"));
    for (name, accuracy) in sure {
        assert!(*accuracy > 0.3, "{name}: {accuracy}");
    }
    let mean = rows(&["--features", "learned", "--stances"]);
    let names: Vec<&str> = mean.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "cGML, local maps, mean of stances",
            "cGML, local maps, mean of stances + raw local map, pooled",
        ]
    );
    assert!(mean[0].1 > 0.3, "{mean:?}");

    let refused = spectra(folder.path(), &[&eval[..], &["--reconstruction"]].concat());
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(
        said(&refused).contains("on local maps"),
        "{}",
        said(&refused)
    );
}
