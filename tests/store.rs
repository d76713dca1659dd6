//! Stores as a user makes, joins and loses them: shards, damage, full disks, folders that cannot be written.
#![cfg(unix)]
#![allow(clippy::unwrap_used)] // a test may panic

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use spectra_datasets::synthetic::{self, SyntheticOptions};

fn spectra(arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("spectra").unwrap();
    command.args(arguments).output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// 600 small meshes: two parts.
fn shapes(folder: &Path) -> PathBuf {
    meshes(folder, [50, 10])
}

/// So many meshes of each of ten families, for training and test.
fn meshes(folder: &Path, [train, test]: [usize; 2]) -> PathBuf {
    let shapes = folder.join("shapes");
    let options = SyntheticOptions {
        train,
        test,
        ..SyntheticOptions::default()
    };
    synthetic::write(&shapes, &options).unwrap();
    shapes
}

fn convert(source: &Path, store: &Path, more: &[&str]) -> Output {
    let options = [
        "convert",
        text(source),
        "-o",
        text(store),
        "--order",
        "3",
        "--points",
        "64",
    ];
    spectra(&[&options[..], more].concat())
}

fn files(store: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(store).unwrap().map(|entry| entry.unwrap());
    let named = entries.map(|entry| (said(entry.file_name().as_encoded_bytes()), entry.path()));
    named
        .filter(|(name, _)| !name.starts_with('.'))
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect()
}

/// One error line with these words, and status 1.
fn fails(output: &Output, words: &[&str]) {
    let error = said(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    let line = error.lines().last().unwrap_or_default();
    assert!(
        line.starts_with("error: ") && !error.contains("panicked"),
        "{error}"
    );
    for word in words {
        assert!(line.contains(word), "no `{word}` in {line}");
    }
}

#[test]
fn shards_merge_into_the_store_of_one_run_and_damage_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (source, whole, merged) = (
        shapes(folder.path()),
        folder.path().join("a"),
        folder.path().join("b"),
    );
    assert!(convert(&source, &whole, &[]).status.success());
    let shards: Vec<PathBuf> = (0..3)
        .map(|i| folder.path().join(format!("shard{i}")))
        .collect();
    for (index, shard) in shards.iter().enumerate() {
        assert!(
            convert(&source, shard, &["--shard", &format!("{index}/3")])
                .status
                .success()
        );
    }
    let some = spectra(&[
        "store",
        "merge",
        text(&shards[1]),
        text(&shards[2]),
        "-o",
        text(&merged),
    ]);
    fails(
        &some,
        &[
            "1 of 2 parts are in none of the shards",
            "part-00000-of-00002",
        ],
    );
    let mut merge = vec!["store", "merge"];
    merge.extend(shards.iter().map(|shard| text(shard)));
    merge.extend(["-o", text(&merged), "--json"]);
    let output = spectra(&merge);
    assert!(output.status.success(), "{}", said(&output.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (summary["rows"].as_u64(), summary["parts"].as_u64()),
        (Some(600), Some(2))
    );
    assert!(files(&merged) == files(&whole));

    // One flipped bit, a doubled part, a missing one.
    let part = merged.join("part-00001-of-00002.safetensors");
    let good = fs::read(&part).unwrap();
    let mut bytes = good.clone();
    bytes[good.len() / 2] ^= 4;
    fs::write(&part, &bytes).unwrap();
    let verify = || spectra(&["verify", text(&merged)]);
    assert!(said(&verify().stdout).contains("part-00001-of-00002.safetensors: damaged"));
    fails(&verify(), &["1 problems"]);
    fs::write(&part, &good).unwrap();
    assert!(verify().status.success());
    fs::copy(&part, merged.join("part-00002-of-00002.safetensors")).unwrap();
    assert!(said(&verify().stdout).contains("part-00002-of-00002.safetensors: does not belong"));
    fs::rename(
        merged.join("part-00002-of-00002.safetensors"),
        merged.join("part-00000-of-00002.safetensors"),
    )
    .unwrap();
    assert!(
        said(&verify().stdout)
            .contains("part-00000-of-00002.safetensors: damaged: it was made by another run")
    );
    fs::remove_file(merged.join("part-00000-of-00002.csv")).unwrap();
    assert!(said(&verify().stdout).contains("cannot read"));
}

#[test]
fn a_store_of_another_version_is_refused_by_every_verb() {
    let folder = tempfile::tempdir().unwrap();
    let (source, store) = (shapes(folder.path()), folder.path().join("a"));
    assert!(convert(&source, &store, &["--limit", "3"]).status.success());
    let manifest = store.join("manifest.json");
    let text_of = fs::read_to_string(&manifest).unwrap();
    fs::write(
        &manifest,
        text_of.replace("\"version\": 1", "\"version\": 99"),
    )
    .unwrap();
    let npz = folder.path().join("a.npz");
    for arguments in [
        vec!["verify", text(&store)],
        vec!["info", text(&store)],
        vec!["data", "audit", text(&store)],
        vec!["export", text(&store), "--npz", text(&npz)],
        vec!["store", "merge", text(&store), "-o", text(&npz)],
        vec!["convert", text(&source), "-o", text(&store)],
    ] {
        fails(
            &spectra(&arguments),
            &["manifest.json", "version 99", "reads version 1"],
        );
    }
}

#[test]
fn a_full_disk_keeps_what_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let (source, store, whole) = (
        shapes(folder.path()),
        folder.path().join("a"),
        folder.path().join("b"),
    );
    assert!(convert(&source, &whole, &[]).status.success());
    // Part 1, of 88 items, is smaller than part 0, of 512: a limit on the size of files lets the one through.
    let program = assert_cmd::cargo::cargo_bin("spectra");
    let command = format!(
        "trap '' XFSZ; ulimit -f 256; {} convert {} -o {} --order 3 --points 64",
        program.display(),
        source.display(),
        store.display()
    );
    let sh = |command: &str| {
        std::process::Command::new("sh")
            .args(["-c", command])
            .output()
            .unwrap()
    };
    let second = sh(&format!("{command} --shard 1/2"));
    assert!(second.status.success(), "{}", said(&second.stderr));
    let kept = files(&store);
    assert_eq!(kept.len(), 3, "{:?}", kept.keys());
    fails(
        &sh(&command),
        &[
            "part-00000-of-00002.safetensors",
            "free some space",
            "finished parts are kept",
        ],
    );
    let after = files(&store);
    assert!(
        kept.iter()
            .all(|(name, bytes)| after.get(name) == Some(bytes))
    );
    fails(&spectra(&["verify", text(&store)]), &["not finished"]);
    let again = convert(&source, &store, &["--json"]);
    let summary: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(
        (summary["done"].as_u64(), summary["reused"].as_u64()),
        (Some(512), Some(88))
    );
    assert!(files(&store) == files(&whole));
}

#[test]
fn folders_and_sources_that_are_not_there_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let (source, store) = (shapes(folder.path()), folder.path().join("a"));
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    fails(
        &convert(&source, &file.join("store"), &[]),
        &["file/store", "cannot create"],
    );
    fails(&convert(&source, &file, &[]), &["file"]);
    // Nobody may write here, root included.
    if cfg!(target_os = "linux") {
        fails(
            &convert(&source, Path::new("/sys/store"), &[]),
            &["/sys/store", "cannot create"],
        );
    }
    assert!(
        convert(&source, &store, &["--shard", "0/2"])
            .status
            .success()
    );
    let kept = files(&store);
    fs::remove_dir_all(&source).unwrap();
    fails(&convert(&source, &store, &[]), &["cannot open", "shapes"]);
    assert!(files(&store) == kept);
}

#[test]
fn convert_says_how_whole_a_set_is_and_what_failed_by_kind() {
    let folder = tempfile::tempdir().unwrap();
    let train = folder.path().join("ModelNet10/chair/train");
    fs::create_dir_all(&train).unwrap();
    let triangle = "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0.5\n3 0 1 2\n";
    fs::write(train.join("chair_0001.off"), triangle).unwrap();
    for number in 2..15 {
        fs::write(
            train.join(format!("chair_{number:04}.off")),
            &triangle[..16],
        )
        .unwrap();
    }
    let store = folder.path().join("a");
    let output = convert(&folder.path().join("ModelNet10"), &store, &[]);
    assert_eq!(output.status.code(), Some(3));
    let error = said(&output.stderr);
    assert!(
        error.contains("train 14 of 3991, test 0 of 908; missing: bathtub/bathtub_0001"),
        "{error}"
    );
    assert!(
        error.contains("… and 3 more") && error.contains("      13 truncated"),
        "{error}"
    );
    assert_eq!(
        files(&store)["failures.csv"]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count(),
        14
    );
    let info = said(&spectra(&["info", text(&folder.path().join("ModelNet10"))]).stdout);
    assert!(info.contains("official  train 14 of 3991"), "{info}");
}

#[test]
fn an_audit_names_what_is_there_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (source, store) = (meshes(folder.path(), [8, 2]), folder.path().join("a"));
    let chair = source.join("chair/train/chair_0001.ply");
    fs::copy(&chair, source.join("chair/test/chair_9999.ply")).unwrap();
    let output = spectra(&["data", "audit", text(&source), "--json"]);
    assert!(output.status.success(), "{}", said(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["items"], 101);
    let exact = report["exact"].as_array().unwrap();
    assert_eq!(exact.len(), 1);
    assert_eq!(exact[0][0]["id"], "chair/chair_9999");
    // Sampled apart, they are near all the same.
    let pairs = report["near"]["pairs"].as_array().unwrap();
    let found = pairs.iter().any(|pair| {
        pair["item"]["id"] == "chair/chair_9999" && pair["neighbour"]["id"] == "chair/chair_0001"
    });
    assert!(found, "{pairs:?}");
    assert!(convert(&source, &store, &[]).status.success());
    let told = said(&spectra(&["data", "audit", text(&store)]).stdout);
    assert!(
        told.contains("chair") && told.contains("near duplicates: rotation invariants"),
        "{told}"
    );
}

/// Two sets of one name and with the same names of files are two sets.
#[test]
fn eval_keeps_a_store_for_each_place_of_a_data_set() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    for place in ["a", "b", "a"] {
        let shapes = meshes(&folder.path().join(place), [2, 1]);
        let output = spectra(&[
            "eval",
            text(&shapes),
            "--cache",
            text(&cache),
            "--classifiers",
            "1-nn",
        ]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output.stderr));
    }
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 2);
}
