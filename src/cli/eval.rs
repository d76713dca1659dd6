//! What evaluates: `eval` and `compare`.

use std::path::PathBuf;

use clap::Args;
use spectra_datasets::LocalOptions as Neighbourhoods;
use spectra_eval::FisherOptions;
use spectra_eval::images::LpipsNet;
use spectra_model::SupervisedOptions;
use spectra_spectral::MAX_LOCAL_ORDER;

use super::pictures::Half;
use super::values::{MOST_POINTS, device, lpips_net, not_negative, positive, share, whole};

/// Kinds of features that `eval` can compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FeatureKind {
    /// Frozen bottleneck of --run, alone and beside the raw map
    Learned,
    /// Raw map (also with an RBF kernel), its PCA, rotation invariants and, with --run, random encoders
    Controls,
    /// Random Fourier features of the raw map, averaged over upright reflections and small turns of each object; joined with
    /// Fisher vectors where both are asked for
    Fourier,
    /// Fisher vectors of local moments: nothing is trained, no --run is needed
    Fisher,
    /// The same in frames that turn about the up axis with each neighbourhood: does not depend on how a shape is turned about it;
    /// several kinds of Fisher vectors are also joined
    FisherUpright,
    /// The same in local frames: does not depend on how a shape is rotated
    FisherInvariant,
    /// Fisher vectors of what the encoder of --run (preset local) makes of each neighbourhood, and a random one beside it
    FisherLearned,
    /// The encoder of --run and a linear layer on it, both trained with labels from the pre-trained weights
    FineTuned,
    /// The same network and training from random weights: the ceiling of what its frozen features can be worth
    Supervised,
}

impl FeatureKind {
    /// Whether a run must say which network.
    pub fn needs_run(self) -> bool {
        !matches!(
            self,
            Self::Controls
                | Self::Fourier
                | Self::Fisher
                | Self::FisherUpright
                | Self::FisherInvariant
        )
    }

    /// Whether Fisher vectors are made, which have neighbourhoods or a mixture of their own.
    pub fn is_fisher(self) -> bool {
        matches!(
            self,
            Self::Fisher | Self::FisherUpright | Self::FisherInvariant | Self::FisherLearned
        )
    }

    /// Whether encoders make features of objects.
    pub fn encodes(self) -> bool {
        matches!(self, Self::Learned | Self::Controls)
    }

    /// Whether classifiers are given inner products in place of columns.
    pub fn gives_kernels(self) -> bool {
        self.is_fisher() || self == Self::Fourier
    }

    /// Whether the network itself is trained with labels.
    pub fn trains(self) -> bool {
        matches!(self, Self::FineTuned | Self::Supervised)
    }
}

/// Neighbourhoods and Fisher vectors.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Fisher vectors of local moments")]
pub struct LocalOptions {
    /// Neighbourhoods of each radius
    #[arg(long, default_value_t = Neighbourhoods::default().centres, value_parser = whole(1..=MOST_POINTS))]
    pub centres: usize,
    /// Radii of the neighbourhoods, in units of the unit ball
    #[arg(long, value_delimiter = ',', default_values_t = Neighbourhoods::default().radii, value_parser = positive::<f32>)]
    pub radii: Vec<f32>,
    /// Levels of neighbourhoods; 2 adds how those of each radius lie within the next two wider radii
    #[arg(long, default_value_t = 1, value_parser = whole(1..=2))]
    pub levels: usize,
    /// Highest order of the moments of a neighbourhood, at most 8
    #[arg(long, default_value_t = Neighbourhoods::default().order, value_parser = whole(0..=MAX_LOCAL_ORDER as u64))]
    pub local_order: usize,
    /// Gaussians of the mixture
    #[arg(long, default_value_t = FisherOptions::default().gaussians, value_parser = whole(1..=1 << 16))]
    pub gaussians: usize,
    /// Principal axes kept of the moments
    #[arg(long, default_value_t = FisherOptions::default().axes, value_parser = whole(1..=1 << 16))]
    pub axes: usize,
    /// Weight of where a neighbourhood is
    #[arg(long, default_value_t = FisherOptions::default().position, value_parser = not_negative::<f32>)]
    pub position: f32,
}

/// Options of `eval images`.
#[derive(Debug, Args)]
#[command(next_help_heading = "For `eval images`")]
pub struct EvalImages {
    /// Part of each picture [default: as in training]
    #[arg(long = "half", value_enum)]
    pub part: Option<Half>,
    /// Test pictures that are scored, the first ones; 0 for all
    #[arg(long, default_value_t = 0)]
    pub test: usize,
    /// Starts of z for each picture
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=1000))]
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
    /// The network of LPIPS
    #[arg(long, default_value = "alex", value_parser = lpips_net(), requires = "lpips")]
    pub lpips_net: LpipsNet,
    /// Folder for the grid of answers and the walk of z as pictures
    #[arg(long)]
    pub pictures: Option<PathBuf>,
    /// Pictures in the grid and along the walk
    #[arg(long, default_value_t = 8, value_parser = whole(1..), requires = "pictures")]
    pub shown: usize,
    /// A labelled set of pictures on which the frozen bottleneck is classified by a linear layer
    #[arg(long)]
    pub downstream: Option<PathBuf>,
    /// Training pictures of that set, evenly spread, and a quarter as many test pictures; 0 for all
    #[arg(long, default_value_t = 0, requires = "downstream")]
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
  spectra eval modelnet40 --data data/ --features fisher,fisher-upright,fisher-invariant --classifiers svm
  spectra eval modelnet40 --data data/ --features fisher-invariant --rotation z/z,z/so3,so3/so3
  spectra eval m10.spectra --run runs/m10 --beside runs/l1 --reconstruction
  spectra eval m10.spectra --run runs/m10 --labels 0.01 --classifiers ridge,1-nn
  spectra eval m40.spectra --features fisher --labels 0.01,0.1,0.5,1
  spectra eval m10.spectra --run runs/m10 --features learned,fine-tuned,supervised --labels 0.01,0.1,1
  spectra eval images --data mnist/ --run runs/digits --pictures gallery/digits
  spectra eval images --data facades/ --run runs/facades --downstream cifar-10-batches-bin

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
    /// Features of encoders are means over the four upright reflections of each object, each turned by -10, 0 and 10 degrees
    #[arg(long)]
    pub stances: bool,
    /// Also hide and disturb cells of test objects, complete them, and recognise what comes out
    #[arg(long)]
    pub reconstruction: bool,
    /// Features to compare [default: learned,controls with --run, controls without]
    #[arg(long, value_delimiter = ',')]
    pub features: Vec<FeatureKind>,
    /// Classifiers of frozen features: softmax, logistic (the same model by linfa), svm, ridge, 1-nn, 5-nn, … [default: softmax,svm,1-nn; Fisher vectors: svm,ridge,1-nn]
    #[arg(long, value_delimiter = ',')]
    pub classifiers: Vec<spectra_eval::Classifier>,
    /// Poses of training/test objects: aligned, z/z, z/so3, so3/so3
    #[arg(long, value_delimiter = ',', default_value = "aligned")]
    pub rotation: Vec<crate::commands::Poses>,
    /// Shares of the training labels that may be used, drawn from each class for each seed; several give a learning curve
    #[arg(long, value_delimiter = ',', default_value = "1", value_parser = share)]
    pub labels: Vec<f64>,
    /// Number of seeds of what depends on one
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub seeds: u64,
    /// Passes over the labelled objects of `fine-tuned` and `supervised`, at most, or as many as 200 steps take; the best number is
    /// chosen
    #[arg(long, default_value_t = SupervisedOptions::default().epochs, value_parser = whole(0..=1_000_000))]
    pub epochs: usize,
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
    /// Folder for each figure of the report as an SVG or PNG file
    #[arg(long)]
    pub figures: Option<PathBuf>,
    /// cpu, cuda, cuda:1, …
    #[arg(long, default_value = "cpu", value_parser = device)]
    pub device: String,
    /// Pictures
    #[command(flatten)]
    pub images: EvalImages,
    /// Neighbourhoods and mixture
    #[command(flatten)]
    pub local: LocalOptions,
}

/// Options of `compare`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  spectra compare runs/*\n  spectra compare runs/a runs/b --json"
)]
pub struct Compare {
    /// Run folders, of any task; a folder that only holds runs stands for these
    #[arg(required = true)]
    pub runs: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
