//! `spectra pretrain`: the cGML denoiser on a store.

use anyhow::Context;
use spectra_datasets::Store;
use spectra_model::{Config, TrainObserver, TrainProgress};

use crate::cli;
use crate::outcome::{Outcome, Usage};
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

pub fn run(options: &cli::Pretrain, quiet: bool) -> anyhow::Result<Outcome> {
    let store = Store::open(&options.store)?;
    let config = config(options)?;
    let progress = Progress::start("pretrain", quiet);
    let summary = spectra_model::pretrain(
        &store,
        &options.output,
        &config,
        &options.device,
        options.resume,
        &Watch(&progress),
    )?;
    progress.finish(&format!("step {}, loss {:.4}", summary.step, summary.loss));
    if stop_requested() {
        anyhow::bail!("stopped at step {}: add --resume to go on", summary.step);
    }
    println!(
        "{}: {} steps, loss {:.4}",
        options.output.display(),
        summary.step,
        summary.loss
    );
    Ok(Outcome::Done)
}

/// Preset, then the file, then each `--set`.
fn config(options: &cli::Pretrain) -> anyhow::Result<Config> {
    let mut config = match &options.config {
        Some(path) => Config::load(path)?,
        None => Config::preset(&options.preset)?,
    };
    apply(&mut config, &options.set)?;
    Ok(config)
}

/// Each `--set KEY=VALUE` in turn.
pub fn apply(config: &mut Config, settings: &[String]) -> anyhow::Result<()> {
    for setting in settings {
        let (key, value) = setting
            .split_once('=')
            .ok_or_else(|| Usage(format!("--set {setting}: expected KEY=VALUE")))?;
        config
            .set(key, value)
            .with_context(|| format!("--set {setting}"))?;
    }
    Ok(())
}
