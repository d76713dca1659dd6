//! A conversion that is killed at any instant goes on to the same bytes.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use spectra_datasets::synthetic::{self, SyntheticOptions};
use spectra_datasets::{ConvertOptions, DatasetKind, Store, convert, open, verify};

/// Where the child converts from and to.
const SOURCE: &str = "SPECTRA_TEST_KILL_SOURCE";
const OUT: &str = "SPECTRA_TEST_KILL_OUT";
/// How often the parent kills; 200 takes a minute.
const KILLS: &str = "SPECTRA_TEST_KILLS";

fn run(source: &Path, out: &Path) {
    let options = ConvertOptions {
        order: 8,
        points: 512,
        rows_per_part: 4,
        jobs: 2,
        ..ConvertOptions::default()
    };
    let dataset = open(source, DatasetKind::Auto).unwrap();
    convert(&dataset, out, &options, &()).unwrap();
}

/// The process that is killed; nothing to test when it is run as a test.
#[test]
fn child() {
    if let (Some(source), Some(out)) = (std::env::var_os(SOURCE), std::env::var_os(OUT)) {
        run(Path::new(&source), Path::new(&out));
    }
}

fn spawn(source: &Path, out: &Path) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child"])
        .env(SOURCE, source)
        .env(OUT, out)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Files that a store consists of; locks and leftovers are hidden.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.file_name().unwrap().to_string_lossy().starts_with('.'))
        .map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap()))
        .collect()
}

#[test]
fn kills_at_any_instant_leave_whole_parts_and_the_same_bytes() {
    let kills = std::env::var(KILLS).map_or(12, |text| text.parse().unwrap());
    let data = tempfile::tempdir().unwrap();
    let options = SyntheticOptions {
        train: 4,
        test: 2,
        ..SyntheticOptions::default()
    };
    synthetic::write(data.path(), &options).unwrap();
    let whole = tempfile::tempdir().unwrap();
    run(data.path(), whole.path());
    let expected = files(whole.path());
    let warm = tempfile::tempdir().unwrap();
    let start = Instant::now();
    assert!(spawn(data.path(), warm.path()).wait().unwrap().success());
    let duration = start.elapsed();

    let (mut out, mut done, mut unfinished) = (tempfile::tempdir().unwrap(), 0, 0);
    while done < kills {
        let mut child = spawn(data.path(), out.path());
        // Golden-ratio steps spread the instants over the whole run.
        let share = (f64::from(done) * 0.618_033_988_75).fract();
        std::thread::sleep(duration.mul_f64(share) + Duration::from_micros(200));
        child.kill().unwrap();
        child.wait().unwrap();
        done += 1;
        for (name, bytes) in files(out.path()) {
            if name.to_string_lossy().starts_with("part-") {
                assert_eq!(
                    Some(&bytes),
                    expected.get(&name),
                    "{} is not whole",
                    name.display()
                );
            }
        }
        if Store::open(out.path()).is_err() {
            unfinished += 1;
        } else if done < kills {
            assert_eq!(files(out.path()), expected);
            out = tempfile::tempdir().unwrap();
        }
    }
    run(data.path(), out.path());
    assert_eq!(files(out.path()), expected);
    assert_eq!(verify(out.path()).unwrap().problems, [""; 0]);
    println!("{done} kills, {unfinished} of them before the end of a run of {duration:?}");
}
