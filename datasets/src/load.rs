//! One item of a data set to a shape.

use std::time::SystemTime;

use spectra_pointcloud::{Limits, ReadError, Shape, read_bytes};

use crate::container::split_source;
use crate::{Dataset, DatasetError, Item};

impl Dataset {
    /// Reads the shape of the item at `index`, with the default [`Limits`].
    ///
    /// In a compressed tar that is too large to be kept in memory, that takes decoding all that comes before it.
    ///
    /// # Errors
    /// [`DatasetError::Item`] for what concerns this item alone: a file that is gone, may not be read or
    /// is not a shape; [`DatasetError::Io`] if the data set as a whole is gone or the system refuses.
    ///
    /// # Panics
    /// Panics if `index` is not below the number of items.
    pub fn load(&self, index: usize) -> Result<Shape, DatasetError> {
        let item = &self.items[index];
        if let Some((file, row)) = self.in_container(item) {
            return self.containers.load(&self.tree, item, file, row);
        }
        parse(item, &self.tree.read_for(item, &item.source)?)
    }

    /// The file of many shapes and the row in it, for an item that is one of many.
    pub(crate) fn in_container<'a>(&self, item: &'a Item) -> Option<(&'a str, usize)> {
        split_source(&item.source).filter(|(file, _)| self.tree.has(file))
    }

    /// Whether the items are best read in one pass over the archive that they are members of.
    pub(crate) fn is_streamed(&self) -> bool {
        let contained = |item| self.in_container(item).is_some();
        self.tree.is_archive() && !self.items.iter().any(contained)
    }

    /// When the file of an item was last changed, where the system says.
    pub(crate) fn changed(&self, item: &Item) -> Option<SystemTime> {
        let contained = self.in_container(item).map(|(file, _row)| file);
        self.tree.changed(contained.unwrap_or(&item.source))
    }
}

/// The shape in the bytes of an item's file.
pub(crate) fn parse(item: &Item, bytes: &[u8]) -> Result<Shape, DatasetError> {
    // The name in messages is the path inside the data set, so they do not depend on where it lies.
    read_bytes(bytes, &item.source, &Limits::default()).map_err(|error| unreadable(item, &error))
}

/// An item that a reader refuses.
pub(crate) fn unreadable(item: &Item, error: &ReadError) -> DatasetError {
    DatasetError::Item {
        id: item.id.clone(),
        kind: error.kind().to_owned(),
        message: error.to_string(),
    }
}
