//! Memory stays flat while training goes on. A test of its own, since the peak belongs to the whole process.
#![allow(clippy::unwrap_used)] // a test may panic
#![cfg(target_os = "linux")]

use std::cell::RefCell;

use spectra_model::{Config, TrainObserver, TrainProgress, peak_memory, toy};

/// The most memory that the process had held, at each step that was logged.
#[derive(Default)]
struct Peaks(RefCell<Vec<(u64, u64)>>);

impl TrainObserver for Peaks {
    fn progress(&self, progress: &TrainProgress) {
        let peak = peak_memory().unwrap();
        self.0.borrow_mut().push((progress.step, peak));
    }
}

#[test]
fn a_thousand_steps_hold_no_more_memory_than_two_hundred() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::preset("toy").unwrap();
    config.network.width = 32;
    config.network.walker = vec![32];
    (config.algorithm.steps, config.algorithm.walker_updates) = (3, 3);
    config.train.epochs = 12;
    config.train.batch = 64;
    config.output.log_every = 100;
    config.output.checkpoint_every = 50;
    config.output.diagnostics = 24;
    let peaks = Peaks::default();
    toy::train_toy(&folder.path().join("run"), &config, "cpu", false, &peaks).unwrap();
    let at = |step| {
        let peaks = peaks.0.borrow();
        peaks.iter().find(|(at, _peak)| *at == step).unwrap().1
    };
    // Checkpoints, evaluations and diagnostics lie before the first of the two as well.
    let grown = at(1200) - at(200);
    // One activation of a batch that stays from each step would make 8 MB, the graph of a step several times that.
    assert!(grown < 3 << 20, "{:?}", peaks.0.borrow());
}
