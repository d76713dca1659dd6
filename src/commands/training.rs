//! What the verbs that train share: settings, the progress line, and how it ended.

use std::path::Path;

use spectra_model::{Config, ModelError, TrainObserver, TrainProgress, TrainSummary};

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
/// the usual preset; then all `--set` at once. `preset` makes the one of a name, and the usual one without.
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
    let changes = training.set.iter().map(|setting| pair(setting));
    let changes = changes.collect::<Result<Vec<_>, _>>()?;
    config
        .set_all(changes)
        .map_err(|error| Usage(format!("--set: {error}")))?;
    Ok(config)
}

fn pair(setting: &str) -> Result<(&str, &str), Usage> {
    let pair = setting.split_once('=');
    pair.ok_or_else(|| Usage(format!("--set {setting}: expected KEY=VALUE")))
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
    use spectra_model::Objective;

    use super::*;

    #[test]
    fn a_wrong_setting_is_wrong_usage() {
        for set in ["bogus=1", "train.batch=0", "train.batch"] {
            let training = Training {
                output: "run".into(),
                config: None,
                set: vec![set.to_owned()],
                device: "cpu".to_owned(),
                resume: false,
            };
            let preset = |_none: Option<&str>| Config::preset("tiny");
            let error = settings(&training, Path::new("run"), None, preset).unwrap_err();
            assert!(error.is::<Usage>(), "{error}");
            assert!(error.to_string().starts_with("--set"), "{error}");
        }
    }

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
        assert_eq!(given(true, None, &["train.epochs=7"]), begun);
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
        // More updates than steps, until the steps are set too.
        let [updates, steps] = ["algorithm.walker_updates=6", "algorithm.steps=6"];
        let both = given(false, None, &[updates, steps]);
        assert_eq!(both.algorithm.walker_updates, 6);
        assert_eq!(both, given(false, None, &[steps, updates]));
    }
}
