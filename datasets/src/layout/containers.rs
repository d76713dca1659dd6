//! Data sets in few large files: ModelNet40 and ScanObjectNN as HDF5, ModelNet10 as voxel grids.

use spectra_pointcloud::{
    Limits, ReadError, is_voxels_npz, read_bytes, read_hdf5_clouds, read_voxels_npz,
};

use super::{Found, modelnet};
use crate::container::source;
use crate::tree::Tree;
use crate::{Completeness, DatasetError, Item, Split};

/// The classes of ScanObjectNN in the order of its labels (Uy et al., 2019).
const SCANS: [&str; 15] = [
    "bag", "bin", "box", "cabinet", "chair", "desk", "display", "door", "shelf", "table", "bed",
    "pillow", "sink", "sofa", "toilet",
];

/// The files of ModelNet40 as HDF5.
const MODELNET_FILES: [&str; 7] = [
    "ply_data_test0.h5",
    "ply_data_test1.h5",
    "ply_data_train0.h5",
    "ply_data_train1.h5",
    "ply_data_train2.h5",
    "ply_data_train3.h5",
    "ply_data_train4.h5",
];

fn unreadable(tree: &Tree, file: &str, error: &ReadError) -> DatasetError {
    DatasetError::layout(&tree.path(file), error.to_string())
}

fn name_of(file: &str) -> &str {
    file.rsplit('/').next().unwrap_or(file)
}

/// Adds one item for each cloud of an HDF5 file.
fn add_clouds(
    tree: &Tree,
    file: &str,
    split: Split,
    classes: &[String],
    items: &mut Vec<Item>,
) -> Result<(), DatasetError> {
    let limits = Limits::default();
    let bytes = tree.read(file, limits.bytes)?;
    let set =
        read_hdf5_clouds(&bytes, file, &limits).map_err(|error| unreadable(tree, file, &error))?;
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    for row in 0..set.clouds.len() {
        let label = set.labels.get(row).copied();
        let class = label
            .map(|label| checked(tree, file, row, label, classes))
            .transpose()?;
        items.push(Item {
            id: format!("{stem}/{row:05}"),
            class,
            split,
            source: source(file, row),
        });
    }
    Ok(())
}

fn checked(
    tree: &Tree,
    file: &str,
    row: usize,
    label: i64,
    classes: &[String],
) -> Result<u32, DatasetError> {
    u32::try_from(label)
        .ok()
        .filter(|label| (*label as usize) < classes.len())
        .ok_or_else(|| {
            let message = format!(
                "label {label} of row {row}: expected one of {} classes, counted from 0",
                classes.len()
            );
            DatasetError::layout(&tree.path(file), message)
        })
}

/// The names in `shape_names.txt`, in the order of the labels.
fn class_names(tree: &Tree, file: &str) -> Result<Vec<String>, DatasetError> {
    let text = tree.text(file)?;
    let names: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    if names.is_empty() {
        let message = "expected the names of the classes, one a line, found none; restore the file, or remove it to take the \
            names of ModelNet40";
        return Err(DatasetError::layout(&tree.path(file), message));
    }
    Ok(names)
}

/// Reads `ply_data_{train,test}N.h5` with `shape_names.txt`; `None` without such files.
pub(super) fn modelnet_hdf5(tree: &Tree) -> Result<Option<Found>, DatasetError> {
    let split = |file: &str| {
        let name = name_of(file);
        let number = name.strip_suffix(".h5")?.strip_prefix("ply_data_")?;
        let split = number.trim_end_matches(|c: char| c.is_ascii_digit());
        Split::from_name(split)
    };
    let files: Vec<(&String, Split)> = tree
        .files
        .iter()
        .filter_map(|file| Some((file, split(file)?)))
        .collect();
    if files.is_empty() {
        return Ok(None);
    }
    let names = tree
        .files
        .iter()
        .find(|file| name_of(file) == "shape_names.txt");
    let classes = match names {
        Some(names) => class_names(tree, names)?,
        None => modelnet::class_names(),
    };
    let mut items = Vec::new();
    for (file, split) in files {
        add_clouds(tree, file, split, &classes, &mut items)?;
    }
    // Three training objects of the official 9,843 were never in these files.
    let mut completeness = counts(&items, &[(Split::Train, 9840), (Split::Test, 2468)]);
    let here = |name: &str| tree.files.iter().any(|file| name_of(file) == name);
    completeness.missing = MODELNET_FILES
        .iter()
        .filter(|name| !here(name))
        .map(|name| (*name).to_owned())
        .collect();
    Ok(Some(Found {
        name: "ModelNet40".to_owned(),
        layout: "ModelNet40 as HDF5",
        classes,
        items,
        up_axis: "y",
        completeness: Some(completeness),
        notes: Vec::new(),
    }))
}

fn counts(items: &[Item], official: &[(Split, usize)]) -> Completeness {
    let here = |split| items.iter().filter(|item| item.split == split).count();
    Completeness {
        splits: official
            .iter()
            .map(|&(split, all)| (split, here(split), all))
            .collect(),
        missing: Vec::new(),
        unexpected: Vec::new(),
    }
}

/// Objects of the variant that a file name tells, as shared by its authors: the plain one (with or without
/// background) and the hardest (PB_T50_RS).
fn scan_counts(file: &str) -> Option<[(Split, usize); 2]> {
    let (_, variant) = file.split_once("objectdataset")?;
    match variant {
        ".h5" => Some([(Split::Train, 2309), (Split::Test, 581)]),
        "_augmentedrot_scale75.h5" => Some([(Split::Train, 11_416), (Split::Test, 2882)]),
        _ => None,
    }
}

/// Reads one variant of ScanObjectNN: `training_objectdataset*.h5` and `test_objectdataset*.h5`.
pub(super) fn scans(tree: &Tree) -> Result<Option<Found>, DatasetError> {
    let named = |start: &str| -> Vec<&String> {
        tree.files
            .iter()
            .filter(|file| name_of(file).starts_with(start) && file.ends_with(".h5"))
            .collect()
    };
    let (train, test) = (named("training_objectdataset"), named("test_objectdataset"));
    if train.is_empty() && test.is_empty() {
        return Ok(None);
    }
    if train.len() > 1 || test.len() > 1 {
        let all: Vec<&str> = train
            .iter()
            .chain(&test)
            .map(|file| file.as_str())
            .collect();
        let message = format!(
            "several variants of ScanObjectNN: {}; put the two files of the one to be read into a folder",
            all.join(", ")
        );
        return Err(DatasetError::layout(&tree.top(), message));
    }
    let classes: Vec<String> = SCANS.iter().map(|class| (*class).to_owned()).collect();
    let mut items = Vec::new();
    let official = scan_counts(
        train
            .first()
            .or(test.first())
            .map_or("", |file| name_of(file)),
    );
    let mut missing = Vec::new();
    for (files, split) in [(&train, "training"), (&test, "test")] {
        if files.is_empty() {
            missing.push(format!("{split}_objectdataset*.h5"));
        }
    }
    for (files, split) in [(train, Split::Train), (test, Split::Test)] {
        for file in files {
            add_clouds(tree, file, split, &classes, &mut items)?;
        }
    }
    Ok(Some(Found {
        name: "ScanObjectNN".to_owned(),
        layout: "ScanObjectNN",
        completeness: official.map(|official| Completeness {
            missing,
            ..counts(&items, &official)
        }),
        classes,
        items,
        up_axis: "y",
        notes: Vec::new(),
    }))
}

/// Grids of ModelNet10 for training and for the test.
const VOXELS: [usize; 2] = [3991, 908];

/// What other arrays are than grids: one shape, or why they are none.
fn no_grids(tree: &Tree, file: &str, bytes: &[u8]) -> DatasetError {
    let shape = match read_bytes(bytes, file, &Limits::default()) {
        Ok(_) => "it is one shape".to_owned(),
        Err(error) => format!("as one shape: {error}"),
    };
    let message = format!(
        "expected the arrays `X_train`, `y_train`, `X_test` and `y_test`, found others; {shape}"
    );
    DatasetError::layout(&tree.path(file), message)
}

/// Reads one NPZ with `X_train`, `y_train`, `X_test`, `y_test`; `None` if there is no lone NPZ.
pub(super) fn voxels(tree: &Tree) -> Result<Option<Found>, DatasetError> {
    let [file] = tree.files.as_slice() else {
        return Ok(None);
    };
    if !file.ends_with(".npz") {
        return Ok(None);
    }
    let limits = Limits::default();
    let bytes = tree.read(file, limits.bytes)?;
    if !is_voxels_npz(&bytes) {
        return Err(no_grids(tree, file, &bytes));
    }
    let set =
        read_voxels_npz(&bytes, file, &limits).map_err(|error| unreadable(tree, file, &error))?;
    let labels: Vec<i64> = set
        .train
        .labels
        .iter()
        .chain(&set.test.labels)
        .copied()
        .collect();
    let count = labels
        .iter()
        .max()
        .map_or(0, |most| usize::try_from(*most).map_or(0, |m| m + 1));
    let ten = modelnet::ten_class_names();
    let known = count == ten.len() && [set.train.len(), set.test.len()] == VOXELS;
    let classes = if known {
        ten
    } else {
        (0..count.min(10_000)).map(|c| c.to_string()).collect()
    };
    let mut items = Vec::new();
    for (row, label) in labels.iter().enumerate() {
        let split = if row < set.train.len() {
            Split::Train
        } else {
            Split::Test
        };
        items.push(Item {
            id: format!("{split}/{row:05}"),
            class: Some(checked(tree, file, row, *label, &classes)?),
            split,
            source: source(file, row),
        });
    }
    let note =
        "class names are those of ModelNet10 in alphabetical order, which the file does not say";
    Ok(Some(Found {
        name: if known {
            "ModelNet10".to_owned()
        } else {
            tree.name()
        },
        layout: "voxel grids",
        classes,
        items,
        up_axis: "unknown",
        completeness: None,
        notes: if known {
            vec![note.to_owned()]
        } else {
            Vec::new()
        },
    }))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Cursor, Write};
    use std::path::{Path, PathBuf};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use crate::{DatasetKind, open};

    #[test]
    fn an_empty_list_of_classes_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["ply_data_test0.h5", "shape_names.txt"] {
            fs::write(folder.path().join(name), b"").unwrap();
        }
        let error = open(folder.path(), DatasetKind::Auto).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("shape_names.txt: expected the names"),
            "{error}"
        );
    }

    /// An array of one byte as NumPy writes it.
    fn array(shape: &str, value: u8) -> Vec<u8> {
        let head = format!("{{'descr': '|i1', 'fortran_order': False, 'shape': {shape}, }}\n");
        let length = (head.len() as u16).to_le_bytes();
        [
            &b"\x93NUMPY\x01\x00"[..],
            &length[..],
            head.as_bytes(),
            &[value],
        ]
        .concat()
    }

    fn npz(folder: &Path, arrays: &[(&str, Vec<u8>)]) -> PathBuf {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, array) in arrays {
            let options = SimpleFileOptions::default();
            writer.start_file(format!("{name}.npy"), options).unwrap();
            writer.write_all(array).unwrap();
        }
        let path = folder.join("arrays.npz");
        fs::write(&path, writer.finish().unwrap().into_inner()).unwrap();
        path
    }

    /// A file of one grid for training and one for the test, both of one label.
    fn grids(folder: &Path, label: u8) -> PathBuf {
        let (grid, label) = (array("(1, 1, 1, 1)", 1), array("(1,)", label));
        let arrays = [
            ("X_train", grid.clone()),
            ("y_train", label.clone()),
            ("X_test", grid),
            ("y_test", label),
        ];
        npz(folder, &arrays)
    }

    #[test]
    fn arrays_that_are_no_grids_are_named_for_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let arrays = ["verts", "faces"].map(|name| (name, array("(1,)", 1)));
        for kind in [DatasetKind::Auto, DatasetKind::Voxels] {
            let error = open(&npz(folder.path(), &arrays), kind)
                .unwrap_err()
                .to_string();
            assert!(error.contains("`X_train`"), "{error}");
            assert!(
                error.contains("name the array of points `points`"),
                "{error}"
            );
        }
    }

    #[test]
    fn grids_that_all_have_labels_below_zero_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = open(&grids(folder.path(), 255), DatasetKind::Auto).unwrap_err();
        assert!(error.to_string().contains("label -1 of row 0"), "{error}");
    }

    #[test]
    fn ten_classes_of_other_counts_are_not_modelnet10() {
        let folder = tempfile::tempdir().unwrap();
        let dataset = open(&grids(folder.path(), 9), DatasetKind::Auto).unwrap();
        assert_eq!(dataset.classes.len(), 10);
        assert_eq!(dataset.classes[9], "9");
        assert_ne!(dataset.name, "ModelNet10");
    }
}
