//! `manifest.json`: what a store holds and how it was made.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::ops::{Deref, Range};
use std::path::Path;

use serde::{Deserialize, Serialize};
use spectra_spectral::Basis;

use super::atomic::write_whole;
use crate::{DatasetError, Item, Split};

/// Name of the manifest inside a store.
pub(crate) const MANIFEST: &str = "manifest.json";
const FORMAT: &str = "spectra-store";
/// Version of the format that this program writes and reads.
pub(crate) const VERSION: u64 = 1;
/// Raised whenever the same shape would give other coefficients.
const TRANSFORM: u64 = 1;

/// Everything that is settled before the first item is read. Two runs with equal plans write equal parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Name of the data set.
    pub dataset: String,
    /// How it lay on disk.
    pub layout: String,
    /// Name of the folder or archive that was converted, without the folders above it.
    pub source: String,
    /// The axis along which gravity acts: `z`, `y` or `unknown`.
    pub up_axis: String,
    /// Family of functions.
    pub basis: Basis,
    /// Highest order `N` or degree `L`.
    pub order: usize,
    /// Coefficients in a row: [`Basis::count`] of the order.
    pub coefficients: usize,
    /// Most points of a sampled cloud.
    pub points: usize,
    /// Seed of the sampling.
    pub seed: u64,
    /// Version of the transform: sampling, normalisation and coefficients.
    pub transform: u64,
    /// Whether the parts hold the sampled points.
    pub keep_points: bool,
    /// Class names; a label is an index into them, -1 is no class.
    pub classes: Vec<String>,
    /// Items that were to be converted.
    pub items: usize,
    /// blake3 of ids, classes, splits and sources of these items, in order.
    pub items_blake3: String,
    /// Items in every part but the last.
    pub rows_per_part: usize,
}

/// What a plan takes from the options of a conversion.
pub(crate) struct Transform {
    pub basis: Basis,
    pub order: usize,
    pub points: usize,
    pub seed: u64,
    pub keep_points: bool,
    pub rows_per_part: usize,
}

impl Plan {
    pub(crate) fn new(dataset: &crate::Dataset, items: &[&Item], transform: &Transform) -> Self {
        Self {
            dataset: dataset.name.clone(),
            layout: dataset.layout.clone(),
            source: dataset.tree.name(),
            up_axis: dataset.up_axis.clone(),
            basis: transform.basis,
            order: transform.order,
            coefficients: transform.basis.count(transform.order),
            points: transform.points,
            seed: transform.seed,
            transform: TRANSFORM,
            keep_points: transform.keep_points,
            classes: dataset.classes.clone(),
            items: items.len(),
            items_blake3: listing_hash(items),
            rows_per_part: transform.rows_per_part,
        }
    }

    /// Number of parts.
    pub fn part_count(&self) -> usize {
        self.items.div_ceil(self.rows_per_part.max(1))
    }

    /// The items of a part, as indices into the sorted list.
    pub(crate) fn range(&self, part: usize) -> Range<usize> {
        let start = part.saturating_mul(self.rows_per_part);
        start..start.saturating_add(self.rows_per_part).min(self.items)
    }

    /// Name of a part without its ending.
    pub(crate) fn part_name(&self, part: usize) -> String {
        format!("part-{part:05}-of-{:05}", self.part_count())
    }

    /// What was done to each shape, in words: stores with equal fingerprints hold comparable rows,
    /// whatever data set they come from.
    pub fn fingerprint(&self) -> String {
        format!(
            "{} order {}, {} points, seed {}, transform {}",
            self.basis, self.order, self.points, self.seed, self.transform
        )
    }

    /// What decides the bytes of parts: the plan without the names of the data set and its folder, so that copies of
    /// one data set under several names are made into the same parts.
    pub(crate) fn nameless(&self) -> Self {
        Self {
            dataset: String::new(),
            source: String::new(),
            ..self.clone()
        }
    }

    /// blake3 of the plan, which each part carries.
    pub(crate) fn hash(&self) -> String {
        self.nameless().hash_of_all()
    }

    /// Whether a part that carries `hash` is of this plan. Stores of old have the names in it too.
    pub(crate) fn is_of(&self, hash: &str) -> bool {
        hash == self.hash() || hash == self.hash_of_all()
    }

    fn hash_of_all(&self) -> String {
        let text = serde_json::to_vec(self).expect("a plan is plain data with string keys");
        blake3::hash(&text).to_hex().to_string()
    }

    /// Where two plans differ, as `order 16, not 20`; `None` if they do not.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        let as_json = |plan| serde_json::to_value(plan).expect("a plan is plain data");
        let (own, others) = (as_json(self), as_json(other));
        let differing = |field: &&str| own[*field] != others[*field];
        let fields = [
            "basis",
            "order",
            "points",
            "seed",
            "transform",
            "keep_points",
            "rows_per_part",
            "items",
            "dataset",
            "source",
            "layout",
            "up_axis",
            "classes",
        ];
        match fields.iter().find(|field| differing(field)) {
            Some(&"classes") => Some("the classes differ".to_owned()),
            Some(field) => Some(format!("{field} {}, not {}", own[*field], others[*field])),
            None if own != others => Some("the list of items has changed".to_owned()),
            None => None,
        }
    }
}

pub(crate) fn listing_hash(items: &[&Item]) -> String {
    let mut hasher = blake3::Hasher::new();
    for item in items {
        let class = item.class.map_or(-1, i64::from);
        let line = format!("{}\0{class}\0{}\0{}\n", item.id, item.split, item.source);
        hasher.update(line.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Whether a folder is a store, finished or not, of whatever version: its manifest begins with the name of the format.
pub(crate) fn is_store(folder: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(folder.join(MANIFEST))
        .and_then(|manifest| manifest.take(256).read_to_end(&mut head));
    read.is_ok() && String::from_utf8_lossy(&head).contains(&format!("\"{FORMAT}\""))
}

/// One finished part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// File name without ending: `part-00000-of-00008`.
    pub name: String,
    /// Items that became rows.
    pub rows: usize,
    /// Items that failed.
    pub failed: usize,
    /// blake3 of the `.safetensors` file.
    pub safetensors_blake3: String,
    /// blake3 of the `.csv` file.
    pub csv_blake3: String,
}

/// An item that is not a row of the store, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The item.
    pub id: String,
    /// Short kebab-case kind, the same for all failures of a cause: `truncated`, `not-finite`, ...
    pub kind: String,
    /// What was wrong.
    pub message: String,
}

/// The contents of `manifest.json`. The fields of its [`Plan`] can be used as its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always `spectra-store`.
    pub format: String,
    /// Version of the format.
    pub version: u64,
    /// Program that wrote it.
    pub tool: String,
    /// What was to be done.
    #[serde(flatten)]
    pub plan: Plan,
    /// False while parts are missing; the fields below are then empty.
    pub finished: bool,
    /// Rows in each split.
    pub splits: BTreeMap<Split, usize>,
    /// All parts, in order.
    pub parts: Vec<Part>,
    /// Items that failed, in order.
    pub failures: Vec<Failure>,
}

impl Deref for Manifest {
    type Target = Plan;

    fn deref(&self) -> &Plan {
        &self.plan
    }
}

impl Manifest {
    /// A store that is about to be written.
    pub(crate) fn begin(plan: Plan) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            tool: format!("spectra {}", env!("CARGO_PKG_VERSION")),
            plan,
            finished: false,
            splits: BTreeMap::new(),
            parts: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Rows of all parts.
    pub fn rows(&self) -> usize {
        self.parts.iter().map(|part| part.rows).sum()
    }

    /// Reads the manifest of a store; `None` if there is none.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, DatasetError> {
        let path = folder.join(MANIFEST);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(DatasetError::io("read", &path, source)),
        };
        Self::parse(&path, &bytes).map(Some)
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self, DatasetError> {
        // Only what is the same in all versions is looked at first.
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u64,
        }
        let not_json = |error: serde_json::Error| {
            DatasetError::damaged(path, format!("not the manifest of a store: {error}"))
        };
        let head: Head = serde_json::from_slice(bytes).map_err(not_json)?;
        if head.format != FORMAT {
            let message = format!("expected format `{FORMAT}`, found `{}`", head.format);
            return Err(DatasetError::damaged(path, message));
        }
        if head.version != VERSION {
            return Err(DatasetError::Version {
                path: path.to_owned(),
                found: head.version,
                expected: VERSION,
            });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(not_json)?;
        manifest
            .check()
            .map_err(|message| DatasetError::damaged(path, message))?;
        Ok(manifest)
    }

    /// What the numbers of a manifest owe each other, so that no reader trusts a wrong one.
    fn check(&self) -> Result<(), String> {
        let plan = &self.plan;
        // The largest order in any use is far below; counts cannot overflow under it.
        if plan.order > 1000 || plan.coefficients != plan.basis.count(plan.order) {
            return Err(format!(
                "order {} and {} coefficients disagree",
                plan.order, plan.coefficients
            ));
        }
        if plan.rows_per_part == 0 || plan.items == 0 {
            return Err("it holds no rows".to_owned());
        }
        if !self.finished {
            return Ok(());
        }
        if self.parts.len() != plan.part_count() {
            let (found, expected) = (self.parts.len(), plan.part_count());
            return Err(format!("expected {expected} parts, found {found}"));
        }
        for (index, part) in self.parts.iter().enumerate() {
            if part.name != plan.part_name(index) {
                return Err(format!(
                    "expected part `{}`, found `{}`",
                    plan.part_name(index),
                    part.name
                ));
            }
            if part.rows.checked_add(part.failed) != Some(plan.range(index).len()) {
                return Err(format!(
                    "{}: rows and failures do not add up to its items",
                    part.name
                ));
            }
        }
        Ok(())
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<(), DatasetError> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a manifest is plain data");
        bytes.push(b'\n');
        write_whole(&folder.join(MANIFEST), &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            dataset: "d".into(),
            layout: "l".into(),
            source: "s".into(),
            up_axis: "z".into(),
            basis: Basis::Zernike,
            order: 4,
            coefficients: 35,
            points: 64,
            seed: 0,
            transform: 1,
            keep_points: true,
            classes: vec!["a".into()],
            items: 10,
            items_blake3: String::new(),
            rows_per_part: 4,
        }
    }

    #[test]
    fn parts_cover_the_items_once() {
        let plan = plan();
        assert_eq!(plan.part_count(), 3);
        let ranges: Vec<_> = (0..3).map(|part| plan.range(part)).collect();
        assert_eq!(ranges, [0..4, 4..8, 8..10]);
        assert_eq!(plan.part_name(2), "part-00002-of-00003");
    }

    #[test]
    fn plans_say_where_they_differ() {
        let (one, mut other) = (plan(), plan());
        assert_eq!(one.difference(&other), None);
        other.order = 5;
        assert_eq!(one.difference(&other).unwrap(), "order 4, not 5");
        let changed = Plan {
            items_blake3: "x".into(),
            ..plan()
        };
        assert_eq!(
            one.difference(&changed).unwrap(),
            "the list of items has changed"
        );
    }

    #[test]
    fn parts_are_known_whatever_the_folder_was_called_and_as_they_were_made_before() {
        let one = plan();
        let copy = Plan {
            dataset: "other".into(),
            source: "copy".into(),
            ..plan()
        };
        assert!(one.is_of(&copy.hash()) && copy.is_of(&one.hash()));
        assert!(one.is_of(&one.hash_of_all()) && !copy.is_of(&one.hash_of_all()));
        assert!(!Plan { order: 5, ..plan() }.is_of(&one.hash()));
        // Going on in the folder of a store is another matter: equal names of files are not yet equal shapes.
        assert!(one.difference(&copy).is_some());
    }

    #[test]
    fn a_manifest_survives_the_disk_and_other_versions_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Manifest::read(folder.path()).unwrap().is_none());
        let manifest = Manifest::begin(plan());
        manifest.write(folder.path()).unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap().unwrap(), manifest);
        assert!(is_store(folder.path()));
        let path = folder.path().join(MANIFEST);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("\"version\": 1", "\"version\": 7")).unwrap();
        let error = Manifest::read(folder.path()).unwrap_err();
        assert!(
            matches!(
                error,
                DatasetError::Version {
                    found: 7,
                    expected: 1,
                    ..
                }
            ),
            "{error}"
        );
        fs::write(&path, text.replace("\"order\": 4", "\"order\": 5")).unwrap();
        assert!(matches!(
            Manifest::read(folder.path()),
            Err(DatasetError::Damaged { .. })
        ));
        fs::write(&path, "{").unwrap();
        assert!(matches!(
            Manifest::read(folder.path()),
            Err(DatasetError::Damaged { .. })
        ));
    }
}
