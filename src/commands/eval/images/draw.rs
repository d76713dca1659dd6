//! The figures of `eval images`: grids of answers, the walk of z, modes.

use std::path::Path;

use ndarray::{Array4, Axis};
use spectra_datasets::images::Images;
use spectra_eval::images::psnr;
use spectra_model::Painter;

use super::boxes::white_box_rate;
use super::shares;
use crate::outcome::say;
use crate::{cli, gallery};

/// Starts of z in the grid.
const STARTS: usize = 4;
/// Starts of z in the figure of the modes.
const MODES: u64 = 12;
/// Pictures whose mean quality the curve of the walk shows.
const WALKED: usize = 100;

/// Answers to one question for several starts of z, a row for each run with white boxes.
pub(super) fn draw_modes(
    folder: &Path,
    painters: &[(String, Painter)],
    test: &Images,
    seed: u64,
) -> anyhow::Result<()> {
    let boxed: Vec<&Painter> = painters
        .iter()
        .map(|(_name, painter)| painter)
        .filter(|painter| painter.has_latent() && white_box_rate(painter) > 0.0)
        .collect();
    let Some(first) = boxed.first() else {
        return Ok(());
    };
    let question = first.ask(&test.first(1), None, seed)?;
    let mut columns = Vec::new();
    for start in 0..MODES {
        let rows: Vec<Array4<f32>> = boxed
            .iter()
            .map(|painter| painter.answer(&question, seed, start))
            .collect::<Result<_, _>>()?;
        let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
        columns.push(ndarray::concatenate(Axis(0), &views)?);
    }
    gallery::save(&gallery::grid(&columns)?, &folder.join("modes.png"))?;
    say!(
        "{}: modes.png (a row for each run; {MODES} starts of z)",
        folder.display()
    );
    Ok(())
}

/// The grid of answers, and the walk of z as a strip and as a curve.
pub(super) fn draw(
    folder: &Path,
    painter: &Painter,
    test: &Images,
    options: &cli::EvalImages,
) -> anyhow::Result<()> {
    let (shown, seed) = (options.shown.max(1), options.seed);
    let share = shares(painter.info()).last().copied().flatten();
    let few = painter.ask(&test.first(shown), share, seed)?;
    let mut columns = vec![few.shown.clone()];
    for start in 0..STARTS {
        columns.push(painter.answer(&few, seed, start as u64)?);
    }
    columns.push(few.truth.clone());
    gallery::save(&gallery::grid(&columns)?, &folder.join("grid.png"))?;
    if painter.has_latent() {
        let trail = painter.walk(&few, seed)?;
        gallery::save(&gallery::grid(&trail)?, &folder.join("walk.png"))?;
        let many = painter.ask(&test.first(WALKED), share, seed)?;
        let quality: Vec<f64> = painter
            .walk(&many, seed)?
            .iter()
            .map(|answers| mean_psnr(answers, &many.truth))
            .collect::<anyhow::Result<_>>()?;
        gallery::save(&gallery::curve(&quality), &folder.join("walk-curve.png"))?;
        let text: Vec<String> = quality.iter().map(|value| format!("{value:.2}")).collect();
        say!(
            "PSNR along the walk of z, steps 0 to {}: {}",
            quality.len() - 1,
            text.join(" ")
        );
    }
    say!(
        "{}: grid.png (input, {STARTS} starts of z, truth) and, for cGML, walk.png and walk-curve.png",
        folder.display()
    );
    Ok(())
}

fn mean_psnr(answers: &Array4<f32>, truth: &Array4<f32>) -> anyhow::Result<f64> {
    let mut sum = 0.0;
    for (answer, truth) in answers.outer_iter().zip(truth.outer_iter()) {
        sum += psnr(&answer, &truth)?;
    }
    Ok(sum / answers.len_of(Axis(0)) as f64)
}
