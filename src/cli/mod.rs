//! What can be typed. Every verb's help ends with examples that work as they stand.

mod convert;
mod eval;
mod idle;
mod pictures;
mod shapes;
mod stores;
mod training;
mod values;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub use convert::Convert;
pub use eval::{Compare, Eval, EvalImages, FeatureKind};
pub use pictures::{
    Half, Mask, PictureRun, Side, TrainColorize, TrainComplete, TrainTranslate, Uniform,
};
pub use shapes::{Export, Info, Reconstruct, Transform};
pub use stores::{Audit, Data, Doctor, Merge, Store, Verify};
pub use training::{Baseline, Demo, Pretrain, Train, TrainTask, TrainToy, Training};

/// 3D spectral representation learning: shapes to spectral maps, cGML pre-training, honest evaluation.
#[derive(Debug, Parser)]
#[command(
    name = "spectra",
    version,
    arg_required_else_help = true,
    after_help = "\
First steps:
  spectra demo                                    the whole job in minutes, no data needed
  spectra convert ModelNet10 -o m10.spectra       shapes to coefficients
  spectra pretrain m10.spectra -o runs/m10        learn without labels
  spectra eval modelnet10 --run runs/m10 --data . frozen features, linear classifiers, controls

Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but some items failed."
)]
pub struct Arguments {
    /// Print nothing but results and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// Reads a command line. Options that would be passed over are errors too.
pub fn parse(line: impl Iterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let mut command = Arguments::command();
    let matches = command.try_get_matches_from_mut(line)?;
    let idle = match matches.subcommand() {
        Some(("eval", eval)) => idle::of_eval(eval),
        _ => None,
    };
    match idle {
        Some(message) => Err(command.error(ErrorKind::ArgumentConflict, message)),
        None => Arguments::from_arg_matches(&matches),
    }
}

/// The verbs.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one value per process")]
pub enum Command {
    /// The whole job on shapes made on the spot: convert, pretrain, eval, report
    Demo(Demo),
    /// Turn a folder of shapes into a store of spectral coefficients
    Convert(Convert),
    /// Pre-train the cGML denoiser on a store, without labels
    Pretrain(Pretrain),
    /// Train the same networks on another task: the paper's toy, or pictures
    Train(Train),
    /// Classify frozen features, beside their controls; or score pictures
    Eval(Eval),
    /// Several runs in one table, with the settings that differ
    Compare(Compare),
    /// Coefficients of one shape
    Transform(Transform),
    /// Coefficients back to a shape
    Reconstruct(Reconstruct),
    /// Give a store or a run's features to NumPy
    Export(Export),
    /// Say what a file, a store or a run is
    Info(Info),
    /// Check a store's hashes, rows and ids, or a run's checkpoints and weights
    Verify(Verify),
    /// Look into a data set
    #[command(subcommand)]
    Data(Data),
    /// Work on stores
    #[command(subcommand)]
    Store(Store),
    /// Check this machine and build
    Doctor(Doctor),
}
