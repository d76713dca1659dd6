//! cGML on local maps of made shapes: it learns, resumes to the same bytes, and its features are those of the cloud.
#![allow(clippy::unwrap_used)] // a test may panic

mod common;

use std::cell::{Cell, RefCell};
use std::fs;

use common::{StopAfter, local as small, store};
use spectra_model::{
    Encoder, LocalEncoder, RunInfo, RunMap, TrainObserver, TrainProgress, pretrain,
};

#[derive(Default)]
struct Losses(RefCell<Vec<f64>>);

impl TrainObserver for Losses {
    fn progress(&self, progress: &TrainProgress) {
        self.0.borrow_mut().push(progress.loss);
    }
}

#[test]
fn the_error_falls_and_features_are_those_of_the_cloud() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 4);
    let (run, losses) = (folder.path().join("run"), Losses::default());
    let summary = pretrain(&store, &run, &small(30), "cpu", false, &losses).unwrap();
    assert!(summary.finished);
    let losses = losses.0.into_inner();
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let (first, last) = (mean(&losses[..8]), mean(&losses[losses.len() - 8..]));
    assert!(last < 0.8 * first, "{first} -> {last}");

    let encoder = LocalEncoder::load(&run, "cpu").unwrap();
    let clouds = store.rows().unwrap().points.unwrap();
    let features = encoder.features(&clouds).unwrap();
    assert_eq!(features.dim(), (clouds.len(), 2 * 32 + 24));
    let one = encoder.features(&clouds[3..4]).unwrap();
    let apart = (&features.row(3) - &one.row(0)).fold(0.0f32, |most, d| most.max(d.abs()));
    assert!(apart < 1e-5, "features depend on no other cloud: {apart}");
    let rows = encoder.rows(&clouds[3..4]).unwrap();
    assert_eq!(rows[0].rows.dim(), (24, 12));
    let pooled = rows[0].rows.mean_axis(ndarray::Axis(0)).unwrap();
    let bottleneck = features.slice(ndarray::s![3, 64..76]);
    assert!((&pooled - &bottleneck).iter().all(|d| d.abs() < 1e-5));
    let random = LocalEncoder::random(&run, 1, "cpu").unwrap();
    assert_ne!(random.features(&clouds).unwrap(), features);
    assert_eq!(
        random.raw_maps(&clouds).unwrap(),
        encoder.raw_maps(&clouds).unwrap()
    );
    assert_eq!(
        encoder.raw_maps(&clouds).unwrap().ncols(),
        2 * (3 * 7 + 2 * 10)
    );
}

#[test]
fn a_resumed_run_ends_in_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 4);
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let train = |run, resume, observer: &dyn TrainObserver| {
        pretrain(&store, run, &small(3), "cpu", resume, observer).unwrap()
    };
    let steps = train(&whole, false, &()).step;
    let first = train(&parts, false, &StopAfter(Cell::new(steps / 2)));
    assert!(!first.finished && first.step == steps / 2);
    assert!(train(&parts, true, &()).finished);
    let checkpoint = format!("checkpoints/step-{steps:08}");
    for name in [
        "model.safetensors",
        "card.json",
        "run.json",
        &format!("{checkpoint}/generator.bpk"),
        &format!("{checkpoint}/walker.bpk"),
    ] {
        let same = fs::read(whole.join(name)).unwrap() == fs::read(parts.join(name)).unwrap();
        assert!(same, "{name}");
    }
}

#[test]
fn runs_remember_their_kind_of_map_and_settings_that_do_not_go_together_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 4);
    let run = folder.path().join("run");
    pretrain(&store, &run, &small(1), "cpu", false, &()).unwrap();
    let RunMap::Local(map) = RunInfo::load(&run).unwrap().map else {
        panic!("a local run")
    };
    assert_eq!((map.local.centres, map.local.order), (24, 2));
    let error = Encoder::load(&run, "cpu").unwrap_err().to_string();
    assert!(error.contains("local maps"), "{error}");
    let global = folder.path().join("global");
    pretrain(&store, &global, &common::small(1), "cpu", false, &()).unwrap();
    let error = LocalEncoder::load(&global, "cpu").unwrap_err().to_string();
    assert!(error.contains("global maps"), "{error}");

    let refused = |settings: &[(&str, &str)]| {
        let mut config = small(1);
        for (key, value) in settings {
            config.set(key, value).unwrap();
        }
        let run = folder.path().join("refused");
        let error = pretrain(&store, &run, &config, "cpu", false, &()).unwrap_err();
        error.to_string()
    };
    assert!(refused(&[("network.kind", "dense")]).contains("network.kind set"));
    assert!(refused(&[("map.layout", "flat")]).contains("network.kind set"));
    assert!(refused(&[("augment.resample", "0.5")]).contains("augment.resample"));
    let turned = refused(&[("map.local.frame", "own")]);
    assert!(turned.contains("augment.rotate"), "{turned}");
    assert!(refused(&[("map.local.order", "9")]).contains("at most 8"));
}
