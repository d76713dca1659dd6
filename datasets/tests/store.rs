//! Conversion and the store, as a user meets them: bytes, failures, resumption, shards, damage.

#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use spectra_datasets::synthetic::{self, SyntheticOptions};
use spectra_datasets::{
    ConvertOptions, ConvertSummary, Dataset, DatasetError, DatasetKind, Observer, Split, Store,
    convert, merge, open, verify,
};

/// Thirty meshes of ten classes, and four files that cannot be used.
fn data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let options = SyntheticOptions {
        train: 2,
        test: 1,
        ..SyntheticOptions::default()
    };
    synthetic::write(folder.path(), &options).unwrap();
    for (name, text) in [
        (
            "chair/train/bad_1.off",
            "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 7\n",
        ),
        (
            "chair/train/bad_2.off",
            "OFF\n3 1 0\n0 0 0\n1 nan 0\n0 1 0\n3 0 1 2\n",
        ),
        ("mug/test/bad_3.off", "OFF\n3 1 0\n0 0 0\n1 0 0\n"),
        (
            "mug/test/bad_4.off",
            "OFF\n3 1 0\n0 0 0\n1 0 0\n2 0 0\n3 0 1 2\n",
        ),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn options() -> ConvertOptions {
    ConvertOptions {
        order: 4,
        points: 64,
        rows_per_part: 5,
        ..ConvertOptions::default()
    }
}

fn dataset(folder: &Path) -> Dataset {
    open(folder, DatasetKind::Auto).unwrap()
}

fn run(folder: &Path, out: &Path, options: &ConvertOptions) -> ConvertSummary {
    convert(&dataset(folder), out, options, &()).unwrap()
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap()))
        .collect()
}

/// Stops after so many items.
struct After(usize, AtomicUsize);

impl Observer for After {
    fn item_done(&self, done: usize, _total: usize) {
        self.1.store(done, Ordering::Relaxed);
    }

    fn should_stop(&self) -> bool {
        self.1.load(Ordering::Relaxed) >= self.0
    }
}

#[test]
fn a_store_holds_the_good_items_and_says_why_the_others_failed() {
    let (folder, out) = (data(), tempfile::tempdir().unwrap());
    let summary = run(folder.path(), out.path(), &options());
    assert_eq!(
        (summary.done, summary.reused, summary.finished),
        (30, 0, true)
    );
    let kinds: Vec<(&str, &str)> = summary
        .failed
        .iter()
        .map(|f| (f.id.as_str(), f.kind.as_str()))
        .collect();
    assert_eq!(
        kinds,
        [
            ("chair/bad_1", "index-out-of-range"),
            ("chair/bad_2", "not-finite"),
            ("mug/bad_3", "truncated"),
            ("mug/bad_4", "zero-area"),
        ]
    );
    let store = Store::open(out.path()).unwrap();
    let manifest = store.manifest();
    assert_eq!(
        (store.len(), manifest.parts.len(), manifest.order),
        (30, 7, 4)
    );
    assert_eq!(manifest.failures, summary.failed);
    assert_eq!(
        manifest.splits,
        BTreeMap::from([(Split::Train, 20), (Split::Test, 10)])
    );
    let rows = store.rows().unwrap();
    assert_eq!(rows.coefficients.dim(), (30, 35));
    assert_eq!(rows.ids[0], "chair/chair_0003");
    assert_eq!((rows.labels[0], rows.splits[0]), (0, Split::Test));
    let points = rows.points.unwrap();
    assert!(points.iter().all(|cloud| cloud.len() == 64));
    // The moment of degree 0 is 1 / sqrt(4 pi / 3) whatever the cloud.
    let first = (3.0 / (4.0 * std::f64::consts::PI)).sqrt() as f32;
    assert!(
        rows.coefficients
            .column(0)
            .iter()
            .all(|c| (c - first).abs() < 1e-6)
    );
    let part = store.part(6).unwrap();
    assert_eq!(part.ids, rows.ids[30 - part.ids.len()..]);
    assert_eq!(verify(out.path()).unwrap().problems, [""; 0]);
}

#[test]
fn what_was_changed_after_it_was_converted_is_converted_again() {
    let (folder, out) = (data(), tempfile::tempdir().unwrap());
    run(folder.path(), out.path(), &options());
    assert_eq!(run(folder.path(), out.path(), &options()).reused, 30);
    // Clocks of file systems may be coarse.
    std::thread::sleep(Duration::from_millis(50));
    let mended = folder.path().join("chair/train/bad_1.off");
    fs::write(&mended, "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n").unwrap();
    if cfg!(unix) {
        // As files look that tar, rsync or cp -p put in the place of others.
        set_modified(
            &mended,
            SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 30),
        );
    }
    let summary = run(folder.path(), out.path(), &options());
    assert!(
        summary.done >= 1 && summary.done <= 5,
        "one part: {summary:?}"
    );
    assert_eq!(
        (summary.done + summary.reused, summary.failed.len()),
        (31, 3)
    );
    assert_eq!(Store::open(out.path()).unwrap().len(), 31);
    assert_eq!(verify(out.path()).unwrap().problems, [""; 0]);
    if cfg!(unix) {
        // A date in the future is no change that comes again and again.
        set_modified(&mended, SystemTime::now() + Duration::from_secs(1 << 30));
        run(folder.path(), out.path(), &options());
        assert_eq!(run(folder.path(), out.path(), &options()).reused, 31);
    }
}

fn set_modified(path: &Path, time: SystemTime) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(time).unwrap();
}

#[test]
fn a_store_may_lie_among_its_shapes() {
    let folder = data();
    let out = folder.path().join("out.spectra");
    run(folder.path(), &out, &options());
    let before = files(&out);
    assert_eq!(run(folder.path(), &out, &options()).reused, 30);
    assert_eq!(files(&out), before);
}

#[test]
fn a_shard_does_not_read_the_parts_of_others_while_some_are_missing() {
    let (folder, out) = (data(), tempfile::tempdir().unwrap());
    // A folder under the name of a file is an error to whoever reads it.
    let other = "part-00001-of-00007";
    let shard = |index| ConvertOptions {
        shard: (index, 3),
        ..options()
    };
    run(folder.path(), out.path(), &shard(0));
    fs::create_dir(out.path().join(format!("{other}.safetensors"))).unwrap();
    fs::write(out.path().join(format!("{other}.csv")), "").unwrap();
    let summary = run(folder.path(), out.path(), &shard(0));
    assert_eq!((summary.done, summary.finished), (0, false));
}

#[test]
fn one_cloud_of_a_file_of_many_that_is_not_finite_is_one_failure() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::copy(
        "tests/fixtures/one_nan.h5",
        folder.path().join("ply_data_train0.h5"),
    )
    .unwrap();
    let options = ConvertOptions {
        order: 1,
        ..options()
    };
    let summary = run(folder.path(), out.path(), &options);
    assert_eq!(summary.done, 2);
    let [failure] = summary.failed.as_slice() else {
        panic!("{:?}", summary.failed)
    };
    assert_eq!(
        (failure.id.as_str(), failure.kind.as_str()),
        ("ply_data_train0/00001", "not-finite")
    );
}

#[test]
fn threads_shards_stops_and_kept_parts_change_no_byte() {
    let folder = data();
    let whole = tempfile::tempdir().unwrap();
    run(folder.path(), whole.path(), &options());
    let expected = files(whole.path());
    for jobs in [1, 2, 16] {
        let out = tempfile::tempdir().unwrap();
        run(
            folder.path(),
            out.path(),
            &ConvertOptions { jobs, ..options() },
        );
        assert_eq!(files(out.path()), expected, "{jobs} threads");
    }
    for count in [3, 8] {
        let shards: Vec<_> = (0..count).map(|_| tempfile::tempdir().unwrap()).collect();
        for (index, shard) in shards.iter().enumerate() {
            let options = ConvertOptions {
                shard: (index, count),
                ..options()
            };
            assert!(!run(folder.path(), shard.path(), &options).finished);
        }
        let out = tempfile::tempdir().unwrap();
        merge(
            &shards.iter().map(|shard| shard.path()).collect::<Vec<_>>(),
            out.path(),
        )
        .unwrap();
        assert_eq!(files(out.path()), expected, "{count} shards");
    }
    let together = tempfile::tempdir().unwrap();
    for index in 0..3 {
        let options = ConvertOptions {
            shard: (index, 3),
            ..options()
        };
        assert_eq!(
            run(folder.path(), together.path(), &options).finished,
            index == 2
        );
    }
    assert_eq!(files(together.path()), expected, "shards in one folder");
    let stopped = tempfile::tempdir().unwrap();
    let error = convert(
        &dataset(folder.path()),
        stopped.path(),
        &options(),
        &After(12, AtomicUsize::new(0)),
    )
    .unwrap_err();
    assert!(
        matches!(
            error,
            DatasetError::Stopped {
                finished: 2,
                parts: 7
            }
        ),
        "{error}"
    );
    assert!(matches!(
        Store::open(stopped.path()),
        Err(DatasetError::Unfinished { .. })
    ));
    let summary = run(folder.path(), stopped.path(), &options());
    assert_eq!(summary.done + summary.reused, 30);
    assert!(summary.reused >= 8, "{summary:?}");
    assert_eq!(files(stopped.path()), expected, "stopped and gone on with");
}

#[test]
fn shards_of_copies_under_other_names_are_merged() {
    let (folder, jobs) = (data(), tempfile::tempdir().unwrap());
    let whole = jobs.path().join("whole");
    run(folder.path(), &whole, &options());
    let mut shards = Vec::new();
    for index in 0..2 {
        // A copy as a job has it: the name alone differs.
        let copy = jobs.path().join(format!("job{index}"));
        if index == 0 {
            fs::rename(folder.path(), &copy).unwrap();
        } else {
            fs::rename(jobs.path().join("job0"), &copy).unwrap();
        }
        let out = jobs.path().join(format!("out{index}"));
        let options = ConvertOptions {
            shard: (index, 2),
            ..options()
        };
        run(&copy, &out, &options);
        shards.push(out);
    }
    // A folder of another name does not go on in a store, whose shapes may be others.
    let error = convert(&dataset(&jobs.path().join("job1")), &whole, &options(), &());
    assert!(matches!(error, Err(DatasetError::Occupied { .. })));
    let out = jobs.path().join("merged");
    merge(&shards, &out).unwrap();
    let (mut merged, mut expected) = (files(&out), files(&whole));
    assert!(
        merged.remove(Path::new("manifest.json")) != expected.remove(Path::new("manifest.json"))
    );
    assert_eq!(merged, expected);
    assert_eq!(verify(&out).unwrap().problems, [""; 0]);
}

#[test]
fn a_row_depends_on_its_item_alone() {
    let folder = data();
    let (all, some) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(folder.path(), all.path(), &options());
    let few = ConvertOptions {
        limit: Some(7),
        keep_points: false,
        rows_per_part: 3,
        ..options()
    };
    let summary = run(folder.path(), some.path(), &few);
    assert_eq!(summary.done + summary.failed.len(), 7);
    let all = Store::open(all.path()).unwrap().rows().unwrap();
    let some = Store::open(some.path()).unwrap().rows().unwrap();
    assert!(some.points.is_none());
    for (row, id) in some.ids.iter().enumerate() {
        let place = all.ids.iter().position(|other| other == id).unwrap();
        assert_eq!(
            some.coefficients.row(row),
            all.coefficients.row(place),
            "{id}"
        );
    }
}

#[test]
fn parts_that_were_damaged_are_made_again() {
    let (folder, out) = (data(), tempfile::tempdir().unwrap());
    run(folder.path(), out.path(), &options());
    let expected = files(out.path());
    for name in ["part-00002-of-00007.safetensors", "part-00002-of-00007.csv"] {
        let path = out.path().join(name);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() * 3 / 4;
        bytes[middle] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let report = verify(out.path()).unwrap();
        assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
        let summary = run(folder.path(), out.path(), &options());
        assert_eq!(
            (summary.done, summary.reused),
            (4, 26),
            "{name}: one of five had failed"
        );
        assert_eq!(files(out.path()), expected);
    }
    fs::remove_file(out.path().join("part-00000-of-00007.csv")).unwrap();
    assert_eq!(verify(out.path()).unwrap().problems.len(), 1);
    fs::write(out.path().join("part-00009-of-00007.csv"), "").unwrap();
    assert_eq!(verify(out.path()).unwrap().problems.len(), 2);
}

#[test]
fn folders_that_hold_something_else_are_left_alone() {
    let (folder, out) = (data(), tempfile::tempdir().unwrap());
    let data = dataset(folder.path());
    fs::write(out.path().join("thesis.tex"), "").unwrap();
    let error = convert(&data, out.path(), &options(), &()).unwrap_err();
    assert!(matches!(error, DatasetError::Occupied { .. }), "{error}");
    assert_eq!(files(out.path()).len(), 1);
    let out = tempfile::tempdir().unwrap();
    run(folder.path(), out.path(), &options());
    let before = files(out.path());
    let other = ConvertOptions {
        order: 5,
        ..options()
    };
    let error = convert(&data, out.path(), &other, &())
        .unwrap_err()
        .to_string();
    assert!(error.contains("order 4, not 5"), "{error}");
    assert_eq!(files(out.path()), before);
    assert!(
        Store::open(folder.path())
            .unwrap_err()
            .to_string()
            .contains("not a store")
    );
}

#[test]
fn strict_ends_at_a_failure_and_a_vanished_source_is_no_failure_of_an_item() {
    let (folder, out) = (data(), tempfile::tempdir().unwrap());
    let data = dataset(folder.path());
    let strict = ConvertOptions {
        strict: true,
        ..options()
    };
    let error = convert(&data, out.path(), &strict, &()).unwrap_err();
    assert!(matches!(error, DatasetError::Item { .. }), "{error}");
    fs::remove_file(folder.path().join("vase/train/vase_0001.ply")).unwrap();
    let summary = convert(&data, out.path(), &options(), &()).unwrap();
    assert_eq!(
        (summary.failed.len(), summary.failed[4].kind.as_str()),
        (5, "missing")
    );
    let out = tempfile::tempdir().unwrap();
    fs::remove_dir_all(folder.path()).unwrap();
    let error = convert(&data, out.path(), &options(), &()).unwrap_err();
    assert!(matches!(error, DatasetError::Io { .. }), "{error}");
    assert!(
        error.to_string().contains(folder.path().to_str().unwrap()),
        "{error}"
    );
}

#[test]
fn the_spherical_basis_gives_the_outer_radius() {
    let (folder, out) = (data(), tempfile::tempdir().unwrap());
    let options = ConvertOptions {
        basis: "spherical".parse().unwrap(),
        ..options()
    };
    run(folder.path(), out.path(), &options);
    let store = Store::open(out.path()).unwrap();
    let rows = store.rows().unwrap();
    assert_eq!(rows.coefficients.dim(), (30, 25));
    // The mean outer radius is C_00 / sqrt(4 pi), and no radius exceeds 0.98.
    let mean = |c: &f32| f64::from(*c) / (4.0 * std::f64::consts::PI).sqrt();
    assert!(
        rows.coefficients
            .column(0)
            .iter()
            .map(mean)
            .all(|r| (0.1..0.98).contains(&r))
    );
    assert!(
        store
            .manifest()
            .fingerprint()
            .starts_with("spherical order 4, 64 points")
    );
}

#[test]
fn options_out_of_range_are_named() {
    let (folder, out) = (data(), tempfile::tempdir().unwrap());
    for (options, word) in [
        (
            ConvertOptions {
                points: 0,
                ..options()
            },
            "points",
        ),
        (
            ConvertOptions {
                shard: (3, 3),
                ..options()
            },
            "shard",
        ),
        (
            ConvertOptions {
                limit: Some(0),
                ..options()
            },
            "limit",
        ),
        (
            ConvertOptions {
                rows_per_part: 0,
                ..options()
            },
            "rows per part",
        ),
    ] {
        let error = convert(&dataset(folder.path()), out.path(), &options, &()).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
    assert!(files(out.path()).is_empty());
}
