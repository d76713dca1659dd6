//! How data sets lie on disk, one file for each layout, and how they are told apart.

mod containers;
mod folder;
mod labels;
mod lists;
mod modelnet;
mod shapenet;
mod splits;

use std::fs;
use std::path::{Path, PathBuf};

use spectra_pointcloud::archive_kind;

use crate::archive::Archive;
use crate::container::Containers;
use crate::store::manifest::is_store;
use crate::tree::Tree;
use crate::{Completeness, Dataset, DatasetError, DatasetKind, Item};

/// What a layout makes of a tree of files.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub name: String,
    pub layout: &'static str,
    pub classes: Vec<String>,
    pub items: Vec<Item>,
    pub up_axis: &'static str,
    pub completeness: Option<Completeness>,
    pub notes: Vec<String>,
}

const EXPECTED: &str = "<class>/<shape>, <class>/{train,test}/<shape> or \
    {train,test}/<class>/<shape>, shapes as OFF, PLY, OBJ, STL, PCD, NPY, XYZ, TXT or HDF5";

/// Opens the data set at `path`, a folder or a zip or tar of one (see [`spectra_pointcloud::visit_archive`]): lists
/// its files and tells classes and splits, without reading a shape. (HDF5 and NPZ files of many shapes are read, since
/// they alone say how many they hold.)
///
/// With [`DatasetKind::Auto`] the layout is recognised; [`Dataset::layout`] says as what. Folders that
/// merely wrap the data set are walked down. Items are sorted by their path.
///
/// # Errors
/// A path that does not exist, a folder that is not of the kind, holds no shape or has a class without
/// a shape, and lists that name what is not there.
pub fn open(path: &Path, kind: DatasetKind) -> Result<Dataset, DatasetError> {
    let metadata = fs::metadata(path).map_err(|source| DatasetError::io("open", path, source))?;
    if is_store(path) {
        return Err(DatasetError::layout(
            path,
            "a store, which holds no shapes; name the data set that it was made of",
        ));
    }
    let tree = match (metadata.is_dir(), kind) {
        (true, _) => Tree::of_folder(path)?,
        (false, DatasetKind::Auto | DatasetKind::Voxels) if is_voxels(path) => Tree::of_file(path)?,
        (false, _) => match Archive::open(path)? {
            Some(archive) => Tree::of_archive(path, archive),
            None => return Err(not_recognised(path, "a single file and no archive")),
        },
    };
    let kind = match metadata.is_dir() || tree.is_archive() {
        true => kind,
        false => DatasetKind::Voxels,
    };
    let mut found = recognise(&tree, kind)?;
    found.items.sort_by(|a, b| a.source.cmp(&b.source));
    unique_ids(&mut found.items);
    Ok(Dataset {
        name: found.name,
        layout: found.layout.to_owned(),
        root: path.to_owned(),
        classes: found.classes,
        items: found.items,
        up_axis: found.up_axis.to_owned(),
        completeness: found.completeness,
        notes: found.notes,
        tree,
        containers: Containers::default(),
    })
}

fn is_voxels(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "npz")
}

fn recognise(tree: &Tree, kind: DatasetKind) -> Result<Found, DatasetError> {
    if tree.files.is_empty() {
        return Err(not_recognised(&tree.top(), "an empty folder"));
    }
    let required = |found: Option<Found>, without: &str| {
        found.ok_or_else(|| not_recognised(&tree.top(), without))
    };
    match kind {
        DatasetKind::Auto => automatic(tree),
        DatasetKind::Modelnet => required(modelnet::read(tree)?, "no classes with train or test"),
        DatasetKind::ModelnetResampled => required(
            lists::resampled(tree)?,
            "no modelnet40_train.txt with its shapes",
        ),
        DatasetKind::Shapenet => required(shapenet::core(tree)?, "no <synset>/<model>/model.obj"),
        DatasetKind::Shapenet55 => required(shapenet::fifty_five(tree)?, "no <synset>-<model>.npy"),
        DatasetKind::ShapenetPart => required(
            lists::shapenet_part(tree)?,
            "no synsetoffset2category.txt with its shapes",
        ),
        DatasetKind::Folder => folder::read(tree),
        DatasetKind::ModelnetHdf5 => required(containers::modelnet_hdf5(tree)?, "no ply_data_*.h5"),
        DatasetKind::Scanobjectnn => {
            required(containers::scans(tree)?, "no training_objectdataset*.h5")
        }
        DatasetKind::Voxels => required(containers::voxels(tree)?, "no single NPZ of grids"),
    }
}

/// The most particular layout that fits.
fn automatic(tree: &Tree) -> Result<Found, DatasetError> {
    type Reader = fn(&Tree) -> Result<Option<Found>, DatasetError>;
    let readers: [Reader; 7] = [
        containers::modelnet_hdf5,
        containers::scans,
        lists::resampled,
        lists::shapenet_part,
        shapenet::fifty_five,
        shapenet::core,
        modelnet::read,
    ];
    for read in readers {
        if let Some(found) = read(tree)? {
            return Ok(found);
        }
    }
    folder::read(tree)
}

fn not_recognised(path: &Path, found: &str) -> DatasetError {
    DatasetError::NotRecognised {
        path: path.to_owned(),
        found: found.to_owned(),
        expected: EXPECTED.to_owned(),
    }
}

/// The number of a class, which is its (first) place in the sorted list.
fn class_index(classes: &[String], class: &str) -> Option<u32> {
    let place = classes.partition_point(|known| known.as_str() < class);
    let found = classes.get(place).is_some_and(|known| known == class);
    u32::try_from(place).ok().filter(|_| found)
}

/// Gives items that share an id (the same name in two splits, or in two formats) their whole path.
fn unique_ids(items: &mut [Item]) {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|&a, &b| items[a].id.cmp(&items[b].id));
    let mut doubled = Vec::new();
    for pair in order.windows(2) {
        if items[pair[0]].id == items[pair[1]].id {
            doubled.extend_from_slice(pair);
        }
    }
    for index in doubled {
        items[index].id.clone_from(&items[index].source);
    }
}

/// Opens the data set called `name`, such as `modelnet10`, that lies under `root` in any layout:
/// `ModelNet10`, `modelnet40_normal_resampled`, `modelnet10-pcd.tar.xz`, ... Folders come before archives, the plainest name first.
///
/// # Errors
/// As [`open`], and if there is nothing of that name.
pub fn find(name: &str, root: &Path) -> Result<Dataset, DatasetError> {
    let wanted = plain(name);
    let listing = |source| DatasetError::io("list", root, source);
    // Folders before archives.
    let mut candidates: Vec<(bool, usize, PathBuf)> = Vec::new();
    let own = root
        .file_name()
        .map(|own| plain(&own.to_string_lossy()))
        .unwrap_or_default();
    for entry in fs::read_dir(root).map_err(listing)? {
        let path = entry.map_err(listing)?.path();
        let found = path
            .file_name()
            .map(|f| plain(&f.to_string_lossy()))
            .unwrap_or_default();
        let holds_many = || path.is_dir() || matches!(archive_kind(&path), Ok(Some(_)));
        if names(&found, &wanted) && holds_many() {
            candidates.push((path.is_file(), found.len(), path));
        }
    }
    if candidates.is_empty() && names(&own, &wanted) {
        candidates.push((false, 0, root.to_owned()));
    }
    candidates.sort();
    let mut first_error = None;
    for (_is_file, _length, path) in candidates {
        match open(&path, DatasetKind::Auto) {
            Ok(mut dataset) => {
                if let Some(number) = wanted.strip_prefix("modelnet") {
                    dataset.name = format!("ModelNet{number}");
                }
                return Ok(dataset);
            }
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    Err(first_error.unwrap_or_else(|| DatasetError::NotFound {
        name: name.to_owned(),
        root: root.to_owned(),
        looked: format!("a folder or an archive named {wanted}, {wanted}_..., in any case"),
    }))
}

/// Lower case letters and digits only.
fn plain(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// `modelnet40normalresampled` names `modelnet40`; `modelnet100` does not name `modelnet10`.
fn names(found: &str, wanted: &str) -> bool {
    found
        .strip_prefix(wanted)
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
