//! `spectra train complete|colorize|translate` and `spectra eval images`, run as a user runs them on made pictures.
#![allow(clippy::unwrap_used)] // a test may panic

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use image::{Rgb, RgbImage};
use serde_json::Value;

/// Settings that train in a moment.
const QUICK: [&str; 12] = [
    "--set",
    "network.channels=[4, 8]",
    "--set",
    "network.walker=[8]",
    "--set",
    "train.epochs=1",
    "--set",
    "algorithm.steps=2",
    "--set",
    "algorithm.inference_steps=2",
    "--set",
    "train.batch=8",
];

fn spectra(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::cargo_bin("spectra").unwrap();
    command.current_dir(folder).arg("--quiet").args(arguments);
    command
}

/// Trains `task` on `data` in `run` at 16 pixels, for a moment, and expects `code`.
fn train(task: &str, run: &str, more: &[&str], code: i32, folder: &Path) {
    let train = ["train", task, "--data", "data", "-o", run, "--size", "16"];
    spectra(&[&train[..], more, &QUICK].concat(), folder)
        .assert()
        .code(code);
}

/// Pictures of two classes, and a file that is none.
fn pictures(folder: &Path, width: u32) {
    for (class, blue) in [("day", 250), ("night", 30)] {
        for split in ["train", "test"] {
            let place = folder.join(split).join(class);
            fs::create_dir_all(&place).unwrap();
            for number in 0..8u32 {
                let pixel = |x: u32, y: u32| Rgb([(x * 9 + number) as u8, (y * 7) as u8, blue]);
                let picture = RgbImage::from_fn(width, 20, pixel);
                picture.save(place.join(format!("{number}.png"))).unwrap();
            }
        }
    }
    fs::write(folder.join("train/day/broken.png"), b"nothing").unwrap();
}

#[test]
fn completion_is_trained_scored_drawn_and_used_downstream() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(&folder.join("data"), 24);
    // One file is broken: done, but not with all.
    let more = ["--baselines", "--set", "algorithm.error=square"];
    train("complete", "run", &more, 3, folder);
    for weights in ["run", "run/l1", "run/square", "run/context", "run/cvae"] {
        assert!(
            folder.join(weights).join("model.safetensors").exists(),
            "{weights}"
        );
    }
    let eval = [
        "eval",
        "images",
        "--data",
        "data",
        "--run",
        "run",
        "--samples",
        "3",
        "--pictures",
        "gallery",
        "--json",
        "scores.json",
        "--downstream",
        "data",
        "--seeds",
        "2",
    ];
    let output = spectra(&eval, folder).assert().code(3).get_output().clone();
    let text = String::from_utf8(output.stdout).unwrap();
    for word in [
        "input as it is",
        "cGML",
        "L1, no z",
        "squares, no z",
        "context encoder",
        "random encoder",
        "pixels",
        "25 %",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    for picture in ["grid.png", "walk.png", "walk-curve.png"] {
        assert!(
            image::open(folder.join("gallery").join(picture)).is_ok(),
            "{picture}"
        );
    }
    let json: Value =
        serde_json::from_slice(&fs::read(folder.join("scores.json")).unwrap()).unwrap();
    // Three shares of eight: the input, cGML, the CVAE, the means of their answers, and three baselines without z.
    assert_eq!(json["rows"].as_array().unwrap().len(), 24);
    assert_eq!(json["skipped"], 1);
    assert!(json["rows"][1]["psnr"].as_f64().unwrap() > 0.0);
    assert_eq!(json["downstream"].as_array().unwrap().len(), 7);
}

#[test]
fn pairs_are_translated_and_colours_learnt() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(&folder.join("data"), 40);
    fs::remove_file(folder.join("data/train/day/broken.png")).unwrap();
    for (task, more) in [
        ("translate", vec!["--from", "left"]),
        ("colorize", vec!["--half", "left", "--uniform", "softmax"]),
    ] {
        train(task, task, &more, 0, folder);
        let eval = [
            "eval",
            "images",
            "--data",
            "data",
            "--run",
            task,
            "--samples",
            "2",
        ];
        spectra(&eval, folder).assert().success();
    }
    // Unless told otherwise, the part of each picture that the run was trained on is scored.
    let scored = |more: &[&str]| {
        let eval = ["eval", "images", "--data", "data", "--run", "colorize"];
        let output = spectra(&[&eval[..], more].concat(), folder)
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(scored(&[]), scored(&["--half", "left"]));
    assert_ne!(scored(&[]), scored(&["--half", "whole"]));
    let both = ["eval", "images", "--data", "data", "--run", "translate"];
    let output = spectra(&[&both[..], &["--run", "colorize"]].concat(), folder)
        .assert()
        .code(2)
        .get_output()
        .clone();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("translate and colorize"), "{text}");
    // The other half of each pair is not what the first run was asked for.
    train("translate", "back", &["--from", "right"], 0, folder);
    let output = spectra(&[&both[..], &["--run", "back"]].concat(), folder)
        .assert()
        .code(2)
        .get_output()
        .clone();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("--from, found left and right"), "{text}");
}

#[test]
fn an_objective_without_z_has_no_steps_of_z() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(&folder.join("data"), 20);
    let more = ["--set", "algorithm.objective=context"];
    train("colorize", "run", &more, 3, folder);
    let config = fs::read_to_string(folder.join("run/config.toml")).unwrap();
    for line in [
        "objective = \"context\"",
        "steps = 0",
        "inference_steps = 0",
    ] {
        assert!(config.lines().any(|found| found == line), "{config}");
    }
}

#[test]
fn modes_are_counted_and_drawn_on_held_out_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(&folder.join("data"), 20);
    fs::remove_file(folder.join("data/train/day/broken.png")).unwrap();
    let more = [
        "--mask",
        "top",
        "--mask-side",
        "1:1",
        "--white-box",
        "0.5",
        "--hold-out",
        "3",
        "--set",
        "algorithm.error=square",
    ];
    train("complete", "run", &more, 0, folder);
    let eval = [
        "eval",
        "images",
        "--data",
        "data",
        "--run",
        "run",
        "--hold-out",
        "3",
        "--pictures",
        "gallery",
        "--samples",
        "2",
    ];
    let output = spectra(&eval, folder)
        .assert()
        .success()
        .get_output()
        .clone();
    let text = String::from_utf8(output.stdout).unwrap();
    for word in ["3 test pictures", "cGML on squares", "white box", "50.0 %"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let other = [
        "eval",
        "images",
        "--data",
        "data",
        "--run",
        "run",
        "--hold-out",
        "4",
    ];
    let output = spectra(&other, folder)
        .assert()
        .code(2)
        .get_output()
        .clone();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("was trained on 13"), "{text}");
    let modes = image::open(folder.join("gallery/modes.png")).unwrap();
    assert_eq!((modes.width(), modes.height()), (12 * 66 - 2, 64));
    // Runs of other rates are asked the same; but this one was trained on what the first left out.
    let more = ["--mask", "top", "--mask-side", "1:1", "--white-box", "0.2"];
    train("complete", "all", &more, 0, folder);
    let both = ["eval", "images", "--data", "data", "--run", "run"];
    let both = [&both[..], &["--run", "all", "--samples", "2"]].concat();
    let output = spectra(&both, folder).output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("50.0 %") && text.contains("20.0 %"), "{text}");
    let output = spectra(&[&both[..], &["--hold-out", "3"]].concat(), folder)
        .assert()
        .code(2)
        .get_output()
        .clone();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("was trained on 16"), "{text}");
}

/// The table asks about squares of its own sizes, the count of boxes about those of the run.
#[test]
fn boxes_under_squares_are_counted_once_for_each_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(&folder.join("data"), 20);
    let more = ["--mask-side", "1:1", "--white-box", "0.5"];
    train("complete", "run", &more, 3, folder);
    let eval = ["eval", "images", "--data", "data", "--run", "run"];
    let more = ["--samples", "2", "--json", "scores.json"];
    spectra(&[&eval[..], &more].concat(), folder)
        .assert()
        .code(3);
    let json: Value =
        serde_json::from_slice(&fs::read(folder.join("scores.json")).unwrap()).unwrap();
    let modes = json["modes"].as_array().unwrap();
    assert_eq!(modes.len(), 1);
    assert_eq!(modes[0]["rate"], 0.5);
    assert_eq!(json["rows"].as_array().unwrap().len(), 9);
}

#[test]
fn what_cannot_be_done_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("empty")).unwrap();
    for (arguments, code, word) in [
        (
            &["train", "complete", "--data", "empty", "-o", "run"][..],
            1,
            "an empty folder",
        ),
        (
            &["train", "complete", "--data", "none", "-o", "run"],
            1,
            "none",
        ),
        (
            &[
                "train", "complete", "--data", "empty", "-o", "run", "--size", "33",
            ],
            2,
            "expected 16, 32",
        ),
        (
            &[
                "train",
                "complete",
                "--data",
                "x",
                "-o",
                "run",
                "--limit",
                "9",
                "--hold-out",
                "3",
            ],
            2,
            "--hold-out",
        ),
        (&["eval", "images", "--run", "run"], 2, "--data"),
        (&["eval", "images", "--data", "empty"], 2, "--run"),
        (
            &["eval", "images", "--run", "run", "--data", "empty"],
            1,
            "run",
        ),
        (
            &[
                "eval", "images", "--run", "run", "--data", "empty", "--report", "r.html",
            ],
            2,
            "--report",
        ),
        (
            &[
                "eval",
                "images",
                "--run",
                "run",
                "--data",
                "empty",
                "--json",
                "no/r.json",
            ],
            2,
            "not a file that can be written",
        ),
    ] {
        let output = spectra(arguments, folder)
            .env_remove("SPECTRA_DATA")
            .assert()
            .code(code)
            .get_output()
            .clone();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(word), "{arguments:?}: {text}");
        assert!(!folder.join("run").exists());
    }
}

/// Whatever was asked for, an evaluation keeps nothing: the first signal ends it, also amid the slow classifiers.
#[test]
#[cfg(unix)]
fn a_signal_ends_an_evaluation_at_once() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(&folder.join("data"), 24);
    train("complete", "run", &[], 3, folder);
    let mut child = Command::new(env!("CARGO_BIN_EXE_spectra"))
        .current_dir(folder)
        .args(["eval", "images", "--data", "data", "--run", "run"])
        .args(["--downstream", "data", "--seeds", "50", "--samples", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // Then 50 random encoders and their classifiers follow.
    let scored = lines
        .map(Result::unwrap)
        .find(|line| line.contains(" pictures in "));
    assert!(scored.is_some());
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
