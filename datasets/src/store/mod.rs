//! The spectral store: a folder of parts and a manifest.

pub(crate) mod atomic;
pub(crate) mod lock;
pub(crate) mod manifest;
pub(crate) mod merge;
pub(crate) mod part;
mod read;
pub(crate) mod tensors;
mod verify;

pub use atomic::{check_writable, replace_whole, sync_folder, write_whole};
pub use manifest::{Failure, Manifest, Part, Plan};
pub use merge::merge;
pub use read::{Rows, Store};
pub use verify::{VerifyReport, verify};
