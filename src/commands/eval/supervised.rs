//! Networks that are trained with labels: fine-tuned ones, and the same from random weights.

use std::path::{Path, PathBuf};
use std::slice;

use spectra_datasets::Pose;
use spectra_eval::{Answers, Labels, Protocol, Row};
use spectra_model::{
    Config, Labelled, Start, SupervisedOptions, Supervision, TrainObserver, TrainProgress,
};

use super::data::Data;
use super::{Request, features, folder_name};
use crate::cli::FeatureKind;
use crate::progress::Progress;

/// What stands in the classifier's place in the table: layer and network are trained as one.
const CLASSIFIER: &str = "end to end";

/// The settings of a run.
pub fn config(run: &Path) -> anyhow::Result<Config> {
    Ok(Config::load(&run.join("config.toml"))?)
}

/// Whether a run samples objects anew in training, for which their points are needed.
pub fn resamples(run: &Path) -> anyhow::Result<bool> {
    Ok(config(run)?.augment.resample > 0.0)
}

/// The rows that `request` asks for: its runs and those beside them fine-tuned, and the network of the first from random
/// weights. The training objects of `data` stand in `pose`.
pub fn rows(
    data: &Data,
    pose: Pose,
    request: &Request,
    protocols: &[Protocol],
    quiet: bool,
) -> anyhow::Result<Vec<Row>> {
    let open = |runs: &[PathBuf]| -> anyhow::Result<Vec<Supervision>> {
        let (train, test) = (data.train.shapes(), data.test.shapes());
        let open = |run| Supervision::open(run, train, test, pose, &data.up, &request.device);
        Ok(runs.iter().map(|run| open(run)).collect::<Result<_, _>>()?)
    };
    let trained = |networks: &[Supervision], name: &str, start: &dyn Fn(u64) -> Start| {
        let job = Job {
            networks,
            name,
            start,
            labels: &data.labels,
            epochs: request.epochs,
            quiet,
        };
        let rows = protocols.iter().map(|protocol| job.row(protocol));
        rows.collect::<anyhow::Result<Vec<Row>>>()
    };
    let own = match request.has(FeatureKind::FineTuned) {
        true => open(&request.runs)?,
        false => open(request.runs.get(..1).unwrap_or_default())?,
    };
    let mut rows = Vec::new();
    if request.has(FeatureKind::FineTuned) {
        let name = format!("{}, fine-tuned", request.trained_for()?);
        rows.extend(trained(&own, &name, &|_seed| Start::Pretrained)?);
        for run in &request.beside {
            let name = format!("{}, fine-tuned", folder_name(run));
            let networks = open(slice::from_ref(run))?;
            rows.extend(trained(&networks, &name, &|_seed| Start::Pretrained)?);
        }
    }
    if request.has(FeatureKind::Supervised) {
        let first = own.get(..1).unwrap_or_default();
        let random = |seed| Start::Random(features::RANDOM + seed);
        rows.extend(trained(first, "same network, supervised", &random)?);
    }
    Ok(rows)
}

/// One kind of network.
struct Job<'a> {
    /// Taken in turn by the seeds.
    networks: &'a [Supervision],
    name: &'a str,
    start: &'a dyn Fn(u64) -> Start,
    labels: &'a Labels,
    epochs: usize,
    quiet: bool,
}

impl Job<'_> {
    /// Trains for each seed of `protocol`, with the labels that it allows.
    fn row(&self, protocol: &Protocol) -> anyhow::Result<Row> {
        let mut answers = Vec::new();
        let mut columns = 0;
        for (&seed, network) in protocol.seeds.iter().zip(self.networks.iter().cycle()) {
            let objects = self.labels.budget(protocol.labels, seed);
            let classes: Vec<usize> = objects.iter().map(|&i| self.labels.train[i]).collect();
            let labelled = Labelled {
                objects: &objects,
                labels: &classes,
                classes: self.labels.classes.len(),
                held_out: &self.labels.held_out(&objects, seed),
            };
            let options = SupervisedOptions {
                epochs: self.epochs,
                seed,
                ..SupervisedOptions::default()
            };
            let progress = Progress::start("train with labels", self.quiet);
            let watch = Watch {
                progress: &progress,
                name: self.name,
            };
            let Some(found) = network.train((self.start)(seed), labelled, &options, &watch)? else {
                anyhow::bail!("stopped");
            };
            let chosen = format!(
                "rate = {:e}, {} of {} epochs",
                found.rate, found.epochs, found.most_epochs
            );
            progress.finish(&format!(
                "{}, {} labels, seed {seed}: {chosen}, held out {:.2} %",
                self.name,
                objects.len(),
                100.0 * found.held_out
            ));
            columns = found.features;
            answers.push(Answers {
                seed,
                predicted: found.predicted,
                chosen,
                held_out: Some(found.held_out),
            });
        }
        Ok(Row::new(
            (self.name, columns),
            CLASSIFIER,
            self.labels,
            protocol,
            &answers,
        )?)
    }
}

/// Shows the steps of all trainings of one seed.
struct Watch<'a> {
    progress: &'a Progress,
    name: &'a str,
}

impl TrainObserver for Watch<'_> {
    fn progress(&self, at: &TrainProgress) {
        let message = format!("{}, loss {:.3}", self.name, at.loss);
        self.progress
            .set(at.step as usize, at.steps as usize, &message);
    }
}
