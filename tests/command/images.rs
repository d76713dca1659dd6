//! `spectra train complete|colorize|translate` and `spectra eval images`, run as a user runs them on made pictures.

use std::fs;
use std::path::Path;

use image::{Rgb, RgbImage};

use crate::common::{done, done_in_part, json, refused, rows, spectra};

/// An evaluation of one run.
const EVAL: &str = "--quiet eval images --data data --run";

/// Training of a task on `data` in `run` at 16 pixels, for a moment.
fn train(task: &str, run: &str, more: &str) -> String {
    let quick = "--set network.channels=[4,8] --set network.walker=[8] --set train.epochs=1 --set algorithm.steps=2 \
                 --set algorithm.inference_steps=2 --set train.batch=8";
    format!("--quiet train {task} --data data -o {run} --size 16 {more} {quick}")
}

/// Pictures of two classes in `data`, and a file that is none.
fn pictures(folder: &Path, width: u32) {
    let data = folder.join("data");
    for (class, blue) in [("day", 250), ("night", 30)] {
        for split in ["train", "test"] {
            let place = data.join(split).join(class);
            fs::create_dir_all(&place).unwrap();
            for number in 0..8u32 {
                let pixel = |x: u32, y: u32| Rgb([(x * 9 + number) as u8, (y * 7) as u8, blue]);
                let picture = RgbImage::from_fn(width, 20, pixel);
                picture.save(place.join(format!("{number}.png"))).unwrap();
            }
        }
    }
    fs::write(data.join("train/day/broken.png"), b"nothing").unwrap();
}

/// The same pictures alone.
fn whole_pictures(folder: &Path, width: u32) {
    pictures(folder, width);
    fs::remove_file(folder.join("data/train/day/broken.png")).unwrap();
}

#[test]
fn completion_is_trained_scored_drawn_and_used_downstream() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(folder, 24);
    // One file is broken: done, but not with all.
    let more = "--baselines --set algorithm.error=square";
    done_in_part(folder, &train("complete", "run", more));
    for weights in ["run", "run/l1", "run/square", "run/context", "run/cvae"] {
        assert!(
            folder.join(weights).join("model.safetensors").exists(),
            "{weights}"
        );
    }
    let more = "--samples 3 --pictures gallery --json scores.json --downstream data --seeds 2";
    let text = done_in_part(folder, &format!("{EVAL} run {more}"));
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
    let scores = json(&folder.join("scores.json"));
    // Three shares of eight: the input, cGML, the CVAE, the means of their answers, and three baselines without z.
    assert_eq!(rows(&scores).len(), 24);
    assert_eq!(scores["skipped"], 1);
    assert!(rows(&scores)[1]["psnr"].as_f64().unwrap() > 0.0);
    assert_eq!(scores["downstream"].as_array().unwrap().len(), 7);
}

#[test]
fn pairs_are_translated_and_colours_learnt() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    whole_pictures(folder, 40);
    for (task, more) in [
        ("translate", "--from left"),
        ("colorize", "--half left --uniform softmax"),
    ] {
        done(folder, &train(task, task, more));
        done(folder, &format!("{EVAL} {task} --samples 2"));
    }
    // Unless told otherwise, the part of each picture that the run was trained on is scored.
    let scored = |more: &str| done(folder, &format!("{EVAL} colorize {more}"));
    assert_eq!(scored(""), scored("--half left"));
    assert_ne!(scored(""), scored("--half whole"));
    let both = format!("{EVAL} translate --run");
    refused(
        folder,
        &format!("{both} colorize"),
        2,
        &["translate and colorize"],
    );
    // The other half of each pair is not what the first run was asked for.
    done(folder, &train("translate", "back", "--from right"));
    refused(
        folder,
        &format!("{both} back"),
        2,
        &["--from, found left and right"],
    );
}

#[test]
fn an_objective_without_z_has_no_steps_of_z() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(folder, 20);
    let more = "--set algorithm.objective=context";
    done_in_part(folder, &train("colorize", "run", more));
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
    whole_pictures(folder, 20);
    let more =
        "--mask top --mask-side 1:1 --white-box 0.5 --hold-out 3 --set algorithm.error=square";
    done(folder, &train("complete", "run", more));
    let text = done(
        folder,
        &format!("{EVAL} run --hold-out 3 --pictures gallery --samples 2"),
    );
    for word in ["3 test pictures", "cGML on squares", "white box", "50.0 %"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    refused(
        folder,
        &format!("{EVAL} run --hold-out 4"),
        2,
        &["was trained on 13"],
    );
    let modes = image::open(folder.join("gallery/modes.png")).unwrap();
    assert_eq!((modes.width(), modes.height()), (12 * 66 - 2, 64));
    // Runs of other rates are asked the same; but this one was trained on what the first left out.
    let more = "--mask top --mask-side 1:1 --white-box 0.2";
    done(folder, &train("complete", "all", more));
    let both = format!("{EVAL} run --run all --samples 2");
    let text = done(folder, &both);
    assert!(text.contains("50.0 %") && text.contains("20.0 %"), "{text}");
    refused(
        folder,
        &format!("{both} --hold-out 3"),
        2,
        &["was trained on 16"],
    );
}

/// The table asks about squares of its own sizes, the count of boxes about those of the run.
#[test]
fn boxes_under_squares_are_counted_once_for_each_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(folder, 20);
    let more = "--mask-side 1:1 --white-box 0.5";
    done_in_part(folder, &train("complete", "run", more));
    done_in_part(
        folder,
        &format!("{EVAL} run --samples 2 --json scores.json"),
    );
    let scores = json(&folder.join("scores.json"));
    let modes = scores["modes"].as_array().unwrap();
    assert_eq!(modes.len(), 1);
    assert_eq!(modes[0]["rate"], 0.5);
    assert_eq!(rows(&scores).len(), 9);
}

#[test]
fn what_cannot_be_done_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("empty")).unwrap();
    for (line, code, word) in [
        ("train complete --data empty -o run", 1, "an empty folder"),
        ("train complete --data none -o run", 1, "none"),
        (
            "train complete --data empty -o run --size 33",
            2,
            "expected 16, 32",
        ),
        (
            "train complete --data x -o run --limit 9 --hold-out 3",
            2,
            "--hold-out",
        ),
        ("eval images --run run", 2, "--data"),
        ("eval images --data empty", 2, "--run"),
        ("eval images --run run --data empty", 1, "run"),
        (
            "eval images --run run --data empty --report r.html",
            2,
            "--report",
        ),
        (
            "eval images --run run --data empty --json no/r.json",
            2,
            "not a file that can be written",
        ),
    ] {
        refused(folder, &format!("--quiet {line}"), code, &[word]);
        assert!(!folder.join("run").exists());
    }
}

/// Whatever was asked for, an evaluation keeps nothing: the first signal ends it, also amid the slow classifiers.
#[test]
#[cfg(unix)]
fn a_signal_ends_an_evaluation_at_once() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    use crate::common::send;

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pictures(folder, 24);
    done_in_part(folder, &train("complete", "run", ""));
    let slow = "eval images --data data --run run --downstream data --seeds 50 --samples 1";
    let mut child = spectra(folder, slow)
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
    send("-TERM", &mut child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
