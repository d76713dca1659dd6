//! A table of labels and splits beside the shapes of a folder.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Found, splits};
use crate::tree::Tree;
use crate::{DatasetError, Split};

/// Where such a table lies, the first that is there.
const TABLES: [&str; 3] = ["labels.csv", "splits.csv", "split.csv"];

/// Names of its columns. The first must be there, and one of the others.
const FILE: &[&str] = &["file", "path", "filename", "id", "name"];
const CLASS: &[&str] = &["class", "label", "category"];
const SPLIT: &[&str] = &["split", "set"];

/// One row: the line it stands in, its class and its split.
struct Row {
    line: usize,
    class: Option<String>,
    split: Option<Split>,
}

/// Takes classes and splits from the table, if there is one. A row names its shape by the path inside the folder,
/// with or without its ending; what the table leaves open stays as the folders say.
pub(super) fn apply(tree: &Tree, found: &mut Found) -> Result<(), DatasetError> {
    let Some(table) = TABLES.into_iter().find(|name| tree.has(name)) else {
        return Ok(());
    };
    let rows = read(tree, table)?;
    // A row may name the source or the id; from here on it is known by the id where the shape is there.
    let ids: HashMap<&str, &str> = found
        .items
        .iter()
        .flat_map(|item| {
            [
                (item.source.as_str(), item.id.as_str()),
                (&item.id, &item.id),
            ]
        })
        .collect();
    let (mut wanted, mut classes) = (BTreeMap::new(), BTreeMap::new());
    for (name, row) in rows {
        let id = ids.get(name.as_str()).map_or(name, |id| (*id).to_owned());
        if wanted
            .insert(id.clone(), row.split.unwrap_or(Split::Train))
            .is_some()
        {
            let message = format!("`{id}` is there twice");
            return Err(DatasetError::line(&tree.path(table), row.line, message));
        }
        if let Some(class) = row.class {
            classes.insert(id, class);
        }
    }
    found.completeness = Some(splits::apply(&wanted, &mut found.items));
    found
        .notes
        .push(format!("labels and splits are those of {table}"));
    relabel(found, &classes);
    Ok(())
}

/// Gives items the classes of the table, and new numbers to all classes.
fn relabel(found: &mut Found, table: &BTreeMap<String, String>) {
    let names: Vec<Option<String>> = found
        .items
        .iter()
        .map(|item| {
            let folder = item
                .class
                .and_then(|class| found.classes.get(class as usize));
            table.get(&item.id).or(folder).cloned()
        })
        .collect();
    let all: BTreeSet<&String> = names.iter().flatten().collect();
    let all: Vec<String> = all.into_iter().cloned().collect();
    for (item, name) in found.items.iter_mut().zip(&names) {
        let place = name.as_ref().and_then(|name| all.binary_search(name).ok());
        item.class = place.and_then(|place| u32::try_from(place).ok());
    }
    found.classes = all;
}

fn read(tree: &Tree, table: &str) -> Result<Vec<(String, Row)>, DatasetError> {
    let path = tree.path(table);
    let wrong = |line: usize, message: String| DatasetError::line(&path, line, message);
    let text = tree.text(table)?;
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headers = reader
        .headers()
        .map_err(|error| wrong(1, error.to_string()))?
        .clone();
    let column = |names: &[&str]| {
        headers.iter().position(|header| {
            let header = header.trim_start_matches('\u{feff}');
            names.iter().any(|name| header.eq_ignore_ascii_case(name))
        })
    };
    let (file, class, split) = (column(FILE), column(CLASS), column(SPLIT));
    let Some(file) = file.filter(|_| class.is_some() || split.is_some()) else {
        let expected = "expected a column `file` and one of `class` and `split`";
        let found = headers.iter().collect::<Vec<_>>().join(", ");
        return Err(wrong(1, format!("{expected}, found {found}")));
    };
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            wrong(line as usize, error.to_string())
        })?;
        let line = record.position().map_or(0, csv::Position::line) as usize;
        let cell = |column: Option<usize>| {
            column
                .and_then(|at| record.get(at))
                .filter(|c| !c.is_empty())
        };
        let split = match cell(split) {
            None => None,
            Some(name) => Some(Split::from_name(name).ok_or_else(|| {
                wrong(line, format!("expected train, val or test, found `{name}`"))
            })?),
        };
        let Some(name) = cell(Some(file)) else {
            return Err(wrong(
                line,
                "expected the name of a file, found nothing".to_owned(),
            ));
        };
        let name = name.replace('\\', "/");
        let class = cell(class).map(str::to_owned);
        rows.push((
            name.trim_start_matches("./").to_owned(),
            Row { line, class, split },
        ));
    }
    Ok(rows)
}
