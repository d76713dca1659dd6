//! Training survives SIGKILL at any moment: the end is the same, to the byte, as without.
//!
//! Kills four times; SPECTRA_KILLS=50 asks for more.
#![allow(clippy::unwrap_used)] // a test may panic
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rand::RngExt;
use spectra_datasets::synthetic::{self, SyntheticOptions};
use spectra_datasets::{ConvertOptions, DatasetKind, convert, open};
use spectra_pointcloud::random::stream;

/// A network that trains in moments and writes checkpoints often.
const SETTINGS: [&str; 9] = [
    "network.width=32",
    "network.bottleneck=24",
    "network.depth=1",
    "network.walker=[16]",
    "map.order=6",
    "train.batch=8",
    "output.log_every=1",
    "output.checkpoint_every=3",
    "train.average=0.9",
];

fn pretrain(store: &Path, run: &Path, epochs: u64, resume: bool) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spectra"));
    command.arg("pretrain").arg(store).arg("-o").arg(run);
    for setting in SETTINGS {
        command.args(["--set", setting]);
    }
    command.args(["--set", &format!("train.epochs={epochs}")]);
    if resume {
        command.arg("--resume");
    }
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Steps that the log of a run has reached.
fn logged(run: &Path) -> u64 {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default();
    let steps = text.lines().filter_map(|line| {
        let value: serde_json::Value = serde_json::from_str(line).ok()?;
        value.get("step")?.as_u64()
    });
    steps.max().unwrap_or(0)
}

#[test]
fn a_run_that_was_killed_again_and_again_ends_in_the_same_bytes() {
    let kills: u64 = std::env::var("SPECTRA_KILLS").map_or(4, |kills| kills.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (shapes, store) = (
        folder.path().join("shapes"),
        folder.path().join("s.spectra"),
    );
    let made = SyntheticOptions {
        train: 6,
        test: 1,
        ..SyntheticOptions::default()
    };
    synthetic::write(&shapes, &made).unwrap();
    let options = ConvertOptions {
        order: 6,
        points: 128,
        ..ConvertOptions::default()
    };
    let dataset = open(&shapes, DatasetKind::Auto).unwrap();
    convert(&dataset, &store, &options, &()).unwrap();

    // Each life makes about ten steps, so the run is long enough for all kills.
    let epochs = 2 + kills * 10 / 8;
    let whole = folder.path().join("whole");
    assert!(
        pretrain(&store, &whole, epochs, false)
            .status()
            .unwrap()
            .success()
    );

    let run = folder.path().join("killed");
    let mut killed = 0;
    for kill in 0..kills {
        let mut child = pretrain(&store, &run, epochs, run.join("run.json").exists())
            .spawn()
            .unwrap();
        // Lets a few steps pass, then strikes at a moment that has nothing to do with them.
        let (from, draw) = (logged(&run), stream(7, 0, kill).random::<u64>());
        let started = Instant::now();
        while logged(&run) < from + draw % 8 && started.elapsed() < Duration::from_secs(60) {
            sleep(Duration::from_millis(5));
        }
        sleep(Duration::from_micros(draw % 40_000));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            killed += 1;
        }
        child.wait().unwrap();
    }
    assert!(killed * 2 > kills, "the run ended before most kills");
    assert!(
        pretrain(&store, &run, epochs, true)
            .status()
            .unwrap()
            .success()
    );
    for name in ["model.safetensors", "card.json", "run.json", "config.toml"] {
        let same = fs::read(whole.join(name)).unwrap() == fs::read(run.join(name)).unwrap();
        assert!(same, "{name} after {killed} kills");
    }
    eprintln!("{killed} kills survived");
}
