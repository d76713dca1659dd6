//! Any folder of shapes: flat, or one folder for each class.

use std::collections::{BTreeMap, BTreeSet};

use super::{EXPECTED, Found, class_index, labels, unique_ids};
use crate::tree::{Tree, is_shape, split_ending};
use crate::{DatasetError, Item, Split};

/// Reads `<class>/.../<shape>`, `<split>/.../<shape>` or `<shape>`; unless folders or a table say otherwise items are of the training split.
pub(super) fn read(tree: &Tree) -> Result<Found, DatasetError> {
    let shapes: Vec<&String> = tree.files.iter().filter(|file| is_shape(file)).collect();
    if shapes.is_empty() {
        return Err(DatasetError::NotRecognised {
            path: tree.top(),
            found: format!(
                "{} files, none of them a shape by its name",
                tree.files.len()
            ),
            expected: EXPECTED.to_owned(),
        });
    }
    let flat = shapes.iter().filter(|file| !file.contains('/')).count();
    let of_splits = flat == 0 && shapes.iter().all(|file| split_of(file).is_some());
    let mut found = Found {
        name: tree.name(),
        layout: match (flat == shapes.len(), of_splits) {
            (true, _) => "folder of shapes",
            (_, true) => "folders of splits",
            _ => "folders of classes",
        },
        up_axis: "unknown",
        notes: left_out(tree),
        ..Found::default()
    };
    if flat < shapes.len() && !of_splits {
        found.classes = classes(tree, &shapes)?;
        if flat > 0 {
            found.notes.push(format!(
                "{flat} shapes beside the class folders have no class"
            ));
        }
    }
    found.items = shapes
        .iter()
        .map(|file| item(file, &found.classes, of_splits))
        .collect();
    // A row of a table means one of two files of the same name by its ending.
    unique_ids(&mut found.items);
    labels::apply(tree, &mut found)?;
    Ok(found)
}

fn classes(tree: &Tree, shapes: &[&String]) -> Result<Vec<String>, DatasetError> {
    let with_shapes: BTreeSet<&str> = shapes
        .iter()
        .filter_map(|file| file.split_once('/'))
        .map(|(class, _)| class)
        .collect();
    let with_files: BTreeSet<&str> = tree
        .files
        .iter()
        .filter_map(|file| Some(file.split_once('/')?.0))
        .collect();
    for folder in tree.folders.iter().filter(|folder| !folder.contains('/')) {
        // A folder of pictures or notes is not a class; one with nothing in it was one.
        if !with_files.contains(folder.as_str()) {
            return Err(DatasetError::EmptyClass {
                path: tree.top(),
                class: folder.clone(),
            });
        }
    }
    Ok(with_shapes.into_iter().map(str::to_owned).collect())
}

/// The split that the first folder of a path is named after.
fn split_of(file: &str) -> Option<Split> {
    Split::from_name(file.split_once('/')?.0)
}

fn item(file: &str, classes: &[String], of_splits: bool) -> Item {
    let split = split_of(file).filter(|_split| of_splits);
    let class = file.split_once('/').map(|(class, _)| class);
    Item {
        id: split_ending(file).0.to_owned(),
        class: class.and_then(|class| class_index(classes, class)),
        split: split.unwrap_or(Split::Train),
        source: file.to_owned(),
    }
}

/// One sentence on the files that are not shapes, by ending.
pub(super) fn left_out(tree: &Tree) -> Vec<String> {
    let mut endings: BTreeMap<String, usize> = BTreeMap::new();
    for file in tree.files.iter().filter(|file| !is_shape(file)) {
        *endings.entry(split_ending(file).1).or_default() += 1;
    }
    if endings.is_empty() {
        return Vec::new();
    }
    let list: Vec<String> = endings
        .iter()
        .map(|(ending, count)| match ending.as_str() {
            "" => format!("{count} without an ending"),
            ending => format!("{count} .{ending}"),
        })
        .collect();
    vec![format!(
        "files that are not shapes by their name were left out: {}",
        list.join(", ")
    )]
}
