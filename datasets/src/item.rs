//! Items, splits and the data set that holds them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::DatasetError;
use crate::container::Containers;
use crate::store::manifest::listing_hash;
use crate::tree::Tree;

/// The part of a data set that an item belongs to. Data sets without splits are all [`Split::Train`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// For fitting and for choosing.
    Train,
    /// For the final figure only.
    Test,
    /// For choosing, where the data set has such a part.
    Val,
}

impl Split {
    /// All splits, in the order in which they are reported.
    pub const ALL: [Self; 3] = [Self::Train, Self::Test, Self::Val];

    /// Reads a folder name or a table entry: `train`, `test`, `val` and their usual long forms, any case.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "train" | "training" => Some(Self::Train),
            "test" | "testing" => Some(Self::Test),
            "val" | "valid" | "validation" | "dev" => Some(Self::Val),
            _ => None,
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Test => "test",
            Self::Val => "val",
        })
    }
}

impl FromStr for Split {
    type Err = DatasetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_name(text).ok_or_else(|| DatasetError::Value {
            what: "split",
            expected: "`train`, `test` or `val`",
            found: format!("`{text}`"),
        })
    }
}

/// One shape of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Name that is unique in the data set and does not depend on where it lies: `chair/chair_0001`.
    pub id: String,
    /// Index into [`Dataset::classes`], if the data set has classes.
    pub class: Option<u32>,
    /// The split it belongs to.
    pub split: Split,
    /// Path relative to [`Dataset::root`], with `/` between folders; `file#row` inside a container.
    pub source: String,
}

/// A data set on disk: its classes and its items, sorted by [`Item::source`]. Nothing but names and lists has
/// been read, except of HDF5 and NPZ files of many shapes, which alone say how many they hold; [`Dataset::load`] reads one
/// shape.
#[derive(Debug)]
pub struct Dataset {
    /// What it is called: `ModelNet40`, or the name of the folder.
    pub name: String,
    /// How it lies on disk, in words: `ModelNet folders`.
    pub layout: String,
    /// The folder, archive or file that was opened.
    pub root: PathBuf,
    /// Class names, sorted as the layout says; [`Item::class`] points here.
    pub classes: Vec<String>,
    /// All items, sorted by [`Item::source`].
    pub items: Vec<Item>,
    /// The axis along which gravity acts: `z`, `y` or `unknown`.
    pub up_axis: String,
    /// How much of the official data set is here, where there is one.
    pub completeness: Option<Completeness>,
    /// What a user should know about how the folder was understood, one sentence each.
    pub notes: Vec<String>,
    pub(crate) tree: Tree,
    pub(crate) containers: Containers,
}

/// What is here against the counts that the authors of a data set published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Completeness {
    /// Split, items found, items in the official set.
    pub splits: Vec<(Split, usize, usize)>,
    /// Ids of items that the official set has and that are not here, sorted.
    pub missing: Vec<String>,
    /// Ids of items that are here and that the official set does not have, sorted.
    pub unexpected: Vec<String>,
}

impl Completeness {
    /// True if every official item is here and nothing else.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty()
            && self.unexpected.is_empty()
            && self
                .splits
                .iter()
                .all(|(_, found, official)| found == official)
    }
}

impl fmt::Display for Completeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (split, found, official)) in self.splits.iter().enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            write!(f, "{comma}{split} {found} of {official}")?;
        }
        if self.is_whole() {
            return write!(f, ": whole");
        }
        for (what, ids) in [
            ("missing", &self.missing),
            ("not official", &self.unexpected),
        ] {
            if let Some((first, rest)) = ids.split_first() {
                write!(f, "; {what}: {first}")?;
                for id in rest.iter().take(4) {
                    write!(f, ", {id}")?;
                }
                if ids.len() > 5 {
                    write!(f, " and {} more", ids.len() - 5)?;
                }
            }
        }
        Ok(())
    }
}

impl Dataset {
    /// Items of one split.
    pub fn count(&self, split: Split) -> usize {
        self.items.iter().filter(|item| item.split == split).count()
    }

    /// Eight hexadecimal digits that tell data sets of one name apart: by where they lie and which items they have.
    pub fn place(&self) -> String {
        let root = self.root.canonicalize();
        let root = root.unwrap_or_else(|_gone| self.root.clone());
        let items: Vec<&Item> = self.items.iter().collect();
        let mut hasher = blake3::Hasher::new();
        hasher.update(root.as_os_str().as_encoded_bytes());
        hasher.update(listing_hash(&items).as_bytes());
        hasher.finalize().to_hex()[..8].to_owned()
    }
}

/// Which layout to expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DatasetKind {
    /// Whatever is recognised.
    Auto,
    /// `<class>/{train,test}/<class>_0001.off` in any format, also the manually aligned set.
    Modelnet,
    /// `modelnet40_normal_resampled`: `<class>/<class>_0001.txt` and lists of the splits.
    ModelnetResampled,
    /// `modelnet40_ply_hdf5_2048`.
    ModelnetHdf5,
    /// One NPZ of voxel grids: `X_train`, `y_train`, `X_test`, `y_test`.
    Voxels,
    /// ShapeNetCore v1 or v2.
    Shapenet,
    /// ShapeNet55 as Point-BERT lays it out.
    Shapenet55,
    /// ShapeNetPart with normals.
    ShapenetPart,
    /// ScanObjectNN, one of its variants.
    Scanobjectnn,
    /// Any folder of shapes, flat or by class, with `labels.csv` if there is one.
    Folder,
}

impl DatasetKind {
    /// All kinds with the names that the command line takes.
    pub const ALL: [(Self, &str); 10] = [
        (Self::Auto, "auto"),
        (Self::Modelnet, "modelnet"),
        (Self::ModelnetResampled, "modelnet-resampled"),
        (Self::ModelnetHdf5, "modelnet-hdf5"),
        (Self::Voxels, "voxels"),
        (Self::Shapenet, "shapenet"),
        (Self::Shapenet55, "shapenet55"),
        (Self::ShapenetPart, "shapenetpart"),
        (Self::Scanobjectnn, "scanobjectnn"),
        (Self::Folder, "folder"),
    ];
}

impl fmt::Display for DatasetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL
            .iter()
            .find(|(kind, _)| kind == self)
            .map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

impl FromStr for DatasetKind {
    type Err = DatasetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = text.to_ascii_lowercase();
        Self::ALL
            .iter()
            .find(|(_, name)| *name == wanted)
            .map(|(kind, _)| *kind)
            .ok_or_else(|| DatasetError::Value {
                what: "data set kind",
                expected: "one of auto, modelnet, modelnet-resampled, modelnet-hdf5, voxels, \
                           shapenet, shapenet55, shapenetpart, scanobjectnn, folder",
                found: format!("`{text}`"),
            })
    }
}
