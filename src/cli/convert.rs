//! Shapes to coefficients: the transform and `convert`.

use std::path::PathBuf;

use clap::Args;
use spectra_datasets::{ConvertOptions, DatasetKind};
use spectra_spectral::Basis;
use spectra_spectral::compat::RADIUS_ORDER;

use super::values::{MOST_POINTS, dataset, whole};

/// How shapes become coefficients. An option that is not given is known as such, to be refused where it would change nothing.
#[derive(Debug, Clone, Args)]
pub struct TransformOptions {
    /// Family of functions: zernike (in the ball) or spherical (outer radius on the sphere); or radius, the fit that the
    /// paper's authors computed, of order 6 [default: zernike]
    #[arg(long)]
    pub basis: Option<Basis>,
    /// Highest degree kept [default: 16; of radius 6]
    #[arg(long)]
    pub order: Option<usize>,
    /// Points sampled from each shape (a cloud with fewer keeps what it has) [default: 2048]
    #[arg(long, value_parser = whole(1..=MOST_POINTS))]
    pub points: Option<usize>,
    /// Seed of the sampling [default: 0]
    #[arg(long)]
    pub seed: Option<u64>,
}

impl TransformOptions {
    pub fn basis(&self) -> Basis {
        self.basis.unwrap_or(ConvertOptions::default().basis)
    }

    pub fn order(&self) -> usize {
        let usual = match self.basis() {
            Basis::Radius => RADIUS_ORDER,
            _ => ConvertOptions::default().order,
        };
        self.order.unwrap_or(usual)
    }

    pub fn points(&self) -> usize {
        self.points.unwrap_or(ConvertOptions::default().points)
    }

    pub fn seed(&self) -> u64 {
        self.seed.unwrap_or(ConvertOptions::default().seed)
    }
}

/// Options of `convert`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spectra convert ModelNet10 -o m10.spectra --basis zernike --order 16
  spectra convert scans/ -o scans.spectra --points 4096 --strict
  spectra convert modelnet40.tar.xz -o m40.spectra           read where it lies, not unpacked
  spectra convert shapenet/ -o part.spectra --shard 3/64     one task of an array of 64

A convert that was interrupted goes on where it stopped when the same command is given again.
A labels.csv in a folder of shapes tells their classes and splits (columns file, class, split).
Items that cannot be read are recorded with the reason and skipped; the exit status is then 3.")]
pub struct Convert {
    /// Folder or archive of shapes
    pub source: PathBuf,
    /// The store to write (a folder)
    #[arg(long, short)]
    pub output: PathBuf,
    /// Layout of the source
    #[arg(long, default_value = "auto", ignore_case = true, value_parser = dataset())]
    pub dataset: DatasetKind,
    /// The transform
    #[command(flatten)]
    pub transform: TransformOptions,
    /// The axis of the shapes that is up: x, y or z [default: what the layout says; where it says nothing, z is taken for it]
    #[arg(long, value_parser = ["x", "y", "z"])]
    pub up: Option<String>,
    /// Convert only the i-th of n shards (i from 0)
    #[arg(long, value_name = "I/N")]
    pub shard: Option<String>,
    /// Threads; 0 takes every core
    #[arg(long, default_value_t = 0, value_parser = whole(0..=1024))]
    pub jobs: usize,
    /// Convert at most this many items
    #[arg(long, value_parser = whole(1..))]
    pub limit: Option<usize>,
    /// Stop at the first item that fails
    #[arg(long)]
    pub strict: bool,
    /// Do not keep the sampled points beside the coefficients
    #[arg(long)]
    pub no_points: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
}
