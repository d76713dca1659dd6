//! H of a run under a linear layer, both trained with labels: fine-tuning, and the same network from random weights, the
//! ceiling of what its frozen features can be worth.

mod fit;
mod network;
mod objects;

use std::path::Path;

use burn::tensor::Device;
use ndarray::ArrayView2;
use spectra_datasets::{Frame, Pose};

use self::fit::Fit;
use self::network::Networks;
use self::objects::Objects;
use crate::config::{AugmentConfig, LOCAL, RotateKind};
use crate::run::{RunInfo, RunMap, load_config};
use crate::tasks::Augmenter;
use crate::train::TrainObserver;
use crate::{Config, ModelError, device};

/// Largest turn of aligned training objects about gravity in degrees, as in preset `local`: more would teach poses that no
/// test object has.
const ALIGNED_ANGLE: f64 = 15.0;

/// Coefficients `[objects, K]` in flat order, and points in the unit ball where they were read.
pub type Shapes<'s> = (ArrayView2<'s, f32>, Option<&'s [Vec<[f32; 3]>]>);

/// Weights that training with labels starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Those of the run: fine-tuning.
    Pretrained,
    /// Random ones of this seed.
    Random(u64),
}

/// The training objects whose labels are used.
#[derive(Debug, Clone, Copy)]
pub struct Labelled<'a> {
    /// Their numbers among the training objects.
    pub objects: &'a [usize],
    /// The class of each.
    pub labels: &'a [usize],
    /// Number of classes.
    pub classes: usize,
    /// Positions in `objects` that are held out together, for each part that is held out in its turn.
    pub held_out: &'a [Vec<usize>],
}

/// How training with labels goes.
#[derive(Debug, Clone, PartialEq)]
pub struct SupervisedOptions {
    /// Passes over the objects, at most; more where the objects are so few that these would be under 200 steps. How many of
    /// them are best is chosen.
    pub epochs: usize,
    /// Learning rates to choose from, as shares of `train.learning_rate` of the run.
    pub rates: Vec<f64>,
    /// Share of each label that is spread over all classes.
    pub smoothing: f64,
    /// Seed of the linear layer, of the order of the objects, and of their changes.
    pub seed: u64,
}

impl Default for SupervisedOptions {
    fn default() -> Self {
        Self {
            epochs: 20,
            rates: vec![1.0, 0.1],
            smoothing: 0.1,
            seed: 0,
        }
    }
}

/// What training with labels came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Supervised {
    /// Class of each test object.
    pub predicted: Vec<usize>,
    /// Values that the linear layer reads.
    pub features: usize,
    /// The learning rate that was chosen.
    pub rate: f64,
    /// The number of epochs that was chosen.
    pub epochs: usize,
    /// The number of epochs that there were to choose from.
    pub most_epochs: usize,
    /// Share of the objects that were right while they were held out, with what was chosen.
    pub held_out: f64,
}

/// The network of a run, with objects to train it on and to judge it by.
pub struct Supervision {
    networks: Networks,
    config: Config,
    augmenter: Augmenter,
    train: Objects,
    test: Objects,
    device: Device,
}

impl Supervision {
    /// Makes the maps of the run of both sets of objects.
    ///
    /// In training objects are turned about the up axis `up` by at most 15 degrees where their poses are aligned (not at all
    /// where the run's `augment.rotate` is `none`), and otherwise as their poses say; jitter and resampling are the run's.
    /// Nothing is corrupted; of local maps as many rows as H saw in pre-training are drawn in each epoch.
    ///
    /// # Errors
    /// A run that is damaged or of which there are no weights, objects without the coefficients or points that the run's
    /// maps need.
    pub fn open(
        run: &Path,
        train: Shapes,
        test: Shapes,
        pose: Pose,
        up: &str,
        device: &str,
    ) -> Result<Supervision, ModelError> {
        let device = device::open(device)?;
        let (info, config) = (RunInfo::load(run)?, load_config(run)?);
        let turned = augmentation(&config, pose);
        let (augmenter, objects) = match &info.map {
            RunMap::Global(map) => {
                let points = match turned.resample > 0.0 {
                    true => train.1.map(<[_]>::to_vec),
                    false => None,
                };
                let order = map.map_order;
                let augmenter = Augmenter::new(&turned, info.basis, order, up, points)?;
                let of = |shapes: Shapes| Objects::global(info.maps(run)?, &shapes.0);
                (augmenter, [of(train)?, of(test)?])
            }
            RunMap::Local(map) => {
                let order = map.local.order;
                let augmenter = Augmenter::new(&turned, info.basis, order, up, None)?;
                let of = |shapes: Shapes| Objects::local(map, shapes.1, config.map.visible);
                (augmenter, [of(train)?, of(test)?])
            }
        };
        let [train, test] = objects;
        Ok(Supervision {
            networks: Networks::open(run, &config, train.sizes(&config), &device)?,
            config,
            augmenter,
            train,
            test,
            device,
        })
    }

    /// Trains on the labelled objects and classifies the test objects.
    ///
    /// The learning rate and the number of epochs are those with which most held-out objects are right (in a tie, those of the
    /// lower cross-entropy) in trainings on the others; then all labelled objects are trained on anew. Adam, batches,
    /// schedule and clipping are the run's; numbers are f32. What is drawn is a function of (seed, epoch, object).
    ///
    /// `None` where the observer ended the training.
    ///
    /// # Errors
    /// No epochs, rates or objects to choose by, a loss that is no number.
    pub fn train(
        &self,
        start: Start,
        labelled: Labelled,
        options: &SupervisedOptions,
        observer: &dyn TrainObserver,
    ) -> Result<Option<Supervised>, ModelError> {
        self.check(labelled, options)?;
        let fit = Fit {
            supervision: self,
            start,
            labelled,
            options,
        };
        fit.run(observer)
    }

    /// Refuses what would leave nothing to train on or to choose from, and objects or classes that there are not.
    fn check(&self, labelled: Labelled, options: &SupervisedOptions) -> Result<(), ModelError> {
        let refuse = |message: String| {
            Err(ModelError::Input(format!(
                "training with labels: {message}"
            )))
        };
        let Labelled {
            objects,
            labels,
            classes,
            held_out,
        } = labelled;
        if options.epochs == 0 || options.rates.is_empty() {
            return refuse("no epochs or no learning rates; give at least one of each".into());
        }
        let known = self.train.len();
        if let Some(object) = objects.iter().find(|object| **object >= known) {
            return refuse(format!("object {object}, but there are {known}"));
        }
        if objects.len() != labels.len() || labels.iter().any(|&class| class >= classes) {
            return refuse(format!(
                "expected a class below {classes} for each of {} objects, found {} labels, perhaps of other classes",
                objects.len(),
                labels.len()
            ));
        }
        let sides = |part: &Vec<usize>| !part.is_empty() && part.len() < objects.len();
        if held_out.is_empty() || !held_out.iter().all(sides) {
            return refuse("each part that is held out must leave objects on either side".into());
        }
        if held_out.iter().flatten().any(|&at| at >= objects.len()) {
            return refuse("a held-out position is beyond the objects".into());
        }
        Ok(())
    }
}

/// Changes of training objects in the poses of a protocol.
fn augmentation(config: &Config, pose: Pose) -> AugmentConfig {
    let own = &config.augment;
    // Rows in frames of their own cannot be turned afterwards.
    let framed = config.map.layout == LOCAL && config.map.local.frame != Frame::Object;
    let (rotate, angle) = match pose {
        _ if framed => (RotateKind::None, own.angle),
        Pose::Aligned if own.rotate == RotateKind::None => (RotateKind::None, own.angle),
        Pose::Aligned => (RotateKind::Gravity, own.angle.min(ALIGNED_ANGLE)),
        Pose::Gravity => (RotateKind::Gravity, 180.0),
        Pose::So3 => (RotateKind::So3, own.angle),
    };
    AugmentConfig {
        rotate,
        angle,
        ..own.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_follow_the_poses_and_the_rest_the_run() {
        let mut config = Config::preset("tiny").unwrap();
        config.augment.jitter = 0.1;
        let of = |config: &Config, pose| {
            let AugmentConfig {
                rotate,
                angle,
                jitter,
                ..
            } = augmentation(config, pose);
            assert_eq!(jitter, 0.1);
            (rotate, angle)
        };
        assert_eq!(of(&config, Pose::Aligned), (RotateKind::Gravity, 15.0));
        assert_eq!(of(&config, Pose::Gravity), (RotateKind::Gravity, 180.0));
        assert_eq!(of(&config, Pose::So3).0, RotateKind::So3);
        config.augment.rotate = RotateKind::None;
        assert_eq!(of(&config, Pose::Aligned).0, RotateKind::None);
        config.map.layout = "local".into();
        config.map.local.frame = Frame::Own;
        assert_eq!(of(&config, Pose::So3).0, RotateKind::None);
    }
}
