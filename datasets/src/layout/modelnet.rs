//! Folders of classes and splits, as ModelNet has them, in any format of shapes.

use std::collections::{BTreeMap, BTreeSet};

use super::Found;
use super::folder::left_out;
use crate::tree::{Tree, is_shape, split_ending};
use crate::{Completeness, DatasetError, Item, Split};

/// Classes of ModelNet40 with their official counts of training and test objects (Wu et al., 2015).
/// Objects are numbered through: training from 1, test from where training ends.
const MODELNET40: [(&str, usize, usize); 40] = [
    ("airplane", 626, 100),
    ("bathtub", 106, 50),
    ("bed", 515, 100),
    ("bench", 173, 20),
    ("bookshelf", 572, 100),
    ("bottle", 335, 100),
    ("bowl", 64, 20),
    ("car", 197, 100),
    ("chair", 889, 100),
    ("cone", 167, 20),
    ("cup", 79, 20),
    ("curtain", 138, 20),
    ("desk", 200, 86),
    ("door", 109, 20),
    ("dresser", 200, 86),
    ("flower_pot", 149, 20),
    ("glass_box", 171, 100),
    ("guitar", 155, 100),
    ("keyboard", 145, 20),
    ("lamp", 124, 20),
    ("laptop", 149, 20),
    ("mantel", 284, 100),
    ("monitor", 465, 100),
    ("night_stand", 200, 86),
    ("person", 88, 20),
    ("piano", 231, 100),
    ("plant", 240, 100),
    ("radio", 104, 20),
    ("range_hood", 115, 100),
    ("sink", 128, 20),
    ("sofa", 680, 100),
    ("stairs", 124, 20),
    ("stool", 90, 20),
    ("table", 392, 100),
    ("tent", 163, 20),
    ("toilet", 344, 100),
    ("tv_stand", 267, 100),
    ("vase", 475, 100),
    ("wardrobe", 87, 20),
    ("xbox", 103, 20),
];

/// The classes of ModelNet10, whose objects and numbers are those of ModelNet40.
const MODELNET10: [&str; 10] = [
    "bathtub",
    "bed",
    "chair",
    "desk",
    "dresser",
    "monitor",
    "night_stand",
    "sofa",
    "table",
    "toilet",
];

/// The classes of ModelNet40 in alphabetical order, which is that of their labels.
pub(super) fn class_names() -> Vec<String> {
    MODELNET40
        .iter()
        .map(|(class, _, _)| (*class).to_owned())
        .collect()
}

/// Those of ModelNet10.
pub(super) fn ten_class_names() -> Vec<String> {
    MODELNET10.iter().map(|class| (*class).to_owned()).collect()
}

/// A path taken apart.
struct Parts<'a> {
    class: &'a str,
    split: Split,
    rest: &'a str,
}

/// `chair/train/chair_0001.off` or `train/chair/chair_0001.off`.
fn parts(file: &str) -> Option<Parts<'_>> {
    let (first, rest) = file.split_once('/')?;
    let (second, rest) = rest.split_once('/')?;
    match (Split::from_name(first), Split::from_name(second)) {
        (None, Some(split)) => Some(Parts {
            class: first,
            split,
            rest,
        }),
        (Some(split), None) => Some(Parts {
            class: second,
            split,
            rest,
        }),
        _ => None,
    }
}

/// `None` if most shapes do not lie in a class and a split.
pub(super) fn read(tree: &Tree) -> Result<Option<Found>, DatasetError> {
    let shapes = || tree.files.iter().filter(|file| is_shape(file));
    let fitting = shapes().filter(|file| parts(file).is_some()).count();
    let total = shapes().count();
    if fitting == 0 || fitting * 2 < total {
        return Ok(None);
    }
    let classes: BTreeSet<&str> = shapes()
        .filter_map(|file| Some(parts(file)?.class))
        .collect();
    no_class_is_empty(tree, &classes)?;
    let classes: Vec<String> = classes.into_iter().map(str::to_owned).collect();
    let items: Vec<Item> = shapes().filter_map(|file| item(file, &classes)).collect();
    let official = official(&classes, &items);
    let mut notes = left_out(tree);
    if fitting < total {
        notes.push(format!(
            "{} shapes outside of classes and splits were left out",
            total - fitting
        ));
    }
    Ok(Some(Found {
        name: official.map_or_else(|| tree.name(), str::to_owned),
        layout: if official.is_some() && tree.files.iter().any(|file| file.ends_with(".annot")) {
            "ModelNet folders, manually aligned"
        } else if official.is_some() {
            "ModelNet folders"
        } else {
            "folders of classes and splits"
        },
        completeness: official.map(|name| completeness(name, &items)),
        up_axis: if official.is_some() { "z" } else { "unknown" },
        classes,
        items,
        notes,
    }))
}

fn item(file: &str, classes: &[String]) -> Option<Item> {
    let Parts { class, split, rest } = parts(file)?;
    let index = classes
        .binary_search_by(|known| known.as_str().cmp(class))
        .ok()?;
    Some(Item {
        id: format!("{class}/{}", split_ending(rest).0),
        class: u32::try_from(index).ok(),
        split,
        source: file.to_owned(),
    })
}

/// A class whose folders hold no shape at all was probably not copied whole.
fn no_class_is_empty(tree: &Tree, classes: &BTreeSet<&str>) -> Result<(), DatasetError> {
    // Folders at the top that hold lists or notes.
    let lists: BTreeSet<&str> = tree
        .files
        .iter()
        .filter(|file| !is_shape(file))
        .filter_map(|file| file.split_once('/'))
        .filter_map(|(folder, rest)| (!rest.contains('/')).then_some(folder))
        .collect();
    for folder in &tree.folders {
        let class = match folder.split_once('/') {
            None if Split::from_name(folder).is_none() => folder.as_str(),
            Some((first, class)) if Split::from_name(first).is_some() && !class.contains('/') => {
                class
            }
            _ => continue,
        };
        if !classes.contains(class) && !lists.contains(folder.as_str()) {
            return Err(DatasetError::EmptyClass {
                path: tree.top(),
                class: class.to_owned(),
            });
        }
    }
    Ok(())
}

/// The official set that these items belong to: all classes of ModelNet10, or any of the others of ModelNet40, and most
/// items under their official names. Anyone has chairs and tables.
fn official(classes: &[String], items: &[Item]) -> Option<&'static str> {
    let known = |class: &String| MODELNET40.iter().any(|(name, _, _)| name == class);
    let small = |class: &String| MODELNET10.contains(&class.as_str());
    let name = if classes.iter().all(small) {
        "ModelNet10"
    } else if classes.iter().all(known) {
        "ModelNet40"
    } else {
        return None;
    };
    let wanted = wanted(name);
    let here = items.iter().filter(|item| wanted.contains_key(&item.id));
    (here.count() * 2 > items.len()).then_some(name)
}

/// The ids of the official set `name` and their splits.
fn wanted(name: &str) -> BTreeMap<String, Split> {
    let mut wanted: BTreeMap<String, Split> = BTreeMap::new();
    for &(class, train, test) in &MODELNET40 {
        if name == "ModelNet10" && !MODELNET10.contains(&class) {
            continue;
        }
        for number in 1..=train + test {
            let split = if number <= train {
                Split::Train
            } else {
                Split::Test
            };
            wanted.insert(format!("{class}/{class}_{number:04}"), split);
        }
    }
    wanted
}

/// What is here against the official set `name`.
pub(super) fn completeness(name: &str, items: &[Item]) -> Completeness {
    let mut wanted = wanted(name);
    let official = |split| wanted.values().filter(|found| **found == split).count();
    let here = |split| items.iter().filter(|item| item.split == split).count();
    let splits = [Split::Train, Split::Test].map(|split| (split, here(split), official(split)));
    let mut unexpected = BTreeSet::new();
    for item in items {
        if wanted.remove(&item.id) != Some(item.split) {
            unexpected.insert(item.id.clone());
        }
    }
    Completeness {
        splits: splits.to_vec(),
        missing: wanted.into_keys().collect(),
        unexpected: unexpected.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_official_counts_are_those_published() {
        let train: usize = MODELNET40.iter().map(|(_, train, _)| train).sum();
        let test: usize = MODELNET40.iter().map(|(_, _, test)| test).sum();
        assert_eq!((train, test), (9843, 2468));
        let ten = || {
            MODELNET40
                .iter()
                .filter(|(class, _, _)| MODELNET10.contains(class))
        };
        assert_eq!(ten().map(|(_, train, _)| train).sum::<usize>(), 3991);
        assert_eq!(ten().map(|(_, _, test)| test).sum::<usize>(), 908);
    }
}
