//! What the verbs that train share: settings, the progress line, and how it ended.

use std::path::Path;

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

/// The file of `--config`, or else the preset that is `named`, or else what `run` was begun with where it is resumed, or else
/// the usual preset; then each `--set` in turn. `preset` makes the one of a name, and the usual one without. An objective
/// without z has no steps of z, whatever the preset says of them.
///
/// So options that are left out on resuming change nothing, and those that would are refused where the run is opened.
pub fn settings(
    training: &Training,
    run: &Path,
    named: Option<&str>,
    preset: impl FnOnce(Option<&str>) -> Result<Config, ModelError>,
) -> anyhow::Result<Config> {
    let saved = match training.resume {
        true => Config::of_run(run)?,
        false => None,
    };
    let mut config = match (&training.config, named, saved) {
        (Some(path), _, _) => Config::load(path)?,
        (None, None, Some(saved)) => saved,
        (None, named, _) => preset(named)?,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_given_on_resuming_change_what_the_run_was_begun_with() {
        let run = tempfile::tempdir().unwrap();
        let mut begun = Config::preset("toy").unwrap().baseline(Objective::L1);
        begun.train.epochs = 7;
        std::fs::write(run.path().join("config.toml"), begun.to_toml()).unwrap();
        std::fs::write(run.path().join("run.json"), "{}").unwrap();
        let given = |resume: bool, named: Option<&str>, set: &[&str]| {
            let training = Training {
                output: run.path().to_owned(),
                config: None,
                set: set.iter().map(|&setting| setting.to_owned()).collect(),
                device: "cpu".to_owned(),
                resume,
            };
            let preset = |named: Option<&str>| Config::preset(named.unwrap_or("small"));
            settings(&training, run.path(), named, preset).unwrap()
        };
        assert_eq!(given(true, None, &[]), begun);
        // A baseline takes none of these, now as when it was begun.
        let again = ["train.epochs=7", "algorithm.walker_updates=3"];
        assert_eq!(given(true, None, &again), begun);
        let longer = given(true, None, &["train.epochs=8"]);
        assert_eq!(
            (longer.train.epochs, longer.baseline(Objective::L1)),
            (8, longer.clone())
        );
        assert_eq!(
            given(true, Some("tiny"), &[]),
            Config::preset("tiny").unwrap()
        );
        assert_eq!(given(false, None, &[]), Config::preset("small").unwrap());
    }
}
