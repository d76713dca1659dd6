//! cGML on spectral maps: the networks, Algorithm 1, checkpoints and frozen features.
//!
//! ```no_run
//! use std::path::Path;
//! use spectra_datasets::Store;
//! use spectra_model::{Config, Encoder, pretrain};
//!
//! let store = Store::open("m10.spectra")?;
//! let run = Path::new("runs/m10");
//! pretrain(&store, run, &Config::preset("tiny")?, "cpu", false, &())?;
//! let rows = store.rows_without_points()?;
//! let features = Encoder::load(run, "cpu")?.features(&rows.coefficients.view())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is trained
//!
//! H encodes a corrupted map and its mask to the bottleneck h; G decodes (h, z) to the clean map; Z predicts the next
//! z and the step length rho (Ramasinghe et al., ICLR 2021, sections 2 and 3). z lives on the unit sphere, one for each
//! item. A step follows Algorithm 1: see [`pretrain`] and the source of `algorithm.rs`, which is written to be read
//! beside the paper. The Lipschitz terms are noise consistency, as in the authors' code. No label is read.
//!
//! # Shapes
//!
//! Maps are `[channels, height, width]` of the layout; networks see them flat, with a mask of the same size behind them.
//! Features are `[rows, bottleneck]` f32.
//!
//! With `map.layout = "local"` (preset `local`) the rows of a map are neighbourhoods of the store's points and their columns
//! local Zernike moments of several radii. H sees some of the rows through shared layers and pools them, G is asked for
//! others by their place alone: see the source of `nets/set.rs`. Features come of [`LocalEncoder`], which takes points.
//!
//! # Reproducibility
//!
//! Every random number is a function of (seed, epoch, item). On the CPU the same seed and number of threads give the
//! same bytes, resumed or not.
//!
//! # Devices
//!
//! `cpu` always; `cuda[:i]` and `wgpu` with the features of these names. See [`devices`].

mod adam;
mod algorithm;
mod any_run;
mod average;
mod checkpoint;
mod clip;
mod config;
mod context;
mod corrupt;
mod cost;
mod device;
mod encoder;
mod error;
mod kernels;
mod lipschitz;
mod local;
mod maps;
mod memory;
mod nets;
mod networks;
mod painter;
mod precision;
mod probe;
mod run;
mod scaling;
mod spectral_norm;
mod supervised;
mod tasks;
mod train;
mod variational;
mod verify;
mod walk;
mod weights;

pub use any_run::AnyRun;
pub use config::{
    AlgorithmConfig, AugmentConfig, Config, CorruptConfig, Distance, MapConfig, NetworkConfig,
    NetworkKind, Objective, OutputConfig, RotateKind, ScalingKind, TrainConfig, Upsample,
};
pub use cost::Cost;
pub use device::devices;
pub use encoder::{Completions, Encoder};
pub use error::ModelError;
pub use local::{LocalEncoder, LocalInfo, LocalRows};
pub use memory::{keep_freed_memory, peak_memory};
pub use painter::{Painter, Questions};
pub use precision::Precision;
pub use probe::Probe;
pub use run::{GlobalInfo, RunInfo, RunMap};
pub use scaling::Scaling;
pub use supervised::{Labelled, Shapes, Start, Supervised, SupervisedOptions, Supervision};
pub use tasks::pictures::{PictureInfo, PictureKind, train_pictures};
pub use tasks::{colorize, complete, pretrain, toy, translate};
pub use train::{TrainObserver, TrainProgress, TrainSummary, training_curve};
pub use verify::{RunReport, verify_run};
