//! `spectra eval`: frozen features and their controls, under linear classifiers.

mod data;
mod features;
mod fisher;
mod images;
mod judge;
mod levels;
mod outputs;
mod pictures;
mod recon;
mod runs;
mod stances;
mod supervised;

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use spectra_datasets::{Frame, LocalOptions, Store};
use spectra_eval::{
    Classifier, FeatureSet, FisherOptions, Kernel, Protocol, Report, Row, evaluate,
};
use spectra_model::{Encoder, RunInfo, SupervisedOptions};
use spectra_spectral::Basis;

use self::data::Data;
pub use self::data::Poses;
use self::outputs::{refuse_unwritable, write, write_figures};
use crate::cli::{self, FeatureKind};
use crate::frozen::{self, Frozen};
use crate::outcome::{Outcome, Usage, say};
use crate::progress::Progress;

/// Seed of the poses of rotation protocols: the same poses for every kind of features.
const POSE_SEED: u64 = 0;

/// What is to be evaluated, and how.
pub struct Request {
    pub runs: Vec<PathBuf>,
    pub kinds: Vec<FeatureKind>,
    pub poses: Vec<Poses>,
    /// None for the usual ones of each kind of features.
    pub classifiers: Option<Vec<Classifier>>,
    /// Shares of the training labels: a row for each.
    pub labels: Vec<f64>,
    pub seeds: u64,
    pub local: LocalOptions,
    /// Levels of neighbourhoods, 1 or 2.
    pub levels: usize,
    pub fisher: FisherOptions,
    /// Passes over the objects where networks are trained with labels.
    pub epochs: usize,
    /// Runs of other training, such as plain denoisers: a row each, named by their folders.
    pub beside: Vec<PathBuf>,
    /// Features of encoders are means over the stances of each object.
    pub stances: bool,
    /// Also measure what completions of corrupted objects are worth.
    pub reconstruction: bool,
    /// Whether anybody will see maps and pictures.
    pub draws: bool,
    pub device: String,
}

impl Request {
    /// The encoders of `runs` with all their controls, aligned.
    pub fn of_runs(runs: Vec<PathBuf>) -> Self {
        Self {
            runs,
            kinds: vec![FeatureKind::Learned, FeatureKind::Controls],
            poses: vec![Poses::ALIGNED],
            classifiers: None,
            labels: vec![1.0],
            seeds: 3,
            local: LocalOptions::default(),
            levels: 1,
            fisher: FisherOptions::default(),
            epochs: SupervisedOptions::default().epochs,
            beside: Vec::new(),
            stances: false,
            reconstruction: false,
            draws: true,
            device: "cpu".into(),
        }
    }

    fn new(options: &cli::Eval) -> anyhow::Result<Self> {
        let has_runs = !options.run.is_empty();
        let kinds = match (&options.features[..], has_runs) {
            ([], true) => vec![FeatureKind::Learned, FeatureKind::Controls],
            ([], false) => vec![FeatureKind::Controls],
            (kinds, _) => kinds.to_vec(),
        };
        if let Some(kind) = kinds.iter().find(|kind| kind.needs_run() && !has_runs) {
            let name = kind.to_possible_value();
            let name = name.as_ref().map_or("", |name| name.get_name());
            let message = format!("--features {name}: needs --run, whose encoder it is");
            return Err(Usage(message).into());
        }
        if options.epochs == 0 {
            return Err(Usage("--epochs 0: networks need at least one".into()).into());
        }
        let compares = options.reconstruction || options.stances || !options.beside.is_empty();
        if compares && !has_runs {
            let message =
                "--reconstruction, --stances and --beside: need --run, whose encoder is compared";
            return Err(Usage(message.into()).into());
        }
        let local = &options.local;
        if local.levels > 1 && local.radii.len() < 2 {
            let message =
                "--levels 2: looks at each radius within wider ones; give --radii two at least";
            return Err(Usage(message.into()).into());
        }
        Ok(Self {
            runs: options.run.clone(),
            kinds,
            poses: options.rotation.clone(),
            classifiers: (!options.classifiers.is_empty()).then(|| options.classifiers.clone()),
            labels: options.labels.clone(),
            seeds: options.seeds.max(options.run.len() as u64).max(1),
            local: LocalOptions {
                centres: local.centres,
                radii: local.radii.clone(),
                order: local.local_order,
                frame: Frame::Object,
            },
            levels: local.levels,
            fisher: FisherOptions {
                gaussians: local.gaussians,
                axes: local.axes,
                position: local.position,
                ..FisherOptions::default()
            },
            epochs: options.epochs,
            beside: options.beside.clone(),
            stances: options.stances,
            reconstruction: options.reconstruction,
            draws: options.report.is_some() || options.figures.is_some(),
            device: options.device.clone(),
        })
    }

    /// One seed for each repetition of what depends on one.
    fn seed_list(&self) -> Vec<u64> {
        (0..self.seeds).collect()
    }

    fn has(&self, kind: FeatureKind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether networks are trained with labels.
    fn trains(&self) -> bool {
        self.kinds.iter().any(|kind| kind.trains())
    }

    /// Whether anything that is asked for comes of points.
    fn needs_points(&self) -> anyhow::Result<bool> {
        let mut needed = fisher::KINDS.into_iter().any(|kind| self.has(kind));
        for run in self.runs.iter().chain(&self.beside) {
            needed |= frozen::needs_points(&RunInfo::load(run)?);
            needed |= self.trains() && supervised::resamples(run)?;
        }
        Ok(needed)
    }

    /// What the runs were trained for, as it stands in tables.
    fn trained_for(&self) -> anyhow::Result<&'static str> {
        let config = self.runs.first().map(|run| supervised::config(run));
        Ok(config.transpose()?.as_ref().map_or("", runs::trained_for))
    }

    /// One network with random weights for each run.
    fn random_encoders(&self) -> anyhow::Result<Vec<Frozen>> {
        let seeds = features::RANDOM..;
        let runs = self.runs.iter().zip(seeds);
        runs.map(|(run, seed)| Frozen::random(run, seed, &self.device))
            .collect()
    }

    fn classifiers(&self, usual: &[Classifier]) -> Vec<Classifier> {
        self.classifiers.clone().unwrap_or_else(|| usual.to_vec())
    }
}

pub fn run(options: &cli::Eval, quiet: bool) -> anyhow::Result<Outcome> {
    if options.target == "images" {
        return images::run(options, quiet);
    }
    let request = Request::new(options)?;
    refuse_unwritable(options)?;
    // A run that cannot be read should be told before a data set is converted for it.
    let infos = request
        .runs
        .iter()
        .chain(&request.beside)
        .map(|run| RunInfo::load(run));
    let infos: Vec<RunInfo> = infos.collect::<Result<_, _>>()?;
    runs::refuse_unlike(&request.runs)?;
    let (store, skipped) = data::store(options, request.needs_points()?, quiet)?;
    for info in &infos {
        info.check_store(&store)?;
    }
    let report = report(&store, &request, quiet)?;
    say!("{}", report.to_text());
    // What can be written is, whatever cannot.
    let written = [
        write(options.json.as_deref(), &report.to_json()),
        write(options.report.as_deref(), &report.to_html()),
        write_figures(options.figures.as_deref(), &report),
    ];
    written.into_iter().collect::<anyhow::Result<()>>()?;
    Ok(if skipped > 0 {
        Outcome::SomeFailed
    } else {
        Outcome::Done
    })
}

fn folder_name(run: &Path) -> String {
    run.file_name()
        .unwrap_or(run.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// Evaluates what is asked for on `store`.
pub fn report(store: &Store, request: &Request, quiet: bool) -> anyhow::Result<Report> {
    let data = Data::read(store, request.needs_points()?)?;
    let encoders: Vec<Frozen> = request
        .runs
        .iter()
        .map(|run| Frozen::load(run, &request.device))
        .collect::<anyhow::Result<_>>()?;
    let beside: Vec<(String, Frozen)> = request
        .beside
        .iter()
        .map(|run| Ok((folder_name(run), Frozen::load(run, &request.device)?)))
        .collect::<anyhow::Result<_>>()?;
    let protocol = Protocol {
        seeds: request.seed_list(),
        labels: request
            .labels
            .iter()
            .fold(0.0, |most, &share| share.max(most)),
        ..Protocol::default()
    };
    let mut report = Report::new(
        &store.manifest().dataset,
        protocol.clone(),
        &data.labels,
        store.manifest().failures.len(),
    );
    if let Some(run) = request.runs.first() {
        pictures::add_curve(&mut report, run)?;
    }
    let models = match request.reconstruction {
        true => completing((request.trained_for()?, &encoders), &beside)?,
        false => Vec::new(),
    };
    let progress = Progress::start("eval", quiet);
    for &poses in &request.poses {
        let posed = data.posed(poses, POSE_SEED)?;
        let protocols = protocols(&protocol, poses, &request.labels);
        let (rows, shown) = one_pose(&posed, (&encoders, &beside), request, &protocols, &progress)?;
        report.rows.extend(rows);
        if let Some(set) = shown.filter(|_| request.draws && report.has_no_map()) {
            report.add_map(&set, &posed.labels, &posed.test.ids);
            if posed.basis != Basis::Radius {
                pictures::add_neighbours(&mut report, &set, &posed)?;
            }
        }
    }
    report.protocol.rotation = request
        .poses
        .iter()
        .map(Poses::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    progress.finish(&format!("{} rows", report.rows.len()));
    for &poses in request.poses.iter().filter(|_| request.trains()) {
        let posed = data.posed(poses, POSE_SEED)?;
        let protocols = protocols(&protocol, poses, &request.labels);
        let rows = supervised::rows(&posed, poses.train, request, &protocols, quiet)?;
        report.rows.extend(rows);
    }
    if let Some(encoder) = encoders.first() {
        if request.reconstruction {
            let progress = Progress::start("reconstruction", quiet);
            report.reconstructions = recon::table(&data, &models, &protocol, &progress)?;
            progress.finish(&format!("{} rows", report.reconstructions.len()));
        }
        let drawn = |encoder: &&Encoder| request.draws && encoder.inverts();
        if let Some(encoder) = encoder.global().filter(drawn) {
            pictures::add_completions(&mut report, encoder, &data)?;
        }
    }
    Ok(report)
}

/// The first run's encoder and those beside it, which must all complete maps that go back to shapes.
fn completing<'e>(
    (trained_for, encoders): (&'e str, &'e [Frozen]),
    beside: &'e [(String, Frozen)],
) -> anyhow::Result<Vec<(&'e str, &'e Encoder)>> {
    let first = encoders
        .iter()
        .take(1)
        .map(|encoder| (trained_for, encoder));
    let beside = beside
        .iter()
        .map(|(name, encoder)| (name.as_str(), encoder));
    let model = |(name, encoder): (&'e str, &'e Frozen)| {
        let encoder = encoder.global().filter(|encoder| encoder.inverts());
        encoder.map(|encoder| (name, encoder)).ok_or_else(|| {
            let message = "--reconstruction: completes global maps that can be undone; this run or one beside it is on local maps, \
                           radius fits or softmax scaling";
            Usage(message.into()).into()
        })
    };
    first.chain(beside).map(model).collect()
}

/// One protocol for each share of labels.
fn protocols(protocol: &Protocol, poses: Poses, labels: &[f64]) -> Vec<Protocol> {
    let of = |&labels: &f64| Protocol {
        rotation: poses.to_string(),
        labels,
        ..protocol.clone()
    };
    labels.iter().map(of).collect()
}

/// All rows of protocols that differ in their share of labels, and the features that the map shows.
fn one_pose(
    data: &Data,
    (encoders, beside): (&[Frozen], &[(String, Frozen)]),
    request: &Request,
    protocols: &[Protocol],
    progress: &Progress,
) -> anyhow::Result<(Vec<Row>, Option<FeatureSet>)> {
    let classifiers =
        request.classifiers(&[Classifier::Softmax, Classifier::Svm, Classifier::Knn(1)]);
    let mut sets: Vec<Vec<FeatureSet>> = Vec::new();
    let controls = request.has(FeatureKind::Controls);
    let encoded = encoders.len() + beside.len();
    let learned = match request.has(FeatureKind::Learned) {
        true => {
            progress.set(0, encoded, "features of the runs");
            features::learned(data, encoders, request)?
        }
        false => Vec::new(),
    };
    let raw = match controls || !learned.is_empty() {
        true => Some(features::raw(data, encoders.first())?),
        false => None,
    };
    if let Some(raw) = raw.as_ref().filter(|_| !learned.is_empty()) {
        let joined = learned.iter().map(|set| features::join(set, raw));
        let joined = joined.collect::<anyhow::Result<_>>()?;
        sets.extend([learned.clone(), joined]);
    }
    for (i, (name, encoder)) in beside.iter().enumerate() {
        progress.set(encoders.len() + i, encoded, name);
        sets.push(vec![features::encoded(
            data,
            encoder,
            name,
            request.stances,
        )?]);
    }
    let raw = raw.filter(|_| controls);
    if let Some(raw) = &raw {
        sets.extend(features::controls(data, raw, request)?);
    }
    let mut rows = Vec::new();
    for (done, set) in sets.iter().enumerate() {
        progress.set(done, sets.len(), &set[0].name);
        for protocol in protocols {
            rows.extend(evaluate(set, &data.labels, &classifiers, protocol)?);
        }
    }
    if let Some(raw) = &raw {
        progress.set(sets.len(), sets.len(), "RBF kernel");
        rows.extend(radial(raw, data, &classifiers, protocols)?);
    }
    rows.extend(fisher::rows(
        data, encoders, &learned, request, protocols, progress,
    )?);
    if request.has(FeatureKind::FisherLearned) {
        let random: Vec<Frozen> = request.random_encoders()?;
        for (name, encoders) in [(request.trained_for()?, encoders), ("random", &random)] {
            rows.extend(fisher::learned_rows(
                data, encoders, name, request, protocols, progress,
            )?);
        }
    }
    Ok((rows, sets.into_iter().flatten().next()))
}

/// What a classifier that is not linear gets from the raw map.
fn radial(
    raw: &FeatureSet,
    data: &Data,
    classifiers: &[Classifier],
    protocols: &[Protocol],
) -> anyhow::Result<Vec<Row>> {
    let linear = |classifier: &&Classifier| {
        classifier.takes_kernels() && !matches!(classifier, Classifier::Knn(_))
    };
    let classifiers: Vec<Classifier> = classifiers.iter().filter(linear).copied().collect();
    if classifiers.is_empty() {
        return Ok(Vec::new());
    }
    let mut kernel = Kernel::radial(raw);
    kernel.name = format!("{}, RBF kernel", raw.name);
    fisher::evaluate(&[kernel], data, &classifiers, protocols)
}
