//! `spectra pretrain`: the cGML denoiser on a store.

use spectra_datasets::Store;
use spectra_model::{Config, Cost, Objective};

use super::training::{settings, watched};
use crate::cli::{self, Baseline};
use crate::outcome::{Outcome, say};

pub fn run(options: &cli::Pretrain, quiet: bool) -> anyhow::Result<Outcome> {
    let store = Store::open(&options.store)?;
    let training = &options.training;
    let named = options.preset.as_deref();
    let mut config = settings(training, &training.output, named, |named| {
        Config::preset(named.unwrap_or("tiny"))
    })?;
    if let Some(baseline) = options.baseline {
        config = config.baseline(match baseline {
            Baseline::L1 => Objective::L1,
            Baseline::Context => Objective::Context,
            Baseline::Cvae => Objective::Variational,
        });
    }
    if options.dry_run {
        return dry_run(&store, &config, &training.device);
    }
    let summary = watched("pretrain", quiet, |watch| {
        spectra_model::pretrain(
            &store,
            &training.output,
            &config,
            &training.device,
            training.resume,
            watch,
        )
    })?;
    say!(
        "{}: {} steps, loss {:.4}",
        training.output.display(),
        summary.step,
        summary.loss
    );
    Ok(Outcome::Done)
}

/// Seconds of trial steps behind the time estimate.
const TRIAL_SECONDS: f64 = 2.0;

/// Prints what pre-training would cost, after a short trial of its steps on made maps.
fn dry_run(store: &Store, config: &Config, device: &str) -> anyhow::Result<Outcome> {
    let cost = Cost::of(store, config)?;
    let [channels, height, width] = cost.map;
    say!(
        "maps        {channels} x {height} x {width}, {} training items",
        cost.items
    );
    say!(
        "parameters  {} in H and G, {} in Z; {} features",
        cost.generator_parameters,
        cost.walker_parameters,
        cost.features
    );
    say!(
        "arithmetic  {:.3} GFLOP for 10 items through H and G once (the paper counts 0.638 for its own)",
        cost.forward_flop / 1e9
    );
    say!(
        "            {:.4} TFLOP a step of {} items, {:.2} an epoch of {} steps, {:.1} for {} epochs",
        cost.step_flop / 1e12,
        cost.batch,
        cost.step_flop * cost.steps_per_epoch as f64 / 1e12,
        cost.steps_per_epoch,
        cost.step_flop * cost.steps() as f64 / 1e12,
        cost.epochs
    );
    say!(
        "memory      {:.0} MB of weights, gradients and moments, {:.0} MB of coefficients",
        cost.state_bytes as f64 / 1e6,
        cost.data_bytes as f64 / 1e6
    );
    let seconds = cost.time_step(config, device, TRIAL_SECONDS)?;
    if let Some(bytes) = spectra_model::peak_memory() {
        say!(
            "            {:.0} MB at the peak of the trial",
            bytes as f64 / 1e6
        );
    }
    let batch = cost.time_batch(store, config, TRIAL_SECONDS)?;
    say!(
        "time        {:.3} s a step on {device} ({:.0} GFLOP/s), and {:.4} s beside it for the next batch",
        seconds,
        cost.step_flop / seconds / 1e9,
        batch
    );
    let slower = seconds.max(batch);
    say!(
        "            {} an epoch, {} in all",
        duration(slower * cost.steps_per_epoch as f64),
        duration(slower * cost.steps() as f64)
    );
    Ok(Outcome::Done)
}

/// Hours, minutes or seconds, as fits.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
