//! Descriptors for which no network is trained: Fisher vectors of local maps and Fourier features of raw ones, alone and joined.

use spectra_datasets::{Frame, LocalOptions};
use spectra_eval::{
    Classifier, FeatureSet, FisherEncoder, FisherOptions, Kernel, LocalSet, Protocol, Row,
    evaluate_kernels,
};
use spectra_model::{Encoder, LocalRows};

use super::data::{Data, Side};
use super::stances::Fourier;
use super::{Request, levels};
use crate::cli::FeatureKind;
use crate::frozen::Frozen;
use crate::outcome::Usage;
use crate::progress::Progress;

/// What the Fourier features of raw maps are called.
const FOURIER: &str = "raw map, Fourier features";

/// Classifiers of Fisher vectors, unless others are asked for.
const USUAL: [Classifier; 3] = [Classifier::Svm, Classifier::Ridge, Classifier::Knn(1)];

/// Kinds that are computed from points alone; they differ in the frames of their neighbourhoods.
pub const KINDS: [FeatureKind; 3] = [
    FeatureKind::Fisher,
    FeatureKind::FisherUpright,
    FeatureKind::FisherInvariant,
];

/// Rows of the descriptors that `request` asks for, for which no network is trained: each kind by itself, joined where several are
/// asked for, and, where there are any, joined with the features of `learned`. Joined means the mean of the kernels.
pub fn rows(
    data: &Data,
    encoders: &[Frozen],
    learned: &[FeatureSet],
    request: &Request,
    protocols: &[Protocol],
    progress: &Progress,
) -> anyhow::Result<Vec<Row>> {
    let classifiers = request.classifiers(&USUAL);
    let judge = |kernels: &[Kernel]| evaluate(kernels, data, &classifiers, protocols);
    let seeds = request.seed_list();
    let mut rows = Vec::new();
    let mut mean = Mean::default();
    let kinds = KINDS.into_iter().filter(|&kind| request.has(kind));
    for kind in kinds {
        let local = LocalOptions {
            frame: frame(kind, &data.up),
            ..request.local.clone()
        };
        let local = (&local, request.levels);
        let kernels = levels::kernels(data, local, request.fisher, &seeds, progress)?;
        rows.extend(judge(&kernels)?);
        mean.add(kernels)?;
    }
    if mean.parts > 1 {
        let name = match mean.parts {
            2 => "Fisher vectors, both",
            _ => "Fisher vectors, all three",
        };
        mean.kernels
            .iter_mut()
            .for_each(|kernel| kernel.name = name.into());
        rows.extend(judge(&mean.kernels)?);
    }
    if request.has(FeatureKind::Fourier) {
        let encoder = encoders.first().and_then(Frozen::global);
        let kernels = fourier(data, encoder, &seeds, progress)?;
        rows.extend(judge(&kernels)?);
        if mean.add(kernels)? {
            rows.extend(judge(&mean.kernels)?);
        }
    }
    if !learned.is_empty() && mean.parts > 0 {
        let learned: Vec<Kernel> = learned.iter().map(Kernel::standardised).collect();
        mean.add(learned.iter().cycle().take(seeds.len()).cloned())?;
        rows.extend(judge(&mean.kernels)?);
    }
    Ok(rows)
}

/// The mean of the kernels of several descriptors, for each seed.
#[derive(Default)]
struct Mean {
    kernels: Vec<Kernel>,
    parts: usize,
}

impl Mean {
    /// Takes in one more descriptor, whose kernels have diagonals of mean 1; false for the first.
    fn add(&mut self, kernels: impl IntoIterator<Item = Kernel>) -> anyhow::Result<bool> {
        self.parts += 1;
        if self.parts == 1 {
            self.kernels = kernels.into_iter().collect();
            return Ok(false);
        }
        for (mean, kernel) in self.kernels.iter_mut().zip(kernels) {
            mean.add(&kernel, 1.0 / (self.parts - 1) as f32)?;
            mean.normalise();
            mean.name = format!("{} + {}", mean.name, kernel.name);
        }
        Ok(true)
    }
}

/// One kernel for each seed: of the Fourier features of raw maps.
fn fourier(
    data: &Data,
    encoder: Option<&Encoder>,
    seeds: &[u64],
    progress: &Progress,
) -> anyhow::Result<Vec<Kernel>> {
    let kernel = |(done, &seed): (usize, &u64)| {
        progress.set(done, seeds.len(), FOURIER);
        let view = Fourier::fit(data, encoder, seed)?;
        let features = |side: &Side| view.features(&side.coefficients.view());
        let (train, test) = (features(&data.train)?, features(&data.test)?);
        let mut kernel = Kernel::of_rows(FOURIER, &train.view(), &test.view());
        kernel.normalise();
        Ok(kernel)
    };
    seeds.iter().enumerate().map(kernel).collect()
}

/// The frame of each kind's neighbourhoods; `up` is the axis that the data set calls up.
fn frame(kind: FeatureKind, up: &str) -> Frame {
    match kind {
        FeatureKind::FisherUpright => Frame::about(up),
        FeatureKind::FisherInvariant => Frame::Own,
        _ => Frame::Object,
    }
}

/// Rows of the Fisher vectors of what each of `encoders` makes of neighbourhoods, "Fisher vector of `name` rows".
pub fn learned_rows(
    data: &Data,
    encoders: &[Frozen],
    name: &str,
    request: &Request,
    protocols: &[Protocol],
    progress: &Progress,
) -> anyhow::Result<Vec<Row>> {
    let name = format!("Fisher vector of {name} rows");
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
        let train = fitted.encode(&train)?;
        let test = fitted.encode(&sets(data.test.points.as_deref())?)?;
        let mut kernel = Kernel::of_rows(name, &train.view(), &test.view());
        kernel.normalise();
        kernels.push(kernel);
    }
    Ok(kernels)
}

/// Rows for one kernel of each seed, or one kernel for all.
pub fn evaluate(
    kernels: &[Kernel],
    data: &Data,
    classifiers: &[Classifier],
    protocols: &[Protocol],
) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for protocol in protocols {
        rows.extend(evaluate_kernels(
            kernels,
            &data.labels,
            classifiers,
            protocol,
        )?);
    }
    Ok(rows)
}
