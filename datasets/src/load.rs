//! One item of a data set to a shape.

use std::io::ErrorKind;

use spectra_pointcloud::{Limits, Shape, read_bytes};

use crate::container::split_source;
use crate::{Dataset, DatasetError, Item};

impl Dataset {
    /// Reads the shape of the item at `index`, with the default [`Limits`].
    ///
    /// # Errors
    /// [`DatasetError::Item`] for what concerns this item alone: a file that is gone, may not be read or
    /// is not a shape; [`DatasetError::Io`] if the data set as a whole is gone or the system refuses.
    ///
    /// # Panics
    /// Panics if `index` is not below the number of items.
    pub fn load(&self, index: usize) -> Result<Shape, DatasetError> {
        let item = &self.items[index];
        if let Some((file, row)) =
            split_source(&item.source).filter(|(file, _)| self.tree.has(file))
        {
            return self.containers.load(&self.tree, item, file, row);
        }
        let limits = Limits::default();
        let bytes = self
            .tree
            .read(&item.source, limits.bytes)
            .map_err(|error| self.of_item(item, error))?;
        // The name in messages is the path inside the data set, so they do not depend on where it lies.
        read_bytes(&bytes, &item.source, &limits).map_err(|error| DatasetError::Item {
            id: item.id.clone(),
            kind: error.kind().to_owned(),
            message: error.to_string(),
        })
    }

    /// An error of one file concerns its item, one of the disk or the whole folder everyone.
    fn of_item(&self, item: &Item, error: DatasetError) -> DatasetError {
        let DatasetError::Io {
            action,
            path,
            source,
        } = error
        else {
            return error;
        };
        let kind = match source.kind() {
            ErrorKind::NotFound if self.tree.vanished() => {
                let path = self.tree.top();
                return DatasetError::Io {
                    action,
                    path,
                    source,
                };
            }
            ErrorKind::NotFound => "missing",
            ErrorKind::PermissionDenied => "permission",
            ErrorKind::IsADirectory | ErrorKind::InvalidInput => "io",
            ErrorKind::FileTooLarge => "limit",
            _ => {
                return DatasetError::Io {
                    action,
                    path,
                    source,
                };
            }
        };
        let message = format!("{}: {}", item.source, source);
        DatasetError::Item {
            id: item.id.clone(),
            kind: kind.to_owned(),
            message,
        }
    }
}
