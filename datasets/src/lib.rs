//! Shape data sets on disk, and the spectral store.

// Loading and conversion, which use the rest, come next.
#![allow(dead_code)]

mod error;
mod item;
mod layout;
mod store;
mod tree;

pub use error::DatasetError;
pub use item::{Completeness, Dataset, DatasetKind, Item, Split};
pub use layout::{find, open};
