//! One file per verb.

mod compare;
mod convert;
mod data;
mod demo;
mod doctor;
mod eval;
mod export;
mod info;
mod pictures;
mod pretrain;
mod reconstruct;
mod store;
mod train;
mod training;
mod transform;
mod verify;

pub use eval::Poses;

use crate::cli::{self, Arguments, Command};
use crate::outcome::Outcome;

/// Does what was asked for.
pub fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    crate::progress::listen_for_stop()?;
    let quiet = arguments.quiet;
    match arguments.command {
        Command::Demo(options) => demo::run(&options, quiet),
        Command::Convert(options) => convert::run(&options, quiet),
        Command::Pretrain(options) => pretrain::run(&options, quiet),
        Command::Train(options) => train::run(&options, quiet),
        Command::Eval(options) => eval::run(&options, quiet),
        Command::Compare(options) => compare::run(&options),
        Command::Transform(options) => transform::run(&options),
        Command::Reconstruct(options) => reconstruct::run(&options),
        Command::Export(options) => export::run(&options),
        Command::Info(options) => info::run(&options),
        Command::Verify(options) => verify::run(&options),
        Command::Data(cli::Data::Audit(options)) => data::audit(&options, quiet),
        Command::Store(cli::Store::Merge(options)) => store::merge(&options),
        Command::Doctor(options) => doctor::run(&options),
    }
}
