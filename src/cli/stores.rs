//! Stores, data sets and the machine: `verify`, `data`, `store` and `doctor`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use spectra_datasets::DatasetKind;

use super::values::dataset;

/// Options of `verify`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  spectra verify m10.spectra\n  spectra verify runs/m10")]
pub struct Verify {
    /// A store or a run folder
    pub path: PathBuf,
}

/// The verbs of `data`.
#[derive(Debug, Subcommand)]
pub enum Data {
    /// Count classes and splits; find duplicates inside and across splits, and items of no use
    Audit(Audit),
}

/// Options of `data audit`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spectra data audit ModelNet40
  spectra data audit m40.spectra --json > audit.json

Exact duplicates have the same points. Near duplicates have rotation invariants as close as two
samplings of one object: the threshold is measured on the data set itself and printed.")]
pub struct Audit {
    /// Folder or archive of shapes, or a store
    pub source: PathBuf,
    /// Layout of the source
    #[arg(long, default_value = "auto", ignore_case = true, value_parser = dataset())]
    pub dataset: DatasetKind,
    /// Print everything as JSON, every pair included
    #[arg(long)]
    pub json: bool,
}

/// The verbs of `store`.
#[derive(Debug, Subcommand)]
pub enum Store {
    /// Join the shards of a conversion into one store
    Merge(Merge),
}

/// Options of `store merge`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spectra store merge shard-0 shard-1 shard-2 -o all.spectra

The result is byte for byte what one conversion without shards writes.")]
pub struct Merge {
    /// Folders written by `spectra convert --shard I/N` with the same data and options
    #[arg(required = true)]
    pub shards: Vec<PathBuf>,
    /// The store to write (a folder; may be one of the shards)
    #[arg(long, short)]
    pub output: PathBuf,
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  spectra doctor")]
pub struct Doctor {}
