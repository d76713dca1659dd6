//! Training survives SIGKILL at any moment: the end is the same, to the byte, as without. So does it Ctrl-C and a full disk.
//!
//! Kills four times; SPECTRA_KILLS=50 asks for more.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rand::RngExt;
use spectra_pointcloud::random::stream;

use crate::common::{done, fails, limited, said, send, shapes, spectra};

/// A network that trains in moments and writes checkpoints often.
const SETTINGS: &str = "--set network.width=32 --set network.bottleneck=24 --set network.depth=1 --set network.walker=[16] \
                        --set map.order=6 --set train.batch=8 --set output.log_every=1 --set output.checkpoint_every=3 \
                        --set train.average=0.9";

fn pretrain(folder: &Path, run: &str, epochs: u64, resume: bool) -> Command {
    let resume = if resume { "--resume" } else { "" };
    let line =
        format!("pretrain s.spectra -o {run} {SETTINGS} --set train.epochs={epochs} {resume}");
    spectra(folder, &line)
}

/// Training that must come to its end.
fn finish(command: &mut Command) {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
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

/// A store of a few made shapes as `s.spectra`.
fn small_store(folder: &Path) {
    shapes(folder, 6, 1);
    done(folder, "convert shapes -o s.spectra --order 6 --points 128");
}

#[test]
fn a_run_that_was_killed_again_and_again_ends_in_the_same_bytes() {
    let kills: u64 = std::env::var("SPECTRA_KILLS").map_or(4, |kills| kills.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    small_store(folder);

    // Each life makes about ten steps, so the run is long enough for all kills.
    let epochs = 2 + kills * 10 / 8;
    finish(&mut pretrain(folder, "whole", epochs, false));

    let [whole, run] = ["whole", "killed"].map(|name| folder.join(name));
    let mut killed = 0;
    for kill in 0..kills {
        let mut child = pretrain(folder, "killed", epochs, run.join("run.json").exists())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
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
            done(folder, "verify killed");
        }
    }
    assert!(killed * 2 > kills, "the run ended before most kills");
    finish(&mut pretrain(folder, "killed", epochs, true));
    for name in ["model.safetensors", "card.json", "run.json", "config.toml"] {
        let same = fs::read(whole.join(name)).unwrap() == fs::read(run.join(name)).unwrap();
        assert!(same, "{name} after {killed} kills");
    }
    eprintln!("{killed} kills survived");
}

#[test]
fn an_interrupt_saves_the_step_it_came_at() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    small_store(folder);
    let run = folder.join("run");
    let mut child = pretrain(folder, "run", 1_000_000, false)
        .args(["--set", "output.checkpoint_every=1000000"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while logged(&run) < 2 && started.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(5));
    }
    send("-INT", &mut child);
    let ended = child.wait_with_output().unwrap();
    let message = said(&ended);
    assert_eq!(ended.status.code(), Some(1), "{message}");
    let step = logged(&run);
    let advice = format!("stopped at step {step}: add --resume to go on");
    assert!(message.contains(&advice), "{message}");
    let newest = fs::read_to_string(run.join("checkpoints/latest")).unwrap();
    assert_eq!(newest.trim(), format!("step-{step:08}"));
    done(folder, "verify run");
}

#[test]
fn a_full_disk_is_told_with_advice_and_the_run_goes_on_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    small_store(folder);
    let training = |resume: bool| {
        let mut command = pretrain(folder, "run", 1, resume);
        // With one thread, which trains, batches are made between the steps.
        command.env("RAYON_NUM_THREADS", "1");
        command
    };
    // Settings and logs fit into the limit, the weights do not.
    fails(
        &mut limited(&training(false), 64),
        1,
        &["checkpoints", "free some space", "--resume"],
    );
    done(folder, "verify run");
    finish(&mut training(true));
    done(folder, "verify run");
    // One changed byte is found.
    let weights = folder.join("run/model.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&weights, bytes).unwrap();
    let checked = spectra(folder, "verify run").output().unwrap();
    assert_eq!(checked.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&checked.stdout).contains("model.safetensors: torn or changed")
    );
}
