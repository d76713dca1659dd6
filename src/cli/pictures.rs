//! `train complete`, `colorize` and `translate`: tasks on pictures.

use std::path::PathBuf;

use clap::Args;

use super::training::Training;
use super::values::{not_negative, share_or_none};

/// What all tasks on pictures take.
#[derive(Debug, Args)]
pub struct PictureRun {
    /// Folder of pictures: MNIST's IDX files, CIFAR-10's binary batches, or JPEG and PNG files, flat or by class
    #[arg(long)]
    pub data: PathBuf,
    /// Side of the pictures; a larger one adds levels to the convolutions
    #[arg(long, default_value = "32", value_parser = picture_side)]
    pub size: usize,
    /// Take at most this many pictures of each split; 0 takes all
    #[arg(long, default_value_t = 0)]
    pub limit: usize,
    /// Leave this many training pictures, evenly spread, out of training, to choose settings with
    #[arg(long, default_value_t = 0, conflicts_with = "limit")]
    pub hold_out: usize,
    /// Also train the baselines with the same networks, in RUN/l1, RUN/context, RUN/cvae and, where the error is the square,
    /// RUN/square
    #[arg(long)]
    pub baselines: bool,
    /// Settings to start from; by default digits for grey pictures and pictures for others
    #[arg(long, conflicts_with = "config", value_parser = ["digits", "pictures"])]
    pub preset: Option<String>,
    /// Output, settings and device
    #[command(flatten)]
    pub training: Training,
}

/// A side that convolutions of stride 2 divide down to 4.
fn picture_side(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(side @ (16 | 32 | 64 | 128 | 256)) => Ok(side),
        _ => Err("expected 16, 32, 64, 128 or 256".into()),
    }
}

/// Which part of each picture is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Half {
    /// All of it
    Whole,
    /// The left half: of CMP Facades the photograph
    Left,
    /// The right half: of CMP Facades the label map
    Right,
}

/// Where the hidden part of a picture may lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Mask {
    /// A rectangle in the top half
    Top,
    /// A square anywhere
    Square,
}

/// What draws colours towards a uniform distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Uniform {
    /// A soft histogram of each picture's colours
    Histogram,
    /// The authors' softmax over cells
    Softmax,
}

/// A half of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Side {
    /// A
    Left,
    /// B
    Right,
}

/// Options of `train complete`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spectra train complete --data mnist/ -o runs/digits --baselines
  spectra train complete --data mnist/ -o runs/box --mask-side 1:1 --overlay 0 --white-box 0.3
  spectra train complete --data facades/ -o runs/facades --half left --size 64

Grey pictures get the paper's experiment for MNIST (rectangles in the top half, 20 % of the targets
overlaid), others random squares. `spectra eval images` scores the run.")]
pub struct TrainComplete {
    /// Data, output and settings
    #[command(flatten)]
    pub run: PictureRun,
    /// Part of each picture
    #[arg(long = "half", value_enum, default_value = "whole")]
    pub part: Half,
    /// Where the hidden part lies
    #[arg(long, value_enum)]
    pub mask: Option<Mask>,
    /// Smallest and largest side of the hidden part, as shares of the region's: LOW:HIGH
    #[arg(long, value_name = "LOW:HIGH")]
    pub mask_side: Option<String>,
    /// Share of the training pictures whose top half is overlaid with that of another
    #[arg(long, value_parser = share_or_none)]
    pub overlay: Option<f64>,
    /// Share of the training targets with a white box in the top half
    #[arg(long, default_value_t = 0.0, value_parser = share_or_none)]
    pub white_box: f64,
}

/// Options of `train colorize`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spectra train colorize --data photographs/ -o runs/colour --baselines
  spectra train colorize --data facades/ --half left --size 64 -o runs/colour --uniform softmax")]
pub struct TrainColorize {
    /// Data, output and settings
    #[command(flatten)]
    pub run: PictureRun,
    /// Part of each picture
    #[arg(long = "half", value_enum, default_value = "whole")]
    pub part: Half,
    /// What draws colours towards a uniform distribution
    #[arg(long, value_enum, default_value = "histogram")]
    pub uniform: Uniform,
    /// Its weight against the error summed over cells; 0 leaves it out
    #[arg(long, default_value_t = 0.5, value_parser = not_negative::<f64>)]
    pub lambda: f64,
}

/// Options of `train translate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spectra train translate --data facades/ --size 64 -o runs/facades --baselines
  spectra train translate --data edges2shoes/ --from left -o runs/shoes

Pairs lie side by side in one file, or in folders A and B under the same names.")]
pub struct TrainTranslate {
    /// Data, output and settings
    #[command(flatten)]
    pub run: PictureRun,
    /// The half that is given
    #[arg(long, value_enum, default_value = "right")]
    pub from: Side,
}
