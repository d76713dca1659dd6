//! Meshes and point clouds: readers, writers, surface sampling, normalisation to the unit ball.
//!
//! ```
//! use spectra_pointcloud::{Limits, UNIT_RADIUS, read_bytes, unit_cloud};
//!
//! let tetrahedron = "OFF4 4 6\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n";
//! let shape = read_bytes(tetrahedron.as_bytes(), "tetrahedron.off", &Limits::default())?;
//! let cloud = unit_cloud(&shape, 2048, 7, 0)?;
//! assert_eq!(cloud.points.len(), 2048);
//! let radius = cloud.points.iter().map(|p| p.iter().map(|x| x * x).sum::<f64>().sqrt()).fold(0.0, f64::max);
//! assert!((radius - UNIT_RADIUS).abs() < 1e-12);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Formats
//!
//! The content decides which format a file is read as; its name decides only where the content leaves it open
//! (columns of numbers, for example). [`read_path`] and [`read_bytes`] take the formats that [`FORMATS`] lists,
//! each also inside gzip, xz or zstd, and as the only shape in a zip or tar archive; [`visit_archive`] walks
//! archives of many.
//!
//! # Safety of reading
//!
//! Every reader keeps to [`Limits`], never panics, and reserves memory by what is in the file, not by what its
//! header promises. Coordinates that come out are finite (but for [`read_hdf5_clouds`], which reads many clouds of
//! which one may be bad), indices of faces are in range. Errors name the file,
//! its format, the line or byte, what was expected and what was found; [`ReadError::kind`] is their short word.
//!
//! # Randomness
//!
//! [`random::stream`] is a pure function of a seed, an epoch and an item; nothing else is ever drawn from.
//!
//! # Writing
//!
//! A written file appears whole under its name or not at all: it is written beside its place, synced, renamed.

mod compressed;
mod error;
mod format;
mod input;
mod limits;
mod packed;
mod read;
mod sample;
mod shape;
mod text;
mod thin;
mod unit;
mod voxels;
mod write;

pub mod random;
pub mod render;

pub use error::{At, Place, ReadError, ShapeError, WriteError};
pub use format::FORMATS;
pub use limits::Limits;
pub use packed::{ArchiveKind, Visit, archive_kind, visit_archive};
pub use read::hdf5::{CloudSet, read_hdf5_clouds};
pub use read::{read_bytes, read_path};
pub use sample::{sample_surface, sample_with_normals};
pub use shape::{Mesh, PointCloud, Shape};
pub use thin::farthest_points;
pub use unit::{UNIT_RADIUS, UnitCloud, unit_cloud};
pub use voxels::{VoxelPart, VoxelSet, is_voxels_npz, read_voxels_npz};
pub use write::{write_npy, write_obj, write_off, write_path, write_pcd, write_ply};
