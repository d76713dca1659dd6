//! Files that hold many shapes: HDF5 clouds and NPZ voxel grids. An item of them is `file#row`.

use std::sync::{Arc, Mutex, PoisonError};

use spectra_pointcloud::{
    Limits, PointCloud, ReadError, Shape, VoxelSet, read_hdf5_clouds, read_voxels_npz,
};

use crate::load::unreadable;
use crate::tree::Tree;
use crate::{DatasetError, Item};

/// Files kept in memory: two, since a part may begin in one and end in the next.
const KEPT: usize = 2;

/// The many-shape files of a data set, read when an item of theirs is.
#[derive(Debug, Default)]
pub(crate) struct Containers {
    kept: Mutex<Vec<(String, Arc<Content>)>>,
}

/// One file in memory.
#[derive(Debug)]
enum Content {
    Clouds(Vec<PointCloud>),
    Voxels(VoxelSet),
}

impl Content {
    fn cloud(&self, row: usize) -> Option<PointCloud> {
        match self {
            Self::Clouds(clouds) => clouds.get(row).cloned(),
            // Training grids come first, then the test grids.
            Self::Voxels(set) => match row.checked_sub(set.train.len()) {
                None => set.train.cloud(row),
                Some(row) => set.test.cloud(row),
            },
        }
    }
}

/// `file` and `row` of a source such as `ply_data_train0.h5#00012`.
pub(crate) fn split_source(source: &str) -> Option<(&str, usize)> {
    let (file, row) = source.rsplit_once('#')?;
    Some((file, row.parse().ok()?))
}

/// The source of a row; as many digits as keep the order of names that of numbers.
pub(crate) fn source(file: &str, row: usize) -> String {
    format!("{file}#{row:07}")
}

impl Containers {
    /// The shape in a row of a file.
    pub fn load(
        &self,
        tree: &Tree,
        item: &Item,
        file: &str,
        row: usize,
    ) -> Result<Shape, DatasetError> {
        let content = self.content(tree, item, file)?;
        content
            .cloud(row)
            .map(Shape::Cloud)
            .ok_or_else(|| DatasetError::Item {
                id: item.id.clone(),
                kind: "missing".to_owned(),
                message: format!("{file} has no row {row}"),
            })
    }

    fn content(&self, tree: &Tree, item: &Item, file: &str) -> Result<Arc<Content>, DatasetError> {
        // Whoever comes first reads the file, the others wait for it.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, content)) = kept.iter().find(|(name, _)| name == file) {
            return Ok(Arc::clone(content));
        }
        let bytes = tree.read_for(item, file)?;
        let content = read(&bytes, file).map_err(|error| unreadable(item, &error))?;
        let content = Arc::new(content);
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push((file.to_owned(), Arc::clone(&content)));
        Ok(content)
    }
}

fn read(bytes: &[u8], file: &str) -> Result<Content, ReadError> {
    let limits = Limits::default();
    if file.ends_with(".npz") {
        return Ok(Content::Voxels(read_voxels_npz(bytes, file, &limits)?));
    }
    Ok(Content::Clouds(
        read_hdf5_clouds(bytes, file, &limits)?.clouds,
    ))
}
