//! A trained run on pictures at work: questions, answers for any start of z, the walk step by step, frozen features.

use std::path::Path;

use ndarray::{Array2, Array4};
use spectra_datasets::images::Images;
use spectra_pointcloud::random::stream;

use crate::nets::Sizes;
use crate::networks::Networks;
use crate::run::load_config;
use crate::tasks::HostBatch;
use crate::tasks::pictures::{self, PictureInfo};
use crate::{Config, ModelError, Objective};

/// The trained networks of a run on pictures.
#[derive(Debug)]
pub struct Painter {
    info: PictureInfo,
    networks: Networks,
    sizes: Sizes,
}

/// What is asked of a network, and the truth.
#[derive(Debug, Clone)]
pub struct Questions {
    inputs: Vec<f32>,
    /// What the network sees, `[pictures, channels, side, side]`, values in 0..=1.
    pub shown: Array4<f32>,
    /// The true pictures, alike.
    pub truth: Array4<f32>,
    /// 1 where a cell of the truth is asked for, 0 where it is given.
    pub asked: Array4<f32>,
}

impl Painter {
    /// The trained networks of a run folder. Fails where the run is not finished, damaged, or of another kind.
    pub fn load(run: &Path, device: &str) -> Result<Painter, ModelError> {
        let info = PictureInfo::load(run)?;
        let sizes = info.kind.task().sizes(info.channels, info.size)?;
        let networks = Networks::load(run, sizes, device)?;
        Ok(Painter {
            info,
            networks,
            sizes,
        })
    }

    /// The same networks with the random weights of `seed`: the control of frozen features.
    pub fn random(run: &Path, seed: u64, device: &str) -> Result<Painter, ModelError> {
        let info = PictureInfo::load(run)?;
        let sizes = info.kind.task().sizes(info.channels, info.size)?;
        let networks = Networks::random(load_config(run)?, sizes, seed, device)?;
        Ok(Painter {
            info,
            networks,
            sizes,
        })
    }

    /// What the run was trained on.
    pub fn info(&self) -> &PictureInfo {
        &self.info
    }

    /// How it was trained.
    pub fn config(&self) -> &Config {
        &self.networks.config
    }

    /// Whether answers depend on where z starts.
    pub fn has_latent(&self) -> bool {
        matches!(
            self.config().algorithm.objective,
            Objective::Cgml | Objective::Variational
        )
    }

    /// Makes questions of the pictures: what is hidden depends on (`seed`, index) alone. `share` is the share of the
    /// picture to hide, where the task hides any.
    pub fn ask(
        &self,
        images: &Images,
        share: Option<f64>,
        seed: u64,
    ) -> Result<Questions, ModelError> {
        self.check(images)?;
        let task = self.info.kind.task();
        let HostBatch {
            input,
            target,
            weight,
            ..
        } = pictures::rows(self.sizes, images.len(), |item, row| {
            let mut rng = stream(seed, 0, item as u64);
            task.question(images, item, share, &mut rng, row);
        });
        let rows = input.chunks_exact(self.sizes.input_cells());
        let shown: Vec<f32> = rows
            .flat_map(|input| task.shown(input, self.sizes))
            .collect();
        let truth = self.pictures(&input, &target)?;
        let shown = shaped(shown, images.len(), self.sizes)?;
        // Where a task asks for other planes than it shows (colours), every cell of the picture is asked for.
        let asked = if truth.len() == weight.len() {
            shaped(weight, images.len(), self.sizes)?
        } else {
            Array4::ones(truth.dim())
        };
        Ok(Questions {
            inputs: input,
            shown,
            truth,
            asked,
        })
    }

    /// Answers `[pictures, channels, side, side]`, values in 0..=1: z starts at a point that depends on (`seed`, index,
    /// `sample`) and is walked by Z alone.
    pub fn answer(
        &self,
        questions: &Questions,
        seed: u64,
        sample: u64,
    ) -> Result<Array4<f32>, ModelError> {
        let outputs = self.networks.complete(&questions.inputs, seed, sample)?;
        self.pictures(&questions.inputs, &outputs)
    }

    /// The answers of sample 0 at the start of the walk and after each of its steps.
    pub fn walk(&self, questions: &Questions, seed: u64) -> Result<Vec<Array4<f32>>, ModelError> {
        let trail = self.networks.trail(&questions.inputs, seed)?;
        trail
            .iter()
            .map(|outputs| self.pictures(&questions.inputs, outputs))
            .collect()
    }

    /// Bottleneck features `[pictures, features]` of whole pictures of the side that the run was trained on.
    pub fn features(&self, images: &Images) -> Result<Array2<f32>, ModelError> {
        let width = self.sizes.input_cells();
        let task = self.info.kind.task();
        let mut inputs = vec![0.0; images.len() * width];
        let images = self.channels(images)?;
        for (item, input) in inputs.chunks_exact_mut(width).enumerate() {
            task.whole(&images, item, input);
        }
        let features = self.networks.features(&inputs)?;
        let columns = features.len() / images.len().max(1);
        Array2::from_shape_vec((images.len(), columns), features)
            .map_err(|error| ModelError::Input(error.to_string()))
    }

    /// Images with as many channels as those of the run, or as one picture of its pairs: grey ones repeated, colours averaged.
    fn channels<'i>(&self, images: &'i Images) -> Result<std::borrow::Cow<'i, Images>, ModelError> {
        use std::borrow::Cow;
        if images.size != self.info.size {
            return Err(self.misfit(images));
        }
        // Of a pair, one half.
        let wanted = self.info.channels.min(3);
        let cells = images.size * images.size;
        let pixels = match (images.channels, wanted) {
            (found, wanted) if found == wanted || found == self.info.channels => {
                return Ok(Cow::Borrowed(images));
            }
            (1, wanted) => images
                .pixels
                .chunks_exact(cells)
                .flat_map(|plane| plane.repeat(wanted))
                .collect(),
            (3, 1) => images
                .pixels
                .chunks_exact(3 * cells)
                .flat_map(|planes| {
                    (0..cells).map(|at| {
                        let sum: u32 = (0..3).map(|c| u32::from(planes[c * cells + at])).sum();
                        (sum / 3) as u8
                    })
                })
                .collect(),
            _ => return Err(self.misfit(images)),
        };
        Ok(Cow::Owned(Images {
            channels: wanted,
            pixels,
            ..images.clone()
        }))
    }

    fn check(&self, images: &Images) -> Result<(), ModelError> {
        if images.size == self.info.size && images.channels == self.info.channels {
            return Ok(());
        }
        Err(self.misfit(images))
    }

    fn misfit(&self, images: &Images) -> ModelError {
        ModelError::Input(format!(
            "the run takes pictures of {} channels and side {}; found {} channels and side {}",
            self.info.channels, self.info.size, images.channels, images.size
        ))
    }

    fn pictures(&self, inputs: &[f32], outputs: &[f32]) -> Result<Array4<f32>, ModelError> {
        let task = self.info.kind.task();
        let rows = inputs
            .chunks_exact(self.sizes.input_cells())
            .zip(outputs.chunks_exact(self.sizes.target_cells()));
        let count = rows.len();
        let values: Vec<f32> = rows
            .flat_map(|(input, output)| task.picture(input, output))
            .collect();
        shaped(values, count, self.sizes)
    }
}

/// Values of `count` pictures as an array, of as many channels as there are values for.
fn shaped(values: Vec<f32>, count: usize, sizes: Sizes) -> Result<Array4<f32>, ModelError> {
    let [_channels, height, width] = sizes.target;
    let channels = values.len() / (count * height * width).max(1);
    Array4::from_shape_vec((count, channels, height, width), values)
        .map_err(|error| ModelError::Input(error.to_string()))
}
