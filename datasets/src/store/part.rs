//! One part of a store: a `.safetensors` file of rows and a `.csv` file of all its items.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::atomic::replace_whole;
use super::manifest::{Failure, Part, Plan};
use super::tensors::{self, Checked, Row, Tensors};
use crate::{DatasetError, Item};

/// What became of an item.
#[derive(Debug)]
pub(crate) enum Outcome {
    Row(Row),
    Failed { kind: String, message: String },
}

/// One line of the table beside the rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub id: String,
    pub class: String,
    pub split: String,
    pub source: String,
    pub points: usize,
    pub status: String,
    pub kind: String,
    pub message: String,
}

/// Status of an item that is a row.
const OK: &str = "ok";

impl Line {
    fn new(plan: &Plan, item: &Item, outcome: &Outcome) -> Self {
        let class = item
            .class
            .and_then(|class| plan.classes.get(class as usize));
        let (points, status, kind, message) = match outcome {
            Outcome::Row(row) => (row.points.len(), OK, "", ""),
            Outcome::Failed { kind, message } => (0, "failed", kind.as_str(), message.as_str()),
        };
        Self {
            id: item.id.clone(),
            class: class.cloned().unwrap_or_default(),
            split: item.split.to_string(),
            source: item.source.clone(),
            points,
            status: status.to_owned(),
            kind: kind.to_owned(),
            message: message.to_owned(),
        }
    }

    pub fn is_row(&self) -> bool {
        self.status == OK
    }
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// The two files of part `index` of the store in `folder`.
fn paths(folder: &Path, plan: &Plan, index: usize) -> (PathBuf, PathBuf) {
    let name = plan.part_name(index);
    (
        folder.join(format!("{name}.safetensors")),
        folder.join(format!("{name}.csv")),
    )
}

/// When part `index` was written, if it is there.
pub(crate) fn written(folder: &Path, plan: &Plan, index: usize) -> Option<SystemTime> {
    let (rows, _table) = paths(folder, plan, index);
    fs::metadata(rows).and_then(|found| found.modified()).ok()
}

/// Writes a part: the table first, the rows last, so that the rows stand for a finished part.
pub(crate) fn write(
    folder: &Path,
    plan: &Plan,
    index: usize,
    items: &[&Item],
    outcomes: &[Outcome],
) -> Result<Finished, DatasetError> {
    let lines: Vec<Line> = items
        .iter()
        .zip(outcomes)
        .map(|(item, outcome)| Line::new(plan, item, outcome))
        .collect();
    let rows: Vec<(&Item, &Row)> = items
        .iter()
        .zip(outcomes)
        .filter_map(|(item, outcome)| match outcome {
            Outcome::Row(row) => Some((*item, row)),
            Outcome::Failed { .. } => None,
        })
        .collect();
    let (rows_path, table_path) = paths(folder, plan, index);
    let table = table_bytes(&lines);
    let tensors = tensors::to_bytes(plan, index, &rows, &hash(&table))?;
    replace_whole(&table_path, &table)?;
    replace_whole(&rows_path, &tensors)?;
    Ok(Finished::new(plan, index, &tensors, &table, lines))
}

/// A part on disk that has been found whole.
#[derive(Debug)]
pub(crate) struct Finished {
    pub part: Part,
    pub lines: Vec<Line>,
}

impl Finished {
    fn new(plan: &Plan, index: usize, tensors: &[u8], table: &[u8], lines: Vec<Line>) -> Self {
        let rows = lines.iter().filter(|line| line.is_row()).count();
        let part = Part {
            name: plan.part_name(index),
            rows,
            failed: lines.len() - rows,
            safetensors_blake3: hash(tensors),
            csv_blake3: hash(table),
        };
        Self { part, lines }
    }

    pub fn failures(&self) -> impl Iterator<Item = Failure> + '_ {
        self.lines
            .iter()
            .filter(|line| !line.is_row())
            .map(|line| Failure {
                id: line.id.clone(),
                kind: line.kind.clone(),
                message: line.message.clone(),
            })
    }
}

/// Whether both files of a part are on disk.
pub(crate) fn is_there(folder: &Path, plan: &Plan, index: usize) -> bool {
    let (rows, table) = paths(folder, plan, index);
    rows.exists() && table.exists()
}

/// The part if it is on disk, whole, and made by this very plan; `None` if it is to be made (again).
pub(crate) fn finished(
    folder: &Path,
    plan: &Plan,
    index: usize,
) -> Result<Option<Finished>, DatasetError> {
    if !is_there(folder, plan, index) {
        return Ok(None);
    }
    let files = Files::load(folder, plan, index)?;
    match check(plan, index, &files) {
        Ok((finished, _)) => Ok(Some(finished)),
        Err(DatasetError::Damaged { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a part and checks all that it says of itself.
pub(crate) fn read(
    folder: &Path,
    plan: &Plan,
    index: usize,
) -> Result<(Finished, Tensors), DatasetError> {
    let files = Files::load(folder, plan, index)?;
    let (finished, tensors) = check(plan, index, &files)?;
    Ok((finished, tensors.decode()))
}

/// What the two files of a part hold.
struct Files {
    rows_path: PathBuf,
    table_path: PathBuf,
    rows: Vec<u8>,
    table: Vec<u8>,
}

impl Files {
    fn load(folder: &Path, plan: &Plan, index: usize) -> Result<Self, DatasetError> {
        let (rows_path, table_path) = paths(folder, plan, index);
        let load = |path: &Path| fs::read(path).map_err(|e| DatasetError::io("read", path, e));
        Ok(Self {
            rows: load(&rows_path)?,
            table: load(&table_path)?,
            rows_path,
            table_path,
        })
    }
}

/// Checks all that a part says of itself; its tensors are not decoded yet.
fn check<'a>(
    plan: &Plan,
    index: usize,
    files: &'a Files,
) -> Result<(Finished, Checked<'a>), DatasetError> {
    let Files { rows, table, .. } = files;
    let damaged_table = |message: String| DatasetError::damaged(&files.table_path, message);
    let lines = parse_table(table).map_err(damaged_table)?;
    let tensors = tensors::check(plan, index, &lines, rows, &hash(table))
        .map_err(|message| DatasetError::damaged(&files.rows_path, message))?;
    let expected = plan.range(index).len();
    if lines.len() != expected {
        let message = format!("expected {expected} items, found {}", lines.len());
        return Err(damaged_table(message));
    }
    if lines.iter().any(|line| line.points > plan.points) {
        return Err(damaged_table(format!(
            "an item of more than {} points",
            plan.points
        )));
    }
    Ok((Finished::new(plan, index, rows, table, lines), tensors))
}

fn table_bytes(lines: &[Line]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        writer
            .serialize(line)
            .expect("a line is flat, and memory takes it");
    }
    writer.into_inner().expect("memory takes all bytes")
}

fn parse_table(bytes: &[u8]) -> Result<Vec<Line>, String> {
    let mut reader = csv::Reader::from_reader(bytes);
    reader
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())
}
