//! The paper's section 4 over seeds, with the settings of `spectra train toy` and half of its training: the answers are known.
#![allow(clippy::unwrap_used)] // a test may panic

use std::path::Path;

use spectra_model::toy::{self, ToyModel, ToyScore};
use spectra_model::{Config, Objective};

fn config(seed: u64) -> Config {
    let mut config = Config::preset("toy").unwrap();
    config.train.epochs /= 2;
    config.seed = seed;
    config
}

fn trained(folder: &Path, config: &Config) -> ToyModel {
    let summary = toy::train_toy(folder, config, "cpu", false, &()).unwrap();
    assert!(summary.finished);
    ToyModel::load(folder, "cpu").unwrap()
}

fn questions() -> Vec<f32> {
    (0..800).map(|i| (i as f32 + 0.5) / 800.0).collect()
}

fn scored(model: &ToyModel, steps: usize, momentum: bool) -> ToyScore {
    let xs = questions();
    let answers = model.answer(&xs, 1, steps, momentum).unwrap();
    toy::score(&xs, &answers.outputs)
}

/// Steps of a walk that leaves phantoms behind where it has no rho.
const SHORT: usize = 5;

/// Both answers, each about as often, and no phantoms; a short walk without rho leaves some.
fn both_answers_are_found(seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let config = config(seed);
    let cgml = trained(folder.path(), &config);
    let steps = config.algorithm.inference_steps;
    let with = scored(&cgml, steps, true);
    let [short, without] = [true, false].map(|rho| scored(&cgml, SHORT, rho));
    let start = scored(&cgml, 0, true);
    let all = format!(
        "seed {seed}: with {with:?}\nshort {short:?}\nwithout {without:?}\nstart {start:?}"
    );
    assert!(with.error < 0.06, "{all}");
    assert!((0.42..=0.58).contains(&with.positive), "{all}");
    assert!(with.phantoms == 0.0, "{all}");
    assert!(without.phantoms > 0.03, "{all}");
    assert!(short.phantoms < 0.1 * without.phantoms, "{all}");
    assert!(start.phantoms > 0.2, "{all}");
}

#[test]
fn both_answers_are_found_with_one_seed() {
    both_answers_are_found(20);
}

#[test]
fn both_answers_are_found_with_another_seed() {
    both_answers_are_found(21);
}

#[test]
fn l1_regression_collapses() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        seed: 20,
        ..Config::preset("toy").unwrap()
    };
    let l1 = trained(folder.path(), &config.baseline(Objective::L1));
    let collapsed = scored(&l1, 0, true);
    assert!(
        collapsed.size < 0.1 && collapsed.phantoms > 0.99,
        "{collapsed:?}"
    );
}
