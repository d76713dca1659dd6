//! The training-free descriptor: Fisher vectors of local maps.

use rayon::prelude::*;
use spectra_datasets::{DatasetError, Frame, LocalMapper, LocalOptions};
use spectra_eval::{
    Classifier, Evaluation, FeatureSet, FisherEncoder, FisherOptions, Kernel, LocalSet, Protocol,
    Row,
};
use spectra_model::LocalRows;

use super::Request;
use super::data::Data;
use crate::cli::FeatureKind;
use crate::frozen::Frozen;
use crate::outcome::Usage;
use crate::progress::Progress;

/// Classifiers of Fisher vectors, unless others are asked for.
const USUAL: [Classifier; 3] = [Classifier::Svm, Classifier::Ridge, Classifier::Knn(1)];

/// Kinds that are computed from points alone; they differ in the frames of their neighbourhoods.
pub const KINDS: [FeatureKind; 3] = [
    FeatureKind::Fisher,
    FeatureKind::FisherUpright,
    FeatureKind::FisherInvariant,
];

/// Rows of the Fisher vectors that `request` asks for: each kind by itself, joined where several are asked for, and, where
/// there are any, joined with the features of `learned`. Joined means the mean of the kernels.
pub fn rows(
    data: &Data,
    learned: &[FeatureSet],
    request: &Request,
    protocols: &[Protocol],
    progress: &Progress,
) -> anyhow::Result<Vec<Row>> {
    let classifiers = request.classifiers(&USUAL);
    let judge = |kernels: &[Kernel]| evaluate(kernels, data, &classifiers, protocols);
    let seeds = request.seed_list();
    let mut rows = Vec::new();
    let mut joined: Vec<Kernel> = Vec::new();
    let kinds = KINDS.into_iter().filter(|&kind| request.has(kind));
    let kinds: Vec<FeatureKind> = kinds.collect();
    for &kind in &kinds {
        let local = LocalOptions {
            frame: frame(kind, &data.up),
            ..request.local.clone()
        };
        let kernels = kernels(data, &local, request.fisher, &seeds, progress)?;
        rows.extend(judge(&kernels)?);
        if joined.is_empty() {
            joined = kernels;
            continue;
        }
        for (sum, kernel) in joined.iter_mut().zip(&kernels) {
            sum.add(kernel, 1.0)?;
        }
    }
    if kinds.len() > 1 {
        for kernel in &mut joined {
            kernel.normalise();
            kernel.name = match kinds.len() {
                2 => "Fisher vectors, both".into(),
                _ => "Fisher vectors, all three".into(),
            };
        }
        rows.extend(judge(&joined)?);
    }
    if learned.is_empty() || joined.is_empty() {
        return Ok(rows);
    }
    for (kernel, set) in joined.iter_mut().zip(learned.iter().cycle()) {
        kernel.add(&Kernel::standardised(set), 1.0)?;
        kernel.normalise();
        kernel.name = format!("{} + {}", kernel.name, set.name);
    }
    rows.extend(judge(&joined)?);
    Ok(rows)
}

/// The frame of each kind's neighbourhoods; `up` is the axis that the data set calls up.
fn frame(kind: FeatureKind, up: &str) -> Frame {
    match kind {
        FeatureKind::FisherUpright => Frame::about(up),
        FeatureKind::FisherInvariant => Frame::Own,
        _ => Frame::Object,
    }
}

/// One kernel for each seed: the mean over radii of the kernels of their Fisher vectors. One radius at a time is in memory.
fn kernels(
    data: &Data,
    local: &LocalOptions,
    fisher: FisherOptions,
    seeds: &[u64],
    progress: &Progress,
) -> anyhow::Result<Vec<Kernel>> {
    let mapper = LocalMapper::new(local.clone())?;
    let name = match local.frame {
        Frame::Object => "Fisher vector",
        Frame::AboutX | Frame::AboutY | Frame::AboutZ => "Fisher vector, upright axes",
        Frame::Own => "Fisher vector, own axes",
    };
    let steps = local.radii.len() * (1 + seeds.len());
    let mut done = 0;
    let mut step = || {
        progress.set(done, steps, name);
        done += 1;
    };
    let mut kernels: Vec<Kernel> = Vec::new();
    for (part, &radius) in local.radii.iter().enumerate() {
        step();
        let train = sets(&mapper, data.train.points.as_deref(), radius)?;
        let test = sets(&mapper, data.test.points.as_deref(), radius)?;
        for (i, &seed) in seeds.iter().enumerate() {
            step();
            let encoder = FisherEncoder::fit(&train, fisher, seed)?;
            let (train, test) = (encoder.encode(&train), encoder.encode(&test));
            let kernel = Kernel::of_rows(name, &train.view(), &test.view());
            match part {
                0 => kernels.push(kernel),
                _ => kernels[i].add(&kernel, 1.0)?,
            }
        }
    }
    kernels.iter_mut().for_each(Kernel::normalise);
    Ok(kernels)
}

fn sets(
    mapper: &LocalMapper,
    clouds: Option<&[Vec<[f32; 3]>]>,
    radius: f32,
) -> Result<Vec<LocalSet>, DatasetError> {
    let set = |cloud: &Vec<[f32; 3]>| {
        let map = mapper.map(cloud, radius)?;
        Ok(LocalSet {
            rows: map.rows,
            positions: map.positions,
        })
    };
    clouds.unwrap_or_default().par_iter().map(set).collect()
}

/// Rows of the Fisher vectors of what each of `encoders` makes of neighbourhoods, "Fisher vector of `name`".
pub fn learned_rows(
    data: &Data,
    encoders: &[Frozen],
    name: &str,
    request: &Request,
    protocols: &[Protocol],
    progress: &Progress,
) -> anyhow::Result<Vec<Row>> {
    let name = format!("Fisher vector of {name}");
    let classifiers = request.classifiers(&USUAL);
    let kernels = learned(data, encoders, &name, request.fisher, progress)?;
    evaluate(&kernels, data, &classifiers, protocols)
}

/// One kernel for each encoder of local maps: of the Fisher vectors of what it makes of each neighbourhood.
fn learned(
    data: &Data,
    encoders: &[Frozen],
    name: &str,
    fisher: FisherOptions,
    progress: &Progress,
) -> anyhow::Result<Vec<Kernel>> {
    let mut kernels = Vec::new();
    for (i, encoder) in encoders.iter().enumerate() {
        progress.set(i, encoders.len(), name);
        let Some(encoder) = encoder.local() else {
            let message = "--features fisher-learned: wants a run on local maps (preset local)";
            return Err(Usage(message.into()).into());
        };
        let sets = |clouds: Option<&[Vec<[f32; 3]>]>| -> anyhow::Result<Vec<LocalSet>> {
            let rows = encoder.rows(clouds.unwrap_or_default())?;
            let set = |found: LocalRows| LocalSet {
                rows: found.rows,
                positions: found.positions,
            };
            Ok(rows.into_iter().map(set).collect())
        };
        let train = sets(data.train.points.as_deref())?;
        let fitted = FisherEncoder::fit(&train, fisher, i as u64)?;
        let train = fitted.encode(&train);
        let test = fitted.encode(&sets(data.test.points.as_deref())?);
        let mut kernel = Kernel::of_rows(name, &train.view(), &test.view());
        kernel.normalise();
        kernels.push(kernel);
    }
    Ok(kernels)
}

/// Rows for one kernel of each seed.
pub fn evaluate(
    kernels: &[Kernel],
    data: &Data,
    classifiers: &[Classifier],
    protocols: &[Protocol],
) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for protocol in protocols {
        let mut evaluation = Evaluation::new(&data.labels, classifiers, protocol)?;
        for kernel in kernels {
            evaluation.add_kernel(kernel)?;
        }
        rows.extend(evaluation.rows());
    }
    Ok(rows)
}
