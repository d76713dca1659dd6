//! Data sets in the form in which they are shared, where they are at hand.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use spectra_datasets::{ConvertOptions, DatasetKind, Split, Store, convert, open};

/// A file of the shared data, or `None` and a line that says so.
fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SPECTRA_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let path = root.join("data").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} absent", path.display());
    None
}

#[test]
fn voxel_grids_of_modelnet10_become_rows_and_empty_grids_failures() {
    let Some(path) = shared("modelnet10-vox32.npz") else {
        return;
    };
    let dataset = open(&path, DatasetKind::Auto).unwrap();
    assert_eq!(
        (dataset.count(Split::Train), dataset.count(Split::Test)),
        (3991, 908)
    );
    assert_eq!(dataset.classes.len(), 10);
    let out = tempfile::tempdir().unwrap();
    let options = ConvertOptions {
        order: 1,
        points: 32,
        ..ConvertOptions::default()
    };
    let summary = convert(&dataset, out.path(), &options, &()).unwrap();
    // 27 training and 7 test grids are known to be empty; one training grid has a single cell.
    let kinds = |kind: &str| {
        summary
            .failed
            .iter()
            .filter(|failure| failure.kind == kind)
            .count()
    };
    assert_eq!(
        (kinds("empty"), kinds("degenerate"), summary.failed.len()),
        (34, 1, 35)
    );
    assert_eq!(Store::open(out.path()).unwrap().len(), 4899 - 35);
}
