//! Single shapes and files: `transform`, `reconstruct`, `export` and `info`.

use std::path::PathBuf;

use clap::Args;
use spectra_pointcloud::render::Up;

use super::convert::TransformOptions;
use super::values::device;

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
    #[arg(long, conflicts_with_all = ["points", "seed"])]
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
  spectra reconstruct bunny.ply --order 24 --up y -o bunny-24.png
  spectra reconstruct m10.spectra#chair/chair_0001 -o chair.png
  spectra reconstruct m10.spectra#chair/chair_0001 --order 8 -o chair-8.png")]
pub struct Reconstruct {
    /// A shape file, or STORE#ID for an item of a store
    pub source: String,
    /// Output: .ply, .obj or .off (a mesh), .npy or .pcd (points), .png (a picture)
    #[arg(long, short)]
    pub output: PathBuf,
    /// The axis that points upwards in a picture: x, y or z [default: what the store says, else z]
    #[arg(long)]
    pub up: Option<Up>,
    /// The transform of a shape file; for an item of a store, an order below the store's
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
    #[arg(long, default_value = "cpu", value_parser = device)]
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
    /// The axis that points upwards in the picture: x, y or z [default: z]
    #[arg(long, requires = "picture")]
    pub up: Option<Up>,
}
