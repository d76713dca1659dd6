//! What all tasks on pictures share: pixels to batches, the run folder's memory, training.
//!
//! Values are -1..=1 inside the networks. A task of this kind is one file that implements [`PictureTask`], and one line
//! in [`PictureKind`].

use std::path::Path;

use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use spectra_datasets::images::{ImageSet, Images, Part};
use spectra_pointcloud::random::stream;

use super::{HostBatch, Task};
use super::{colorize::Colorize, complete::Complete, translate::Translate};
use crate::nets::Sizes;
use crate::run::{INFO, RunFolder, to_json};
use crate::train::{TrainObserver, TrainSummary, train};
use crate::{Config, ModelError, device};

const VERSION: u64 = 1;

/// One row of a batch, to be filled.
pub(crate) struct Row<'r> {
    /// `[input cells]`, zeros.
    pub input: &'r mut [f32],
    /// `[target cells]`, zeros.
    pub target: &'r mut [f32],
    /// `[target cells]`, zeros.
    pub weight: &'r mut [f32],
}

/// How pictures become questions and answers become pictures.
pub(crate) trait PictureTask {
    /// The name in commands, run folders and cards.
    fn name(&self) -> &'static str;

    /// Shapes of one input and one target, for pictures of these channels and this side. Fails where the task cannot
    /// take such pictures.
    fn sizes(&self, channels: usize, side: usize) -> Result<Sizes, ModelError>;

    /// Fills the row of `item` with a fresh training example.
    fn example(&self, images: &Images, item: usize, rng: &mut ChaCha8Rng, row: Row);

    /// Fills the row of `item` with a question of a test: the truth is the picture as it is. `share` is the share of the
    /// picture to hide, where the task hides any; `None` leaves it to the task. Tasks that hide nothing ask in tests what
    /// they ask in training.
    fn question(
        &self,
        images: &Images,
        item: usize,
        share: Option<f64>,
        rng: &mut ChaCha8Rng,
        row: Row,
    ) {
        let _ = share;
        self.example(images, item, rng, row);
    }

    /// The input for a picture that is whole, for frozen features.
    fn whole(&self, images: &Images, item: usize, input: &mut [f32]);

    /// The picture that the input shows, values in 0..=1.
    fn shown(&self, input: &[f32], sizes: Sizes) -> Vec<f32>;

    /// The picture that an output (or a target) completes the input to, values in 0..=1.
    fn picture(&self, input: &[f32], output: &[f32]) -> Vec<f32>;

    /// Whether the target of an item is the same in every epoch.
    fn repeats_targets(&self) -> bool {
        false
    }

    /// See [`Task::extra_error`]: the term where the task has one, with what it needs on `device`.
    fn extra(&self, sizes: Sizes, device: &Device) -> Option<Extra> {
        let _ = (sizes, device);
        None
    }
}

/// A further term of each row's error, from the output alone.
pub(crate) type Extra = Box<dyn Fn(&Tensor<2>) -> Tensor<2> + Send + Sync>;

/// A task on pictures with its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "lowercase")]
pub enum PictureKind {
    /// Completion of masked pictures, sections 5.1 and 5.3.
    Complete(Complete),
    /// Colours for grey pictures, section 5.2.
    Colorize(Colorize),
    /// One kind of picture to another, such as label maps to photographs.
    Translate(Translate),
}

impl PictureKind {
    pub(crate) fn task(&self) -> &(dyn PictureTask + Sync) {
        match self {
            PictureKind::Complete(task) => task,
            PictureKind::Colorize(task) => task,
            PictureKind::Translate(task) => task,
        }
    }

    /// Its name on the command line.
    pub fn name(&self) -> &'static str {
        self.task().name()
    }
}

/// `run.json` of a run on pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PictureInfo {
    /// Version of the run folder's format.
    pub version: u64,
    /// The task and its settings.
    #[serde(flatten)]
    pub kind: PictureKind,
    /// Name of the data set.
    pub dataset: String,
    /// blake3 of all training pixels and ids.
    pub items: String,
    /// Training pictures.
    pub rows: usize,
    /// Channels of the pictures in memory: 1, 3, or 6 for pairs.
    pub channels: usize,
    /// Their side.
    pub size: usize,
    /// The part of each file that they are.
    #[serde(default)]
    pub part: Part,
}

impl PictureInfo {
    fn new(kind: &PictureKind, set: &ImageSet) -> PictureInfo {
        PictureInfo {
            version: VERSION,
            kind: kind.clone(),
            dataset: set.name.clone(),
            items: set.train.hash(),
            rows: set.train.len(),
            channels: set.train.channels,
            size: set.train.size,
            part: set.part,
        }
    }

    /// Reads `run.json` of a run folder. Fails where there is none, or it is of another kind of task.
    pub fn load(run: &Path) -> Result<PictureInfo, ModelError> {
        let path = run.join(INFO);
        let bytes = std::fs::read(&path).map_err(ModelError::io(&path))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            let message = format!("not a run of complete, colorize or translate: {error}");
            ModelError::run(&path, message)
        })
    }
}

/// Trains `kind` on the training pictures of `set` into the folder `run`, as [`crate::pretrain`] does on a store.
pub fn train_pictures(
    set: &ImageSet,
    kind: &PictureKind,
    run: &Path,
    config: &Config,
    device: &str,
    resume: bool,
    observer: &dyn TrainObserver,
) -> Result<TrainSummary, ModelError> {
    let device = device::open(device)?;
    let sizes = kind.task().sizes(set.train.channels, set.train.size)?;
    let folder = RunFolder::open(run, config, resume)?;
    let task = Pictures {
        kind,
        set,
        sizes,
        seed: config.seed,
        extra: kind.task().extra(sizes, &device.clone().autodiff()),
    };
    train(&folder, &task, &device, observer)
}

/// A task on the training pictures of a set.
struct Pictures<'a> {
    kind: &'a PictureKind,
    set: &'a ImageSet,
    sizes: Sizes,
    seed: u64,
    extra: Option<Extra>,
}

/// Items whose targets are made at once.
const AT_ONCE: usize = 256;

impl Task for Pictures<'_> {
    fn name(&self) -> &'static str {
        self.kind.name()
    }

    fn len(&self) -> usize {
        self.set.train.len()
    }

    fn sizes(&self) -> Sizes {
        self.sizes
    }

    fn batch(&self, epoch: u64, items: &[usize]) -> Result<HostBatch, ModelError> {
        let task = self.kind.task();
        Ok(rows(self.sizes, items.len(), |index, row| {
            let item = items[index];
            let mut rng = stream(self.seed, epoch, item as u64);
            task.example(&self.set.train, item, &mut rng, row);
        }))
    }

    fn targets(&self) -> Result<Option<Vec<f32>>, ModelError> {
        if !self.kind.task().repeats_targets() {
            return Ok(None);
        }
        let items: Vec<usize> = (0..self.len()).collect();
        let mut targets = Vec::with_capacity(self.len() * self.sizes.target_cells());
        for some in items.chunks(AT_ONCE) {
            targets.extend(self.batch(0, some)?.target);
        }
        Ok(Some(targets))
    }

    fn extra_error(&self, output: &Tensor<2>, _target: &Tensor<2>) -> Option<Tensor<2>> {
        self.extra.as_ref().map(|extra| extra(output))
    }

    fn unread(&self) -> &'static [&'static str] {
        &["map", "corrupt", "augment"]
    }

    fn info(&self) -> Vec<u8> {
        to_json(&PictureInfo::new(self.kind, self.set))
    }

    fn card(&self) -> Value {
        json!({"dataset": self.set.name, "rows": self.len(), "channels": self.set.train.channels,
               "size": self.set.train.size, "labels": "not used"})
    }
}

/// A batch of `count` rows, each filled by `fill`, in parallel.
pub(crate) fn rows(sizes: Sizes, count: usize, fill: impl Fn(usize, Row) + Sync) -> HostBatch {
    let mut batch = HostBatch::zeros(count, sizes);
    batch
        .input
        .par_chunks_exact_mut(sizes.input_cells())
        .zip(batch.target.par_chunks_exact_mut(sizes.target_cells()))
        .zip(batch.weight.par_chunks_exact_mut(sizes.target_cells()))
        .enumerate()
        .for_each(|(index, ((input, target), weight))| {
            let row = Row {
                input,
                target,
                weight,
            };
            fill(index, row);
        });
    batch
}

/// A byte to -1..=1.
pub(crate) fn signed(value: u8) -> f32 {
    f32::from(value) / 127.5 - 1.0
}

/// -1..=1 to 0..=1; what lies outside is cut off.
pub(crate) fn unsigned(value: f32) -> f32 {
    (0.5 * (value + 1.0)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::complete::Complete;

    #[test]
    fn targets_that_stay_are_those_of_every_batch() {
        let images = |channels: usize| Images {
            channels,
            size: 4,
            pixels: (0..3 * channels * 16).map(|at| (at * 37) as u8).collect(),
            labels: vec![-1; 3],
            ids: (0..3).map(|item| item.to_string()).collect(),
        };
        for (kind, channels) in [
            (PictureKind::Colorize(Colorize::default()), 3),
            (PictureKind::Translate(Translate { from_b: true }), 6),
            (PictureKind::Complete(Complete::photographs()), 3),
        ] {
            let set = ImageSet {
                name: "made".into(),
                layout: "made".into(),
                part: Part::Whole,
                classes: Vec::new(),
                train: images(channels),
                test: images(channels),
                skipped: Vec::new(),
            };
            let sizes = kind.task().sizes(channels, 4).unwrap();
            let task = Pictures {
                kind: &kind,
                set: &set,
                sizes,
                seed: 1,
                extra: None,
            };
            let cells = sizes.target_cells();
            match task.targets().unwrap() {
                None => assert_eq!(kind.name(), "complete"),
                Some(targets) => {
                    assert_eq!(targets.len(), 3 * cells);
                    let batch = task.batch(5, &[2, 0]).unwrap();
                    assert_eq!(batch.target[..cells], targets[2 * cells..]);
                    assert_eq!(batch.target[cells..], targets[..cells]);
                }
            }
        }
    }
}
