//! Small stores, settings and observers that several tests share.

use std::cell::Cell;
use std::path::Path;

use spectra_datasets::synthetic::{self, SyntheticOptions};
use spectra_datasets::{ConvertOptions, DatasetKind, Store, convert, open};
use spectra_model::{Config, TrainObserver};

/// A store of made shapes of the given order in `folder`.
pub fn store(folder: &Path, order: usize) -> Store {
    let shapes = folder.join("shapes");
    if !shapes.exists() {
        let options = SyntheticOptions {
            train: 6,
            test: 2,
            ..SyntheticOptions::default()
        };
        synthetic::write(&shapes, &options).unwrap();
    }
    let dataset = open(&shapes, DatasetKind::Auto).unwrap();
    let out = folder.join(format!("order{order}.spectra"));
    let options = ConvertOptions {
        order,
        points: 256,
        ..ConvertOptions::default()
    };
    convert(&dataset, &out, &options, &()).unwrap();
    Store::open(out).unwrap()
}

/// Settings of a network that trains in moments.
pub fn small(epochs: usize) -> Config {
    let settings = [
        ("network.width", "32"),
        ("network.bottleneck", "24"),
        ("network.depth", "1"),
        ("network.walker", "[16]"),
        ("map.order", "6"),
    ];
    quick("tiny", &settings, epochs)
}

/// Settings of a set network on local maps that trains in moments.
#[allow(dead_code, reason = "not every test trains one")]
pub fn local(epochs: usize) -> Config {
    let settings = [
        ("network.width", "32"),
        ("network.bottleneck", "24"),
        ("network.walker", "[16]"),
        ("map.visible", "12"),
        ("map.queries", "6"),
        ("map.local.centres", "24"),
        ("map.local.radii", "[0.3, 0.6]"),
        ("map.local.order", "2"),
    ];
    quick("local", &settings, epochs)
}

/// A preset with its own changes, in batches that few objects fill, logged at each step.
fn quick(preset: &str, settings: &[(&str, &str)], epochs: usize) -> Config {
    let mut config = Config::preset(preset).unwrap();
    let all = [
        ("train.batch", "16"),
        ("train.warmup", "2"),
        ("output.log_every", "1"),
    ];
    for (key, value) in settings.iter().chain(&all) {
        config.set(key, value).unwrap();
    }
    config.train.epochs = epochs;
    config
}

/// Stops training after so many steps.
pub struct StopAfter(pub Cell<u64>);

impl TrainObserver for StopAfter {
    fn should_stop(&self) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        left <= 1
    }
}
