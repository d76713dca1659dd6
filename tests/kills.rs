//! Training survives SIGKILL at any moment: the end is the same, to the byte, as without. So does it Ctrl-C and a full disk.
//!
//! Kills four times; SPECTRA_KILLS=50 asks for more.
#![allow(clippy::unwrap_used)] // a test may panic
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
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

/// A store of a few made shapes in `folder`.
fn small_store(folder: &Path) -> PathBuf {
    let (shapes, store) = (folder.join("shapes"), folder.join("s.spectra"));
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
    store
}

fn verify(run: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spectra"));
    command.arg("verify").arg(run).output().unwrap()
}

#[test]
fn a_run_that_was_killed_again_and_again_ends_in_the_same_bytes() {
    let kills: u64 = std::env::var("SPECTRA_KILLS").map_or(4, |kills| kills.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let store = small_store(folder.path());

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
        if run.join("run.json").exists() {
            let checked = verify(&run);
            assert!(checked.status.success(), "{checked:?}");
        }
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

#[test]
fn an_interrupt_saves_the_step_it_came_at() {
    let folder = tempfile::tempdir().unwrap();
    let store = small_store(folder.path());
    let run = folder.path().join("run");
    let mut child = pretrain(&store, &run, 1_000_000, false)
        .args(["--set", "output.checkpoint_every=1000000"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while logged(&run) < 2 && started.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(5));
    }
    let interrupt = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    if !interrupt.is_ok_and(|status| status.success()) {
        child.kill().unwrap();
        panic!("the signal could not be sent");
    }
    let ended = child.wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{message}");
    let step = logged(&run);
    let advice = format!("stopped at step {step}: add --resume to go on");
    assert!(message.contains(&advice), "{message}");
    let newest = fs::read_to_string(run.join("checkpoints/latest")).unwrap();
    assert_eq!(newest.trim(), format!("step-{step:08}"));
    assert!(verify(&run).status.success());
}

#[test]
fn a_full_disk_is_told_with_advice_and_the_run_goes_on_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let store = small_store(folder.path());
    let run = folder.path().join("run");
    // A limit on the size of files stands for a full disk: settings and logs fit, the weights do not.
    let pretrain = |limit: &str, resume: bool| {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("trap '' XFSZ; {limit} exec \"$0\" \"$@\"")]);
        let given = pretrain(&store, &run, 1, resume);
        command.arg(given.get_program()).args(given.get_args());
        // With one thread, which trains, batches are made between the steps.
        command.env("RAYON_NUM_THREADS", "1");
        command.output().unwrap()
    };
    let stopped = pretrain("ulimit -f 64;", false);
    let message = String::from_utf8_lossy(&stopped.stderr).into_owned();
    assert_eq!(stopped.status.code(), Some(1), "{message}");
    for part in ["checkpoints", "free some space", "--resume"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let checked = verify(&run);
    assert!(checked.status.success(), "{checked:?}");
    let resumed = pretrain("", true);
    assert!(resumed.status.success(), "{resumed:?}");
    assert!(verify(&run).status.success());
    // One changed byte is found.
    let weights = run.join("model.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&weights, bytes).unwrap();
    let checked = verify(&run);
    assert_eq!(checked.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&checked.stdout).contains("model.safetensors: torn or changed")
    );
}
