//! One part of a store: a `.safetensors` file of rows and a `.csv` file of all its items.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};

use super::atomic::replace_whole;
use super::manifest::{Failure, Part, Plan};
use crate::{DatasetError, Item};

/// Key of the metadata in the header of a part. One key only: their order in the file is not fixed.
const KEY: &str = "spectra";

/// A converted item.
#[derive(Debug)]
pub(crate) struct Row {
    pub coefficients: Vec<f32>,
    pub points: Vec<[f32; 3]>,
    /// Centre and scale: unit = (x - centre) * scale.
    pub frame: [f64; 4],
}

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

/// What the header of a part says, by which a part is known to be finished and whole.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    plan: String,
    part: usize,
    rows: usize,
    csv: String,
    tensors: String,
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
    let tensors = tensor_bytes(plan, index, &rows, &hash(&table))?;
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

/// The part if it is on disk, whole, and made by this very plan; `None` if it is to be made (again).
pub(crate) fn finished(
    folder: &Path,
    plan: &Plan,
    index: usize,
) -> Result<Option<Finished>, DatasetError> {
    let (rows_path, table_path) = paths(folder, plan, index);
    if !rows_path.exists() || !table_path.exists() {
        return Ok(None);
    }
    match read(folder, plan, index) {
        Ok((finished, _)) => Ok(Some(finished)),
        Err(DatasetError::Damaged { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The rows of a part as they lie on disk.
#[derive(Debug)]
pub(crate) struct Tensors {
    pub coefficients: Vec<f32>,
    pub labels: Vec<i32>,
    /// Row after row, `width` places each, filled up with zeros.
    pub points: Option<Vec<f32>>,
    /// Most points of a row of this part.
    pub width: usize,
    pub frames: Vec<[f64; 4]>,
}

/// Reads a part and checks all that it says of itself.
pub(crate) fn read(
    folder: &Path,
    plan: &Plan,
    index: usize,
) -> Result<(Finished, Tensors), DatasetError> {
    let (rows_path, table_path) = paths(folder, plan, index);
    let load = |path: &Path| fs::read(path).map_err(|e| DatasetError::io("read", path, e));
    let (bytes, table) = (load(&rows_path)?, load(&table_path)?);
    let lines =
        parse_table(&table).map_err(|message| DatasetError::damaged(&table_path, message))?;
    let tensors = parse_tensors(plan, index, &lines, &bytes, &hash(&table))
        .map_err(|message| DatasetError::damaged(&rows_path, message))?;
    let expected = plan.range(index).len();
    if lines.len() != expected {
        let message = format!("expected {expected} items, found {}", lines.len());
        return Err(DatasetError::damaged(&table_path, message));
    }
    if lines.iter().any(|line| line.points > plan.points) {
        let message = format!("an item of more than {} points", plan.points);
        return Err(DatasetError::damaged(&table_path, message));
    }
    Ok((Finished::new(plan, index, &bytes, &table, lines), tensors))
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

fn tensor_bytes(
    plan: &Plan,
    index: usize,
    rows: &[(&Item, &Row)],
    csv: &str,
) -> Result<Vec<u8>, DatasetError> {
    let count = rows.len();
    let coefficients: Vec<u8> = rows
        .iter()
        .flat_map(|(_, row)| &row.coefficients)
        .flat_map(|c| c.to_le_bytes())
        .collect();
    let label = |item: &Item| item.class.map_or(-1, |class| class as i32);
    let labels: Vec<u8> = rows
        .iter()
        .flat_map(|(item, _)| label(item).to_le_bytes())
        .collect();
    let frames: Vec<u8> = rows
        .iter()
        .flat_map(|(_, row)| row.frame)
        .flat_map(f64::to_le_bytes)
        .collect();
    let width = rows
        .iter()
        .map(|(_, row)| row.points.len())
        .max()
        .unwrap_or(0);
    let points = plan.keep_points.then(|| point_bytes(width, rows));
    let mut tensors = vec![
        (
            "coefficients",
            Dtype::F32,
            vec![count, plan.coefficients],
            &coefficients,
        ),
        ("frame", Dtype::F64, vec![count, 4], &frames),
        ("label", Dtype::I32, vec![count], &labels),
    ];
    if let Some(points) = &points {
        tensors.push(("points", Dtype::F32, vec![count, width, 3], points));
    }
    let mut hasher = blake3::Hasher::new();
    for (_, _, _, bytes) in &tensors {
        hasher.update(bytes);
    }
    let head = Head {
        plan: plan.hash(),
        part: index,
        rows: count,
        csv: csv.to_owned(),
        tensors: hasher.finalize().to_hex().to_string(),
    };
    let head = serde_json::to_string(&head).expect("a head is plain data");
    let wrong = |error: safetensors::SafeTensorError| DatasetError::Value {
        what: "part",
        expected: "tensors that fit their shapes",
        found: error.to_string(),
    };
    let mut views = Vec::with_capacity(tensors.len());
    for (name, dtype, shape, bytes) in tensors {
        views.push((name, TensorView::new(dtype, shape, bytes).map_err(wrong)?));
    }
    serialize(views, Some(HashMap::from([(KEY.to_owned(), head)]))).map_err(wrong)
}

fn point_bytes(width: usize, rows: &[(&Item, &Row)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rows.len() * width * 12);
    for (place, (_, row)) in rows.iter().enumerate() {
        bytes.extend(row.points.iter().flatten().flat_map(|c| c.to_le_bytes()));
        bytes.resize((place + 1) * width * 12, 0);
    }
    bytes
}

fn parse_tensors(
    plan: &Plan,
    index: usize,
    lines: &[Line],
    bytes: &[u8],
    csv: &str,
) -> Result<Tensors, String> {
    let rows = lines.iter().filter(|line| line.is_row()).count();
    let width = lines.iter().map(|line| line.points).max().unwrap_or(0);
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    let text = metadata.metadata().as_ref().and_then(|map| map.get(KEY));
    let text = text.ok_or_else(|| format!("no `{KEY}` in the header"))?;
    let head: Head = serde_json::from_str(text).map_err(|error| format!("header: {error}"))?;
    if head.plan != plan.hash() || head.part != index {
        return Err("it was made by another run, with other options or items".to_owned());
    }
    if head.csv != csv {
        return Err("the table beside it is not the one it was written with".to_owned());
    }
    let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let mut wanted = vec![
        ("coefficients", Dtype::F32, vec![rows, plan.coefficients]),
        ("frame", Dtype::F64, vec![rows, 4]),
        ("label", Dtype::I32, vec![rows]),
    ];
    if plan.keep_points {
        wanted.push(("points", Dtype::F32, vec![rows, width, 3]));
    }
    let mut hasher = blake3::Hasher::new();
    let mut data = Vec::new();
    for (name, dtype, shape) in wanted {
        let tensor = file
            .tensor(name)
            .map_err(|error| format!("`{name}`: {error}"))?;
        if tensor.dtype() != dtype || tensor.shape() != shape {
            return Err(format!(
                "`{name}`: expected {dtype:?} {shape:?}, found {:?} {:?}",
                tensor.dtype(),
                tensor.shape()
            ));
        }
        hasher.update(tensor.data());
        data.push(tensor.data());
    }
    if hasher.finalize().to_hex().to_string() != head.tensors {
        return Err("its rows are not the bytes that were written".to_owned());
    }
    Ok(Tensors {
        coefficients: floats(data[0]),
        frames: values::<8, f64>(data[1], f64::from_le_bytes)
            .chunks_exact(4)
            .map(|frame| [frame[0], frame[1], frame[2], frame[3]])
            .collect(),
        labels: values(data[2], i32::from_le_bytes),
        points: data.get(3).map(|bytes| floats(bytes)),
        width,
    })
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    values(bytes, f32::from_le_bytes)
}

fn values<const N: usize, T>(bytes: &[u8], read: fn([u8; N]) -> T) -> Vec<T> {
    bytes
        .as_chunks::<N>()
        .0
        .iter()
        .map(|chunk| read(*chunk))
        .collect()
}
