//! Damage of any kind to any file of a store is an error or a problem, never a panic.
#![allow(clippy::unwrap_used)]

use std::fs;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use spectra_datasets::synthetic::{self, SyntheticOptions};
use spectra_datasets::{ConvertOptions, DatasetKind, Store, convert, merge, open, verify};

/// How many damaged stores to try.
const RUNS: &str = "SPECTRA_TEST_MUTATIONS";

/// One of the ways in which files go wrong.
fn damage(bytes: &mut Vec<u8>, rng: &mut impl Rng) {
    let place = |len: usize, rng: &mut _| RngExt::random_range(rng, 0..len.max(1));
    match rng.random_range(0..6) {
        0 => {
            let at = place(bytes.len(), rng);
            bytes[at] ^= 1 << rng.random_range(0..8);
        }
        1 => bytes.truncate(place(bytes.len(), rng)),
        2 => {
            let at = place(bytes.len(), rng);
            bytes.insert(at, rng.random());
        }
        3 => {
            let at = place(bytes.len(), rng);
            bytes.drain(at..(at + 9).min(bytes.len()));
        }
        // A length, count or offset in the first bytes of the file made huge.
        4 => {
            let end = bytes.len().min(64);
            let at = place(end, rng);
            bytes[at..(at + 8).min(end)].fill(rng.random());
        }
        _ => {
            let digits: Vec<usize> = (0..bytes.len().min(4096))
                .filter(|&at| bytes[at].is_ascii_digit())
                .collect();
            for _ in 0..3 {
                let at = digits[place(digits.len(), rng)];
                bytes[at] = b'0' + rng.random_range(0..10);
            }
        }
    }
}

#[test]
fn no_damage_is_read_as_data_or_ends_the_program() {
    let runs = std::env::var(RUNS).map_or(400, |text| text.parse().unwrap());
    let data = tempfile::tempdir().unwrap();
    let shapes = SyntheticOptions {
        train: 1,
        test: 0,
        ..SyntheticOptions::default()
    };
    synthetic::write(data.path(), &shapes).unwrap();
    fs::write(data.path().join("mug/train/bad.off"), "OFF\n3 1").unwrap();
    let out = tempfile::tempdir().unwrap();
    let options = ConvertOptions {
        order: 2,
        points: 16,
        rows_per_part: 6,
        ..ConvertOptions::default()
    };
    let dataset = open(data.path(), DatasetKind::Auto).unwrap();
    convert(&dataset, out.path(), &options, &()).unwrap();
    let good = Store::open(out.path()).unwrap().rows().unwrap();
    let mut names: Vec<_> = fs::read_dir(out.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut silent = 0;
    for run in 0..runs {
        let path = &names[rng.random_range(0..names.len())];
        let original = fs::read(path).unwrap();
        let mut bytes = original.clone();
        damage(&mut bytes, &mut rng);
        if bytes == original {
            continue;
        }
        fs::write(path, &bytes).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let report = verify(out.path());
        if report.is_ok_and(|report| report.problems.is_empty()) {
            silent += 1;
            assert!(
                !name.starts_with("part-"),
                "{run}: {name} was damaged, verify found nothing"
            );
        }
        if let Ok(rows) = Store::open(out.path()).and_then(|store| store.rows()) {
            assert_eq!(rows.coefficients, good.coefficients, "{run}: {name}");
            assert_eq!(rows.points, good.points, "{run}: {name}");
        }
        if run % 16 == 0 {
            // Whatever these make of it, they must come back.
            let target = tempfile::tempdir().unwrap();
            let merged = merge(&[out.path()], target.path());
            let again = convert(&dataset, out.path(), &options, &());
            assert!(
                merged.is_ok() || again.is_ok() || name == "manifest.json",
                "{run}: {name}"
            );
            let others = fs::read_dir(out.path()).unwrap().count();
            assert_eq!(others, names.len(), "{run}: {name}");
        }
        fs::write(path, &original).unwrap();
    }
    println!("{runs} damaged stores, {silent} of them in words that nothing depends on");
    assert_eq!(verify(out.path()).unwrap().problems, [""; 0]);
}
