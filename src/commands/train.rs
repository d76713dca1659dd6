//! `spectra train`: the other tasks of the paper through the same trainer.

use std::path::Path;

use spectra_datasets::write_whole;
use spectra_model::toy::{self, ToyAnswers, ToyModel, ToyScore};
use spectra_model::{Config, Objective};

use super::training::{settings, watched};
use crate::cli::{Train, TrainTask, TrainToy, Training};
use crate::figure::{Panel, panels};
use crate::outcome::{Outcome, say};

pub fn run(options: &Train, quiet: bool) -> anyhow::Result<Outcome> {
    match &options.task {
        TrainTask::Toy(options) => train_toy(options, quiet),
        TrainTask::Complete(options) => super::pictures::complete(options, quiet),
        TrainTask::Colorize(options) => super::pictures::colorize(options, quiet),
        TrainTask::Translate(options) => super::pictures::translate(options, quiet),
    }
}

/// Folder of the run of cGML, beside that of L1.
const CGML: &str = "cgml";
/// Answers that are measured and drawn.
const ANSWERS: usize = 2000;
/// Steps of a short walk, beside that of the settings: phantoms have not yet left it.
const SHORT: usize = 5;
/// Seed of the latents of those answers.
const SEED: u64 = 1;

fn train_toy(options: &TrainToy, quiet: bool) -> anyhow::Result<Outcome> {
    let training = &options.training;
    let run = training.output.join(CGML);
    let config = settings(training, &run, None, |_none| Config::preset("toy"))?;
    let cgml = train_one(training, CGML, &config, quiet)?;
    let l1 = train_one(training, "l1", &config.baseline(Objective::L1), quiet)?;

    let xs: Vec<f32> = (0..ANSWERS)
        .map(|i| (i as f32 + 0.5) / ANSWERS as f32)
        .collect();
    let steps = config.algorithm.inference_steps;
    let with = cgml.answer(&xs, SEED, steps, true)?;
    let without = cgml.answer(&xs, SEED, steps, false)?;
    let with_short = cgml.answer(&xs, SEED, SHORT, true)?;
    let without_short = cgml.answer(&xs, SEED, SHORT, false)?;
    let random = cgml.answer(&xs, SEED, 0, true)?;
    let collapsed = l1.answer(&xs, SEED, 0, true)?;
    say!(
        "{:<17} steps   L1 to mode   positive   phantoms    size",
        ""
    );
    for (name, steps, answers) in [
        ("cGML with rho", SHORT, &with_short),
        ("cGML without rho", SHORT, &without_short),
        ("cGML with rho", steps, &with),
        ("cGML without rho", steps, &without),
        ("cGML, not walked", 0, &random),
        ("L1", 0, &collapsed),
    ] {
        let ToyScore {
            error,
            positive,
            phantoms,
            size,
        } = toy::score(&xs, &answers.outputs);
        say!(
            "{name:<17} {steps:>5} {error:>12.4} {:>8.1} % {:>8.1} % {size:>7.3}",
            100.0 * positive,
            100.0 * phantoms
        );
    }
    let path = training.output.join("figure3.svg");
    draw(
        &path,
        &xs,
        [&with_short, &without_short, &collapsed, &random],
    )?;
    say!("{}", path.display());
    Ok(Outcome::Done)
}

fn train_one(
    training: &Training,
    name: &'static str,
    config: &Config,
    quiet: bool,
) -> anyhow::Result<ToyModel> {
    let run = training.output.join(name);
    let resume = training.resume && run.exists();
    watched(name, quiet, |watch| {
        toy::train_toy(&run, config, &training.device, resume, watch)
    })?;
    Ok(ToyModel::load(&run, &training.device)?)
}

/// The first coordinate of the outputs over x, and rho wherever a latent that was not walked leads.
fn draw(path: &Path, xs: &[f32], answers: [&ToyAnswers; 4]) -> anyhow::Result<()> {
    let titles = ["with rho", "without rho", "L1", "rho over x and y"];
    let drawn: Vec<Panel> = answers
        .iter()
        .zip(titles)
        .enumerate()
        .map(|(index, (answers, title))| Panel {
            title: title.to_owned(),
            points: xs
                .iter()
                .zip(&answers.outputs)
                .map(|(x, y)| [f64::from(*x), f64::from(y[0])])
                .collect(),
            shades: (index == 3).then(|| answers.rho.iter().map(|r| f64::from(*r)).collect()),
        })
        .collect();
    let figure = panels(&drawn, [0.0, 1.0], [-5.0, 5.0]);
    Ok(write_whole(path, figure.as_bytes())?)
}
