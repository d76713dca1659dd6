//! Stores as a user makes, joins and loses them: shards, damage, full disks, folders that cannot be written.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::{done, fails, files, limited, refused, said, shapes, spectra};

/// The arguments that convert `shapes` to a store.
fn convert(store: &str) -> String {
    format!("convert shapes -o {store} --order 3 --points 64")
}

/// 600 small meshes: two parts.
fn two_parts(folder: &Path) {
    shapes(folder, 50, 10);
}

/// The files of a store, less those that are hidden, such as its lock.
fn visible(store: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = files(store);
    files.retain(|name, _| !name.starts_with('.'));
    files
}

/// A summary or a report that is printed as JSON.
fn parsed(printed: &str) -> Value {
    serde_json::from_str(printed).unwrap()
}

#[test]
fn shards_merge_into_the_store_of_one_run_and_damage_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    two_parts(folder);
    done(folder, &convert("a"));
    for index in 0..3 {
        let shard = convert(&format!("shard{index}"));
        done(folder, &format!("{shard} --shard {index}/3"));
    }
    refused(
        folder,
        "store merge shard1 shard2 -o b",
        1,
        &[
            "1 of 2 parts are in none of the shards",
            "part-00000-of-00002",
        ],
    );
    let merge = "store merge shard0 shard1 shard2 -o b --json";
    let summary = parsed(&done(folder, merge));
    assert_eq!(
        (summary["rows"].as_u64(), summary["parts"].as_u64()),
        (Some(600), Some(2))
    );
    let merged = folder.join("b");
    assert!(visible(&merged) == visible(&folder.join("a")));

    // One flipped bit, a doubled part, a missing one.
    let part = merged.join("part-00001-of-00002.safetensors");
    let good = fs::read(&part).unwrap();
    let mut bytes = good.clone();
    bytes[good.len() / 2] ^= 4;
    fs::write(&part, &bytes).unwrap();
    let found = || {
        let verify = spectra(folder, "verify b").output().unwrap();
        String::from_utf8(verify.stdout).unwrap()
    };
    assert!(found().contains("part-00001-of-00002.safetensors: damaged"));
    refused(folder, "verify b", 1, &["1 problems"]);
    fs::write(&part, &good).unwrap();
    done(folder, "verify b");
    fs::copy(&part, merged.join("part-00002-of-00002.safetensors")).unwrap();
    assert!(found().contains("part-00002-of-00002.safetensors: does not belong"));
    fs::rename(
        merged.join("part-00002-of-00002.safetensors"),
        merged.join("part-00000-of-00002.safetensors"),
    )
    .unwrap();
    let foreign = "part-00000-of-00002.safetensors: damaged: it was made by another run";
    assert!(found().contains(foreign));
    fs::remove_file(merged.join("part-00000-of-00002.csv")).unwrap();
    assert!(found().contains("cannot read"));
}

#[test]
fn a_store_of_another_version_is_refused_by_every_verb() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    two_parts(folder);
    done(folder, &format!("{} --limit 3", convert("a")));
    let manifest = folder.join("a/manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"version\": 1", "\"version\": 99")).unwrap();
    for line in [
        "verify a",
        "info a",
        "data audit a",
        "export a --npz a.npz",
        "store merge a -o a.npz",
        "convert shapes -o a",
    ] {
        let words = ["manifest.json", "version 99", "reads version 1"];
        refused(folder, line, 1, &words);
    }
}

#[test]
fn a_full_disk_keeps_what_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    two_parts(folder);
    done(folder, &convert("b"));
    // Part 1, of 88 items, is smaller than part 0, of 512: a limit on the size of files lets the one through.
    let into_limit = |line: &str| limited(&spectra(folder, line), 256);
    let second = format!("{} --shard 1/2", convert("a"));
    let second = into_limit(&second).output().unwrap();
    assert!(second.status.success(), "{}", said(&second));
    let store = folder.join("a");
    let kept = visible(&store);
    assert_eq!(kept.len(), 3, "{:?}", kept.keys());
    fails(
        &mut into_limit(&convert("a")),
        1,
        &[
            "part-00000-of-00002.safetensors",
            "free some space",
            "finished parts are kept",
        ],
    );
    let after = visible(&store);
    assert!(
        kept.iter()
            .all(|(name, bytes)| after.get(name) == Some(bytes))
    );
    refused(folder, "verify a", 1, &["not finished"]);
    let again = format!("{} --json", convert("a"));
    let summary = parsed(&done(folder, &again));
    assert_eq!(
        (summary["done"].as_u64(), summary["reused"].as_u64()),
        (Some(512), Some(88))
    );
    assert!(visible(&store) == visible(&folder.join("b")));
}

#[test]
fn folders_and_sources_that_are_not_there_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    two_parts(folder);
    fs::write(folder.join("file"), "").unwrap();
    refused(
        folder,
        &convert("file/store"),
        1,
        &["file/store", "cannot create"],
    );
    refused(folder, &convert("file"), 1, &["cannot create file"]);
    // Nobody may write here, root included.
    if cfg!(target_os = "linux") {
        refused(
            folder,
            &convert("/sys/store"),
            1,
            &["/sys/store", "cannot create"],
        );
    }
    done(folder, &format!("{} --shard 0/2", convert("a")));
    let kept = visible(&folder.join("a"));
    fs::remove_dir_all(folder.join("shapes")).unwrap();
    refused(folder, &convert("a"), 1, &["cannot open", "shapes"]);
    assert!(visible(&folder.join("a")) == kept);
}

#[test]
fn convert_says_how_whole_a_set_is_and_what_failed_by_kind() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let train = folder.join("ModelNet10/chair/train");
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
    let convert = "convert ModelNet10 -o a --order 3 --points 64";
    let output = spectra(folder, convert).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let error = said(&output);
    assert!(
        error.contains("train 14 of 3991, test 0 of 908; missing: bathtub/bathtub_0001"),
        "{error}"
    );
    assert!(
        error.contains("… and 3 more") && error.contains("      13 truncated"),
        "{error}"
    );
    let failures = fs::read_to_string(folder.join("a/failures.csv")).unwrap();
    assert_eq!(failures.matches('\n').count(), 14);
    let info = done(folder, "info ModelNet10");
    assert!(info.contains("official  train 14 of 3991"), "{info}");
}

#[test]
fn an_audit_names_what_is_there_twice() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    shapes(folder, 8, 2);
    let set = folder.join("shapes");
    let chair = set.join("chair/train/chair_0001.ply");
    fs::copy(&chair, set.join("chair/test/chair_9999.ply")).unwrap();
    let report = parsed(&done(folder, "data audit shapes --json"));
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
    done(folder, &convert("a"));
    let told = done(folder, "data audit a");
    assert!(
        told.contains("chair") && told.contains("near duplicates: rotation invariants"),
        "{told}"
    );
}

/// Two sets of one name and with the same names of files are two sets.
#[test]
fn eval_keeps_a_store_for_each_place_of_a_data_set() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for place in ["a", "b", "a"] {
        shapes(&folder.join(place), 2, 1);
        let eval = format!("eval {place}/shapes --cache cache --classifiers 1-nn");
        done(folder, &eval);
    }
    assert_eq!(fs::read_dir(folder.join("cache")).unwrap().count(), 2);
}

#[test]
fn a_store_is_no_data_set_and_nothing_converted_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    shapes(folder, 1, 1);
    done(folder, &convert("a"));
    refused(folder, "convert a -o b", 1, &["a", "a store"]);
    assert!(!folder.join("b").exists());
    refused(
        folder,
        "convert shapes -o one --order 3 --points 1",
        1,
        &["one", "no item could be converted"],
    );
}

#[test]
fn the_up_axis_can_be_said_and_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    shapes(folder, 1, 1);
    let up = |store: &str| {
        let manifest = fs::read(folder.join(store).join("manifest.json")).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        manifest["up_axis"].clone()
    };
    let output = spectra(folder, &convert("a")).output().unwrap();
    assert!(said(&output).contains("--up"), "{}", said(&output));
    assert_eq!(up("a"), "unknown");
    let output = spectra(folder, &format!("{} --up y", convert("b")))
        .output()
        .unwrap();
    assert!(!said(&output).contains("--up"), "{}", said(&output));
    assert_eq!(up("b"), "y");
    refused(folder, &format!("{} --up w", convert("c")), 2, &["--up"]);
}
