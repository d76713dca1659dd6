//! `spectra eval images`: runs of tasks on pictures and their baselines, scored on the test pictures.

use std::path::{Path, PathBuf};

use anyhow::Context;
use ndarray::{Array2, Array4, Axis};
use serde_json::json;
use spectra_datasets::images::{ImageOptions, ImageSet, Images, open_images, open_pairs};
use spectra_eval::images::{Lpips, Scores, modes, ms_ssim_scales, psnr, score, table};
use spectra_eval::{Classifier, FeatureSet, Labels, Protocol, Report, evaluate};
use spectra_model::complete::{MaskKind, white_box};
use spectra_model::{Objective, Painter, PictureInfo, PictureKind};

use super::pictures::{BASELINES, part_of};
use crate::cli;
use crate::gallery;
use crate::outcome::{Outcome, Usage};
use crate::progress::Progress;

/// Shares of photographs that are hidden, as in the paper's Table 3.
const SHARES: [f64; 3] = [0.10, 0.15, 0.25];
/// Pictures in the grid and in the strip of the walk.
const SHOWN: usize = 8;
/// Starts of z in the grid.
const STARTS: usize = 4;
/// Pictures whose mean quality the curve of the walk shows.
const WALKED: usize = 100;

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
    let info = PictureInfo::load(run)?;
    let set = open(folder, &info, options)?;
    let painters = painters(&options.run, &options.device)?;
    let lpips = match options.images.lpips.is_empty() {
        true => None,
        false => Some(Lpips::load(
            options.images.lpips_net.parse()?,
            &options.images.lpips,
        )?),
    };
    let test = first(&set.test, options.images.test);
    anyhow::ensure!(!test.is_empty(), "{}: no test pictures", folder.display());
    let progress = Progress::start("eval images", quiet);
    let rows = scores(&painters, &test, &info, options, lpips.as_ref(), &progress)?;
    progress.finish(&format!("{} pictures", test.len()));
    println!(
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
    println!("{}", table(&rows, ms_ssim_scales(info.size)));
    let frequencies = frequencies(&painters, &test, &info, options)?;
    if let Some(path) = &options.images.pictures {
        draw(path, &painters[0].1, &test, options)?;
    }
    let downstream = match &options.images.downstream {
        None => None,
        Some(path) => Some(downstream(path, options, &info)?),
    };
    if let Some(path) = &options.json {
        let report = json!({
            "dataset": set.name, "task": info.kind, "size": info.size, "test": test.len(), "skipped": set.skipped.len(),
            "samples": options.images.samples, "seed": options.images.seed, "rows": rows, "modes": frequencies,
            "downstream": downstream.map(|report| report.rows),
        });
        std::fs::write(path, serde_json::to_string_pretty(&report)?)
            .with_context(|| path.display().to_string())?;
    }
    Ok(if set.skipped.is_empty() {
        Outcome::Done
    } else {
        Outcome::SomeFailed
    })
}

/// The pictures, read as the run's were.
fn open(folder: &Path, info: &PictureInfo, options: &cli::Eval) -> anyhow::Result<ImageSet> {
    let read = ImageOptions {
        size: info.size,
        part: part_of(options.images.part),
        limit: 0,
    };
    Ok(match info.kind {
        PictureKind::Translate(_) => open_pairs(folder, &read)?,
        _ => open_images(folder, &read)?,
    })
}

/// The named runs and the baselines in their folders, each with what stands in the table.
fn painters(runs: &[PathBuf], device: &str) -> anyhow::Result<Vec<(String, Painter)>> {
    let mut painters = Vec::new();
    for run in runs {
        let folders = BASELINES.iter().map(|(name, _)| run.join(name));
        let present = folders.filter(|folder| folder.join("model.safetensors").exists());
        for folder in std::iter::once(run.clone()).chain(present) {
            let painter = Painter::load(&folder, device)?;
            let mut name = match painter.config().algorithm.objective {
                Objective::Cgml => "cGML",
                Objective::L1 => "L1, no z",
                Objective::Context => "context encoder",
                Objective::Variational => "CVAE",
            }
            .to_owned();
            if runs.len() > 1 {
                name = format!("{name}, {}", run.display());
            }
            painters.push((name, painter));
        }
    }
    Ok(painters)
}

fn first(images: &Images, count: usize) -> Images {
    let count = if count == 0 {
        images.len()
    } else {
        count.min(images.len())
    };
    let cells = images.channels * images.size * images.size;
    Images {
        pixels: images.pixels[..count * cells].to_vec(),
        labels: images.labels[..count].to_vec(),
        ids: images.ids[..count].to_vec(),
        ..images.clone()
    }
}

/// What is hidden in the test: shares for photographs, the task's own masks for digits, nothing elsewhere.
fn shares(info: &PictureInfo) -> Vec<Option<f64>> {
    match &info.kind {
        PictureKind::Complete(task) if task.mask == MaskKind::Square => SHARES.map(Some).to_vec(),
        _ => vec![None],
    }
}

fn scores(
    painters: &[(String, Painter)],
    test: &Images,
    info: &PictureInfo,
    options: &cli::Eval,
    lpips: Option<&Lpips>,
    progress: &Progress,
) -> anyhow::Result<Vec<Scores>> {
    let mut rows = Vec::new();
    let shares = shares(info);
    let total = shares.len() * painters.len();
    let mut done = 0;
    for share in shares {
        let questions = painters[0].1.ask(test, share, options.images.seed)?;
        let (truth, asked) = (&questions.truth, &questions.asked);
        let shown = [questions.shown.clone()];
        rows.push(score("input as it is", share, &shown, truth, asked, lpips)?);
        for (name, painter) in painters {
            let questions = painter.ask(test, share, options.images.seed)?;
            let given = answers(painter, &questions, options)?;
            rows.push(score(name, share, &given, truth, asked, lpips)?);
            if given.len() > 1 {
                let mean = [mean(&given)];
                let name = format!("{name}, mean of {}", given.len());
                rows.push(score(&name, share, &mean, truth, asked, lpips)?);
            }
            done += 1;
            progress.set(done, total, name);
        }
    }
    Ok(rows)
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

/// How often each network paints the white box, where it was trained on targets with one.
fn frequencies(
    painters: &[(String, Painter)],
    test: &Images,
    info: &PictureInfo,
    options: &cli::Eval,
) -> anyhow::Result<Vec<serde_json::Value>> {
    let rate = match &info.kind {
        PictureKind::Complete(task) if task.white_box > 0.0 => task.white_box,
        _ => return Ok(Vec::new()),
    };
    println!(
        "white box in {:.0} % of the training targets; answers that show it, pictures of which some do and some do not:",
        100.0 * rate
    );
    let mut found = Vec::new();
    for (name, painter) in painters {
        let questions = painter.ask(test, None, options.images.seed)?;
        let given = answers(painter, &questions, options)?;
        let counted = modes(&given, &white_box(info.size));
        println!(
            "  {name:16} {:5.1} %  {:5.1} %",
            100.0 * counted.second,
            100.0 * counted.both
        );
        found.push(
            json!({"name": name, "rate": rate, "second": counted.second, "both": counted.both}),
        );
    }
    Ok(found)
}

/// The grid of answers, and the walk of z as a strip and as a curve.
fn draw(
    folder: &Path,
    painter: &Painter,
    test: &Images,
    options: &cli::Eval,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let seed = options.images.seed;
    let share = shares(painter.info()).last().copied().flatten();
    let few = painter.ask(&first(test, SHOWN), share, seed)?;
    let mut columns = vec![few.shown.clone()];
    for start in 0..STARTS {
        columns.push(painter.answer(&few, seed, start as u64)?);
    }
    columns.push(few.truth.clone());
    gallery::save(&gallery::grid(&columns)?, &folder.join("grid.png"))?;
    if painter.has_latent() {
        let trail = painter.walk(&few, seed)?;
        gallery::save(&gallery::grid(&trail)?, &folder.join("walk.png"))?;
        let many = painter.ask(&first(test, WALKED), share, seed)?;
        let quality: Vec<f64> = painter
            .walk(&many, seed)?
            .iter()
            .map(|answers| mean_psnr(answers, &many.truth))
            .collect::<anyhow::Result<_>>()?;
        gallery::save(&gallery::curve(&quality), &folder.join("walk-curve.png"))?;
        let text: Vec<String> = quality.iter().map(|value| format!("{value:.2}")).collect();
        println!(
            "PSNR along the walk of z, steps 0 to {}: {}",
            quality.len() - 1,
            text.join(" ")
        );
    }
    println!(
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

/// Linear classifiers on frozen features of other pictures, beside the random encoder and the pixels.
fn downstream(path: &Path, options: &cli::Eval, info: &PictureInfo) -> anyhow::Result<Report> {
    let read = ImageOptions {
        size: info.size,
        limit: 0,
        ..ImageOptions::default()
    };
    let set = open_images(path, &read)?;
    let (train, test) = (
        spread(&set.train, options.images.downstream_limit),
        spread(&set.test, options.images.downstream_limit / 4),
    );
    let labels = Labels {
        train: classes(&train, path)?,
        test: classes(&test, path)?,
        classes: set.classes.clone(),
    };
    let features = |painter: &Painter, name: &str| -> anyhow::Result<FeatureSet> {
        Ok(FeatureSet {
            name: name.into(),
            train: painter.features(&train)?,
            test: painter.features(&test)?,
        })
    };
    let mut sets = Vec::new();
    for (name, painter) in painters(&options.run, &options.device)? {
        sets.push(vec![features(&painter, &format!("bottleneck, {name}"))?]);
    }
    let random = (0..options.seeds.max(1))
        .map(|seed| {
            let painter = Painter::random(&options.run[0], 1000 + seed, &options.device)?;
            features(&painter, "random encoder")
        })
        .collect::<anyhow::Result<_>>()?;
    sets.push(random);
    sets.push(vec![FeatureSet {
        name: "pixels".into(),
        train: pixels(&train)?,
        test: pixels(&test)?,
    }]);
    let protocol = Protocol {
        seeds: (0..options.seeds.max(1)).collect(),
        ..Protocol::default()
    };
    let mut report = Report::new(&set.name, protocol.clone(), &labels, set.skipped.len());
    for set in &sets {
        let classifiers = [Classifier::Softmax];
        report
            .rows
            .extend(evaluate(set, &labels, &classifiers, &protocol)?);
    }
    println!("{}", report.to_text());
    Ok(report)
}

fn classes(images: &Images, path: &Path) -> anyhow::Result<Vec<usize>> {
    let of = |label: &i32| usize::try_from(*label);
    let classes: Result<_, _> = images.labels.iter().map(of).collect();
    classes.with_context(|| format!("{}: holds pictures without a class", path.display()))
}

/// At most `count` pictures, evenly spread over the set; 0 for all.
fn spread(images: &Images, count: usize) -> Images {
    if count == 0 || images.len() <= count {
        return images.clone();
    }
    let chosen: Vec<usize> = (0..count).map(|i| i * images.len() / count).collect();
    Images {
        channels: images.channels,
        size: images.size,
        pixels: chosen
            .iter()
            .flat_map(|&i| images.picture(i).to_vec())
            .collect(),
        labels: chosen.iter().map(|&i| images.labels[i]).collect(),
        ids: chosen.iter().map(|&i| images.ids[i].clone()).collect(),
    }
}

fn pixels(images: &Images) -> anyhow::Result<Array2<f32>> {
    let cells = images.pixels.len() / images.len().max(1);
    let values = images.pixels.iter().map(|&value| f32::from(value) / 255.0);
    Ok(Array2::from_shape_vec(
        (images.len(), cells),
        values.collect(),
    )?)
}
