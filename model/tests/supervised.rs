//! H trained with labels on made shapes: it tells families apart that chance does not, and gives the same answers twice.
#![allow(clippy::unwrap_used)] // a test may panic

mod common;

use std::cell::{Cell, RefCell};
use std::path::Path;

use common::{StopAfter, local, small, store};
use ndarray::{Array2, Axis};
use spectra_datasets::{Pose, Split, Store};
use spectra_model::{
    Config, Labelled, Start, Supervised, SupervisedOptions, Supervision, TrainObserver,
    TrainProgress, pretrain,
};

/// One split of a store.
struct Side {
    coefficients: Array2<f32>,
    points: Vec<Vec<[f32; 3]>>,
    labels: Vec<usize>,
}

fn side(store: &Store, split: Split) -> Side {
    let rows = store.rows().unwrap();
    let of: Vec<usize> = (0..rows.labels.len())
        .filter(|&i| rows.splits[i] == split)
        .collect();
    let points = rows.points.unwrap();
    Side {
        coefficients: rows.coefficients.select(Axis(0), &of),
        points: of.iter().map(|&i| points[i].clone()).collect(),
        labels: of.iter().map(|&i| rows.labels[i] as usize).collect(),
    }
}

/// Networks of a run that was trained for an epoch, and what they are trained on.
struct Setting {
    _folder: tempfile::TempDir,
    supervision: Supervision,
    train: Vec<usize>,
    test: Vec<usize>,
    classes: usize,
}

impl Setting {
    fn new(config: &Config) -> Setting {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), 6);
        let run = folder.path().join("run");
        let mut config = config.clone();
        config.set("train.learning_rate", "1e-2").unwrap();
        pretrain(&store, &run, &config, "cpu", false, &()).unwrap();
        let [train, test] = [Split::Train, Split::Test].map(|split| side(&store, split));
        Setting {
            supervision: open(&run, &train, &test, Pose::Aligned).unwrap(),
            train: train.labels,
            test: test.labels,
            classes: store.manifest().classes.len(),
            _folder: folder,
        }
    }

    fn train(&self, start: Start, observer: &dyn TrainObserver) -> Option<Supervised> {
        let objects: Vec<usize> = (0..self.train.len()).collect();
        // The first of the six objects of each family.
        let first = |&i: &usize| i == 0 || self.train[i] != self.train[i - 1];
        let held: Vec<usize> = objects.iter().copied().filter(first).collect();
        let labelled = Labelled {
            objects: &objects,
            labels: &self.train,
            classes: self.classes,
            held_out: &[held],
        };
        let options = SupervisedOptions {
            epochs: 3,
            ..SupervisedOptions::default()
        };
        let trained = self.supervision.train(start, labelled, &options, observer);
        trained.unwrap()
    }

    fn accuracy(&self, predicted: &[usize]) -> f64 {
        let right = predicted.iter().zip(&self.test).filter(|(a, b)| a == b);
        right.count() as f64 / self.test.len() as f64
    }
}

fn open(
    run: &Path,
    train: &Side,
    test: &Side,
    pose: Pose,
) -> Result<Supervision, spectra_model::ModelError> {
    let shapes = |side: &'_ Side| (side.coefficients.clone(), side.points.clone());
    let ((a, b), (c, d)) = (shapes(train), shapes(test));
    Supervision::open(
        run,
        (a.view(), Some(&b)),
        (c.view(), Some(&d)),
        pose,
        "z",
        "cpu",
    )
}

#[derive(Default)]
struct Steps(Cell<u64>, RefCell<Vec<f64>>);

impl TrainObserver for Steps {
    fn progress(&self, at: &TrainProgress) {
        assert!(at.step > self.0.get() && at.step <= at.steps);
        self.0.set(at.step);
        self.1.borrow_mut().push(at.loss);
    }
}

#[test]
fn labels_tell_families_apart_and_the_same_answers_come_twice() {
    let setting = Setting::new(&small(1));
    let steps = Steps::default();
    for start in [Start::Pretrained, Start::Random(7)] {
        let found = setting.train(start, &steps).unwrap();
        steps.0.set(0);
        let accuracy = setting.accuracy(&found.predicted);
        assert!(accuracy >= 0.35, "{start:?}: {accuracy}, chance 0.1");
        assert!(found.held_out >= 0.3 && found.features == 24, "{found:?}");
        assert!((1..=found.most_epochs).contains(&found.epochs));
        // 60 objects in batches of 16: 200 steps take 50 epochs.
        assert_eq!(found.most_epochs, 50);
        assert_eq!(setting.train(start, &()).unwrap(), found);
    }
    let losses = steps.1.into_inner();
    assert!(losses[20] < 0.8 * losses[0], "{losses:?}");
    assert!(
        setting
            .train(Start::Pretrained, &StopAfter(Cell::new(30)))
            .is_none()
    );
}

#[test]
fn a_set_network_learns_from_the_rows_of_local_maps() {
    let setting = Setting::new(&local(1));
    let found = setting.train(Start::Random(7), &()).unwrap();
    let accuracy = setting.accuracy(&found.predicted);
    assert!(accuracy >= 0.4, "{accuracy}, chance 0.1");
    assert_eq!(found.features, 2 * 32 + 24);
    assert_eq!(setting.train(Start::Random(7), &()).unwrap(), found);
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let setting = Setting::new(&small(1));
    let refused = |objects: &[usize], labels: &[usize], held_out: &[Vec<usize>], epochs| {
        let labelled = Labelled {
            objects,
            labels,
            classes: setting.classes,
            held_out,
        };
        let options = SupervisedOptions {
            epochs,
            ..SupervisedOptions::default()
        };
        let trained = setting
            .supervision
            .train(Start::Pretrained, labelled, &options, &());
        trained.unwrap_err().to_string()
    };
    let part = [vec![0]];
    assert!(refused(&[0, 1], &[0, 1], &part, 0).contains("epochs"));
    assert!(refused(&[0, 1], &[0], &part, 1).contains("2 objects"));
    assert!(refused(&[0, 1], &[0, 99], &part, 1).contains("below 10"));
    assert!(refused(&[0, 1], &[0, 1], &[], 1).contains("held out"));
    assert!(refused(&[0, 1], &[0, 1], &[vec![0, 1]], 1).contains("either side"));
    assert!(refused(&[0, 9999], &[0, 1], &part, 1).contains("9999"));
}
