//! ShapeNetCore v1 and v2, and ShapeNet55 as Point-BERT lays it out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Found, class_index, splits};
use crate::tree::{Tree, is_synset, split_ending};
use crate::{Completeness, DatasetError, Item, Split};

/// Files of a model that hold its shape, the best first.
const MODELS: [&str; 3] = [
    "models/model_normalized.obj",
    "model.obj",
    "models/model_normalized.ply",
];
/// The official split of ShapeNetCore: `id,synsetId,subSynsetId,modelId,split`.
const SPLITS: &str = "all.csv";
const TAXONOMY: &str = "taxonomy.json";

/// Reads `<synset>/<model>/models/model_normalized.obj` (v2) or `<synset>/<model>/model.obj` (v1);
/// `None` if there is no such file.
pub(super) fn core(tree: &Tree) -> Result<Option<Found>, DatasetError> {
    let mut items = Vec::new();
    let mut second = false;
    let synsets: BTreeSet<&str> = tree
        .folders
        .iter()
        .filter(|folder| is_synset(folder))
        .map(String::as_str)
        .collect();
    let classes: Vec<String> = synsets.iter().map(|synset| (*synset).to_owned()).collect();
    let mut without = 0;
    for folder in &tree.folders {
        let Some((synset, model)) = folder.split_once('/') else {
            continue;
        };
        if !synsets.contains(synset) || model.contains('/') {
            continue;
        }
        let file = MODELS
            .iter()
            .map(|name| format!("{folder}/{name}"))
            .find(|f| tree.has(f));
        let Some(source) = file else {
            without += 1;
            continue;
        };
        second |= source.contains("/models/");
        items.push(Item {
            id: folder.clone(),
            class: class_index(&classes, synset),
            split: Split::Train,
            source,
        });
    }
    if items.is_empty() {
        return Ok(None);
    }
    let mut notes = Vec::new();
    if without > 0 {
        notes.push(format!(
            "{without} model folders hold no model file and were left out"
        ));
    }
    let completeness = official_split(tree, &mut items, &mut notes)?;
    Ok(Some(Found {
        name: if second {
            "ShapeNetCore.v2"
        } else {
            "ShapeNetCore.v1"
        }
        .to_owned(),
        layout: if second {
            "ShapeNetCore v2"
        } else {
            "ShapeNetCore v1"
        },
        classes: named(tree, classes)?,
        items,
        up_axis: "y",
        completeness,
        notes,
    }))
}

/// Takes splits from `all.csv`, and what is missing or too much against it.
fn official_split(
    tree: &Tree,
    items: &mut [Item],
    notes: &mut Vec<String>,
) -> Result<Option<Completeness>, DatasetError> {
    if !tree.has(SPLITS) {
        notes.push(format!(
            "no {SPLITS} with the official split: all items are of the training split"
        ));
        return Ok(None);
    }
    let path = tree.path(SPLITS);
    let text = tree.text(SPLITS)?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let wrong = |line: u64, message: String| DatasetError::line(&path, line as usize, message);
    let headers = reader
        .headers()
        .map_err(|error| wrong(1, error.to_string()))?
        .clone();
    let column = |name: &str| {
        headers
            .iter()
            .position(|header| header.trim().eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                wrong(
                    1,
                    format!("expected columns synsetId, modelId and split, found no `{name}`"),
                )
            })
    };
    let (synset, model, split) = (column("synsetId")?, column("modelId")?, column("split")?);
    let mut wanted = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            wrong(
                error.position().map_or(0, csv::Position::line),
                error.to_string(),
            )
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let field = |index: usize| record.get(index).unwrap_or_default().trim();
        let split = Split::from_name(field(split)).ok_or_else(|| {
            wrong(
                line,
                format!("expected train, val or test, found `{}`", field(split)),
            )
        })?;
        // Spreadsheets cut the leading zero that every synset has.
        wanted.insert(format!("{:0>8}/{}", field(synset), field(model)), split);
    }
    Ok(Some(splits::apply(&wanted, items)))
}

/// Class names with the word of the taxonomy: `02691156` is `airplane` where the taxonomy is there.
fn named(tree: &Tree, synsets: Vec<String>) -> Result<Vec<String>, DatasetError> {
    #[derive(Deserialize)]
    struct Synset {
        #[serde(rename = "synsetId")]
        id: String,
        name: String,
    }
    if !tree.has(TAXONOMY) {
        return Ok(synsets);
    }
    let path = tree.path(TAXONOMY);
    let list: Vec<Synset> = serde_json::from_str(&tree.text(TAXONOMY)?)
        .map_err(|error| DatasetError::line(&path, error.line(), error.to_string()))?;
    let names: BTreeMap<&str, &str> = list
        .iter()
        .map(|synset| {
            (
                synset.id.as_str(),
                synset.name.split(',').next().unwrap_or_default().trim(),
            )
        })
        .collect();
    let word = |synset: String| match names.get(synset.as_str()) {
        Some(name) if !name.is_empty() => format!("{synset} {name}"),
        _ => synset,
    };
    Ok(synsets.into_iter().map(word).collect())
}

/// Objects in the official lists of ShapeNet55, training and test.
const FIFTY_FIVE: [usize; 2] = [41_952, 10_518];

/// Reads `shapenet_pc/<synset>-<model>.npy` with `ShapeNet-55/{train,test}.txt`; `None` without the former.
pub(super) fn fifty_five(tree: &Tree) -> Result<Option<Found>, DatasetError> {
    let classes: BTreeSet<&str> = tree
        .files
        .iter()
        .filter_map(|file| synset_of(file))
        .collect();
    if classes.is_empty() {
        return Ok(None);
    }
    let classes: Vec<String> = classes.into_iter().map(str::to_owned).collect();
    let mut items: Vec<Item> = Vec::new();
    for file in &tree.files {
        let Some(synset) = synset_of(file) else {
            continue;
        };
        let name = split_ending(file).0.rsplit('/').next().unwrap_or_default();
        items.push(Item {
            id: name.to_owned(),
            class: class_index(&classes, synset),
            split: Split::Train,
            source: file.clone(),
        });
    }
    let wanted = listed(tree)?;
    let notes = Vec::from_iter(difference(&wanted, items.len()));
    let completeness = (!wanted.is_empty()).then(|| splits::apply(&wanted, &mut items));
    Ok(Some(Found {
        name: "ShapeNet55".to_owned(),
        layout: "ShapeNet55",
        classes,
        items,
        up_axis: "y",
        completeness,
        notes,
    }))
}

/// The class of `<synset>-<model>.npy`.
fn synset_of(file: &str) -> Option<&str> {
    let name = file.rsplit('/').next()?.strip_suffix(".npy")?;
    let (synset, _) = name.split_once('-')?;
    is_synset(synset).then_some(synset)
}

const LISTS: [(&str, Split); 2] = [("train.txt", Split::Train), ("test.txt", Split::Test)];

/// The folder of the lists: `ShapeNet-55`, beside which those of subsets may lie, or the only one that has any.
fn folder_of_lists(tree: &Tree) -> Result<Option<&str>, DatasetError> {
    let folders: BTreeSet<&str> = tree
        .files
        .iter()
        .map(|file| file.rsplit_once('/').unwrap_or(("", file)))
        .filter(|(_, name)| LISTS.iter().any(|(list, _)| list == name))
        .map(|(folder, _)| folder)
        .collect();
    let whole = |folder: &&&str| folder.rsplit('/').next() == Some("ShapeNet-55");
    match (folders.iter().find(whole), folders.len()) {
        (None, 2..) => {
            let all: Vec<&str> = folders.into_iter().collect();
            let message = format!(
                "train.txt and test.txt lie in several folders: {}; call the one to be read ShapeNet-55",
                all.join(", ")
            );
            Err(DatasetError::layout(&tree.top(), message))
        }
        (found, _) => Ok(found.or(folders.first()).copied()),
    }
}

/// The splits of the objects that `train.txt` and `test.txt` name; none without the two.
fn listed(tree: &Tree) -> Result<BTreeMap<String, Split>, DatasetError> {
    let mut wanted = BTreeMap::new();
    let Some(folder) = folder_of_lists(tree)? else {
        return Ok(wanted);
    };
    for (list, split) in LISTS {
        let list = match folder {
            "" => list.to_owned(),
            folder => format!("{folder}/{list}"),
        };
        if !tree.has(&list) {
            let message =
                "is not there, but the list of the other split is; restore it, or remove both";
            return Err(DatasetError::layout(&tree.path(&list), message));
        }
        let text = tree.text(&list)?;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            wanted.insert(line.trim_end_matches(".npy").to_owned(), split);
        }
    }
    Ok(wanted)
}

/// What the lists here are from the official ones, if anything; `items` objects are there.
fn difference(wanted: &BTreeMap<String, Split>, items: usize) -> Option<String> {
    let [train, test] = FIFTY_FIVE;
    if wanted.is_empty() {
        return Some(format!(
            "no train.txt and test.txt: all items are of the training split, {items} of the {} of both official lists",
            train + test
        ));
    }
    let here =
        [Split::Train, Split::Test].map(|split| wanted.values().filter(|s| **s == split).count());
    (here != FIFTY_FIVE).then(|| {
        format!(
            "the lists here name {} and {} objects, the official ones {train} and {test}",
            here[0], here[1]
        )
    })
}
