//! `spectra train complete`, `colorize` and `translate`: tasks on pictures, and their baselines.

use std::path::PathBuf;

use spectra_datasets::images::{ImageOptions, ImageSet, Part, open_images, open_pairs};
use spectra_model::colorize::{Colorize, UniformKind};
use spectra_model::complete::{Complete, MaskKind};
use spectra_model::translate::Translate;
use spectra_model::{Config, Distance, Objective, PictureKind, train_pictures};

use super::training::{settings, watched};
use crate::cli;
use crate::outcome::{Outcome, Usage, say, tell};

pub fn complete(options: &cli::TrainComplete, quiet: bool) -> anyhow::Result<Outcome> {
    let set = open_images(&options.run.data, &read(&options.run, options.part))?;
    let kind = PictureKind::Complete(completion(options, &set)?);
    pictures(set, &kind, &options.run, quiet)
}

pub fn colorize(options: &cli::TrainColorize, quiet: bool) -> anyhow::Result<Outcome> {
    let set = open_images(&options.run.data, &read(&options.run, options.part))?;
    let kind = PictureKind::Colorize(Colorize {
        uniform: match options.uniform {
            cli::Uniform::Histogram => UniformKind::Histogram,
            cli::Uniform::Softmax => UniformKind::Softmax,
        },
        lambda: options.lambda,
    });
    pictures(set, &kind, &options.run, quiet)
}

pub fn translate(options: &cli::TrainTranslate, quiet: bool) -> anyhow::Result<Outcome> {
    let set = open_pairs(&options.run.data, &read(&options.run, cli::Half::Whole))?;
    let kind = PictureKind::Translate(Translate {
        from_b: options.from == cli::Side::Right,
    });
    pictures(set, &kind, &options.run, quiet)
}

fn read(run: &cli::PictureRun, part: cli::Half) -> ImageOptions {
    ImageOptions {
        size: run.size,
        part: part_of(part),
        limit: run.limit,
    }
}

/// The set with `count` training pictures in the place of its test.
pub fn held_out(mut set: ImageSet, count: usize) -> anyhow::Result<ImageSet> {
    if count >= set.train.len() {
        let message = format!(
            "--hold-out {count}: the set has only {} training pictures",
            set.train.len()
        );
        return Err(Usage(message).into());
    }
    set.hold_out(count);
    Ok(set)
}

/// The part of each picture that is meant.
pub fn part_of(half: cli::Half) -> Part {
    match half {
        cli::Half::Whole => Part::Whole,
        cli::Half::Left => Part::Left,
        cli::Half::Right => Part::Right,
    }
}

/// The paper's settings for digits and for photographs, and what the user changes of them.
fn completion(options: &cli::TrainComplete, set: &ImageSet) -> anyhow::Result<Complete> {
    let mut task = match set.train.channels {
        1 => Complete::digits(),
        _ => Complete::photographs(),
    };
    match options.mask {
        Some(cli::Mask::Top) => task.mask = MaskKind::Top,
        Some(cli::Mask::Square) => task.mask = MaskKind::Square,
        None => {}
    }
    if let Some(side) = &options.mask_side {
        let numbers = side
            .split_once(':')
            .and_then(|(low, high)| Some([low.parse::<f64>().ok()?, high.parse::<f64>().ok()?]));
        task.side = numbers.ok_or_else(|| {
            Usage(format!(
                "--mask-side {side}: expected LOW:HIGH, such as 0.5:1"
            ))
        })?;
    }
    task.overlay = options.overlay.unwrap_or(task.overlay);
    task.white_box = options.white_box;
    task.check().map_err(|error| Usage(error.to_string()))?;
    Ok(task)
}

/// Trains the task, then its baselines where they are asked for, in folders inside the run's.
fn pictures(
    set: ImageSet,
    kind: &PictureKind,
    run: &cli::PictureRun,
    quiet: bool,
) -> anyhow::Result<Outcome> {
    let set = &held_out(set, run.hold_out)?;
    let config = config(set, run)?;
    if !quiet {
        tell!(
            "{}: {}; {} training and {} test pictures of {} x {}, {} skipped",
            set.name,
            set.layout,
            set.train.len(),
            set.test.len(),
            set.train.size,
            set.train.size,
            set.skipped.len()
        );
        for failure in set.skipped.iter().take(5) {
            tell!("skipped {}: {}", failure.id, failure.message);
        }
    }
    train(set, kind, run, run.training.output.clone(), &config, quiet)?;
    if run.baselines {
        for (name, objective, error) in BASELINES {
            if error != Distance::L1 && error != config.algorithm.error {
                continue;
            }
            let folder = run.training.output.join(name);
            let mut config = config.baseline(objective);
            config.algorithm.error = error;
            train(set, kind, run, folder, &config, quiet)?;
        }
    }
    Ok(if set.skipped.is_empty() {
        Outcome::Done
    } else {
        Outcome::SomeFailed
    })
}

/// Folders of the baselines inside a run's folder, and their errors; others than L1 without z only beside a run on the same.
pub const BASELINES: [(&str, Objective, Distance); 5] = [
    ("l1", Objective::L1, Distance::L1),
    ("square", Objective::L1, Distance::Square),
    ("both", Objective::L1, Distance::Both),
    ("context", Objective::Context, Distance::L1),
    ("cvae", Objective::Variational, Distance::L1),
];

fn train(
    set: &ImageSet,
    kind: &PictureKind,
    run: &cli::PictureRun,
    folder: PathBuf,
    config: &Config,
    quiet: bool,
) -> anyhow::Result<()> {
    let training = &run.training;
    // A baseline that an interrupted run had not begun is begun on resuming.
    let resume = training.resume && folder.join("run.json").exists();
    let summary = watched("train", quiet, |watch| {
        train_pictures(set, kind, &folder, config, &training.device, resume, watch)
    })?;
    say!(
        "{}: {} steps, loss {:.4}",
        folder.display(),
        summary.step,
        summary.loss
    );
    Ok(())
}

/// See [`settings`]; the usual preset is the one that suits the pictures.
fn config(set: &ImageSet, run: &cli::PictureRun) -> anyhow::Result<Config> {
    let training = &run.training;
    settings(training, &training.output, run.preset.as_deref(), |named| {
        let suited = match set.train.channels {
            1 => "digits",
            _ => "pictures",
        };
        let mut config = Config::preset(named.unwrap_or(suited))?;
        config.set_side(run.size);
        Ok(config)
    })
}
