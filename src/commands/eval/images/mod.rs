//! `spectra eval images`: runs of tasks on pictures and their baselines, scored on the test pictures.

mod boxes;
mod downstream;
mod draw;
mod refuse;

use std::path::{Path, PathBuf};

use ndarray::Array4;
use serde_json::json;
use spectra_datasets::images::{ImageOptions, ImageSet, Images, open_images, open_pairs};
use spectra_datasets::write_whole;
use spectra_eval::images::{Lpips, Scores, ms_ssim_scales, score, table};
use spectra_model::complete::MaskKind;
use spectra_model::{Objective, Painter, PictureInfo, PictureKind};

use self::boxes::{Boxes, print_boxes, white_box_rate};
use self::downstream::downstream;
use self::draw::{draw, draw_modes};
use self::refuse::{refuse_mixture, refuse_trained_on};
use super::outputs::refuse_unwritable;
use super::runs::trained_for;
use crate::cli;
use crate::commands::pictures::{BASELINES, held_out, part_of};
use crate::outcome::{Outcome, Usage, say};
use crate::progress::Progress;

/// Shares of photographs that are hidden, as in the paper's Table 3.
const SHARES: [f64; 3] = [0.10, 0.15, 0.25];

pub fn run(options: &cli::Eval, quiet: bool) -> anyhow::Result<Outcome> {
    let folder = options.data.as_deref().ok_or_else(|| {
        Usage(
            "eval images: expected --data, the folder of pictures that the run was trained on"
                .into(),
        )
    })?;
    let Some(run) = options.run.first() else {
        return Err(Usage("eval images: expected --run, made by `spectra train`".into()).into());
    };
    refuse_unwritable(options)?;
    let info = PictureInfo::load(run)?;
    let painters = painters(&options.run, &options.device)?;
    for (name, painter) in &painters {
        refuse_mixture(&info, name, painter.info(), options.images.part)?;
    }
    let set = open(folder, &info, options)?;
    for (name, painter) in &painters {
        refuse_trained_on(&set, options.images.hold_out, name, painter.info())?;
    }
    let lpips = match options.images.lpips.is_empty() {
        true => None,
        false => Some(Lpips::load(
            options.images.lpips_net,
            &options.images.lpips,
        )?),
    };
    let test = match options.images.test {
        0 => set.test,
        count => set.test.first(count),
    };
    anyhow::ensure!(!test.is_empty(), "{}: no test pictures", folder.display());
    let progress = Progress::start("eval images", quiet);
    let (rows, boxes) = scores(&painters, &test, &info, options, lpips.as_ref(), &progress)?;
    progress.finish(&format!("{} pictures", test.len()));
    say!(
        "{}: {}, {} test pictures of {} x {}, {} skipped; answers for {} starts of z, seed {}; PSNR, SSIM and LPIPS are of one\n",
        set.name,
        info.kind.name(),
        test.len(),
        info.size,
        info.size,
        set.skipped.len(),
        options.images.samples,
        options.images.seed
    );
    say!("{}", table(&rows, ms_ssim_scales(info.size)));
    print_boxes(&boxes)?;
    if let Some(path) = &options.images.pictures {
        draw(path, &painters[0].1, &test, &options.images)?;
        draw_modes(path, &painters, &test, options.images.seed)?;
    }
    let downstream = match &options.images.downstream {
        None => None,
        Some(path) => Some(downstream(path, options, &info)?),
    };
    if let Some(path) = &options.json {
        let modes: Vec<_> = boxes.iter().map(Boxes::to_json).collect();
        let report = json!({
            "dataset": set.name, "task": info.kind, "size": info.size, "test": test.len(), "skipped": set.skipped.len(),
            "samples": options.images.samples, "seed": options.images.seed, "rows": rows, "modes": modes,
            "downstream": downstream.map(|report| report.rows),
        });
        write_whole(path, serde_json::to_string_pretty(&report)?.as_bytes())?;
    }
    Ok(if set.skipped.is_empty() {
        Outcome::Done
    } else {
        Outcome::SomeFailed
    })
}

/// The pictures, read and divided as those of the run `info` were.
fn open(folder: &Path, info: &PictureInfo, options: &cli::Eval) -> anyhow::Result<ImageSet> {
    let read = ImageOptions {
        size: info.size,
        part: options.images.part.map_or(info.part, part_of),
        limit: 0,
    };
    let whole = match info.kind {
        PictureKind::Translate(_) => open_pairs(folder, &read)?,
        _ => open_images(folder, &read)?,
    };
    held_out(whole, options.images.hold_out)
}

/// The named runs and the baselines in their folders, each with what stands in the table.
fn painters(runs: &[PathBuf], device: &str) -> anyhow::Result<Vec<(String, Painter)>> {
    let mut painters = Vec::new();
    for run in runs {
        let folders = BASELINES.iter().map(|(name, ..)| run.join(name));
        let present = folders.filter(|folder| folder.join("model.safetensors").exists());
        for folder in std::iter::once(run.clone()).chain(present) {
            let painter = Painter::load(&folder, device)?;
            let mut name = trained_for(painter.config()).to_owned();
            if painter.config().algorithm.objective == Objective::L1 {
                name.push_str(", no z");
            }
            if runs.len() > 1 {
                name = format!("{name}, {}", run.display());
            }
            painters.push((name, painter));
        }
    }
    Ok(painters)
}

/// What is hidden in the test: shares for photographs, the task's own masks for digits, nothing elsewhere.
fn shares(info: &PictureInfo) -> Vec<Option<f64>> {
    match &info.kind {
        PictureKind::Complete(task) if task.mask == MaskKind::Square => SHARES.map(Some).to_vec(),
        _ => vec![None],
    }
}

/// The rows of the table, and how often white boxes are painted.
fn scores(
    painters: &[(String, Painter)],
    test: &Images,
    info: &PictureInfo,
    options: &cli::Eval,
    lpips: Option<&Lpips>,
    progress: &Progress,
) -> anyhow::Result<(Vec<Scores>, Vec<Boxes>)> {
    let (mut rows, mut boxes) = (Vec::new(), Vec::new());
    let shares = shares(info);
    let total = shares.len() * painters.len();
    let mut done = 0;
    for &share in &shares {
        let questions = painters[0].1.ask(test, share, options.images.seed)?;
        let (truth, asked) = (&questions.truth, &questions.asked);
        let shown = [questions.shown.clone()];
        rows.push(score("input as it is", share, &shown, truth, asked, lpips)?);
        for (name, painter) in painters {
            let given = answers(painter, &questions, options)?;
            rows.push(score(name, share, &given, truth, asked, lpips)?);
            if given.len() > 1 {
                let mean = [mean(&given)];
                let name = format!("{name}, mean of {}", given.len());
                rows.push(score(&name, share, &mean, truth, asked, lpips)?);
            }
            if share.is_none() && white_box_rate(painter) > 0.0 {
                boxes.push(Boxes::count(name, painter, &given));
            }
            done += 1;
            progress.set(done, total, name);
        }
    }
    if shares.contains(&None) {
        return Ok((rows, boxes));
    }
    // Boxes are looked for where the run's own masks lie, which a table of fixed shares does not ask.
    for (name, painter) in painters {
        if white_box_rate(painter) > 0.0 {
            let questions = painter.ask(test, None, options.images.seed)?;
            let given = answers(painter, &questions, options)?;
            boxes.push(Boxes::count(name, painter, &given));
        }
    }
    Ok((rows, boxes))
}

/// The mean of the answers to each question.
fn mean(given: &[Array4<f32>]) -> Array4<f32> {
    let sum = given[1..]
        .iter()
        .fold(given[0].clone(), |sum, answers| sum + answers);
    sum / given.len() as f32
}

fn answers(
    painter: &Painter,
    questions: &spectra_model::Questions,
    options: &cli::Eval,
) -> anyhow::Result<Vec<Array4<f32>>> {
    let samples = if painter.has_latent() {
        options.images.samples.max(1)
    } else {
        1
    };
    (0..samples)
        .map(|sample| Ok(painter.answer(questions, options.images.seed, sample)?))
        .collect()
}
