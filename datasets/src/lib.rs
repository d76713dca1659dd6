//! Shape data sets on disk, and the spectral store.
//!
//! ```
//! use spectra_datasets::synthetic::{self, SyntheticOptions};
//! use spectra_datasets::{ConvertOptions, DatasetKind, Store, convert, open};
//!
//! let folder = tempfile::tempdir()?;
//! let shapes = SyntheticOptions { train: 2, test: 1, ..SyntheticOptions::default() };
//! synthetic::write(folder.path(), &shapes)?;
//!
//! let dataset = open(folder.path(), DatasetKind::Auto)?;
//! let out = tempfile::tempdir()?;
//! let options = ConvertOptions { order: 6, points: 256, ..ConvertOptions::default() };
//! let summary = convert(&dataset, out.path(), &options, &())?;
//! assert_eq!((summary.done, summary.failed.len()), (30, 0));
//!
//! let rows = Store::open(out.path())?.rows()?;
//! assert_eq!(rows.coefficients.dim(), (30, 84));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Data sets
//!
//! [`open`] takes a folder as people have it, or a zip or tar of one, and tells classes and splits from the paths; no link is
//! ever followed to the network. Recognised are `<class>/{train,test,val}/<shape>` (ModelNet, with its
//! official counts), `{train,test,val}/<class>/<shape>`, `<class>/<shape>` and `<shape>`, the shapes in
//! any format that `spectra-pointcloud` reads; the resampled ModelNet with its lists, ModelNet40 and
//! ScanObjectNN as HDF5, ModelNet10 as voxel grids, ShapeNetCore v1 and v2, ShapeNet55 and ShapeNetPart.
//! Items are sorted by their path.
//!
//! Pictures, for tasks beside the 3D ones, are read by [`images`].
//!
//! # The store
//!
//! [`convert`] writes a folder of parts and a manifest, and [`Store`] reads it. A part appears whole or not
//! at all, says by which run it was made and carries the hash of its own rows, so a run that was killed
//! goes on where it was, and what was damaged is made again. The format is in `docs/store.md`.
//!
//! # What decides the bytes
//!
//! The data set, the basis, the order, the number of points, the seed and the size of parts; neither the
//! number of threads nor shards, interruptions or the folder in which the data lie. (`manifest.json` alone says what the
//! folder and the data set are called.) What is drawn for an item depends on the seed and its id alone.
//!
//! # Errors
//!
//! An item that cannot be used is recorded with a kind and a message, and the others go on. What concerns
//! the whole run (a full disk, a source that vanished, another writer) ends it, and finished parts stay.

mod archive;
mod audit;
mod container;
mod convert;
mod error;
pub mod images;
mod item;
mod layout;
mod load;
mod local;
mod members;
mod pose;
mod stance;
mod store;
pub mod synthetic;
mod transform;
mod tree;

pub use audit::{AuditReport, Near, NearPair, Range, Twin, audit_dataset, audit_store};
pub use convert::{ConvertOptions, ConvertSummary, Observer, convert};
pub use error::DatasetError;
pub use item::{Completeness, Dataset, DatasetKind, Item, Split};
pub use layout::{find, open};
pub use local::{Frame, LocalMap, LocalMapper, LocalOptions, Placed};
pub use pose::{Pose, up_axis};
pub use stance::Stance;
pub use store::{
    Failure, Manifest, Part, Plan, Rows, Store, VerifyReport, check_writable, merge, replace_whole,
    sync_folder, verify, write_whole,
};
