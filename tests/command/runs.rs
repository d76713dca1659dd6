//! Runs of every task, side by side and one by one.

use std::fs;
use std::path::Path;

use image::{Rgb, RgbImage};

use crate::common::{done, shapes};

/// What the command prints without a word about its progress.
fn quiet(folder: &Path, line: &str) -> String {
    done(folder, &format!("--quiet {line}"))
}

/// A run of each kind in `runs`, trained for a moment, and the store of the first.
fn trained(folder: &Path) {
    shapes(folder, 4, 2);
    quiet(folder, "convert shapes -o a.spectra --order 4 --points 64");
    let small = "--set network.width=16 --set train.epochs=1 --set output.log_every=1";
    quiet(
        folder,
        &format!("pretrain a.spectra -o runs/maps {small} --set network.bottleneck=8"),
    );
    quiet(
        folder,
        &format!(
            "train toy -o runs/toy {small} --set algorithm.walker_updates=1 --set algorithm.steps=2"
        ),
    );
    for split in ["train", "test"] {
        fs::create_dir_all(folder.join("data").join(split)).unwrap();
        for number in 0..8u8 {
            let picture = RgbImage::from_fn(20, 20, |x, y| Rgb([x as u8 * 9 + number, y as u8, 9]));
            let path = format!("data/{split}/{number}.png");
            picture.save(folder.join(path)).unwrap();
        }
    }
    let short = "--set network.channels=[4,8] --set network.walker=[8] --set train.epochs=1 --set output.log_every=1 \
                 --set algorithm.steps=2 --set algorithm.inference_steps=2 --set train.batch=8";
    quiet(
        folder,
        &format!("train complete --data data --size 16 -o runs/pictures {short}"),
    );
}

#[test]
fn runs_of_every_task_are_told_compared_and_evaluated_without_their_log() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    trained(folder);

    let table = quiet(folder, "compare runs/maps runs/pictures runs/toy");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 5, "{table}");
    for (line, [run, task]) in lines[1..].iter().zip([
        ["runs/maps", "spectral"],
        ["runs/pictures", "complete"],
        ["runs/toy/cgml", "toy"],
        ["runs/toy/l1", "toy"],
    ]) {
        assert!(line.starts_with(run) && line.contains(task), "{table}");
        assert!(!line.contains("unfinished"), "{table}");
    }
    assert!(lines[0].contains("task.mask"), "{table}");

    for (run, word) in [
        ("runs/maps", "transform zernike of order 4"),
        ("runs/pictures", "task      complete"),
        ("runs/toy/cgml", "task      toy"),
    ] {
        let told = quiet(folder, &format!("info {run}"));
        assert!(
            told.contains(word) && told.contains("finished  true"),
            "{told}"
        );
    }

    let log = folder.join("runs/maps/metrics.jsonl");
    let eval = "eval a.spectra --run runs/maps --features learned --classifiers 1-nn --seeds 1";
    for damaged in [Some(b"\xff\xfe"), None] {
        match damaged {
            Some(bytes) => fs::write(&log, bytes).unwrap(),
            None => fs::remove_file(&log).unwrap(),
        }
        assert!(quiet(folder, eval).contains("cGML bottleneck"));
        let table = quiet(folder, "compare runs/maps");
        assert!(table.trim_end().ends_with(" -"), "{table}");
    }
}
