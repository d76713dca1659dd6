//! What the verbs that train share: settings, the progress line, and how it ended.

use anyhow::Context;
use spectra_model::{Config, ModelError, Objective, TrainObserver, TrainProgress, TrainSummary};

use crate::cli::Training;
use crate::outcome::Usage;
use crate::progress::{Progress, stop_requested};

/// Shows training progress and passes Ctrl-C on.
pub struct Watch<'a>(pub &'a Progress);

impl TrainObserver for Watch<'_> {
    fn progress(&self, at: &TrainProgress) {
        self.0.set(
            at.step as usize,
            at.steps as usize,
            &format!("loss {:.4}", at.loss),
        );
    }

    fn should_stop(&self) -> bool {
        stop_requested()
    }
}

/// The file of `--config` or else `preset`, then each `--set` in turn. An objective without z has no steps of z, whatever
/// the preset says of them.
pub fn settings(
    training: &Training,
    preset: impl FnOnce() -> Result<Config, ModelError>,
) -> anyhow::Result<Config> {
    let mut config = match &training.config {
        Some(path) => Config::load(path)?,
        None => preset()?,
    };
    for setting in &training.set {
        let (key, value) = setting
            .split_once('=')
            .ok_or_else(|| Usage(format!("--set {setting}: expected KEY=VALUE")))?;
        config
            .set(key, value)
            .with_context(|| format!("--set {setting}"))?;
    }
    Ok(match config.algorithm.objective {
        Objective::Cgml => config,
        objective => config.baseline(objective),
    })
}

/// Trains under a progress line. An interruption is an error that says how to go on.
pub fn watched(
    title: &'static str,
    quiet: bool,
    train: impl FnOnce(&Watch) -> Result<TrainSummary, ModelError>,
) -> anyhow::Result<TrainSummary> {
    let progress = Progress::stoppable(title, quiet);
    let summary = train(&Watch(&progress))?;
    progress.finish(&format!("step {}, loss {:.4}", summary.step, summary.loss));
    if !summary.finished || stop_requested() {
        anyhow::bail!("stopped at step {}: add --resume to go on", summary.step);
    }
    Ok(summary)
}
