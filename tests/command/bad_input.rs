//! What the command makes of bad input: one clear line and the right status, or what is left of it.

use std::fs;

use crate::common::{done, json, refused, said, shapes, spectra};

#[test]
fn bad_input_is_one_clear_line_and_the_right_status() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir_all(folder.join("empty/chair/train")).unwrap();
    for (line, status, part) in [
        ("convert nowhere -o a.spectra", 1, "cannot open nowhere"),
        ("convert empty -o a.spectra", 1, "an empty folder"),
        ("pretrain nowhere -o a.spectra", 1, "no manifest.json"),
        ("eval modelnet10 --run nowhere", 1, "pretrain"),
        ("convert", 2, "Usage"),
        ("transform nowhere", 1, "No such file"),
    ] {
        let said = refused(folder, line, status, &[part]);
        assert!(status == 2 || said.lines().count() == 1, "{line}: {said}");
        assert!(
            !folder.join("a.spectra").exists(),
            "{line} left something behind"
        );
    }
}

#[test]
fn single_bad_items_are_skipped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let train = folder.join("set/box/train");
    fs::create_dir_all(&train).unwrap();
    let triangle = "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0.5\n3 0 1 2\n";
    let header = "VERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 9\nHEIGHT 1\nPOINTS 9\nDATA binary\n";
    for (name, bytes) in [
        ("box_1.off", triangle.into()),
        ("box_2.off", triangle.replace("3 0 1 2", "3 0 1 9").into()),
        ("box_3.off", triangle.replace("1 0 0", "nan 0 0").into()),
        ("box_4.off", triangle[..20].into()),
        ("box_5.pcd", [header.as_bytes(), &[0; 40]].concat()),
    ] {
        fs::write(train.join(name), bytes).unwrap();
    }
    let convert = "convert set -o set.spectra --order 4";
    let output = spectra(folder, convert).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    for id in ["box_2", "box_3", "box_4", "box_5"] {
        assert!(said(&output).contains(id), "{}", said(&output));
    }
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 converted"));
}

#[test]
fn a_store_of_another_version_and_a_run_of_another_store_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    shapes(folder, 6, 3);
    for (store, order) in [("low.spectra", 4), ("high.spectra", 6)] {
        let points = format!("--order {order} --points 64");
        done(folder, &format!("convert shapes -o {store} {points}"));
    }
    let [width, epochs] = ["--set network.width=16", "--set train.epochs=1"];
    let pretrain = "pretrain low.spectra -o run";
    done(folder, &format!("{pretrain} {width} {epochs}"));
    let refused = |line: &str, parts: &[&str]| {
        let said = refused(folder, line, 1, parts);
        assert_eq!(said.lines().count(), 1, "{line}: {said}");
    };
    let orders = ["high.spectra", "order 4", "order 6"];
    refused("eval high.spectra --run run", &orders);
    refused("pretrain high.spectra -o run --resume", &orders);
    refused(pretrain, &["--resume"]);
    // The settings of a run stay, whichever of its options are given again.
    let resumed = format!("{pretrain} --resume");
    for same in [&format!("{width} {epochs}"), epochs, ""] {
        done(folder, &format!("{resumed} {same}"));
    }
    refused(
        &format!("{resumed} --set train.epochs=2"),
        &["train.epochs: expected 1, found 2", "-o"],
    );
    refused(
        &format!("{resumed} --baseline l1"),
        &["algorithm.objective: expected \"cgml\", found \"l1\""],
    );
    let manifest = folder.join("low.spectra/manifest.json");
    let mut value = json(&manifest);
    value["version"] = 99.into();
    fs::write(&manifest, value.to_string()).unwrap();
    refused("info low.spectra", &["version 99", "version 1"]);
}
