//! The PyTorch definition in `docs/` loads exported weights and gives the same features and completions.
//!
//! Runs where `SPECTRA_PYTHON` names a Python with torch and safetensors; the exported layouts are the point, so a few steps of
//! training do.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use spectra_datasets::synthetic::{self, SyntheticOptions};
use spectra_datasets::{ConvertOptions, DatasetKind, Store, convert, open};
use spectra_spectral::Basis;

use super::*;
use crate::corrupt::Corruptor;
use crate::run::RunInfo;
use crate::{Config, pretrain};

type Settings = &'static [(&'static str, &'static str)];

const CONV: Settings = &[("network.kind", "conv"), ("network.channels", "[8, 12]")];
/// Of Zernike stores of order 6, whose maps are smaller than the canvas of the convolutions, but for the last.
const RUNS: [Settings; 6] = [
    &[("network.width", "32"), ("network.bottleneck", "24")],
    &[("network.width", "32"), ("algorithm.momentum", "false")],
    &[],
    &[("network.upsample", "resize")],
    &[("network.upsample", "resize"), ("network.skips", "false")],
    &[("map.layout", "square"), ("map.order", "15")],
];
/// Runs from here on have convolutions.
const FIRST_CONV: usize = 2;

fn made_store(folder: &Path, basis: Basis, order: usize) -> Store {
    let (shapes, out) = (
        folder.join("shapes"),
        folder.join(format!("{basis}.spectra")),
    );
    if !shapes.exists() {
        let options = SyntheticOptions {
            train: 4,
            test: 1,
            ..SyntheticOptions::default()
        };
        synthetic::write(&shapes, &options).unwrap();
    }
    let options = ConvertOptions {
        basis,
        order,
        points: 256,
        ..ConvertOptions::default()
    };
    let dataset = open(&shapes, DatasetKind::Auto).unwrap();
    convert(&dataset, &out, &options, &()).unwrap();
    Store::open(&out).unwrap()
}

fn trained(store: &Store, run: &Path, index: usize) -> Networks {
    let mut config = Config::preset("tiny").unwrap();
    let short = [
        ("train.epochs", "1"),
        ("train.batch", "16"),
        ("network.walker", "[16, 8]"),
        ("map.order", "6"),
        ("augment.rotate", "none"),
    ];
    let conv = if index < FIRST_CONV { &[] } else { CONV };
    for (key, value) in short.iter().chain(conv).chain(RUNS[index]) {
        config.set(key, value).unwrap();
    }
    pretrain(store, run, &config, "cpu", false, &()).unwrap();
    let sizes = RunInfo::load(run).unwrap().maps(run).unwrap().sizes();
    Networks::load(run, sizes, "cpu").unwrap()
}

/// Corrupted inputs of the test items, values and mask.
fn inputs(store: &Store, run: &Path, networks: &Networks) -> Vec<f32> {
    let maps = RunInfo::load(run).unwrap().maps(run).unwrap();
    let coefficients = store.rows_without_points().unwrap().coefficients;
    let mut inputs = maps.clean_inputs(&coefficients.view()).unwrap();
    let corruptor = Corruptor::new(
        &networks.config.corrupt,
        &maps.layout,
        maps.basis,
        maps.order,
    );
    let cells = maps.layout.cells();
    for (row, input) in inputs.chunks_exact_mut(2 * cells).enumerate() {
        let (values, mask) = input.split_at_mut(cells);
        corruptor.apply(&mut stream(1, 0, row as u64), values, mask);
    }
    inputs
}

fn write(path: PathBuf, values: &[f32]) -> PathBuf {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    fs::write(&path, bytes).unwrap();
    path
}

fn read(path: &Path) -> Vec<f32> {
    let bytes = fs::read(path).unwrap();
    let (values, rest) = bytes.as_chunks::<4>();
    assert!(rest.is_empty());
    values.iter().map(|v| f32::from_le_bytes(*v)).collect()
}

/// Features of `inputs`, and completions from `starts`.
fn by_pytorch(
    python: &str,
    run: &Path,
    inputs: &[f32],
    rows: usize,
    starts: &[f32],
) -> [Vec<f32>; 2] {
    let source = write(
        run.join(format!("inputs.{rows}x{}", inputs.len() / rows)),
        inputs,
    );
    let starts = write(run.join("starts"), starts);
    let found = ["features", "completions"].map(|name| run.join(name));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pytorch_model.py");
    let status = Command::new(python)
        .args([
            script.as_path(),
            run,
            &source,
            &found[0],
            &starts,
            &found[1],
        ])
        .status()
        .unwrap();
    assert!(status.success());
    found.map(|path| read(&path))
}

fn assert_near(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let far = found
        .iter()
        .zip(expected)
        .map(|(found, expected)| (found - expected).abs())
        .fold(0.0, f32::max);
    assert!(far < 1e-4, "{what}: {far}");
}

#[test]
fn pytorch_gives_the_same_features_and_completions() {
    let Ok(python) = env::var("SPECTRA_PYTHON") else {
        eprintln!("skipped: SPECTRA_PYTHON names no Python with torch and safetensors");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let zernike = made_store(folder.path(), Basis::Zernike, 6);
    let spherical = made_store(folder.path(), Basis::Spherical, 15);
    for (index, settings) in RUNS.iter().enumerate() {
        let store = if index + 1 < RUNS.len() {
            &zernike
        } else {
            &spherical
        };
        let run = folder.path().join(format!("run{index}"));
        let networks = trained(store, &run, index);
        let inputs = inputs(store, &run, &networks);
        let rows = store.manifest().splits.values().sum();
        let starts = to_host(networks.starts(0, rows, 5, 0)).unwrap();
        let [features, completions] = by_pytorch(&python, &run, &inputs, rows, &starts);
        let expected = networks.features(&inputs).unwrap();
        assert_near(&features, &expected, &format!("features, {settings:?}"));
        let expected = networks.complete(&inputs, 5, 0).unwrap();
        assert_near(
            &completions,
            &expected,
            &format!("completions, {settings:?}"),
        );
    }
}
