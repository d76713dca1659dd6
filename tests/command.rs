//! The command as a user runs it, on small shapes made on the spot.
#![allow(clippy::unwrap_used)] // a test may panic

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use spectra_datasets::synthetic::{self, SyntheticOptions};

fn spectra(arguments: &[&str]) -> std::process::Output {
    Command::cargo_bin("spectra")
        .unwrap()
        .args(arguments)
        .output()
        .unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn errors(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn shapes(folder: &Path) -> std::path::PathBuf {
    let shapes = folder.join("shapes");
    let options = SyntheticOptions {
        train: 6,
        test: 3,
        ..SyntheticOptions::default()
    };
    synthetic::write(&shapes, &options).unwrap();
    shapes
}

/// All files under a folder, with their contents.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_file())
        .map(|entry| {
            (
                entry.file_name().to_string_lossy().into_owned(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

#[test]
fn the_main_job_runs_from_shapes_to_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let shapes = shapes(folder.path());
    let [one, two, run] =
        ["one.spectra", "two.spectra", "run"].map(|name| folder.path().join(name));
    for (store, jobs) in [(&one, "1"), (&two, "2")] {
        let order = ["--order", "6", "--points", "256", "--jobs", jobs];
        let output =
            spectra(&[&["convert", text(&shapes), "-o", text(store)], &order[..]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    }
    assert!(
        contents(&one) == contents(&two),
        "one and two threads write the same bytes"
    );
    assert!(spectra(&["verify", text(&one)]).status.success());

    let small = [
        "--set",
        "network.width=32",
        "--set",
        "network.bottleneck=24",
        "--set",
        "train.epochs=3",
    ];
    let pretrain = [&["pretrain", text(&one), "-o", text(&run)], &small[..]].concat();
    let output = spectra(&[&pretrain[..], &["--dry-run"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let printed = String::from_utf8(output.stdout).unwrap();
    for part in [
        "parameters",
        "GFLOP",
        "MB of weights",
        "s a step on cpu",
        "in all",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    assert!(!run.exists(), "a dry run writes nothing");
    let output = spectra(&pretrain);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));

    let [json, page, npz] = ["a.json", "a.html", "a.npz"].map(|name| folder.path().join(name));
    let output = spectra(&[
        "eval",
        text(&one),
        "--run",
        text(&run),
        "--json",
        text(&json),
        "--report",
        text(&page),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let names = described(&json);
    for name in [
        "cGML bottleneck",
        "raw map",
        "random encoder",
        "PCA of the raw map",
        "rotation invariants",
    ] {
        assert!(
            names.iter().any(|found| found == name),
            "{name} is not in {names:?}"
        );
    }
    assert!(fs::read_to_string(&page).unwrap().ends_with("</html>\n"));
    table_of_completions(&one, &run, &json);
    means_of_stances(&one, &run, &json);
    let output = spectra(&["compare", text(&run), text(&run)]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && said.lines().count() == 3,
        "{said}"
    );
    let output = spectra(&[
        "export",
        text(&one),
        "--run",
        text(&run),
        "--npz",
        text(&npz),
    ]);
    assert!(
        output.status.success() && npz.exists(),
        "{}",
        errors(&output)
    );
    // Where the place is taken by a folder, nothing is left beside it.
    let taken = folder.path().join("taken");
    fs::create_dir_all(taken.join("a.npz")).unwrap();
    let output = spectra(&["export", text(&one), "--npz", text(&taken.join("a.npz"))]);
    assert!(
        output.status.code() == Some(1) && errors(&output).contains("a.npz"),
        "{}",
        errors(&output)
    );
    assert_eq!(fs::read_dir(&taken).unwrap().count(), 1);
}

/// Reconstructions and a run beside it, with one classifier.
fn table_of_completions(store: &Path, run: &Path, json: &Path) {
    let few = [
        "--features",
        "learned",
        "--classifiers",
        "1-nn",
        "--reconstruction",
    ];
    let output = spectra(
        &[
            &[
                "eval",
                text(store),
                "--run",
                text(run),
                "--beside",
                text(run),
                "--json",
                text(json),
            ],
            &few[..],
        ]
        .concat(),
    );
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let report: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    assert!(
        report["rows"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["features"] == "run")
    );
    let rows = report["reconstructions"].as_array().unwrap();
    assert_eq!(rows.len(), 12);
    for row in rows {
        for key in ["floor", "recon_map", "ceiling", "retrieval_map"] {
            assert!((0.0..=1.0).contains(&row[key].as_f64().unwrap()), "{row}");
        }
    }
}

/// The features of each row of a report.
fn described(json: &Path) -> Vec<String> {
    let report: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    let rows = report["rows"].as_array().unwrap().iter();
    rows.map(|row| row["features"].as_str().unwrap().to_owned())
        .collect()
}

/// Features of the run, averaged over reflections and small turns of each object.
fn means_of_stances(store: &Path, run: &Path, json: &Path) {
    let output = spectra(&[
        "eval",
        text(store),
        "--run",
        text(run),
        "--features",
        "learned",
        "--classifiers",
        "1-nn",
        "--stances",
        "--json",
        text(json),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let mean = "cGML bottleneck, mean of stances";
    assert_eq!(
        described(json),
        [mean.to_owned(), format!("{mean} + raw map")]
    );
}

#[test]
fn features_without_a_run_and_in_any_pose() {
    let folder = tempfile::tempdir().unwrap();
    let shapes = shapes(folder.path());
    let [cache, json] = ["cache", "a.json"].map(|name| folder.path().join(name));
    let small = [
        "--centres",
        "24",
        "--gaussians",
        "4",
        "--radii",
        "0.3",
        "--axes",
        "8",
        "--seeds",
        "2",
    ];
    let asked = [
        "--features",
        "fisher,fisher-upright,fisher-invariant,fourier",
        "--rotation",
        "aligned,z/so3",
        "--classifiers",
        "1-nn",
        "--labels",
        "0.5,1",
    ];
    let place = [
        "eval",
        text(&shapes),
        "--cache",
        text(&cache),
        "--json",
        text(&json),
    ];
    let output = spectra(&[&place[..], &small[..], &asked[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let report: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    let rows = report["rows"].as_array().unwrap();
    let poses: Vec<&str> = rows
        .iter()
        .map(|row| row["rotation"].as_str().unwrap())
        .collect();
    assert_eq!(poses, [["aligned"; 12], ["z/so3"; 12]].concat());
    let kinds: Vec<(&str, f64)> = rows
        .iter()
        .map(|row| {
            (
                row["features"].as_str().unwrap(),
                row["labels"].as_f64().unwrap(),
            )
        })
        .collect();
    let own = "Fisher vector, own axes";
    let upright = "Fisher vector, upright axes";
    let once = [
        "Fisher vector",
        upright,
        own,
        "Fisher vectors, all three",
        "raw map, Fourier features",
        "Fisher vectors, all three + raw map, Fourier features",
    ]
    .map(|name| [(name, 0.5), (name, 1.0)])
    .concat();
    assert_eq!(kinds, [&once[..], &once[..]].concat());
    // Sixty objects and 969 coefficients: too few for neighbours of the raw map alone.
    let map = "raw map, Fourier features";
    let sure = |row: &&serde_json::Value| {
        (row["rotation"] == "aligned" && row["features"] != map) || row["features"] == own
    };
    for row in rows.iter().filter(sure) {
        assert_eq!(row["seeds"].as_array().unwrap().len(), 2);
        assert!(
            row["accuracy_mean"].as_f64().unwrap() > 0.5,
            "ten families, chance 0.1: {row}"
        );
    }
    for (wrong, part) in [
        (["--features", "learned"], "--run"),
        (["--stances", "--quiet"], "--run"),
        (["--rotation", "upside"], "aligned, z or so3"),
        (["--labels", "2"], "share"),
    ] {
        let output = spectra(&["eval", text(&shapes), wrong[0], wrong[1]]);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(errors(&output).contains(part), "{}", errors(&output));
    }
}

#[test]
fn bad_input_is_one_clear_line_and_the_right_status() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("a.spectra");
    let missing = folder.path().join("nowhere");
    let empty = folder.path().join("empty");
    fs::create_dir_all(empty.join("chair/train")).unwrap();
    for (arguments, status, part) in [
        (
            vec!["convert", text(&missing), "-o", text(&store)],
            1,
            "nowhere",
        ),
        (
            vec!["convert", text(&empty), "-o", text(&store)],
            1,
            "empty",
        ),
        (
            vec!["pretrain", text(&missing), "-o", text(&store)],
            1,
            "nowhere",
        ),
        (
            vec!["eval", "modelnet10", "--run", text(&missing)],
            1,
            "pretrain",
        ),
        (vec!["convert"], 2, "Usage"),
        (vec!["transform", text(&missing)], 1, "nowhere"),
    ] {
        let output = spectra(&arguments);
        let said = errors(&output);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
        assert!(
            said.contains(part) && !said.contains("panicked"),
            "{arguments:?}: {said}"
        );
        assert!(
            status == 2 || said.lines().count() == 1,
            "{arguments:?}: {said}"
        );
        assert!(!store.exists(), "{arguments:?} left something behind");
    }
}

#[test]
fn single_bad_items_are_skipped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let train = folder.path().join("set/box/train");
    fs::create_dir_all(&train).unwrap();
    let triangle = "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0.5\n3 0 1 2\n";
    fs::write(train.join("box_1.off"), triangle).unwrap();
    fs::write(
        train.join("box_2.off"),
        triangle.replace("3 0 1 2", "3 0 1 9"),
    )
    .unwrap();
    fs::write(
        train.join("box_3.off"),
        triangle.replace("1 0 0", "nan 0 0"),
    )
    .unwrap();
    fs::write(train.join("box_4.off"), &triangle[..20]).unwrap();
    let header = "VERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 9\nHEIGHT 1\nPOINTS 9\nDATA binary\n";
    fs::write(
        train.join("box_5.pcd"),
        [header.as_bytes(), &[0; 40]].concat(),
    )
    .unwrap();
    let store = folder.path().join("set.spectra");
    let output = spectra(&[
        "convert",
        text(&folder.path().join("set")),
        "-o",
        text(&store),
        "--order",
        "4",
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", errors(&output));
    for id in ["box_2", "box_3", "box_4", "box_5"] {
        assert!(errors(&output).contains(id), "{}", errors(&output));
    }
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 converted"));
}

#[test]
fn a_store_of_another_version_and_a_run_of_another_store_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let shapes = shapes(folder.path());
    let [low, high, run] = ["low.spectra", "high.spectra", "run"].map(|n| folder.path().join(n));
    for (store, order) in [(&low, "4"), (&high, "6")] {
        let points = ["--order", order, "--points", "64"];
        let output =
            spectra(&[&["convert", text(&shapes), "-o", text(store)], &points[..]].concat());
        assert!(output.status.success(), "{}", errors(&output));
    }
    let tiny = ["--set", "network.width=16", "--set", "train.epochs=1"];
    let output = spectra(&[&["pretrain", text(&low), "-o", text(&run)], &tiny[..]].concat());
    assert!(output.status.success(), "{}", errors(&output));
    let refused = |arguments: &[&str], parts: &[&str]| {
        let output = spectra(arguments);
        let said = errors(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
        parts
            .iter()
            .for_each(|part| assert!(said.contains(part), "{arguments:?}: {said}"));
    };
    refused(
        &["eval", text(&high), "--run", text(&run)],
        &["high.spectra", "order 4", "order 6"],
    );
    refused(
        &["pretrain", text(&high), "-o", text(&run), "--resume"],
        &["high.spectra", "order 4", "order 6"],
    );
    refused(&["pretrain", text(&low), "-o", text(&run)], &["--resume"]);
    // The settings of a run stay, whichever of its options are given again.
    let resumed = ["pretrain", text(&low), "-o", text(&run), "--resume"];
    for same in [&tiny[..], &tiny[2..], &[]] {
        let output = spectra(&[&resumed[..], same].concat());
        assert!(output.status.success(), "{}", errors(&output));
    }
    refused(
        &[&resumed[..], &["--set", "train.epochs=2"]].concat(),
        &["train.epochs: expected 1, found 2", "-o"],
    );
    refused(
        &[&resumed[..], &["--baseline", "l1"]].concat(),
        &["algorithm.objective: expected \"cgml\", found \"l1\""],
    );
    let manifest = low.join("manifest.json");
    let mut value: serde_json::Value =
        serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    value["version"] = 99.into();
    fs::write(&manifest, value.to_string()).unwrap();
    refused(&["info", text(&low)], &["version 99", "version 1"]);
}

#[test]
fn transform_prints_what_programs_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.off");
    fs::write(&path, "OFF\n2 0 0\n0.5 0 0\n-0.5 0 0.25\n").unwrap();
    let output = spectra(&["transform", text(&path), "--order", "4", "--raw", "--json"]);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
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
