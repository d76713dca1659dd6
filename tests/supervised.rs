//! Networks trained with labels, as a user asks for them.
#![allow(clippy::unwrap_used)] // a test may panic

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use spectra_datasets::synthetic::{self, SyntheticOptions};
use spectra_datasets::{ConvertOptions, DatasetKind, Store, convert, open};
use spectra_model::{Config, pretrain};

/// A store of made shapes in `folder`, and a run of a small network on it.
fn prepared(folder: &Path) -> (PathBuf, PathBuf) {
    let [shapes, store, run] = ["shapes", "s.spectra", "run"].map(|name| folder.join(name));
    let made = SyntheticOptions {
        train: 6,
        test: 3,
        ..SyntheticOptions::default()
    };
    synthetic::write(&shapes, &made).unwrap();
    let options = ConvertOptions {
        order: 6,
        points: 256,
        ..ConvertOptions::default()
    };
    let dataset = open(&shapes, DatasetKind::Auto).unwrap();
    convert(&dataset, &store, &options, &()).unwrap();
    let mut config = Config::preset("tiny").unwrap();
    for (key, value) in [
        ("network.width", "24"),
        ("network.bottleneck", "24"),
        ("network.depth", "1"),
        ("map.order", "6"),
        ("train.batch", "32"),
        ("train.epochs", "2"),
        ("train.learning_rate", "1e-2"),
    ] {
        config.set(key, value).unwrap();
    }
    let opened = Store::open(&store).unwrap();
    pretrain(&opened, &run, &config, "cpu", false, &()).unwrap();
    (store, run)
}

fn eval(store: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spectra"));
    command.arg("eval").arg(store).args(arguments);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn rows_of_networks_trained_with_labels() {
    let folder = tempfile::tempdir().unwrap();
    let (store, run) = prepared(folder.path());
    let (run, json) = (run.to_str().unwrap(), folder.path().join("a.json"));
    let report = |features: &str, more: &[&str]| {
        let place = [
            "--run",
            run,
            "--seeds",
            "1",
            "--json",
            json.to_str().unwrap(),
        ];
        let output = eval(
            &store,
            &[&place[..], &["--features", features], more].concat(),
        );
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let bytes = fs::read(&json).unwrap();
        let report: Value = serde_json::from_slice(&bytes).unwrap();
        (report["rows"].as_array().unwrap().clone(), bytes)
    };
    let (rows, bytes) = report("fine-tuned,supervised", &["--epochs", "80"]);
    let names: Vec<&Value> = rows.iter().map(|row| &row["features"]).collect();
    assert_eq!(names, ["cGML, fine-tuned", "same network, supervised"]);
    for row in &rows {
        assert_eq!(
            (&row["classifier"], &row["columns"]),
            (&"end to end".into(), &24.into())
        );
        assert!(row["chosen"].as_str().unwrap().contains("epochs"), "{row}");
        for figure in ["accuracy_mean", "held_out"] {
            let figure = row[figure].as_f64().unwrap();
            assert!(figure >= 0.35, "ten families, chance 0.1: {row}");
        }
    }
    let again = report("fine-tuned,supervised", &["--epochs", "80"]);
    assert!(again.1 == bytes, "the same bytes twice");

    let poses = [
        "--rotation",
        "z/so3",
        "--labels",
        "0.34,1",
        "--beside",
        run,
        "--quiet",
    ];
    let (rows, _bytes) = report("fine-tuned", &poses);
    let kinds: Vec<(&str, &str, f64)> = rows
        .iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap();
            (
                text("features"),
                text("rotation"),
                row["labels"].as_f64().unwrap(),
            )
        })
        .filter(|(name, ..)| name.ends_with("fine-tuned"))
        .collect();
    let expected = ["cGML, fine-tuned", "run, fine-tuned"];
    let expected = expected.map(|name| [(name, "z/so3", 0.34), (name, "z/so3", 1.0)]);
    assert_eq!(kinds, expected.concat());
}

#[test]
fn what_makes_no_sense_is_one_line_and_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("run");
    for (arguments, part) in [
        (vec!["--features", "supervised"], "supervised: needs --run"),
        (vec!["--features", "fine-tuned"], "fine-tuned: needs --run"),
        (
            vec![
                "--run",
                nowhere.to_str().unwrap(),
                "--features",
                "supervised",
                "--epochs",
                "0",
            ],
            "--epochs 0",
        ),
    ] {
        let output = eval(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(said(&output).lines().count(), 1, "{}", said(&output));
        assert!(said(&output).contains(part), "{}", said(&output));
    }
}

/// An evaluation keeps nothing before its end, so an interruption ends it at once and leaves no file.
#[cfg(unix)]
#[test]
fn an_interruption_ends_at_once_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let (store, run) = prepared(folder.path());
    let json = folder.path().join("a.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_spectra"));
    command.arg("eval").arg(&store).arg("--run").arg(&run);
    command.args(["--features", "supervised", "--epochs", "100000", "--json"]);
    command.arg(&json).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    let begun = lines.any(|line| line.unwrap().starts_with("train with labels:"));
    assert!(begun, "progress is told before the end");
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let left = fs::read_dir(folder.path()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(!json.exists() && left.len() == 3, "{left:?}");
}
