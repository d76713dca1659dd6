//! Training on made shapes: it learns, resumes to the same bytes, and refuses what does not belong together.
#![allow(clippy::unwrap_used)] // a test may panic

mod common;

use std::cell::Cell;
use std::fs;

use common::{StopAfter, small, store};
use spectra_model::{Config, Encoder, ModelError, TrainObserver, TrainProgress, pretrain};

#[derive(Default)]
struct Losses(std::cell::RefCell<Vec<f64>>);

impl TrainObserver for Losses {
    fn progress(&self, progress: &TrainProgress) {
        self.0.borrow_mut().push(progress.loss);
    }
}

#[test]
fn the_error_falls_and_the_walk_completes_better_than_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 8);
    let (run, losses) = (folder.path().join("run"), Losses::default());
    let summary = pretrain(&store, &run, &small(40), "cpu", false, &losses).unwrap();
    assert!(summary.finished);
    let losses = losses.0.into_inner();
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let (first, last) = (mean(&losses[..8]), mean(&losses[losses.len() - 8..]));
    assert!(last < 0.8 * first, "{first} -> {last}");

    let encoder = Encoder::load(&run, "cpu").unwrap();
    let coefficients = store.rows().unwrap().coefficients;
    let completions = encoder.complete(&coefficients.view(), 7, 0).unwrap();
    let total = |errors: &[f32]| errors.iter().sum::<f32>();
    let untrained = Encoder::random(&run, 1, "cpu").unwrap();
    let blind = untrained.complete(&coefficients.view(), 7, 0).unwrap();
    assert!(total(&completions.errors) < 0.9 * total(&blind.errors));
    assert_eq!(
        completions.corrupted, blind.corrupted,
        "the same cells are hidden"
    );
    assert_eq!(completions.completed.dim(), (coefficients.nrows(), 84));
    let features = encoder.features(&coefficients.view()).unwrap();
    assert_eq!(features.dim(), (coefficients.nrows(), 24));
    assert!(features.iter().all(|value| value.is_finite()));
    let random = Encoder::random(&run, 1, "cpu")
        .unwrap()
        .features(&coefficients.view())
        .unwrap();
    assert_ne!(features, random);
}

#[test]
fn a_resumed_run_ends_in_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 6);
    let whole = folder.path().join("whole");
    let steps = pretrain(&store, &whole, &small(3), "cpu", false, &())
        .unwrap()
        .step;
    let parts = folder.path().join("parts");
    let first = pretrain(
        &store,
        &parts,
        &small(3),
        "cpu",
        false,
        &StopAfter(Cell::new(steps / 2)),
    )
    .unwrap();
    assert!(!first.finished && first.step == steps / 2);
    assert!(
        pretrain(&store, &parts, &small(3), "cpu", false, &()).is_err(),
        "a run is not overwritten"
    );
    // A torn checkpoint is passed over.
    let torn = parts.join("checkpoints/step-99999999");
    fs::create_dir(&torn).unwrap();
    fs::write(torn.join("state.json"), b"{").unwrap();
    pretrain(&store, &parts, &small(3), "cpu", true, &()).unwrap();
    fs::remove_dir_all(torn).unwrap();
    // Killed between the last checkpoint and the weights.
    for name in ["model.safetensors", "card.json"] {
        fs::remove_file(parts.join(name)).unwrap();
    }
    let ended = pretrain(&store, &parts, &small(3), "cpu", true, &()).unwrap();
    assert!(
        ended.finished && ended.loss.is_finite(),
        "nothing is left to train"
    );
    let checkpoint = format!("checkpoints/step-{steps:08}");
    for name in [
        "model.safetensors",
        "card.json",
        "run.json",
        "config.toml",
        &format!("{checkpoint}/generator.bpk"),
        &format!("{checkpoint}/walker.bpk"),
    ] {
        let same = fs::read(whole.join(name)).unwrap() == fs::read(parts.join(name)).unwrap();
        assert!(same, "{name}");
    }
}

#[test]
fn stores_and_folders_that_do_not_belong_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (low, high) = (store(folder.path(), 6), store(folder.path(), 8));
    let run = folder.path().join("run");
    pretrain(&low, &run, &small(1), "cpu", false, &()).unwrap();
    let error = pretrain(&high, &run, &small(1), "cpu", true, &())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("order 6") && error.contains("order 8"),
        "{error}"
    );
    let mut other = small(2);
    other.network.width = 16;
    let error = pretrain(&low, &run, &other, "cpu", true, &())
        .unwrap_err()
        .to_string();
    for differs in [
        "network.width: expected 32, found 16",
        "train.epochs: expected 1, found 2",
    ] {
        assert!(error.contains(differs), "{error}");
    }
    let missing = folder.path().join("none");
    assert!(matches!(
        Encoder::load(&missing, "cpu"),
        Err(ModelError::Run { .. })
    ));
    assert!(matches!(
        pretrain(&low, &missing, &small(1), "tpu", false, &()),
        Err(ModelError::Device { .. })
    ));
    assert!(!missing.exists());
    let few = ndarray::Array2::<f32>::zeros((1, 35));
    assert!(
        Encoder::load(&run, "cpu")
            .unwrap()
            .features(&few.view())
            .is_err()
    );
}

#[test]
fn bfloat16_trains_as_f32_does_and_resumes_in_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 6);
    let mut config = small(2);
    let train = |name: &str, config: &Config| {
        let run = folder.path().join(name);
        let summary = pretrain(&store, &run, config, "cpu", false, &()).unwrap();
        (summary, run.join("model.safetensors"))
    };
    let (full, full_weights) = train("full", &config);
    config.set("train.precision", "bf16").unwrap();
    let (half, half_weights) = train("half", &config);
    assert!(
        (half.loss / full.loss - 1.0).abs() < 0.05,
        "{half:?} {full:?}"
    );
    let read = |path: &std::path::Path| fs::read(path).unwrap();
    assert_ne!(read(&half_weights), read(&full_weights));
    // The weights stay f32: files of the same size, which the encoder takes.
    assert_eq!(read(&half_weights).len(), read(&full_weights).len());
    Encoder::load(&folder.path().join("half"), "cpu").unwrap();

    let parts = folder.path().join("parts");
    let stop = StopAfter(Cell::new(half.step / 2));
    pretrain(&store, &parts, &config, "cpu", false, &stop).unwrap();
    pretrain(&store, &parts, &config, "cpu", true, &()).unwrap();
    assert_eq!(read(&parts.join("model.safetensors")), read(&half_weights));
}
