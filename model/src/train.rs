//! Pre-training: the loop around Algorithm 1.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use burn::optim::AdamWConfig;
use burn::tensor::{Device, Tensor, TensorData};
use ndarray::Axis;
use rand_distr::{Distribution, StandardNormal};
use serde_json::json;
use spectra_datasets::{Split, Store};
use spectra_pointcloud::random::stream;

use crate::algorithm::{Batch, Cgml, Rates, StepLosses};
use crate::config::TrainConfig;
use crate::encoder::{sizes, to_host};
use crate::maps::{Denoising, HostBatch};
use crate::nets::{Generator, Walker};
use crate::run::{
    CARD, CONFIG, INFO, METRICS, RunInfo, WEIGHTS, load_config, lock, to_json, write_whole,
};
use crate::{Config, ModelError, checkpoint, device, weights};

/// Where training stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainProgress {
    /// Steps done.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// Weighted L1 error of the last batch that was read back.
    pub loss: f64,
}

/// Hears of progress and may end training, which then writes a checkpoint.
pub trait TrainObserver {
    /// Called after every step that reads its losses back.
    fn progress(&self, progress: &TrainProgress) {
        let _ = progress;
    }

    /// One line for the user, such as a damaged checkpoint that was passed over.
    fn warn(&self, message: &str) {
        let _ = message;
    }

    /// True to stop after the present step.
    fn should_stop(&self) -> bool {
        false
    }
}

/// Hears nothing and never stops.
impl TrainObserver for () {}

/// How training ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainSummary {
    /// Steps done, also those before a resume.
    pub step: u64,
    /// Mean weighted L1 error of the last logged batch.
    pub loss: f64,
    /// Whether all steps are done and the weights are written.
    pub finished: bool,
}

/// Pre-trains on the training rows of `store`, whose labels are never read, into the folder `run`.
///
/// A fresh run refuses a folder that holds one; with `resume` it goes on from the newest whole checkpoint with the
/// settings saved there, and ends in the same bytes as without an interruption (CPU, same number of threads).
/// Fails on unusable settings, a device that is not there, a store of another transform, a locked folder,
/// refusals of the system, and losses that are no numbers.
pub fn pretrain(
    store: &Store,
    run: &Path,
    config: &Config,
    device: &str,
    resume: bool,
    observer: &dyn TrainObserver,
) -> Result<TrainSummary, ModelError> {
    let device = device::open(device)?.autodiff();
    let exists = run.join(INFO).exists();
    if exists && !resume {
        return Err(ModelError::run(
            run,
            "holds a run already; add --resume to go on with it, or choose another folder",
        ));
    }
    let _lock = lock(run)?;
    let (config, info) = match exists {
        true => (load_config(run)?, Some(RunInfo::load(run)?)),
        false => (config.clone(), None),
    };
    if let Some(info) = &info {
        info.check_store(store)?;
        if info.items != store.manifest().items_blake3 {
            return Err(ModelError::run(
                store.path(),
                "holds other items than the store that the run was begun with",
            ));
        }
    }
    let task = task(store, &config, info.as_ref())?;
    if info.is_none() {
        write_whole(&run.join(CONFIG), config.to_toml().as_bytes())?;
        write_whole(
            &run.join(INFO),
            &to_json(&RunInfo::new(store, task.len(), &task.maps)),
        )?;
    }
    Trainer::begin(run, config, task, device, observer)?.train(store)
}

/// The task on the training rows of a store.
fn task(store: &Store, config: &Config, info: Option<&RunInfo>) -> Result<Denoising, ModelError> {
    let rows = store.rows_without_points()?;
    let train: Vec<usize> = (0..rows.splits.len())
        .filter(|&i| rows.splits[i] == Split::Train)
        .collect();
    if train.is_empty() {
        return Err(ModelError::run(
            store.path(),
            "has no training rows; convert a data set with a train split",
        ));
    }
    let manifest = store.manifest();
    let coefficients = rows.coefficients.select(Axis(0), &train);
    let scaler = info.map(|info| info.scaler.clone());
    Denoising::new(coefficients, manifest.basis, manifest.order, config, scaler)
}

struct Trainer<'a> {
    run: &'a Path,
    config: Config,
    task: Denoising,
    device: Device,
    observer: &'a dyn TrainObserver,
    cgml: Cgml,
    step: u64,
    loss: f64,
}

impl<'a> Trainer<'a> {
    fn begin(
        run: &'a Path,
        config: Config,
        task: Denoising,
        device: Device,
        observer: &'a dyn TrainObserver,
    ) -> Result<Trainer<'a>, ModelError> {
        let fresh = fresh(&config, &task, &device)?;
        let (mut cgml, mut step) = (fresh.clone(), 0);
        if let Some(resumed) = checkpoint::load_newest(run, &fresh)? {
            resumed
                .passed_over
                .iter()
                .for_each(|line| observer.warn(line));
            (cgml, step) = (resumed.cgml, resumed.step);
        }
        keep_metrics(run, step)?;
        Ok(Trainer {
            run,
            config,
            task,
            device,
            observer,
            cgml,
            step,
            loss: f64::NAN,
        })
    }

    fn train(mut self, store: &Store) -> Result<TrainSummary, ModelError> {
        let batch = self.config.train.batch;
        let per_epoch = self.task.len().div_ceil(batch) as u64;
        let steps = per_epoch * self.config.train.epochs as u64;
        let every = match self.config.output.checkpoint_every {
            0 => per_epoch,
            every => every,
        };
        let path = self.run.join(METRICS);
        let mut log = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(ModelError::io(&path))?;
        let mut order = (u64::MAX, Vec::new());
        while self.step < steps {
            let epoch = self.step / per_epoch + 1;
            if order.0 != epoch {
                order = (epoch, self.task.permutation(epoch));
            }
            let first = (self.step % per_epoch) as usize * batch;
            let items = &order.1[first..(first + batch).min(order.1.len())];
            let losses = self.advance(epoch, items, steps)?;
            let stop = self.observer.should_stop();
            let save = self.step.is_multiple_of(every) || self.step == steps || stop;
            if save
                || self
                    .step
                    .is_multiple_of(self.config.output.log_every.max(1))
            {
                self.report(&mut log, &path, epoch, &losses, steps)?;
            }
            if save {
                checkpoint::save(self.run, self.step, &self.cgml, self.config.output.keep)?;
            }
            if stop && self.step < steps {
                return Ok(TrainSummary {
                    step: self.step,
                    loss: self.loss,
                    finished: false,
                });
            }
        }
        self.finish(store)?;
        Ok(TrainSummary {
            step: self.step,
            loss: self.loss,
            finished: true,
        })
    }

    /// One step of Algorithm 1.
    fn advance(
        &mut self,
        epoch: u64,
        items: &[usize],
        steps: u64,
    ) -> Result<StepLosses, ModelError> {
        let host = self.task.batch(epoch, items)?;
        let batch = self.upload(host);
        let factor = rate_factor(&self.config.train, self.step, steps);
        let rates = Rates {
            generator: self.config.train.learning_rate * factor,
            walker: self.config.train.walker_rate * factor,
            clip: self.config.train.clip,
        };
        let (cgml, losses) = self
            .cgml
            .clone()
            .step(&batch, &self.config.algorithm, rates);
        self.cgml = cgml;
        self.step += 1;
        Ok(losses)
    }

    fn upload(&self, host: HostBatch) -> Batch {
        let rows = host.rows;
        let put = |values: Vec<f32>| -> Tensor<2> {
            let shape = [rows, values.len() / rows];
            Tensor::from_data(TensorData::new(values, shape), &self.device)
        };
        let width = self.cgml.generator.features() + self.config.network.latent;
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
            latent: put(host.latent),
            noise: put(noise),
        }
    }

    /// Reads the losses back, refuses those that are no numbers, logs and tells them.
    fn report(
        &mut self,
        log: &mut File,
        path: &Path,
        epoch: u64,
        losses: &StepLosses,
        steps: u64,
    ) -> Result<(), ModelError> {
        let read =
            |tensor: &Tensor<1>| Ok::<f64, ModelError>(f64::from(to_host(tensor.clone())?[0]));
        let (error, start, walker) = (
            read(&losses.error)?,
            read(&losses.error_at_start)?,
            read(&losses.walker)?,
        );
        if !error.is_finite() || !walker.is_finite() {
            let checkpoint = checkpoint::steps(self.run)?
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
        let line = json!({"step": self.step, "epoch": epoch, "error": error, "error_at_start": start, "walker": walker});
        writeln!(log, "{line}").map_err(ModelError::io(path))?;
        self.observer.progress(&TrainProgress {
            step: self.step,
            steps,
            loss: error,
        });
        Ok(())
    }

    /// Writes the weights and their card.
    fn finish(&self, store: &Store) -> Result<(), ModelError> {
        let path = self.run.join(WEIGHTS);
        let mut collected = weights::Collected::new();
        collected.add("generator", &self.cgml.generator);
        collected.add("walker", &self.cgml.walker);
        let bytes = collected.to_bytes(&path)?;
        let manifest = store.manifest();
        let card = json!({
            "tool": format!("spectra {}", env!("CARGO_PKG_VERSION")),
            "weights": {"file": WEIGHTS, "blake3": blake3::hash(&bytes).to_string()},
            "data": {"dataset": manifest.dataset, "rows": self.task.len(), "basis": manifest.basis, "order": manifest.order,
                     "labels": "not used"},
            "config": self.config,
            "metrics": {"steps": self.step, "error": self.loss},
            "licence": "the weights are bound by the terms of the data they were trained on",
        });
        write_whole(&path, &bytes)?;
        write_whole(&self.run.join(CARD), &to_json(&card))
    }
}

/// Networks with the initial weights of the seed, and their optimizers.
fn fresh(config: &Config, task: &Denoising, device: &Device) -> Result<Cgml, ModelError> {
    let generator = Generator::new(&config.network, sizes(&task.maps), config.seed, device)?;
    let walker = Walker::new(&config.network, generator.features(), config.seed, device);
    let adam = |decay: f64| {
        let settings = AdamWConfig::new()
            .with_epsilon(1e-8)
            .with_weight_decay(decay as f32);
        settings.init()
    };
    Ok(Cgml {
        generator,
        walker,
        generator_optimizer: adam(config.train.weight_decay),
        walker_optimizer: adam(0.0),
    })
}

/// The share of the full rates at `step`: a linear rise, then constant or a half cosine.
fn rate_factor(config: &TrainConfig, step: u64, steps: u64) -> f64 {
    if step < config.warmup {
        return (step + 1) as f64 / config.warmup as f64;
    }
    if !config.cosine {
        return 1.0;
    }
    let done = (step - config.warmup) as f64 / (steps.saturating_sub(config.warmup)).max(1) as f64;
    let wave = 0.5 * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos());
    config.final_rate + (1.0 - config.final_rate) * wave
}

/// Drops lines of the log that are newer than the checkpoint training goes on from.
fn keep_metrics(run: &Path, step: u64) -> Result<(), ModelError> {
    let path = run.join(METRICS);
    if !path.exists() {
        return Ok(());
    }
    let text = fs::read_to_string(&path).map_err(ModelError::io(&path))?;
    let kept: String = text
        .split_inclusive('\n')
        .filter(|line| {
            let value: Option<serde_json::Value> = serde_json::from_str(line).ok();
            value
                .and_then(|v| v.get("step")?.as_u64())
                .is_some_and(|at| at <= step)
        })
        .collect();
    write_whole(&path, kept.as_bytes())
}
