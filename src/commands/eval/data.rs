//! What is evaluated: coefficients and points of both splits, in the poses of a protocol.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use ndarray::{Array2, Axis};
use rayon::prelude::*;
use spectra_datasets::{ConvertOptions, Dataset, DatasetKind, Pose, Split, Store};
use spectra_eval::Labels;
use spectra_model::{RunInfo, Shapes};
use spectra_spectral::Basis;

use crate::cli;
use crate::commands::convert::Watch;
use crate::frozen::NO_POINTS;
use crate::outcome::Usage;
use crate::progress::Progress;

/// Poses of the training and of the test objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poses {
    pub train: Pose,
    pub test: Pose,
}

impl Poses {
    /// Everything as the data set gives it.
    pub const ALIGNED: Self = Self {
        train: Pose::Aligned,
        test: Pose::Aligned,
    };
}

impl fmt::Display for Poses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALIGNED {
            return f.write_str("aligned");
        }
        write!(f, "{}/{}", self.train, self.test)
    }
}

impl std::str::FromStr for Poses {
    type Err = spectra_datasets::DatasetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (train, test) = text.split_once('/').unwrap_or((text, text));
        Ok(Self {
            train: train.parse()?,
            test: test.parse()?,
        })
    }
}

/// The objects of one split.
#[derive(Debug, Clone)]
pub struct Side {
    /// Flat order, `[objects, K]`.
    pub coefficients: Array2<f32>,
    /// Sampled points in the unit ball, where the store keeps them.
    pub points: Option<Vec<Vec<[f32; 3]>>>,
    pub ids: Vec<String>,
}

impl Side {
    /// What encoders take.
    pub fn shapes(&self) -> Shapes<'_> {
        (self.coefficients.view(), self.points.as_deref())
    }
}

/// Both splits with their labels.
#[derive(Debug, Clone)]
pub struct Data {
    pub train: Side,
    pub test: Side,
    pub labels: Labels,
    pub basis: Basis,
    pub order: usize,
    /// `x`, `y`, `z` or `unknown`.
    pub up: String,
}

impl Data {
    /// The labelled rows of a store, with their points if `points` asks for them.
    pub fn read(store: &Store, points: bool) -> anyhow::Result<Self> {
        let mut rows = match points {
            true => store.rows()?,
            false => store.rows_without_points()?,
        };
        let place = store.path().display();
        if points && rows.points.is_none() {
            anyhow::bail!("{place}: {NO_POINTS}");
        }
        let of = |split: Split| -> Vec<usize> {
            (0..rows.labels.len())
                .filter(|&i| rows.splits[i] == split && rows.labels[i] >= 0)
                .collect()
        };
        let (train, test) = (of(Split::Train), of(Split::Test));
        if train.is_empty() || test.is_empty() {
            anyhow::bail!(
                "{place}: {} labelled training and {} labelled test rows; an evaluation needs both, told by folders named train and test \
                 or by a labels.csv among the shapes (columns file, class, split)",
                train.len(),
                test.len()
            );
        }
        let classes = |items: &[usize]| items.iter().map(|&i| rows.labels[i] as usize).collect();
        let labels = Labels {
            train: classes(&train),
            test: classes(&test),
            classes: store.manifest().classes.clone(),
        };
        let mut clouds = rows.points.take();
        let mut side = |items: &[usize]| Side {
            coefficients: rows.coefficients.select(Axis(0), items),
            points: clouds.as_mut().map(|clouds| {
                items
                    .iter()
                    .map(|&i| std::mem::take(&mut clouds[i]))
                    .collect()
            }),
            ids: items.iter().map(|&i| rows.ids[i].clone()).collect(),
        };
        Ok(Self {
            train: side(&train),
            test: side(&test),
            labels,
            basis: store.manifest().basis,
            order: store.manifest().order,
            up: store.manifest().up_axis.clone(),
        })
    }

    /// The same objects in the poses of a protocol, each drawn for its object from `seed`.
    pub fn posed(&self, poses: Poses, seed: u64) -> anyhow::Result<Cow<'_, Self>> {
        if poses == Poses::ALIGNED {
            return Ok(Cow::Borrowed(self));
        }
        let mut turned = self.clone();
        // Numbers of test objects follow those of any training set.
        self.turn(&mut turned.train, poses.train, seed, 0)?;
        self.turn(&mut turned.test, poses.test, seed, 1 << 32)?;
        Ok(Cow::Owned(turned))
    }

    fn turn(&self, side: &mut Side, pose: Pose, seed: u64, first: u64) -> anyhow::Result<()> {
        let rows = side.coefficients.outer_iter_mut().into_par_iter();
        rows.enumerate().try_for_each(|(i, mut row)| {
            let row = row.as_slice_mut().expect("selected rows are in row order");
            let draw = (seed, first + i as u64, self.up.as_str());
            pose.apply_coefficients(row, self.basis, self.order, draw)
        })?;
        if let Some(clouds) = &mut side.points {
            clouds.par_iter_mut().enumerate().for_each(|(i, cloud)| {
                pose.apply(cloud, seed, first + i as u64, &self.up);
            });
        }
        Ok(())
    }
}

/// The store of the target, and how many items it lacks: the target itself, or made from the data set and kept.
pub fn store(options: &cli::Eval, points: bool, quiet: bool) -> anyhow::Result<(Store, usize)> {
    let path = PathBuf::from(&options.target);
    if path.join("manifest.json").exists() {
        let store = Store::open(&path)?;
        let skipped = store.manifest().failures.len();
        return Ok((store, skipped));
    }
    if path.join("run.json").exists() {
        let message = format!(
            "{}: a run; name a data set or a store, and the run with --run",
            options.target
        );
        return Err(Usage(message).into());
    }
    let dataset = if path.exists() {
        spectra_datasets::open(&path, DatasetKind::Auto)?
    } else {
        let root = options.data.as_deref().ok_or_else(|| {
            Usage(format!(
                "{}: not a store or a folder; --data or SPECTRA_DATA must say where the data sets are",
                options.target
            ))
        })?;
        spectra_datasets::find(&options.target, root)?
    };
    let mut convert = ConvertOptions {
        keep_points: points,
        ..ConvertOptions::default()
    };
    if let Some(run) = options.run.first() {
        let info = RunInfo::load(run)?;
        (convert.basis, convert.order) = (info.basis, info.order);
        (convert.points, convert.seed) = (info.points, info.sampling_seed);
    }
    let cache = cache(options)?.join(cached_name(&dataset, &convert));
    let folder = cache.parent().unwrap_or(&cache);
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let progress = Progress::stoppable("convert", quiet);
    let summary = spectra_datasets::convert(&dataset, &cache, &convert, &Watch(&progress))?;
    progress.finish(&format!("{} items", summary.done + summary.reused));
    Ok((Store::open(&cache)?, summary.failed.len()))
}

/// What a converted data set is called: different stores have different names.
fn cached_name(dataset: &Dataset, options: &ConvertOptions) -> String {
    let ConvertOptions {
        basis,
        order,
        points,
        seed,
        ..
    } = options;
    let kept = if options.keep_points { "-points" } else { "" };
    let place = dataset.place();
    format!(
        "{}-{place}-{basis}{order}-{points}-{seed}{kept}.spectra",
        dataset.name
    )
}

/// Where converted data sets are kept: --cache, the run's own folder, or the user's cache.
fn cache(options: &cli::Eval) -> anyhow::Result<PathBuf> {
    if let Some(cache) = &options.cache {
        return Ok(cache.clone());
    }
    if let Some(run) = options.run.first() {
        return Ok(run.join("stores"));
    }
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let user = variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".cache")));
    let user = user.ok_or_else(|| {
        Usage("no HOME to keep the converted data set in; say where with --cache".into())
    })?;
    Ok(user.join("spectra"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_read_and_printed() {
        for (text, printed) in [
            ("aligned", "aligned"),
            ("z/SO3", "z/so3"),
            ("so3", "so3/so3"),
        ] {
            assert_eq!(text.parse::<Poses>().unwrap().to_string(), printed);
        }
        assert!("z/up".parse::<Poses>().is_err());
    }
}
