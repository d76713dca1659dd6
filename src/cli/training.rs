//! What trains: `demo`, `pretrain` and `train toy`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::pictures::{TrainColorize, TrainComplete, TrainTranslate};
use super::values::device;

/// Options of `demo`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spectra demo
  spectra demo -o my-demo --seed 7")]
pub struct Demo {
    /// Folder for the shapes, the store, the run and the report
    #[arg(long, short, default_value = "spectra-demo")]
    pub output: PathBuf,
    /// Seed of the shapes, the sampling and the training
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// What every training takes: where to, with which settings, on what.
#[derive(Debug, Args)]
pub struct Training {
    /// The run folder to write
    #[arg(long, short)]
    pub output: PathBuf,
    /// A TOML file of settings in place of the preset; one that begins with preset = "tiny" is what changes in that preset
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// One setting over the preset or the file, such as train.epochs=50; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// cpu, cuda, cuda:1, …
    #[arg(long, default_value = "cpu", value_parser = device)]
    pub device: String,
    /// Go on from the newest checkpoint of the run, under its settings; options that would change one are refused
    #[arg(long)]
    pub resume: bool,
}

/// What is trained with the same networks to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Baseline {
    /// L1 alone, without z
    L1,
    /// The context encoder: squared error and a critic, without z
    Context,
    /// A conditional variational autoencoder: z sampled, not searched for
    Cvae,
}

/// Options of `pretrain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spectra pretrain m10.spectra -o runs/m10
  spectra pretrain m10.spectra -o runs/long --set train.epochs=200 --set seed=1
  spectra pretrain m10.spectra -o runs/m10 --resume          go on after an interruption
  spectra pretrain m10.spectra -o runs/l1 --baseline l1      for `spectra eval --beside runs/l1`
  spectra pretrain m40.spectra -o runs/paper --preset paper --dry-run        what it would cost here
  spectra pretrain m40.spectra -o runs/paper --preset paper --device cuda")]
pub struct Pretrain {
    /// A store made by `spectra convert`
    pub store: PathBuf,
    /// Settings to start from: tiny (CPU; by default), local (CPU; neighbourhoods of points), small or paper
    #[arg(long, conflicts_with = "config", value_parser = ["tiny", "local", "small", "paper"])]
    pub preset: Option<String>,
    /// Output, settings and device
    #[command(flatten)]
    pub training: Training,
    /// Train a baseline with the same networks instead of cGML
    #[arg(long, value_enum)]
    pub baseline: Option<Baseline>,
    /// Train nothing: print parameters, arithmetic, memory, and the time that a trial of a few seconds foretells
    #[arg(long, conflicts_with = "resume")]
    pub dry_run: bool,
}

/// Options of `train`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  spectra train toy -o toy\n  spectra train complete --data mnist/ -o runs/digits"
)]
pub struct Train {
    /// The task
    #[command(subcommand)]
    pub task: TrainTask,
}

/// The tasks of `train`.
#[derive(Debug, Subcommand)]
pub enum TrainTask {
    /// The paper's example with two right answers, with rho, without it, and by L1 alone (its figure 3)
    Toy(TrainToy),
    /// Complete masked pictures: digits with ambiguous targets, or photographs
    Complete(TrainComplete),
    /// Colours for grey pictures
    Colorize(TrainColorize),
    /// One kind of picture to another, such as label maps to photographs
    Translate(TrainTranslate),
}

/// Options of `train toy`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spectra train toy -o toy
  spectra train toy -o toy-long --set train.epochs=100 --set seed=1

Writes the runs toy/cgml and toy/l1, and the figure toy/figure3.svg.")]
pub struct TrainToy {
    /// Output (a folder for the two runs and the figure), settings and device
    #[command(flatten)]
    pub training: Training,
}
