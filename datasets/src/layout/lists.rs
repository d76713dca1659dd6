//! Folders by class whose splits are lists of names: `modelnet40_normal_resampled` and ShapeNetPart.

use std::collections::BTreeMap;

use super::{Found, class_index, modelnet, splits};
use crate::tree::{Tree, split_ending};
use crate::{Completeness, DatasetError, Item, Split};

/// Reads `<class>/<class>_0001.txt` with `modelnet{10,40}_{train,test}.txt`; `None` without such lists.
/// Where both sets have lists, ModelNet40 is read.
pub(super) fn resampled(tree: &Tree) -> Result<Option<Found>, DatasetError> {
    let number = ["40", "10"].into_iter().find(|number| {
        tree.has(&format!("modelnet{number}_train.txt"))
            && tree.has(&format!("modelnet{number}_test.txt"))
    });
    let Some(number) = number else {
        return Ok(None);
    };
    let mut items = Vec::new();
    for (split, list) in [(Split::Train, "train"), (Split::Test, "test")] {
        let list = format!("modelnet{number}_{list}.txt");
        for (place, line) in tree.text(&list)?.lines().enumerate() {
            let name = line.trim();
            if name.is_empty() {
                continue;
            }
            let Some((class, _)) = name.rsplit_once('_') else {
                let message = format!("expected a name such as night_stand_0001, found `{name}`");
                return Err(DatasetError::line(&tree.path(&list), place + 1, message));
            };
            items.push((class.to_owned(), name.to_owned(), split));
        }
    }
    let mut classes: Vec<String> = items.iter().map(|(class, _, _)| class.clone()).collect();
    classes.sort();
    classes.dedup();
    // Listed objects that are not there become items too: they fail by name when they are read.
    let items: Vec<Item> = items
        .into_iter()
        .map(|(class, name, split)| Item {
            id: format!("{class}/{name}"),
            class: class_index(&classes, &class),
            split,
            source: format!("{class}/{name}.txt"),
        })
        .collect();
    let here: Vec<Item> = items
        .iter()
        .filter(|item| tree.has(&item.source))
        .cloned()
        .collect();
    if here.is_empty() {
        return Ok(None);
    }
    let name = format!("ModelNet{number}");
    let pickles = tree
        .files
        .iter()
        .filter(|file| file.ends_with(".dat"))
        .count();
    let mut notes = Vec::new();
    if pickles > 0 {
        notes.push(format!(
            "{pickles} .dat files are Python pickles, which can run code: not read"
        ));
    }
    Ok(Some(Found {
        completeness: Some(modelnet::completeness(&name, &here)),
        name,
        layout: "ModelNet with normals, resampled",
        classes,
        items,
        up_axis: "y",
        notes,
    }))
}

const CATEGORIES: &str = "synsetoffset2category.txt";
const LISTS: [(Split, &str); 3] = [
    (
        Split::Train,
        "train_test_split/shuffled_train_file_list.json",
    ),
    (Split::Test, "train_test_split/shuffled_test_file_list.json"),
    (Split::Val, "train_test_split/shuffled_val_file_list.json"),
];

/// Reads ShapeNetPart: `<synset>/<id>.txt` with its category file and lists; `None` without the former.
pub(super) fn shapenet_part(tree: &Tree) -> Result<Option<Found>, DatasetError> {
    if !tree.has(CATEGORIES) {
        return Ok(None);
    }
    let mut synsets: Vec<(String, String)> = Vec::new();
    for (place, line) in tree.text(CATEGORIES)?.lines().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            [name, synset] => synsets.push(((*synset).to_owned(), (*name).to_owned())),
            _ => {
                let message = format!("expected a category and its synset, found `{line}`");
                return Err(DatasetError::line(
                    &tree.path(CATEGORIES),
                    place + 1,
                    message,
                ));
            }
        }
    }
    synsets.sort();
    let keys: Vec<String> = synsets.iter().map(|(synset, _)| synset.clone()).collect();
    let mut items = Vec::new();
    for file in &tree.files {
        let Some((synset, name)) = file.split_once('/') else {
            continue;
        };
        let (stem, ending) = split_ending(name);
        if keys
            .binary_search_by(|key| key.as_str().cmp(synset))
            .is_ok()
            && ending == "txt"
        {
            items.push(Item {
                id: format!("{synset}/{stem}"),
                class: class_index(&keys, synset),
                split: Split::Train,
                source: file.clone(),
            });
        }
    }
    if items.is_empty() {
        return Ok(None);
    }
    let mut notes = Vec::new();
    let completeness = part_lists(tree, &mut items, &mut notes)?;
    Ok(Some(Found {
        name: "ShapeNetPart".to_owned(),
        layout: "ShapeNetPart",
        classes: synsets.into_iter().map(|(_, name)| name).collect(),
        items,
        up_axis: "y",
        completeness,
        notes,
    }))
}

fn part_lists(
    tree: &Tree,
    items: &mut [Item],
    notes: &mut Vec<String>,
) -> Result<Option<Completeness>, DatasetError> {
    let mut wanted = BTreeMap::new();
    for (split, list) in LISTS {
        if !tree.has(list) {
            notes.push(format!("no {list}"));
            continue;
        }
        let names: Vec<String> = serde_json::from_str(&tree.text(list)?).map_err(|error| {
            DatasetError::line(
                &tree.path(list),
                error.line(),
                format!("expected a list of names: {error}"),
            )
        })?;
        for name in names {
            let id = name.strip_prefix("shape_data/").unwrap_or(&name);
            wanted.insert(id.to_owned(), split);
        }
    }
    Ok((!wanted.is_empty()).then(|| splits::apply(&wanted, items)))
}
