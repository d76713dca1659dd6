//! The loop around Algorithm 1.

use burn::tensor::{Device, Tensor, TensorData};
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};
use serde_json::json;
use spectra_pointcloud::random::stream;

use super::metrics::MetricsLog;
use super::schedule::rate_factor;
use super::{TrainObserver, TrainProgress, TrainSummary};
use crate::algorithm::{Batch, Cgml, Rates, StepLosses};
use crate::encoder::to_host;
use crate::run::{CARD, RunFolder, WEIGHTS, to_json, write_whole};
use crate::tasks::{HostBatch, Task, draw_unit};
use crate::{Config, ModelError, checkpoint, weights};

/// Latents of training are drawn from epochs above this, apart from what tasks draw for the same item.
const LATENTS: u64 = 1 << 63;

/// Trains `task` in `folder`, from the newest whole checkpoint where there is one.
///
/// Fails where the folder was begun with another task or other data, on refusals of the system, and on losses that
/// are no numbers.
pub(crate) fn train(
    folder: &RunFolder,
    config: &Config,
    task: &dyn Task,
    device: &Device,
    observer: &dyn TrainObserver,
) -> Result<TrainSummary, ModelError> {
    folder.begin(config, &task.info())?;
    Trainer::begin(folder, config, task, device, observer)?.run()
}

const OWNED: &str = "the networks are here between steps";

struct Trainer<'a> {
    folder: &'a RunFolder,
    config: &'a Config,
    task: &'a dyn Task,
    device: Device,
    observer: &'a dyn TrainObserver,
    log: MetricsLog,
    /// Empty only while a step owns the networks, which it changes in place.
    cgml: Option<Cgml>,
    step: u64,
    loss: f64,
    per_epoch: u64,
    steps: u64,
}

impl<'a> Trainer<'a> {
    fn begin(
        folder: &'a RunFolder,
        config: &'a Config,
        task: &'a dyn Task,
        device: &Device,
        observer: &'a dyn TrainObserver,
    ) -> Result<Trainer<'a>, ModelError> {
        let device = device.clone().autodiff();
        let fresh = Cgml::new(config, task.sizes(), &device)?;
        let (mut cgml, mut step) = (fresh.clone(), 0);
        if let Some(resumed) = checkpoint::load_newest(folder.path(), &fresh)? {
            resumed
                .passed_over
                .iter()
                .for_each(|line| observer.warn(line));
            (cgml, step) = (resumed.cgml, resumed.step);
        }
        let per_epoch = task.len().div_ceil(config.train.batch) as u64;
        Ok(Trainer {
            folder,
            config,
            task,
            device,
            observer,
            log: MetricsLog::open(folder.path(), step)?,
            cgml: Some(cgml),
            step,
            loss: f64::NAN,
            per_epoch,
            steps: per_epoch * config.train.epochs as u64,
        })
    }

    fn run(mut self) -> Result<TrainSummary, ModelError> {
        let batch = self.config.train.batch;
        let output = &self.config.output;
        let every = match output.checkpoint_every {
            0 => self.per_epoch,
            every => every,
        };
        let mut order = (u64::MAX, Vec::new());
        while self.step < self.steps {
            let epoch = self.step / self.per_epoch + 1;
            if order.0 != epoch {
                order = (epoch, permutation(self.config.seed, epoch, self.task.len()));
            }
            let first = (self.step % self.per_epoch) as usize * batch;
            let items = &order.1[first..(first + batch).min(order.1.len())];
            let losses = self.advance(epoch, items)?;
            let stop = self.observer.should_stop();
            let save = self.step.is_multiple_of(every) || self.step == self.steps || stop;
            if save || self.step.is_multiple_of(output.log_every.max(1)) {
                self.report(epoch, &losses)?;
            }
            if save {
                checkpoint::save(self.folder.path(), self.step, self.cgml(), output.keep)?;
            }
            if stop && self.step < self.steps {
                return Ok(self.summary(false));
            }
        }
        self.finish()?;
        Ok(self.summary(true))
    }

    fn summary(&self, finished: bool) -> TrainSummary {
        TrainSummary {
            step: self.step,
            loss: self.loss,
            finished,
        }
    }

    fn cgml(&self) -> &Cgml {
        self.cgml.as_ref().expect(OWNED)
    }

    /// One step of Algorithm 1.
    fn advance(&mut self, epoch: u64, items: &[usize]) -> Result<StepLosses, ModelError> {
        let host = self.task.batch(epoch, items)?;
        let latent = latents(self.config.seed, epoch, items, self.config.network.latent);
        let batch = self.upload(host, latent);
        let factor = rate_factor(&self.config.train, self.step, self.steps);
        let rates = Rates {
            generator: self.config.train.learning_rate * factor,
            walker: self.config.train.walker_rate * factor,
            clip: self.config.train.clip,
        };
        let task = self.task;
        let extra = |output: &Tensor<2>, target: &Tensor<2>| task.extra_error(output, target);
        let cgml = self.cgml.take().expect(OWNED);
        let (cgml, losses) = cgml.step(&batch, &extra, &self.config.algorithm, rates);
        self.cgml = Some(cgml);
        self.step += 1;
        Ok(losses)
    }

    fn upload(&self, host: HostBatch, latent: Vec<f32>) -> Batch {
        let rows = host.rows;
        let put = |values: Vec<f32>| -> Tensor<2> {
            let shape = [rows, values.len() / rows];
            Tensor::from_data(TensorData::new(values, shape), &self.device)
        };
        let width = self.cgml().generator.features() + self.config.network.latent;
        let mut rng = stream(self.config.seed, self.step, u64::MAX - 1);
        let sigma = self.config.algorithm.noise as f32;
        let noise: Vec<f32> = (0..rows * width)
            .map(|_value| {
                let normal: f32 = StandardNormal.sample(&mut rng);
                sigma * normal
            })
            .collect();
        Batch {
            input: put(host.input),
            target: put(host.target),
            weight: put(host.weight),
            latent: put(latent),
            noise: put(noise),
        }
    }

    /// Reads the losses back, refuses those that are no numbers, logs and tells them.
    fn report(&mut self, epoch: u64, losses: &StepLosses) -> Result<(), ModelError> {
        let read =
            |tensor: &Tensor<1>| Ok::<f64, ModelError>(f64::from(to_host(tensor.clone())?[0]));
        let (error, start, walker) = (
            read(&losses.error)?,
            read(&losses.error_at_start)?,
            read(&losses.walker)?,
        );
        if !error.is_finite() || !walker.is_finite() {
            let checkpoint = checkpoint::steps(self.folder.path())?
                .last()
                .map_or("none".to_owned(), |step| format!("step {step}"));
            let message = format!("the error is {error}, the loss of Z {walker}");
            return Err(ModelError::Diverged {
                step: self.step,
                message,
                checkpoint,
            });
        }
        self.loss = error;
        self.log.write(
            &json!({"step": self.step, "epoch": epoch, "error": error, "error_at_start": start, "walker": walker}),
        )?;
        self.observer.progress(&TrainProgress {
            step: self.step,
            steps: self.steps,
            loss: error,
        });
        Ok(())
    }

    /// Writes the weights and their card.
    fn finish(&self) -> Result<(), ModelError> {
        let path = self.folder.path().join(WEIGHTS);
        let mut collected = weights::Collected::new();
        collected.add("generator", &self.cgml().generator);
        collected.add("walker", &self.cgml().walker);
        let bytes = collected.to_bytes(&path)?;
        let card = json!({
            "tool": format!("spectra {}", env!("CARGO_PKG_VERSION")),
            "task": self.task.name(),
            "weights": {"file": WEIGHTS, "blake3": blake3::hash(&bytes).to_string()},
            "data": self.task.card(),
            "config": self.config,
            "metrics": {"steps": self.step, "error": self.loss},
            "licence": "the weights are bound by the terms of the data they were trained on",
        });
        write_whole(&path, &bytes)?;
        write_whole(&self.folder.path().join(CARD), &to_json(&card))
    }
}

/// The order of `len` items in one epoch.
fn permutation(seed: u64, epoch: u64, len: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.shuffle(&mut stream(seed, epoch, u64::MAX));
    order
}

/// Where z starts for each of `items`: unit rows `[items, width]`.
fn latents(seed: u64, epoch: u64, items: &[usize], width: usize) -> Vec<f32> {
    let mut latents = vec![0.0; items.len() * width];
    for (z, item) in latents.chunks_exact_mut(width).zip(items) {
        draw_unit(&mut stream(seed, LATENTS | epoch, *item as u64), z);
    }
    latents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_depends_on_seed_epoch_and_items_alone() {
        let whole = latents(1, 2, &[3, 7, 11], 10);
        assert_eq!(whole[10..20], latents(1, 2, &[7], 10));
        assert_ne!(latents(1, 3, &[7], 10), latents(1, 2, &[7], 10));
        for z in whole.chunks_exact(10) {
            assert!((z.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-5);
        }
        assert_eq!(permutation(1, 4, 40), permutation(1, 4, 40));
        assert_ne!(permutation(1, 4, 40), permutation(1, 5, 40));
    }
}
