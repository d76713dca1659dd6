//! The loop around Algorithm 1.

use burn::tensor::{Device, Tensor};
use serde_json::json;

use super::evaluate::Evaluator;
use super::feed::{Feed, Prepared};
use super::report::{Losses, Reporter};
use super::resident::Uploader;
use super::schedule::rate_factor;
use super::{TrainObserver, TrainProgress, TrainSummary};
use crate::algorithm::{Cgml, Rates, StepLosses};
use crate::checkpoint::{Checkpoints, Errors};
use crate::encoder::to_host;
use crate::nets::{Generator, Walker};
use crate::run::{CARD, RunFolder, WEIGHTS, to_json, write_whole};
use crate::tasks::Task;
use crate::{Config, ModelError, weights};
use burn::module::Module;

/// Trains `task` in `folder`, from the newest whole checkpoint where there is one.
///
/// Fails where the folder was begun with another task or other data, on changes to settings that the task does not read, on refusals
/// of the system, and on losses that are no numbers.
pub(crate) fn train(
    folder: &RunFolder,
    task: &dyn Task,
    device: &Device,
    observer: &dyn TrainObserver,
) -> Result<TrainSummary, ModelError> {
    if !folder.begun() {
        folder.config().refuse_unread(task.name(), task.unread())?;
    }
    folder.begin(&task.info())?;
    Trainer::begin(folder, task, device, observer)?.run()
}

struct Trainer<'a> {
    folder: &'a RunFolder,
    config: &'a Config,
    task: &'a dyn Task,
    uploader: Uploader,
    observer: &'a dyn TrainObserver,
    checkpoints: Checkpoints,
    reporter: Reporter,
    evaluator: Evaluator,
    /// Empty only while a step owns the networks, which it changes in place.
    cgml: Option<Cgml>,
    step: u64,
    loss: f64,
    /// The first error of the run that was not 0.
    first_loss: Option<f64>,
    per_epoch: u64,
    steps: u64,
}

impl<'a> Trainer<'a> {
    fn begin(
        folder: &'a RunFolder,
        task: &'a dyn Task,
        device: &Device,
        observer: &'a dyn TrainObserver,
    ) -> Result<Trainer<'a>, ModelError> {
        let config = folder.config();
        let device = device.clone().autodiff();
        let fresh = Cgml::new(config, task.sizes(), &device)?;
        let identity = folder.identity()?;
        let checkpoints = Checkpoints::new(folder.path(), identity, config.output.keep);
        let (mut cgml, mut step, mut loss, mut first_loss) = (fresh.clone(), 0, f64::NAN, None);
        if let Some(resumed) = checkpoints.load_newest(&fresh)? {
            resumed
                .passed_over
                .iter()
                .for_each(|line| observer.warn(line));
            (cgml, step) = (resumed.cgml, resumed.step);
            (loss, first_loss) = (resumed.errors.loss, resumed.errors.first_loss);
        }
        let per_epoch = task.len().div_ceil(config.train.batch) as u64;
        Ok(Trainer {
            folder,
            config,
            task,
            observer,
            checkpoints,
            reporter: Reporter::open(folder.path(), step)?,
            evaluator: Evaluator::new(task, config, &device)?,
            uploader: Uploader::new(task, &device)?,
            cgml: Some(cgml),
            step,
            loss,
            first_loss,
            per_epoch,
            steps: per_epoch * config.train.epochs as u64,
        })
    }

    fn run(mut self) -> Result<TrainSummary, ModelError> {
        let output = &self.config.output;
        let every = match output.checkpoint_every {
            0 => self.per_epoch,
            every => every,
        };
        let feed = Feed {
            task: self.task,
            config: self.config,
            per_epoch: self.per_epoch,
            steps: self.steps,
            width: whole(&self.cgml).generator.features() + self.config.network.latent,
        };
        let stopped = feed.run(self.step, |batches| -> Result<bool, ModelError> {
            for prepared in batches {
                let prepared = prepared?;
                let epoch = prepared.epoch;
                let losses = self.advance(prepared);
                let stop = self.observer.should_stop();
                let save = self.step.is_multiple_of(every) || self.step == self.steps || stop;
                if save || self.step.is_multiple_of(output.log_every.max(1)) {
                    self.report(epoch, &losses)?;
                }
                if save {
                    self.save()?;
                }
                if stop && self.step < self.steps {
                    return Ok(true);
                }
            }
            Ok(false)
        })?;
        if stopped {
            return Ok(self.summary(false));
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

    /// Measures the networks, draws what they complete, and writes a checkpoint.
    fn save(&mut self) -> Result<(), ModelError> {
        let (generator, walker) = evaluated(whole(&self.cgml));
        let (task, algorithm) = (self.task, &self.config.algorithm);
        let extra = |output: &Tensor<2>, target: &Tensor<2>| task.extra_error(output, target);
        let completions = self.evaluator.complete(generator, walker, algorithm);
        let evaluation = self.evaluator.measure(&completions)?;
        if !evaluation.error.is_finite() {
            let message = format!("the error of completion is {}", evaluation.error);
            return Err(self.diverged(message)?);
        }
        self.reporter.evaluation(self.step, evaluation)?;
        if self.diagnostics_are_due() {
            let diagnostics = self
                .evaluator
                .diagnose(generator, walker, &extra, algorithm)?;
            self.reporter.diagnostics(self.step, diagnostics)?;
            let completions: Vec<Vec<f32>> = completions
                .into_iter()
                .map(to_host)
                .collect::<Result<_, _>>()?;
            if let Some(picture) = task.picture(self.evaluator.host(), &completions) {
                self.reporter.picture(self.step, &picture)?;
            }
        }
        let errors = Errors {
            error: evaluation.error,
            loss: self.loss,
            first_loss: self.first_loss,
        };
        self.checkpoints.save(self.step, whole(&self.cgml), errors)
    }

    /// Whether this checkpoint is the first in one of the equal parts of the run that get diagnostics once each.
    fn diagnostics_are_due(&self) -> bool {
        let every = match self.config.output.checkpoint_every {
            0 => self.per_epoch,
            every => every,
        };
        let part = |step: u64| step * self.config.output.diagnostics / self.steps;
        part(self.step) > part(self.step.saturating_sub(every))
    }

    /// One step of Algorithm 1.
    fn advance(&mut self, prepared: Prepared) -> StepLosses {
        let batch = self.uploader.upload(prepared);
        let factor = rate_factor(&self.config.train, self.step, self.steps);
        let rates = Rates {
            generator: self.config.train.learning_rate * factor,
            walker: self.config.train.walker_rate * factor,
            clip: self.config.train.clip,
        };
        let task = self.task;
        let extra = |output: &Tensor<2>, target: &Tensor<2>| task.extra_error(output, target);
        let cgml = self.cgml.take().expect("a step gives the networks back");
        let (cgml, losses) = cgml.step(&batch, &extra, &self.config.algorithm, rates);
        self.step += 1;
        self.cgml = Some(cgml.averaged(self.config.train.average, self.step));
        losses
    }

    /// The rate of the last step.
    fn rate(&self) -> f64 {
        let factor = rate_factor(&self.config.train, self.step - 1, self.steps);
        self.config.train.learning_rate * factor
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
        self.check(error, walker)?;
        self.loss = error;
        let losses = Losses {
            error,
            error_at_start: start,
            walker,
            rate: self.rate(),
        };
        self.reporter.losses(self.step, epoch, losses)?;
        self.observer.progress(&TrainProgress {
            step: self.step,
            steps: self.steps,
            loss: error,
        });
        Ok(())
    }

    /// Refuses losses that are no numbers, and an error that explodes.
    fn check(&mut self, error: f64, walker: f64) -> Result<(), ModelError> {
        if error > 0.0 {
            self.first_loss.get_or_insert(error);
        }
        let first = self.first_loss.unwrap_or(error);
        let limit = match self.config.train.explode {
            0.0 => f64::INFINITY,
            times => times * first,
        };
        if error.is_finite() && walker.is_finite() && error <= limit {
            return Ok(());
        }
        let message = format!("the error is {error}, at first {first}; the loss of Z is {walker}");
        Err(self.diverged(message)?)
    }

    /// What to say of a run that leads nowhere.
    fn diverged(&self, message: String) -> Result<ModelError, ModelError> {
        let good = self.checkpoints.own(self.step)?;
        Ok(ModelError::Diverged {
            step: self.step,
            message,
            checkpoint: good
                .last()
                .map_or("none".to_owned(), |(step, _error)| format!("step {step}")),
        })
    }

    /// Writes the weights, after their card: a run that has weights has ended.
    fn finish(&self) -> Result<(), ModelError> {
        let path = self.folder.path().join(WEIGHTS);
        let mut collected = weights::Collected::new();
        let (generator, walker) = evaluated(whole(&self.cgml));
        let (generator, walker) = (generator.clone().no_grad(), walker.clone().no_grad());
        collected.add("generator", &generator.materialize());
        collected.add("walker", &walker.materialize());
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
        write_whole(&self.folder.path().join(CARD), &to_json(&card))?;
        write_whole(&path, &bytes)
    }
}

/// The networks between steps.
fn whole(cgml: &Option<Cgml>) -> &Cgml {
    cgml.as_ref().expect("a step gives the networks back")
}

/// The weights that count: the averages where they are kept.
fn evaluated(cgml: &Cgml) -> (&Generator, &Walker) {
    match &cgml.average {
        Some(average) => (&average.generator, &average.walker),
        None => (&cgml.generator, &cgml.walker),
    }
}
