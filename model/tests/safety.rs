//! A run cannot be lost: damaged, foreign and diverging ones are told and the last good state is kept.
#![allow(clippy::unwrap_used)] // a test may panic

mod common;

use std::cell::{Cell, RefCell};
use std::fs;

use common::{StopAfter, small, store};
use spectra_model::{Encoder, ModelError, TrainObserver, pretrain, verify_run};

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
    let ModelError::Diverged {
        step, checkpoint, ..
    } = &error
    else {
        panic!("{error}");
    };
    assert!(
        *step > 1 && *checkpoint == format!("step {}", step - 1),
        "{error}"
    );
    assert!(error.to_string().contains("learning_rate"), "{error}");
    assert!(
        Encoder::load(&run, "cpu").is_err(),
        "no weights were written"
    );
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
    let whole = folder.path().join("whole");
    let steps = pretrain(&store, &whole, &config, "cpu", false, &())
        .unwrap()
        .step;
    let parts = folder.path().join("parts");
    let stop = StopAfter(Cell::new(steps / 2));
    pretrain(&store, &parts, &config, "cpu", false, &stop).unwrap();
    pretrain(&store, &parts, &config, "cpu", true, &()).unwrap();
    let weights = |run: &std::path::Path| fs::read(run.join("model.safetensors")).unwrap();
    assert_eq!(weights(&whole), weights(&parts));
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
