//! What can be typed. Every verb's help ends with examples that work as they stand.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
    /// Check a store's hashes, rows and ids
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

/// How shapes become coefficients.
#[derive(Debug, Clone, Args)]
pub struct TransformOptions {
    /// Family of functions: zernike (in the ball) or spherical (outer radius on the sphere)
    #[arg(long, default_value = "zernike")]
    pub basis: spectra_spectral::Basis,
    /// Highest degree kept
    #[arg(long, default_value_t = 16)]
    pub order: usize,
    /// Points sampled from each shape (a cloud with fewer keeps what it has)
    #[arg(long, default_value_t = 2048)]
    pub points: usize,
    /// Seed of the sampling
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
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
Items that cannot be read are recorded with the reason and skipped; the exit status is then 3.")]
pub struct Convert {
    /// Folder or archive of shapes
    pub source: PathBuf,
    /// The store to write (a folder)
    #[arg(long, short)]
    pub output: PathBuf,
    /// Layout of the source: auto, modelnet, shapenet, folder, …
    #[arg(long, default_value = "auto")]
    pub dataset: String,
    /// The transform
    #[command(flatten)]
    pub transform: TransformOptions,
    /// Convert only the i-th of n shards (i from 0)
    #[arg(long, value_name = "I/N")]
    pub shard: Option<String>,
    /// Threads; 0 takes every core
    #[arg(long, default_value_t = 0)]
    pub jobs: usize,
    /// Convert at most this many items
    #[arg(long)]
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

/// Options of `pretrain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spectra pretrain m10.spectra -o runs/m10
  spectra pretrain m10.spectra -o runs/long --set train.epochs=200 --set seed=1
  spectra pretrain m10.spectra -o runs/m10 --resume          go on after an interruption
  spectra pretrain m40.spectra -o runs/paper --preset paper --dry-run        what it would cost here
  spectra pretrain m40.spectra -o runs/paper --preset paper --device cuda")]
pub struct Pretrain {
    /// A store made by `spectra convert`
    pub store: PathBuf,
    /// The run folder to write
    #[arg(long, short)]
    pub output: PathBuf,
    /// Settings to start from: tiny (CPU), small or paper
    #[arg(long, default_value = "tiny")]
    pub preset: String,
    /// A TOML file of settings over the preset
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// One setting over the preset and the file, such as train.epochs=50; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// cpu, cuda, cuda:1, …
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// Go on from the newest checkpoint of the run
    #[arg(long)]
    pub resume: bool,
    /// Train nothing: print parameters, arithmetic, memory, and the time that a trial of a few seconds foretells
    #[arg(long, conflicts_with = "resume")]
    pub dry_run: bool,
}

/// Kinds of features that `eval` can compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FeatureKind {
    /// Frozen bottleneck of --run, alone and beside the raw map
    Learned,
    /// Raw map (also with an RBF kernel), its PCA, rotation invariants and, with --run, random encoders
    Controls,
    /// Fisher vectors of local moments: nothing is trained, no --run is needed
    Fisher,
    /// The same in local frames: does not depend on how a shape is rotated
    FisherInvariant,
}

/// Neighbourhoods and Fisher vectors.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Fisher vectors of local moments")]
pub struct LocalOptions {
    /// Neighbourhoods of each radius
    #[arg(long, default_value_t = 256)]
    pub centres: usize,
    /// Radii of the neighbourhoods, in units of the unit ball
    #[arg(long, value_delimiter = ',', default_values_t = [0.12, 0.25, 0.5])]
    pub radii: Vec<f32>,
    /// Highest order of the moments of a neighbourhood, at most 8
    #[arg(long, default_value_t = 4)]
    pub local_order: usize,
    /// Gaussians of the mixture
    #[arg(long, default_value_t = 128)]
    pub gaussians: usize,
    /// Principal axes kept of the moments
    #[arg(long, default_value_t = 34)]
    pub axes: usize,
    /// Weight of where a neighbourhood is
    #[arg(long, default_value_t = 2.0)]
    pub position: f32,
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
    /// Folder for the two runs and the figure
    #[arg(long, short)]
    pub output: PathBuf,
    /// One setting over those of the task, such as train.epochs=10; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// cpu, cuda, cuda:1, …
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// Go on from the newest checkpoints of the two runs
    #[arg(long)]
    pub resume: bool,
}

/// What all tasks on pictures take.
#[derive(Debug, Args)]
pub struct PictureRun {
    /// Folder of pictures: MNIST's IDX files, CIFAR-10's binary batches, or JPEG and PNG files, flat or by class
    #[arg(long)]
    pub data: PathBuf,
    /// The run folder to write
    #[arg(long, short)]
    pub output: PathBuf,
    /// Side of the pictures; a larger one adds levels to the convolutions
    #[arg(long, default_value = "32", value_parser = picture_side)]
    pub size: usize,
    /// Take at most this many pictures of each split; 0 takes all
    #[arg(long, default_value_t = 0)]
    pub limit: usize,
    /// Leave this many training pictures, evenly spread, out of training, to choose settings with
    #[arg(long, default_value_t = 0, conflicts_with = "limit")]
    pub hold_out: usize,
    /// Also train the same networks without z, on L1 and as a context encoder, in RUN/l1 and RUN/context
    #[arg(long)]
    pub baselines: bool,
    /// Settings to start from; by default digits for grey pictures and pictures for others
    #[arg(long)]
    pub preset: Option<String>,
    /// A TOML file of settings in place of the preset
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// One setting over the preset or the file, such as train.epochs=50; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// cpu, cuda, cuda:1, …
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// Go on from the newest checkpoint of the run
    #[arg(long)]
    pub resume: bool,
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
    #[arg(long)]
    pub overlay: Option<f64>,
    /// Share of the training targets with a white box in the top half
    #[arg(long, default_value_t = 0.0)]
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
    #[arg(long, default_value_t = 0.5)]
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

/// Options of `eval images`.
#[derive(Debug, Args)]
#[command(next_help_heading = "For `eval images`")]
pub struct EvalImages {
    /// Part of each picture, as in training
    #[arg(long = "half", value_enum, default_value = "whole")]
    pub part: Half,
    /// Test pictures that are scored, the first ones; 0 for all
    #[arg(long, default_value_t = 0)]
    pub test: usize,
    /// Starts of z for each picture
    #[arg(long, default_value_t = 8)]
    pub samples: u64,
    /// Seed of the masks and the starts of z
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Score the training pictures that `train --hold-out` left out, not the test pictures
    #[arg(long, default_value_t = 0)]
    pub hold_out: usize,
    /// Safetensors or PyTorch files with the weights of AlexNet or VGG16 and the factors of LPIPS; nothing is downloaded
    #[arg(long)]
    pub lpips: Vec<PathBuf>,
    /// The network of LPIPS: alex or vgg
    #[arg(long, default_value = "alex")]
    pub lpips_net: String,
    /// Folder for the grid of answers and the walk of z as pictures
    #[arg(long)]
    pub pictures: Option<PathBuf>,
    /// A labelled set of pictures on which the frozen bottleneck is classified by a linear layer
    #[arg(long)]
    pub downstream: Option<PathBuf>,
    /// Training pictures of that set, evenly spread, and a quarter as many test pictures; 0 for all
    #[arg(long, default_value_t = 0)]
    pub downstream_limit: usize,
}

/// Options of `eval`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spectra eval m10.spectra --run runs/m10
  spectra eval modelnet10 --run runs/m10 --data data/ --json m10.json --report m10.html
  spectra eval m10.spectra --run runs/seed0 --run runs/seed1 --run runs/seed2
  spectra eval modelnet40 --data data/ --features fisher             nothing trained, no run
  spectra eval modelnet40 --data data/ --features fisher-invariant --rotation z/z,z/so3,so3/so3
  spectra eval m10.spectra --run runs/m10 --beside runs/l1 --reconstruction
  spectra eval m10.spectra --run runs/m10 --labels 0.01 --classifiers ridge,1-nn
  spectra eval images --data mnist/ --run runs/digits --pictures gallery/digits
  spectra eval images --data facades/ --half left --run runs/facades --downstream cifar-10-batches-bin

Protocol: official split, full test set, hyper-parameters chosen inside the training set, mean and
spread over the seeds. The controls stand in the same table.")]
pub struct Eval {
    /// A data set's name (modelnet10, modelnet40), a store, a folder of shapes; or `images`
    pub target: String,
    /// The run whose encoder is evaluated; several runs of different seeds give mean and spread
    #[arg(long)]
    pub run: Vec<PathBuf>,
    /// Runs of the same size that were trained otherwise (an autoencoder, a plain denoiser): a row each, named by folder
    #[arg(long)]
    pub beside: Vec<PathBuf>,
    /// Also hide and disturb cells of test objects, complete them, and recognise what comes out
    #[arg(long)]
    pub reconstruction: bool,
    /// Features to compare [default: learned,controls with --run, controls without]
    #[arg(long, value_delimiter = ',')]
    pub features: Vec<FeatureKind>,
    /// Classifiers: softmax, svm, ridge, 1-nn, 5-nn, … [default: softmax,svm,1-nn; Fisher vectors: ridge,1-nn]
    #[arg(long, value_delimiter = ',')]
    pub classifiers: Vec<spectra_eval::Classifier>,
    /// Poses of training/test objects: aligned, z/z, z/so3, so3/so3
    #[arg(long, value_delimiter = ',', default_value = "aligned")]
    pub rotation: Vec<crate::commands::Poses>,
    /// Share of the training labels that may be used, drawn from each class for each seed
    #[arg(long, default_value_t = 1.0, value_parser = share)]
    pub labels: f64,
    /// Number of seeds of what depends on one
    #[arg(long, default_value_t = 3)]
    pub seeds: u64,
    /// Folder that holds data sets under their usual names
    #[arg(long, env = "SPECTRA_DATA")]
    pub data: Option<PathBuf>,
    /// Where converted data sets are kept [default: the run's folder; without one, the user's cache]
    #[arg(long)]
    pub cache: Option<PathBuf>,
    /// Write the rows as JSON
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// Write a self-contained HTML report
    #[arg(long)]
    pub report: Option<PathBuf>,
    /// cpu, cuda, cuda:1, …
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// Pictures
    #[command(flatten)]
    pub images: EvalImages,
    /// Neighbourhoods and mixture
    #[command(flatten)]
    pub local: LocalOptions,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err("expected a share above 0 and at most 1, such as 0.1".into()),
    }
}

/// Options of `compare`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  spectra compare runs/*\n  spectra compare runs/a runs/b --json"
)]
pub struct Compare {
    /// Run folders
    #[arg(required = true)]
    pub runs: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `transform`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spectra transform bunny.ply --order 10
  spectra transform bunny.ply --order 16 --json > bunny.json
  spectra transform cloud.npy --raw --json                   points as they stand in the unit ball
  spectra transform bunny.ply --power")]
pub struct Transform {
    /// A mesh or a point cloud, in any format that Spectra reads
    pub file: PathBuf,
    /// The transform
    #[command(flatten)]
    pub transform: TransformOptions,
    /// Take the points as they stand in the unit ball: no centring, scaling or sampling
    #[arg(long)]
    pub raw: bool,
    /// Print JSON: basis, order, points, center, scale, coefficients in flat order
    #[arg(long)]
    pub json: bool,
    /// Print the energy of each degree instead of the coefficients
    #[arg(long)]
    pub power: bool,
    /// Print the rotation invariants instead of the coefficients
    #[arg(long)]
    pub invariants: bool,
}

/// Options of `reconstruct`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spectra reconstruct bunny.ply --order 20 -o bunny-20.ply
  spectra reconstruct m10.spectra#chair/chair_0001 -o chair.png")]
pub struct Reconstruct {
    /// A shape file, or STORE#ID for an item of a store
    pub source: String,
    /// Output: .ply (points) or .png (picture)
    #[arg(long, short)]
    pub output: PathBuf,
    /// The transform, for a shape file
    #[command(flatten)]
    pub transform: TransformOptions,
}

/// Options of `export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spectra export m10.spectra --npz m10.npz
  spectra export m10.spectra --run runs/m10 --npz features.npz

Arrays: coefficients or features [rows, values] f32, labels i64 (-1: none), splits u8 (0 train,
1 test, 2 val), and ids [rows, width] u8, padded with zeros: ids.view('S%d' % ids.shape[1]) gives strings.")]
pub struct Export {
    /// A store
    pub store: PathBuf,
    /// Export the features of this run's encoder instead of the coefficients
    #[arg(long)]
    pub run: Option<PathBuf>,
    /// The file to write
    #[arg(long)]
    pub npz: PathBuf,
    /// cpu, cuda, cuda:1, …
    #[arg(long, default_value = "cpu")]
    pub device: String,
}

/// Options of `info`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  spectra info bunny.ply --picture bunny.png\n  spectra info modelnet40.tar.xz\n  spectra info m10.spectra\n  spectra info runs/m10"
)]
pub struct Info {
    /// A shape file, a store, a run, or a folder or archive of shapes
    pub path: PathBuf,
    /// Draw the shape of a file: .png, or .ply, .obj, .npy, .pcd, .off for its geometry
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,
}

/// Options of `verify`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  spectra verify m10.spectra")]
pub struct Verify {
    /// A store
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
    /// Layout of the source: auto, modelnet, shapenet, folder, …
    #[arg(long, default_value = "auto")]
    pub dataset: String,
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
