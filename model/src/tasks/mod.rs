//! What is learnt. A task says how inputs and targets are made and what else counts as an error; one trainer serves all.

mod augment;
pub mod colorize;
pub mod complete;
mod local;
pub(crate) mod pictures;
mod sheet;
mod spectral;
pub mod toy;
pub mod translate;

use burn::tensor::Tensor;
use image::RgbImage;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde_json::Value;

pub(crate) use self::augment::Augmenter;
pub(crate) use self::local::local_sizes;
pub use self::spectral::pretrain;
pub(crate) use self::spectral::{layout_of, open_task};
use crate::ModelError;
use crate::config::Objective;
use crate::nets::Sizes;

/// One batch on the host, row by row.
pub(crate) struct HostBatch {
    pub rows: usize,
    /// What the network sees, `[rows, input cells]`.
    pub input: Vec<f32>,
    /// What it must give, `[rows, target cells]`.
    pub target: Vec<f32>,
    /// Weight of the error of each target cell, `[rows, target cells]`.
    pub weight: Vec<f32>,
}

impl HostBatch {
    /// A batch of zeros.
    pub(crate) fn zeros(rows: usize, sizes: Sizes) -> HostBatch {
        HostBatch {
            rows,
            input: vec![0.0; rows * sizes.input_cells()],
            target: vec![0.0; rows * sizes.target_cells()],
            weight: vec![0.0; rows * sizes.target_cells()],
        }
    }
}

/// A source of corrupted inputs and their targets.
pub(crate) trait Task: Sync {
    /// The name that run folders and cards give it.
    fn name(&self) -> &'static str;

    /// Number of training items.
    fn len(&self) -> usize;

    /// Shapes of one input and one target.
    fn sizes(&self) -> Sizes;

    /// The batch of `items` in `epoch` (from 1): a pure function of both and of the seed. Epoch 0 is never trained on; the
    /// trainer measures completions with it.
    fn batch(&self, epoch: u64, items: &[usize]) -> Result<HostBatch, ModelError>;

    /// The targets of all items, `[len, target cells]`, where they are the same in every epoch; a GPU then keeps them.
    fn targets(&self) -> Result<Option<Vec<f32>>, ModelError> {
        Ok(None)
    }

    /// A further term of each row's error, `[rows, 1]`, beside the weighted L1 between `output` and `target`
    /// (both `[rows, target cells]`); differentiable in `output`. z follows it and H and G are trained on it.
    fn extra_error(&self, output: &Tensor<2>, target: &Tensor<2>) -> Option<Tensor<2>> {
        let _ = (output, target);
        None
    }

    /// Paths of settings that this task does not read, whole sections among them: see [`Config::refuse_unread`].
    fn unread(&self) -> &'static [&'static str] {
        &[]
    }

    /// The bytes of `run.json`: all that a run folder must remember to use the weights and to refuse other data. The
    /// same data and settings give the same bytes. Keys `version` and, for all but `spectral`, `task` are expected.
    fn info(&self) -> Vec<u8>;

    /// What the card of the weights says of the data.
    fn card(&self) -> Value;

    /// A picture of a few rows of `batch` and of `completions` of them, each `[rows, target cells]`.
    fn picture(&self, batch: &HostBatch, completions: &[Vec<f32>]) -> Option<RgbImage> {
        let _ = (batch, completions);
        None
    }
}

/// Where z starts: anywhere on its sphere; normally distributed for the variational baseline; always at the same point for
/// those that know no z.
pub(crate) fn first_latent(objective: Objective, rng: &mut ChaCha8Rng, z: &mut [f32]) {
    match objective {
        Objective::Cgml => draw_unit(rng, z),
        Objective::Variational => z
            .iter_mut()
            .for_each(|value| *value = StandardNormal.sample(rng)),
        Objective::L1 | Objective::Context => {
            z.fill(0.0);
            z[0] = 1.0;
        }
    }
}

/// A uniform point of the unit sphere of the space that `z` lives in.
pub(crate) fn draw_unit(rng: &mut ChaCha8Rng, z: &mut [f32]) {
    z.iter_mut()
        .for_each(|value| *value = StandardNormal.sample(rng));
    let length = z
        .iter()
        .map(|v| v * v)
        .sum::<f32>()
        .sqrt()
        .max(f32::MIN_POSITIVE);
    z.iter_mut().for_each(|value| *value /= length);
}
