//! `spectra eval`: frozen features and their controls, under linear classifiers.

use std::path::{Path, PathBuf};

use anyhow::Context;
use ndarray::{Array2, Axis, concatenate};
use spectra_datasets::{ConvertOptions, DatasetKind, Split, Store};
use spectra_eval::{Classifier, FeatureSet, Labels, Pca, Picture, Protocol, Report, evaluate};
use spectra_model::{Encoder, RunInfo};
use spectra_pointcloud::render;
use spectra_spectral::{Basis, power_spectrum, z_invariants, zernike_invariants};

use super::convert::Watch;
use crate::cli;
use crate::density;
use crate::outcome::{Outcome, Usage};
use crate::progress::Progress;

/// Axes of the PCA control.
const PCA_AXES: usize = 128;
/// Test objects whose completions are drawn.
const PICTURES: usize = 4;

pub fn run(options: &cli::Eval, quiet: bool) -> anyhow::Result<Outcome> {
    if options.target == "images" {
        return super::images::run(options, quiet);
    }
    let info = RunInfo::load(&options.run[0])?;
    let (store, skipped) = store(options, &info, quiet)?;
    for run in &options.run {
        RunInfo::load(run)?.check_store(&store)?;
    }
    let report = report(&store, &options.run, options.seeds, &options.device, quiet)?;
    println!("{}", report.to_text());
    write(options.json.as_deref(), &report.to_json())?;
    write(options.report.as_deref(), &report.to_html())?;
    Ok(if skipped > 0 {
        Outcome::SomeFailed
    } else {
        Outcome::Done
    })
}

fn write(path: Option<&Path>, text: &str) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    std::fs::write(path, text).with_context(|| path.display().to_string())
}

/// The store of the target: itself, or made from the data set as the run's was and kept in the run folder.
fn store(options: &cli::Eval, info: &RunInfo, quiet: bool) -> anyhow::Result<(Store, usize)> {
    let path = PathBuf::from(&options.target);
    if path.join("manifest.json").exists() {
        let store = Store::open(&path)?;
        let skipped = store.manifest().failures.len();
        return Ok((store, skipped));
    }
    let dataset = if path.exists() {
        spectra_datasets::open(&path, DatasetKind::Auto)?
    } else {
        let root = options.data.as_deref().ok_or_else(|| {
            Usage(format!("{}: not a store or a folder; --data or SPECTRA_DATA must say where the data sets are", options.target))
        })?;
        spectra_datasets::find(&options.target, root)?
    };
    let cache = options.run[0]
        .join("stores")
        .join(format!("{}.spectra", dataset.name));
    std::fs::create_dir_all(cache.parent().unwrap_or(&cache))
        .with_context(|| cache.display().to_string())?;
    let convert = ConvertOptions {
        basis: info.basis,
        order: info.order,
        points: info.points,
        seed: info.sampling_seed,
        keep_points: false,
        ..ConvertOptions::default()
    };
    let progress = Progress::start("convert", quiet);
    let summary = spectra_datasets::convert(&dataset, &cache, &convert, &Watch(&progress))?;
    progress.finish(&format!("{} items", summary.done + summary.reused));
    Ok((Store::open(&cache)?, summary.failed.len()))
}

/// Coefficients of both splits, and their labels.
struct Data {
    train: Array2<f32>,
    test: Array2<f32>,
    labels: Labels,
    ids: Vec<String>,
}

fn data(store: &Store) -> anyhow::Result<Data> {
    let rows = store.rows_without_points()?;
    let of = |split: Split| -> Vec<usize> {
        (0..rows.labels.len())
            .filter(|&i| rows.splits[i] == split && rows.labels[i] >= 0)
            .collect()
    };
    let (train, test) = (of(Split::Train), of(Split::Test));
    if train.is_empty() || test.is_empty() {
        anyhow::bail!(
            "{}: {} labelled training and {} labelled test rows; an evaluation needs both",
            store.path().display(),
            train.len(),
            test.len()
        );
    }
    let classes = |items: &[usize]| items.iter().map(|&i| rows.labels[i] as usize).collect();
    Ok(Data {
        labels: Labels {
            train: classes(&train),
            test: classes(&test),
            classes: store.manifest().classes.clone(),
        },
        ids: test.iter().map(|&i| rows.ids[i].clone()).collect(),
        train: rows.coefficients.select(Axis(0), &train),
        test: rows.coefficients.select(Axis(0), &test),
    })
}

/// Evaluates the encoders of `runs` and all controls on `store`.
pub fn report(
    store: &Store,
    runs: &[PathBuf],
    seeds: u64,
    device: &str,
    quiet: bool,
) -> anyhow::Result<Report> {
    let data = data(store)?;
    let encoders: Vec<Encoder> = runs
        .iter()
        .map(|run| Encoder::load(run, device))
        .collect::<Result<_, _>>()?;
    let sets = feature_sets(&data, &encoders, runs, seeds, device, store)?;
    let protocol = Protocol {
        seeds: (0..seeds.max(runs.len() as u64).max(1)).collect(),
        ..Protocol::default()
    };
    let mut report = Report::new(
        &store.manifest().dataset,
        protocol.clone(),
        &data.labels,
        store.manifest().failures.len(),
    );
    let classifiers = [Classifier::Softmax, Classifier::Svm, Classifier::Knn(1)];
    let progress = Progress::start("eval", quiet);
    for (done, set) in sets.iter().enumerate() {
        progress.set(done, sets.len(), &set[0].name);
        for classifier in classifiers {
            report
                .rows
                .push(evaluate(set, &data.labels, classifier, &protocol)?);
        }
    }
    progress.finish(&format!("{} kinds of features", sets.len()));
    report.add_map(&sets[0][0], &data.labels, &data.ids);
    report.add_curve(curve(&runs[0])?);
    pictures(&mut report, &encoders[0], &data, store.manifest().basis)?;
    Ok(report)
}

/// Each kind of features, as one set for each seed where it depends on one.
fn feature_sets(
    data: &Data,
    encoders: &[Encoder],
    runs: &[PathBuf],
    seeds: u64,
    device: &str,
    store: &Store,
) -> anyhow::Result<Vec<Vec<FeatureSet>>> {
    let both = |name: &str,
                of: &dyn Fn(&Array2<f32>) -> anyhow::Result<Array2<f32>>|
     -> anyhow::Result<FeatureSet> {
        Ok(FeatureSet {
            name: name.into(),
            train: of(&data.train)?,
            test: of(&data.test)?,
        })
    };
    let encoded =
        |encoder: &Encoder, name: &str| both(name, &|rows| Ok(encoder.features(&rows.view())?));
    let raw = both("raw map", &|rows| Ok(encoders[0].raw_maps(&rows.view())?))?;
    let cgml: Vec<FeatureSet> = encoders
        .iter()
        .map(|e| encoded(e, "cGML bottleneck"))
        .collect::<Result<_, _>>()?;
    let joined = cgml
        .iter()
        .map(|set| join(set, &raw))
        .collect::<anyhow::Result<_>>()?;
    let random: Vec<FeatureSet> = (0..seeds.max(1))
        .map(|seed| {
            encoded(
                &Encoder::random(&runs[0], 1000 + seed, device)?,
                "random encoder",
            )
        })
        .collect::<anyhow::Result<_>>()?;
    let pca = Pca::fit(&raw.train.view(), PCA_AXES);
    let reduced = FeatureSet {
        name: "PCA of the raw map".into(),
        train: pca.transform(&raw.train.view()),
        test: pca.transform(&raw.test.view()),
    };
    let (basis, order) = (store.manifest().basis, store.manifest().order);
    let so3 = both("rotation invariants", &|rows| {
        invariants(rows, basis, order, false)
    })?;
    let mut sets = vec![cgml, joined, vec![raw], vec![reduced], random, vec![so3]];
    if basis == Basis::Zernike {
        sets.push(vec![both("invariants about z", &|rows| {
            invariants(rows, basis, order, true)
        })?]);
    }
    Ok(sets)
}

fn join(a: &FeatureSet, b: &FeatureSet) -> anyhow::Result<FeatureSet> {
    Ok(FeatureSet {
        name: format!("{} + {}", a.name, b.name),
        train: concatenate(Axis(1), &[a.train.view(), b.train.view()])?,
        test: concatenate(Axis(1), &[a.test.view(), b.test.view()])?,
    })
}

fn invariants(
    rows: &Array2<f32>,
    basis: Basis,
    order: usize,
    about_z: bool,
) -> anyhow::Result<Array2<f32>> {
    let mut values = Vec::new();
    for row in rows.outer_iter() {
        let row = row.to_vec();
        let numbers = match (basis, about_z) {
            (Basis::Spherical, _) => power_spectrum(&row),
            (Basis::Zernike, false) => zernike_invariants(&row, order)?,
            (Basis::Zernike, true) => z_invariants(&row, order)?,
        };
        values.extend(numbers.into_iter().map(|value| value as f32));
    }
    let columns = values.len() / rows.nrows().max(1);
    Ok(Array2::from_shape_vec((rows.nrows(), columns), values)?)
}

/// (step, error) of a run's log.
fn curve(run: &Path) -> anyhow::Result<Vec<(f64, f64)>> {
    let path = run.join("metrics.jsonl");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let number = |value: &serde_json::Value, key: &str| value.get(key)?.as_f64();
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter_map(|line| Some((number(&line, "step")?, number(&line, "error")?)))
        .collect())
}

/// Corrupted, completed and true shapes of a few test objects.
fn pictures(
    report: &mut Report,
    encoder: &Encoder,
    data: &Data,
    basis: Basis,
) -> anyhow::Result<()> {
    let stride = (data.test.nrows() / PICTURES).max(1);
    let chosen: Vec<usize> = (0..data.test.nrows())
        .step_by(stride)
        .take(PICTURES)
        .collect();
    let rows = data.test.select(Axis(0), &chosen);
    let (first, second) = (
        encoder.complete(&rows.view(), 1, 0)?,
        encoder.complete(&rows.view(), 1, 1)?,
    );
    let order = encoder.order();
    let draw = |row: ndarray::ArrayView1<f32>| -> anyhow::Result<_> {
        let coefficients: Vec<f32> = row.iter().take(basis.count(order)).copied().collect();
        let points = density::points(basis, order, &coefficients, 2500)?;
        Ok(render::points_png(&points, 200, render::View::default()))
    };
    for (i, &row) in chosen.iter().enumerate() {
        let strip = [
            first.corrupted.row(i),
            first.completed.row(i),
            second.completed.row(i),
            rows.row(i),
        ];
        let strip = strip
            .into_iter()
            .map(draw)
            .collect::<anyhow::Result<Vec<_>>>()?;
        let caption = format!(
            "{}: corrupted, completed (two z), true; all cut at order {order}. Error on corrupted cells {:.3} -> {:.3}",
            data.ids[row], first.errors_before[i], first.errors[i]
        );
        report.add_picture(Picture {
            caption,
            png: crate::picture::encode(&render::beside(&strip))?,
        });
    }
    Ok(())
}
