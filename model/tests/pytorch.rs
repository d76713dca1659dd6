//! The PyTorch definition in `docs/` loads exported weights and gives the same features.
//!
//! Runs where `SPECTRA_PYTHON` names a Python with torch and safetensors; the exported layouts are the point, so random weights do.
#![allow(clippy::unwrap_used)] // a test may panic

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use spectra_datasets::synthetic::{self, SyntheticOptions};
use spectra_datasets::{ConvertOptions, DatasetKind, Store, convert, open};
use spectra_model::{Config, Encoder, pretrain};

const SETTINGS: [&[(&str, &str)]; 2] = [
    &[
        ("network.width", "32"),
        ("network.bottleneck", "24"),
        ("network.depth", "2"),
    ],
    &[
        ("network.kind", "conv"),
        ("network.channels", "[8, 12]"),
        ("network.skips", "true"),
    ],
];

fn features_by_pytorch(
    python: &str,
    run: &Path,
    folder: &Path,
    maps: &[f32],
    rows: usize,
) -> Vec<f32> {
    let source = folder.join(format!("maps.{rows}x{}", maps.len() / rows));
    let bytes: Vec<u8> = maps.iter().flat_map(|v| v.to_le_bytes()).collect();
    fs::write(&source, bytes).unwrap();
    let target = folder.join("features");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pytorch_model.py");
    let status = Command::new(python)
        .args([script.as_path(), run, &source, &target])
        .status()
        .unwrap();
    assert!(status.success());
    let bytes = fs::read(target).unwrap();
    let (values, rest) = bytes.as_chunks::<4>();
    assert!(rest.is_empty());
    values.iter().map(|v| f32::from_le_bytes(*v)).collect()
}

#[test]
fn pytorch_gives_the_same_features() {
    let Ok(python) = env::var("SPECTRA_PYTHON") else {
        eprintln!("skipped: SPECTRA_PYTHON names no Python with torch and safetensors");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let shapes = folder.path().join("shapes");
    let options = SyntheticOptions {
        train: 4,
        test: 1,
        ..SyntheticOptions::default()
    };
    synthetic::write(&shapes, &options).unwrap();
    let out = folder.path().join("shapes.spectra");
    let options = ConvertOptions {
        order: 6,
        points: 256,
        ..ConvertOptions::default()
    };
    let dataset = open(&shapes, DatasetKind::Auto).unwrap();
    convert(&dataset, &out, &options, &()).unwrap();
    let store = Store::open(&out).unwrap();
    let coefficients = store.rows_without_points().unwrap().coefficients;
    for (index, settings) in SETTINGS.iter().enumerate() {
        let mut config = Config::preset("tiny").unwrap();
        let short = [
            ("train.epochs", "1"),
            ("network.walker", "[8]"),
            ("map.order", "6"),
        ];
        for (key, value) in short.iter().chain(*settings) {
            config.set(key, value).unwrap();
        }
        let run = folder.path().join(format!("run{index}"));
        pretrain(&store, &run, &config, "cpu", false, &()).unwrap();
        let encoder = Encoder::load(&run, "cpu").unwrap();
        let expected = encoder.features(&coefficients.view()).unwrap();
        let maps = encoder.raw_maps(&coefficients.view()).unwrap();
        let maps: Vec<f32> = maps.iter().copied().collect();
        let found = features_by_pytorch(&python, &run, folder.path(), &maps, expected.nrows());
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }
}
