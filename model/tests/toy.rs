//! The paper's section 4, with the settings of `spectra train toy` and four fifths of its training: the answers are known.
#![allow(clippy::unwrap_used)] // a test may panic

use spectra_model::toy::{self, ToyModel};
use spectra_model::{AlgorithmConfig, Config};

fn trained(folder: &std::path::Path, config: &Config) -> ToyModel {
    let summary = toy::train_toy(folder, config, "cpu", false, &()).unwrap();
    assert!(summary.finished);
    ToyModel::load(folder, "cpu").unwrap()
}

#[test]
fn both_answers_are_found_rho_removes_phantoms_and_l1_collapses() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = toy::config();
    config.train.epochs = 8;
    let cgml = trained(&folder.path().join("cgml"), &config);
    let xs: Vec<f32> = (0..800).map(|i| (i as f32 + 0.5) / 800.0).collect();
    let steps = config.algorithm.inference_steps;
    let score = |steps, momentum| {
        let answers = cgml.answer(&xs, 1, steps, momentum).unwrap();
        toy::score(&xs, &answers.outputs)
    };
    let (with, without, start) = (score(steps, true), score(steps, false), score(0, true));
    let all = format!("with {with:?}\nwithout {without:?}\nstart {start:?}");
    assert!(with.error < 0.35 && with.error < 0.7 * start.error, "{all}");
    assert!((0.15..=0.85).contains(&with.positive), "{all}");
    assert!(
        with.phantoms < 0.1 && without.phantoms > with.phantoms,
        "{all}"
    );

    let plain = Config {
        algorithm: AlgorithmConfig {
            steps: 0,
            walker_updates: 0,
            consistency: 0.0,
            ..config.algorithm.clone()
        },
        ..config
    };
    let l1 = trained(&folder.path().join("l1"), &plain);
    let collapsed = toy::score(&xs, &l1.answer(&xs, 1, 0, true).unwrap().outputs);
    assert!(
        collapsed.size < 0.1 && collapsed.phantoms > 0.99,
        "{collapsed:?}"
    );
}
