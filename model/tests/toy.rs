//! The paper's section 4 as `spectra train toy` trains it, for several seeds: the answers are known.
#![allow(clippy::unwrap_used)] // a test may panic

use std::path::Path;

use spectra_model::toy::{self, ToyModel, ToyScore};
use spectra_model::{Config, Objective};

/// Outputs that are scored.
const ANSWERS: usize = 2000;
/// Steps of a walk to its end.
const LONG: usize = 100;

fn trained(folder: &Path, config: &Config) -> ToyModel {
    let summary = toy::train_toy(folder, config, "cpu", false, &()).unwrap();
    assert!(summary.finished);
    ToyModel::load(folder, "cpu").unwrap()
}

/// Scores after a long walk with rho and without it, and of L1 alone.
fn scores(seed: u64) -> [ToyScore; 3] {
    let folder = tempfile::tempdir().unwrap();
    let mut config = toy::config();
    config.seed = seed;
    config.output.diagnostics = 0;
    let cgml = trained(&folder.path().join("cgml"), &config);
    let l1 = trained(&folder.path().join("l1"), &config.baseline(Objective::L1));
    let xs: Vec<f32> = (0..ANSWERS)
        .map(|i| (i as f32 + 0.5) / ANSWERS as f32)
        .collect();
    let score = |model: &ToyModel, steps, momentum| {
        let answers = model.answer(&xs, 1, steps, momentum).unwrap();
        toy::score(&xs, &answers.outputs)
    };
    let short = config.algorithm.inference_steps;
    let start = score(&cgml, 0, true);
    let lines = [
        ("with rho", short, score(&cgml, short, true)),
        ("without", short, score(&cgml, short, false)),
        ("with rho", LONG, score(&cgml, LONG, true)),
        ("without", LONG, score(&cgml, LONG, false)),
        ("not walked", 0, start),
        ("L1", 0, score(&l1, 0, true)),
    ];
    for (name, steps, score) in lines {
        println!("seed {seed} {name:<10} {steps:>3} {score:?}");
    }
    [lines[2].2, lines[3].2, lines[5].2]
}

fn holds(seed: u64) {
    let [with, without, l1] = scores(seed);
    let all = format!("seed {seed}\nwith {with:?}\nwithout {without:?}\nl1 {l1:?}");
    assert!(with.error < 0.05, "{all}");
    assert!((0.35..=0.65).contains(&with.positive), "{all}");
    assert!(with.phantoms < 0.005, "{all}");
    assert!(without.phantoms > with.phantoms, "{all}");
    assert!(l1.size < 0.1 && l1.phantoms > 0.99, "{all}");
}

#[test]
fn both_answers_are_found_rho_removes_phantoms_and_l1_collapses() {
    [10, 11].into_iter().for_each(holds);
}

#[test]
#[ignore = "minutes: the table of docs/training.md"]
fn five_more_seeds_hold() {
    (0..5).for_each(holds);
}
