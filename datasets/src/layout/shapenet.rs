//! ShapeNetCore v1 and v2, and ShapeNet55 as Point-BERT lays it out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Found;
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
            class: index(&classes, synset),
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

fn index(classes: &[String], class: &str) -> Option<u32> {
    classes
        .iter()
        .position(|known| known == class)
        .and_then(|index| u32::try_from(index).ok())
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
    Ok(Some(apply(&wanted, items)))
}

/// Gives items their splits, and says what the list and the items do not share.
pub(super) fn apply(wanted: &BTreeMap<String, Split>, items: &mut [Item]) -> Completeness {
    let mut unexpected = Vec::new();
    for item in items.iter_mut() {
        match wanted.get(&item.id) {
            Some(split) => item.split = *split,
            None => unexpected.push(item.id.clone()),
        }
    }
    unexpected.sort();
    let here: BTreeSet<&str> = items.iter().map(|item| item.id.as_str()).collect();
    let missing = wanted
        .keys()
        .filter(|id| !here.contains(id.as_str()))
        .cloned()
        .collect();
    let splits = Split::ALL.map(|split| {
        let found = items.iter().filter(|item| item.split == split).count();
        (
            split,
            found,
            wanted.values().filter(|wanted| **wanted == split).count(),
        )
    });
    let splits = splits
        .into_iter()
        .filter(|(_, found, all)| found + all > 0)
        .collect();
    Completeness {
        splits,
        missing,
        unexpected,
    }
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
    let synset = |file: &str| -> Option<String> {
        let name = file.rsplit('/').next()?.strip_suffix(".npy")?;
        let (synset, _) = name.split_once('-')?;
        is_synset(synset).then(|| synset.to_owned())
    };
    let classes: BTreeSet<String> = tree.files.iter().filter_map(|file| synset(file)).collect();
    if classes.is_empty() {
        return Ok(None);
    }
    let classes: Vec<String> = classes.into_iter().collect();
    let mut items: Vec<Item> = Vec::new();
    for file in &tree.files {
        let Some(synset) = synset(file) else { continue };
        let name = split_ending(file).0.rsplit('/').next().unwrap_or_default();
        items.push(Item {
            id: name.to_owned(),
            class: index(&classes, &synset),
            split: Split::Train,
            source: file.clone(),
        });
    }
    let mut wanted = BTreeMap::new();
    for (list, split) in [("train.txt", Split::Train), ("test.txt", Split::Test)] {
        let found = tree
            .files
            .iter()
            .find(|file| *file == list || file.ends_with(&format!("/{list}")));
        let Some(found) = found else { continue };
        for line in tree
            .text(found)?
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            wanted.insert(line.trim_end_matches(".npy").to_owned(), split);
        }
    }
    let mut notes = Vec::new();
    let completeness = if wanted.is_empty() {
        notes.push(format!(
            "no train.txt and test.txt: all items are of the training split, {} of the {} of both official lists",
            items.len(),
            FIFTY_FIVE[0] + FIFTY_FIVE[1]
        ));
        None
    } else {
        let listed = [Split::Train, Split::Test]
            .map(|split| wanted.values().filter(|s| **s == split).count());
        if listed != FIFTY_FIVE {
            notes.push(format!(
                "the lists here name {} and {} objects, the official ones {} and {}",
                listed[0], listed[1], FIFTY_FIVE[0], FIFTY_FIVE[1]
            ));
        }
        Some(apply(&wanted, &mut items))
    };
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
