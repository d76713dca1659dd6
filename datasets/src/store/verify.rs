//! Checking every byte of a store.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::manifest::{Failure, MANIFEST};
use super::merge::failure_table;
use super::part::{self, Finished};
use super::read::Store;
use super::tensors::Tensors;
use crate::{DatasetError, Split};

/// Name of the table of failures.
pub(crate) const FAILURES: &str = "failures.csv";

/// What [`verify`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// One line for each thing that is wrong; empty if all is well.
    pub problems: Vec<String>,
    /// Parts in the manifest.
    pub parts: usize,
    /// Rows that were read.
    pub rows: usize,
}

/// Reads the whole store and compares it with its manifest: hashes, counts, ids that occur twice,
/// values that are not finite, labels without a class, files that do not belong.
///
/// # Errors
/// As [`Store::open`]; whatever is wrong behind the manifest is a problem in the report.
pub fn verify(path: impl AsRef<Path>) -> Result<VerifyReport, DatasetError> {
    let store = Store::open(path.as_ref())?;
    let manifest = store.manifest();
    let mut report = VerifyReport {
        parts: manifest.parts.len(),
        ..VerifyReport::default()
    };
    let mut seen = Seen::default();
    for (index, expected) in manifest.parts.iter().enumerate() {
        let (finished, tensors) = match part::read(store.path(), manifest, index) {
            Ok(read) => read,
            Err(error) => {
                report.problems.push(error.to_string());
                continue;
            }
        };
        report.rows += finished.part.rows;
        let mut problems = Vec::new();
        if finished.part != *expected {
            problems.push("not the file in the manifest".to_owned());
        }
        problems.extend(seen.add(&finished));
        problems.extend(wrong_values(&tensors, manifest.classes.len()));
        let named = problems.iter().map(|it| format!("{}: {it}", expected.name));
        report.problems.extend(named);
    }
    let same = seen.splits == manifest.splits && seen.failed == manifest.failures;
    if report.problems.is_empty() && !same {
        report.problems.push(format!(
            "{MANIFEST}: splits or failures are not those of the parts"
        ));
    }
    let table = fs::read(store.path().join(FAILURES)).unwrap_or_default();
    if table != failure_table(&manifest.failures) {
        report
            .problems
            .push(format!("{FAILURES}: not the failures of the manifest"));
    }
    report.problems.extend(strangers(&store)?);
    Ok(report)
}

/// The items of the parts that were read.
#[derive(Default)]
struct Seen {
    ids: BTreeSet<String>,
    splits: BTreeMap<Split, usize>,
    failed: Vec<Failure>,
}

impl Seen {
    /// Adds the items of a part, and says what is wrong with them.
    fn add(&mut self, part: &Finished) -> Vec<String> {
        let mut problems = Vec::new();
        self.failed.extend(part.failures());
        for line in &part.lines {
            if !self.ids.insert(line.id.clone()) {
                problems.push(format!("item `{}` occurs twice", line.id));
            }
            match line.split.parse::<Split>() {
                Ok(split) if line.is_row() => *self.splits.entry(split).or_default() += 1,
                Ok(_) => {}
                Err(error) => problems.push(error.to_string()),
            }
        }
        problems
    }
}

/// What is wrong with the numbers of a part of a store of so many classes.
fn wrong_values(tensors: &Tensors, classes: usize) -> Vec<String> {
    let mut problems = Vec::new();
    let points = tensors.points.iter().flatten();
    let mut values = tensors.coefficients.iter().chain(points);
    if values.any(|value| !value.is_finite()) {
        problems.push("a value that is not finite".to_owned());
    }
    let classes = i32::try_from(classes).unwrap_or(i32::MAX);
    let mut labels = tensors.labels.iter();
    if labels.any(|label| !(-1..classes).contains(label)) {
        problems.push("a label without a class".to_owned());
    }
    problems
}

/// Files in the folder that no store of this manifest holds.
fn strangers(store: &Store) -> Result<Vec<String>, DatasetError> {
    let fail = |source| DatasetError::io("list", store.path(), source);
    let parts: BTreeSet<&str> = store
        .manifest()
        .parts
        .iter()
        .map(|part| part.name.as_str())
        .collect();
    let mut found = Vec::new();
    for entry in fs::read_dir(store.path()).map_err(fail)? {
        let name = entry
            .map_err(fail)?
            .file_name()
            .to_string_lossy()
            .into_owned();
        let stem = name
            .strip_suffix(".safetensors")
            .or_else(|| name.strip_suffix(".csv"));
        let known = name.starts_with('.')
            || [MANIFEST, FAILURES].contains(&name.as_str())
            || stem.is_some_and(|stem| parts.contains(stem));
        if !known {
            found.push(format!("{name}: does not belong to the store; remove it"));
        }
    }
    found.sort();
    Ok(found)
}
