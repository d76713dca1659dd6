//! Damaged stores by the thousand: what is done to a file of one, and what must hold then.

#[path = "../../../pointcloud/tests/mutate/heap.rs"]
mod heap;

use std::fs;
use std::path::{Path, PathBuf};

use rand::{Rng, RngExt};
use spectra_datasets::synthetic::{self, SyntheticOptions};
use spectra_datasets::{
    ConvertOptions, Dataset, DatasetKind, Rows, Store, convert, merge, open, verify,
};
use spectra_pointcloud::random::stream;

pub use heap::Counting;
use heap::peak_of;

/// What checking a damaged store may hold in memory; a store takes 60 kB on disk.
const HEAP: usize = 8 << 20;

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

/// A good store, and the data set that it was made of.
struct Bench {
    data: tempfile::TempDir,
    out: tempfile::TempDir,
    good: Rows,
    names: Vec<PathBuf>,
}

fn options() -> ConvertOptions {
    ConvertOptions {
        order: 2,
        points: 16,
        rows_per_part: 6,
        ..ConvertOptions::default()
    }
}

impl Bench {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let shapes = SyntheticOptions {
            train: 1,
            test: 0,
            ..SyntheticOptions::default()
        };
        synthetic::write(data.path(), &shapes).unwrap();
        fs::write(data.path().join("mug/train/bad.off"), "OFF\n3 1").unwrap();
        let out = tempfile::tempdir().unwrap();
        let bench = Self {
            data,
            out,
            good: Rows::default(),
            names: Vec::new(),
        };
        convert(&bench.dataset(), bench.store(), &options(), &()).unwrap();
        let entries = fs::read_dir(bench.store()).unwrap();
        let mut names: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        names.sort();
        let good = Store::open(bench.store()).unwrap().rows().unwrap();
        Self {
            good,
            names,
            ..bench
        }
    }

    fn store(&self) -> &Path {
        self.out.path()
    }

    fn dataset(&self) -> Dataset {
        open(self.data.path(), DatasetKind::Auto).unwrap()
    }

    /// Whether the damage to a file was found; it must be, in a part, and must never be read as data.
    fn found(&self, number: u64, name: &str) -> bool {
        let (report, heap) = peak_of(|| verify(self.store()));
        assert!(heap <= HEAP, "{number}: {name}: {heap} bytes of memory");
        let found = report.is_err() || report.is_ok_and(|report| !report.problems.is_empty());
        assert!(
            found || !name.starts_with("part-"),
            "{number}: {name} was damaged, verify found nothing"
        );
        if let Ok(rows) = Store::open(self.store()).and_then(|store| store.rows()) {
            assert_eq!(
                rows.coefficients, self.good.coefficients,
                "{number}: {name}"
            );
            assert_eq!(rows.points, self.good.points, "{number}: {name}");
        }
        found
    }

    /// Whatever merging and going on make of it, they must come back.
    fn go_on(&self, number: u64, name: &str) {
        let target = tempfile::tempdir().unwrap();
        let merged = merge(&[self.store()], target.path());
        let again = convert(&self.dataset(), self.store(), &options(), &());
        assert!(
            merged.is_ok() || again.is_ok() || name == "manifest.json",
            "{number}: {name}"
        );
        let files = fs::read_dir(self.store()).unwrap().count();
        assert_eq!(files, self.names.len(), "{number}: {name}");
    }
}

/// Damages a store `count` times, from number `first` on, each time anew. Says how often `verify` found nothing, which
/// is only admitted for words on which nothing depends.
pub fn run(first: u64, count: u64) -> u64 {
    let bench = Bench::new();
    let mut silent = 0;
    for number in first..first + count {
        let mut rng = stream(5, 0, number);
        let path = &bench.names[rng.random_range(0..bench.names.len())];
        let original = fs::read(path).unwrap();
        let mut bytes = original.clone();
        damage(&mut bytes, &mut rng);
        if bytes == original {
            continue;
        }
        fs::write(path, &bytes).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        silent += u64::from(!bench.found(number, &name));
        if number % 64 == 0 {
            bench.go_on(number, &name);
        }
        fs::write(path, &original).unwrap();
    }
    assert_eq!(verify(bench.store()).unwrap().problems, [""; 0]);
    silent
}
