//! Meshes and point clouds: files in, points in the unit ball out.
//!
//! ```
//! use spectra_pointcloud::{Limits, read_bytes, unit_cloud};
//!
//! let off = b"OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n";
//! let shape = read_bytes(off, "triangle.off", &Limits::default())?;
//! let cloud = unit_cloud(&shape, 256, 0, 0)?;
//! assert_eq!(cloud.points.len(), 256);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Formats
//!
//! Read: OFF, PLY, PCD, NPY, NPZ; the format is told by content first, by name second. Written: PLY, OBJ,
//! NPY, PCD, and PNG pictures of clouds.
//!
//! # Units and axes
//!
//! Readers keep the units and axes of the file. [`unit_cloud`] centres on the mean of the points and scales the
//! farthest to [`UNIT_RADIUS`]; it never rotates.
//!
//! # Limits
//!
//! Every reader takes [`Limits`]. No reader allocates on a header's word, and none panics on any input.
//!
//! # Randomness
//!
//! What is drawn is a pure function of (seed, epoch, item): see [`random::stream`].

mod error;
mod format;
mod input;
mod limits;
pub mod random;
mod read;
pub mod render;
mod sample;
mod shape;
mod text;
mod unit;
mod write;

pub use error::{At, Place, ReadError, ShapeError, WriteError};
pub use limits::Limits;
pub use read::npz::{Voxels, read_voxels_npz};
pub use read::{read_bytes, read_path};
pub use sample::sample_surface;
pub use shape::{Mesh, PointCloud, Shape};
pub use unit::{UNIT_RADIUS, UnitCloud, unit_cloud};
pub use write::{write_npy, write_obj, write_path, write_pcd, write_ply};
