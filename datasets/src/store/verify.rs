//! Checking every byte of a store.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::manifest::MANIFEST;
use super::merge::failure_table;
use super::part;
use super::read::Store;
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
    let mut ids = BTreeSet::new();
    let mut splits: BTreeMap<Split, usize> = BTreeMap::new();
    let mut failed = Vec::new();
    for (index, expected) in manifest.parts.iter().enumerate() {
        let (finished, tensors) = match part::read(store.path(), manifest, index) {
            Ok(read) => read,
            Err(error) => {
                report.problems.push(error.to_string());
                continue;
            }
        };
        if finished.part != *expected {
            report
                .problems
                .push(format!("{}: not the file in the manifest", expected.name));
        }
        report.rows += finished.part.rows;
        failed.extend(finished.failures());
        for line in &finished.lines {
            if !ids.insert(line.id.clone()) {
                report.problems.push(format!(
                    "{}: item `{}` occurs twice",
                    expected.name, line.id
                ));
            }
            match line.split.parse::<Split>() {
                Ok(split) if line.is_row() => *splits.entry(split).or_default() += 1,
                Ok(_) => {}
                Err(error) => report.problems.push(format!("{}: {error}", expected.name)),
            }
        }
        let points = tensors.points.iter().flatten();
        if tensors
            .coefficients
            .iter()
            .chain(points)
            .any(|value| !value.is_finite())
        {
            report
                .problems
                .push(format!("{}: a value that is not finite", expected.name));
        }
        let classes = i32::try_from(manifest.classes.len()).unwrap_or(i32::MAX);
        if tensors
            .labels
            .iter()
            .any(|label| !(-1..classes).contains(label))
        {
            report
                .problems
                .push(format!("{}: a label without a class", expected.name));
        }
    }
    if report.problems.is_empty() && (splits != manifest.splits || failed != manifest.failures) {
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
