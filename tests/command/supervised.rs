//! Networks trained with labels, as a user asks for them.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::{done, features, json, refused, rows, shapes};

/// A store of made shapes as `s.spectra`, and a run of a small network on it as `run`.
fn prepared(folder: &Path) {
    shapes(folder, 6, 3);
    done(folder, "convert shapes -o s.spectra --order 6 --points 256");
    let small = "--set network.width=24 --set network.bottleneck=24 --set network.depth=1 --set map.order=6 \
                 --set train.batch=32 --set train.epochs=2 --set train.learning_rate=1e-2";
    done(
        folder,
        &format!("pretrain s.spectra -o run --preset tiny {small}"),
    );
}

#[test]
fn rows_of_networks_trained_with_labels() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    prepared(folder);
    let path = folder.join("a.json");
    let report = |asked: &str| {
        let place = "eval s.spectra --run run --seeds 1 --json a.json";
        done(folder, &format!("{place} --features {asked}"));
        (json(&path), fs::read(&path).unwrap())
    };
    let asked = "fine-tuned,supervised --epochs 80";
    let (once, bytes) = report(asked);
    let names = features(&once);
    assert_eq!(names, ["cGML, fine-tuned", "same network, supervised"]);
    for row in rows(&once) {
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
    assert!(report(asked).1 == bytes, "the same bytes twice");

    let poses = "--rotation z/so3 --labels 0.34,1 --beside run --quiet";
    let (report, _bytes) = report(&format!("fine-tuned {poses}"));
    let kind = |row: &Value| {
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        let labels = row["labels"].as_f64().unwrap();
        (text("features"), text("rotation"), labels)
    };
    let kinds = rows(&report).iter().map(kind);
    let kinds: Vec<_> = kinds
        .filter(|(name, ..)| name.ends_with("fine-tuned"))
        .collect();
    let expected = ["cGML, fine-tuned", "run, fine-tuned"];
    let expected =
        expected.map(|name| [0.34, 1.0].map(|labels| (name.into(), "z/so3".into(), labels)));
    assert_eq!(kinds, expected.concat());
}

#[test]
fn what_makes_no_sense_is_one_line_and_status_2() {
    let folder = tempfile::tempdir().unwrap();
    for (asked, part) in [
        ("--features supervised", "supervised: needs --run"),
        ("--features fine-tuned", "fine-tuned: needs --run"),
        ("--run run --features supervised --epochs 0", "--epochs 0"),
    ] {
        let said = refused(folder.path(), &format!("eval . {asked}"), 2, &[part]);
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

/// An evaluation keeps nothing before its end, so an interruption ends it at once and leaves no file.
#[cfg(unix)]
#[test]
fn an_interruption_ends_at_once_and_leaves_no_file() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    use crate::common::{send, spectra};

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    prepared(folder);
    let endless = "eval s.spectra --run run --features supervised --epochs 100000 --json a.json";
    let mut command = spectra(folder, endless);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let begun = lines.any(|line| line.unwrap().starts_with("train with labels:"));
    assert!(begun, "progress is told before the end");
    send("-INT", &mut child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let left = fs::read_dir(folder).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        !folder.join("a.json").exists() && left.len() == 3,
        "{left:?}"
    );
}
