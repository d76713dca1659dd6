//! A run cannot be lost: damaged, foreign and diverging ones are told and the last good state is kept.
#![allow(clippy::unwrap_used)] // a test may panic

mod common;

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::Path;

use common::{StopAfter, small, store};
use serde_json::Value;
use spectra_model::{
    Config, Encoder, ModelError, Objective, TrainObserver, pretrain, toy, verify_run,
};

#[derive(Default)]
struct Warnings(RefCell<Vec<String>>);

impl TrainObserver for Warnings {
    fn warn(&self, message: &str) {
        self.0.borrow_mut().push(message.to_owned());
    }
}

#[test]
fn torn_and_foreign_checkpoints_are_named_and_the_one_before_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 6);
    let (run, other) = (folder.path().join("run"), folder.path().join("other"));
    let mut config = small(3);
    config.output.checkpoint_every = 2;
    config.output.keep = 9;
    let stop = StopAfter(Cell::new(6));
    pretrain(&store, &run, &config, "cpu", false, &stop).unwrap();
    let mut another = config.clone();
    another.seed = 1;
    pretrain(
        &store,
        &other,
        &another,
        "cpu",
        false,
        &StopAfter(Cell::new(8)),
    )
    .unwrap();
    fs::rename(
        other.join("checkpoints/step-00000008"),
        run.join("checkpoints/step-00000008"),
    )
    .unwrap();
    let torn = run.join("checkpoints/step-00000006/walker.bpk");
    let bytes = fs::read(&torn).unwrap();
    fs::write(&torn, &bytes[..bytes.len() / 2]).unwrap();
    let report = verify_run(&run).unwrap();
    assert_eq!(
        (report.checkpoints, report.finished),
        (4, false),
        "{report:?}"
    );
    let [second, third] = &report.problems[..] else {
        panic!("{report:?}");
    };
    assert!(second.contains("walker.bpk") && second.contains("torn"));
    assert!(third.contains("step-00000008") && third.contains("another run"));

    let warnings = Warnings::default();
    let summary = pretrain(&store, &run, &config, "cpu", true, &warnings).unwrap();
    assert!(summary.finished);
    let warnings = warnings.0.into_inner();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("step-00000008") && warnings[0].contains("another run"));
    assert!(warnings[1].contains("walker.bpk") && warnings[1].contains("torn"));
    let report = verify_run(&run).unwrap();
    assert!(report.finished && report.problems.is_empty(), "{report:?}");
    fs::remove_dir_all(run.join("checkpoints").join("step-00000002")).unwrap();
    fs::write(run.join("checkpoints/latest"), "step-00000002").unwrap();
    let problems = verify_run(&run).unwrap().problems;
    assert!(problems[0].contains("latest"), "{problems:?}");
}

#[test]
fn a_diverging_run_stops_with_its_step_and_its_last_good_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 6);
    let run = folder.path().join("run");
    let mut config = small(20);
    config.output.checkpoint_every = 1;
    config.train.warmup = 2;
    config.train.learning_rate = 1e4;
    config.train.clip = 0.0;
    let error = pretrain(&store, &run, &config, "cpu", false, &()).unwrap_err();
    let (step, checkpoint) = diverged(&error);
    assert!(
        step > 1 && checkpoint == format!("step {}", step - 1),
        "{error}"
    );
    assert!(error.to_string().contains("learning_rate"), "{error}");
    // The same is said after a resume, whatever checkpoint that passed over.
    tear(&run, 99_999_999);
    let again = pretrain(&store, &run, &config, "cpu", true, &()).unwrap_err();
    assert_eq!(again.to_string(), error.to_string());
    assert!(
        Encoder::load(&run, "cpu").is_err(),
        "no weights were written"
    );
}

/// The step at which a run diverged, and the checkpoint that its error names.
fn diverged(error: &ModelError) -> (u64, &str) {
    let ModelError::Diverged {
        step, checkpoint, ..
    } = error
    else {
        panic!("{error}");
    };
    (*step, checkpoint)
}

/// Makes a checkpoint that cannot be read.
fn tear(run: &Path, step: u64) {
    let torn = run.join(format!("checkpoints/step-{step:08}"));
    fs::create_dir_all(&torn).unwrap();
    fs::write(torn.join("state.json"), b"{").unwrap();
}

#[test]
fn weights_that_are_no_numbers_are_never_saved() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 6);
    let run = folder.path().join("run");
    let mut config = small(1);
    config.output.checkpoint_every = 1;
    config.train.warmup = 0;
    // The first step is measured before it ruins the weights.
    config.train.learning_rate = 1e38;
    let error = pretrain(&store, &run, &config, "cpu", false, &()).unwrap_err();
    assert_eq!(diverged(&error), (1, "none"), "{error}");
    assert!(!run.join("checkpoints").exists() && !run.join("model.safetensors").exists());
}

#[test]
fn checkpoints_that_cannot_be_read_never_cost_one_that_can() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 6);
    let run = folder.path().join("run");
    let mut config = small(3);
    config.output.keep = 1;
    let train = |resume| {
        let stop = StopAfter(Cell::new(2));
        pretrain(&store, &run, &config, "cpu", resume, &stop).unwrap();
    };
    train(false);
    tear(&run, 99_999_999);
    for step in [4, 6, 8] {
        train(true);
        let saved = run.join(format!("checkpoints/step-{step:08}"));
        assert!(saved.is_dir(), "{}", saved.display());
    }
    let count = fs::read_dir(run.join("checkpoints")).unwrap().count();
    assert!(count <= 5, "the newest, the best, the torn one, two names");
}

#[test]
fn what_an_interrupted_checkpoint_left_is_told_and_removed_by_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 6);
    let run = folder.path().join("run");
    let train = |resume, steps| {
        let stop = StopAfter(Cell::new(steps));
        pretrain(&store, &run, &small(3), "cpu", resume, &stop).unwrap();
    };
    train(false, 2);
    // One was killed while it was written, one while it was removed.
    let left =
        ["step-00000001.tmp", "step-00000001.gone"].map(|name| run.join("checkpoints").join(name));
    for folder in &left {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("walker.bpk"), b"half").unwrap();
    }
    let report = verify_run(&run).unwrap();
    assert!(
        report.problems.is_empty() && report.checkpoints == 1,
        "{report:?}"
    );
    assert_eq!(report.remarks.len(), 2, "{report:?}");
    train(true, 2);
    assert!(left.iter().all(|folder| !folder.exists()));
    let report = verify_run(&run).unwrap();
    assert!(
        report.problems.is_empty() && report.remarks.is_empty(),
        "{report:?}"
    );
}

#[test]
fn the_first_error_is_that_of_the_run_and_the_logged_rate_that_of_its_step() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 6);
    let run = folder.path().join("run");
    let config = small(3);
    let train = |resume| {
        let stop = StopAfter(Cell::new(2));
        pretrain(&store, &run, &config, "cpu", resume, &stop).unwrap();
    };
    let state = |step: u64| {
        let path = run.join(format!("checkpoints/step-{step:08}/state.json"));
        let state: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        (path, state)
    };
    train(false);
    train(true);
    let log = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let first: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(
        first["rate"].as_f64(),
        Some(0.5 * config.train.learning_rate)
    );
    let (path, mut saved) = state(4);
    assert_eq!(saved["first_loss"], first["error"]);
    assert_ne!(saved["first_loss"], saved["loss"]);
    // Older checkpoints do not know it.
    saved.as_object_mut().unwrap().remove("first_loss");
    fs::write(path, saved.to_string()).unwrap();
    train(true);
    assert!(state(6).1["first_loss"].is_f64());
}

#[test]
fn settings_that_cannot_be_trained_by_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 6);
    let run = folder.path().join("run");
    let change: [fn(&mut Config); 2] = [|c| c.train.batch = 0, |c| c.train.epochs = 0];
    for change in change {
        let mut config = small(1);
        change(&mut config);
        let error = pretrain(&store, &run, &config, "cpu", false, &()).unwrap_err();
        assert!(error.to_string().contains("train.batch"), "{error}");
        let error = toy::train_toy(&run, &config, "cpu", false, &()).unwrap_err();
        assert!(error.to_string().contains("train.batch"), "{error}");
        assert!(!run.exists());
    }
    // An objective without z has no steps of it, set by hand or not.
    let mut by_hand = small(1);
    by_hand.algorithm.objective = Objective::L1;
    pretrain(&store, &run, &by_hand, "cpu", false, &()).unwrap();
    let baseline = by_hand.baseline(Objective::L1);
    assert_eq!(Config::of_run(&run).unwrap().unwrap(), baseline);
    pretrain(&store, &run, &by_hand, "cpu", true, &()).unwrap();

    let mut config = Config::preset("toy").unwrap();
    config.corrupt.noise = 0.9;
    let unread = folder.path().join("unread");
    let error = toy::train_toy(&unread, &config, "cpu", false, &()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("corrupt.noise: expected 0.5, found 0.9"),
        "{message}"
    );
    assert!(!unread.join("config.toml").exists());
}

#[test]
fn a_second_trainer_is_refused() {
    struct Second<'a>(&'a dyn Fn() -> String, RefCell<Option<String>>);
    impl TrainObserver for Second<'_> {
        fn should_stop(&self) -> bool {
            self.1.borrow_mut().get_or_insert_with(self.0);
            true
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 6);
    let run = folder.path().join("run");
    let again = || match pretrain(&store, &run, &small(2), "cpu", true, &()) {
        Ok(_summary) => "trained".to_owned(),
        Err(error) => error.to_string(),
    };
    let observer = Second(&again, RefCell::default());
    pretrain(&store, &run, &small(2), "cpu", false, &observer).unwrap();
    let refused = observer.1.into_inner().unwrap();
    assert!(refused.contains("another process"), "{refused}");
}

#[test]
fn averages_and_bounded_norms_survive_a_resume_and_the_best_checkpoint_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 6);
    let mut config = small(3);
    config.train.average = 0.9;
    config.network.spectral_norm = 1.5;
    let weights = |run: &Path| fs::read(run.join("model.safetensors")).unwrap();
    let whole = folder.path().join("whole");
    // Without a walk nothing reads the norms of Z between the last step and its checkpoint.
    for (walk, folder) in [(0, folder.path().join("still")), (4, folder.path().into())] {
        config.algorithm.inference_steps = walk;
        let [whole, parts] = ["whole", "parts"].map(|name| folder.join(name));
        let ended = pretrain(&store, &whole, &config, "cpu", false, &()).unwrap();
        let stop = StopAfter(Cell::new(ended.step / 2));
        pretrain(&store, &parts, &config, "cpu", false, &stop).unwrap();
        pretrain(&store, &parts, &config, "cpu", true, &()).unwrap();
        assert!(weights(&whole) == weights(&parts), "{walk}");
    }
    Encoder::load(&whole, "cpu").unwrap();
    let plain = folder.path().join("plain");
    config.train.average = 0.0;
    pretrain(&store, &plain, &config, "cpu", false, &()).unwrap();
    assert_ne!(weights(&whole), weights(&plain), "the averages are written");

    let best = fs::read_to_string(whole.join("checkpoints/best")).unwrap();
    assert!(whole.join("checkpoints").join(best).is_dir());
    let log = fs::read_to_string(whole.join("metrics.jsonl")).unwrap();
    for key in ["best_of", "diversity", "oracle_error", "lipschitz"] {
        assert!(log.contains(key), "{key}: {log}");
    }
    let samples = fs::read_dir(whole.join("samples")).unwrap().count();
    assert!(samples >= 1);
}
