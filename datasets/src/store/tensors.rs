//! The rows of a part as a `.safetensors` file.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};

use super::manifest::Plan;
use super::part::Line;
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

/// What the header of a part says, by which a part is known to be finished and whole.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    plan: String,
    part: usize,
    rows: usize,
    csv: String,
    tensors: String,
}

/// The tensors of a part in the order in which they are hashed: name, type and shape. `width` is the most points of a row.
fn layout(plan: &Plan, rows: usize, width: usize) -> Vec<(&'static str, Dtype, Vec<usize>)> {
    let mut layout = vec![
        ("coefficients", Dtype::F32, vec![rows, plan.coefficients]),
        ("frame", Dtype::F64, vec![rows, 4]),
        ("label", Dtype::I32, vec![rows]),
    ];
    if plan.keep_points {
        layout.push(("points", Dtype::F32, vec![rows, width, 3]));
    }
    layout
}

fn hash(data: &[&[u8]]) -> String {
    let mut hasher = blake3::Hasher::new();
    for bytes in data {
        hasher.update(bytes);
    }
    hasher.finalize().to_hex().to_string()
}

/// The file of part `index`; `csv` is the hash of the table beside it.
pub(crate) fn to_bytes(
    plan: &Plan,
    index: usize,
    rows: &[(&Item, &Row)],
    csv: &str,
) -> Result<Vec<u8>, DatasetError> {
    let width = rows
        .iter()
        .map(|(_, row)| row.points.len())
        .max()
        .unwrap_or(0);
    let data = data(plan, rows, width);
    let data: Vec<&[u8]> = data.iter().map(Vec::as_slice).collect();
    let head = Head {
        plan: plan.hash(),
        part: index,
        rows: rows.len(),
        csv: csv.to_owned(),
        tensors: hash(&data),
    };
    let head = serde_json::to_string(&head).expect("a head is plain data");
    let wrong = |error: SafeTensorError| DatasetError::Value {
        what: "part",
        expected: "tensors that fit their shapes",
        found: error.to_string(),
    };
    let mut views = Vec::with_capacity(data.len());
    for ((name, dtype, shape), bytes) in layout(plan, rows.len(), width).into_iter().zip(data) {
        views.push((name, TensorView::new(dtype, shape, bytes).map_err(wrong)?));
    }
    serialize(views, Some(HashMap::from([(KEY.to_owned(), head)]))).map_err(wrong)
}

/// The bytes of the tensors of [`layout`].
fn data(plan: &Plan, rows: &[(&Item, &Row)], width: usize) -> Vec<Vec<u8>> {
    let coefficients = rows
        .iter()
        .flat_map(|(_, row)| &row.coefficients)
        .flat_map(|c| c.to_le_bytes())
        .collect();
    let frames = rows
        .iter()
        .flat_map(|(_, row)| row.frame)
        .flat_map(f64::to_le_bytes)
        .collect();
    let label = |item: &Item| item.class.map_or(-1, |class| class as i32);
    let labels = rows
        .iter()
        .flat_map(|(item, _)| label(item).to_le_bytes())
        .collect();
    let mut data = vec![coefficients, frames, labels];
    if plan.keep_points {
        data.push(point_bytes(width, rows));
    }
    data
}

fn point_bytes(width: usize, rows: &[(&Item, &Row)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rows.len() * width * 12);
    for (place, (_, row)) in rows.iter().enumerate() {
        bytes.extend(row.points.iter().flatten().flat_map(|c| c.to_le_bytes()));
        bytes.resize((place + 1) * width * 12, 0);
    }
    bytes
}

/// The tensors of a part that were found to be those that were written, not decoded yet.
pub(crate) struct Checked<'a> {
    /// In the order of [`layout`].
    data: Vec<&'a [u8]>,
    width: usize,
}

/// Checks the file of part `index` against the lines of its table, whose hash is `csv`.
pub(crate) fn check<'a>(
    plan: &Plan,
    index: usize,
    lines: &[Line],
    bytes: &'a [u8],
    csv: &str,
) -> Result<Checked<'a>, String> {
    let head = head(bytes)?;
    if !plan.is_of(&head.plan) || head.part != index {
        return Err("it was made by another run, with other options or items".to_owned());
    }
    if head.csv != csv {
        return Err("the table beside it is not the one it was written with".to_owned());
    }
    let rows = lines.iter().filter(|line| line.is_row()).count();
    let width = lines.iter().map(|line| line.points).max().unwrap_or(0);
    let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let mut data = Vec::new();
    for (name, dtype, shape) in layout(plan, rows, width) {
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
        data.push(tensor.data());
    }
    if hash(&data) != head.tensors {
        return Err("its rows are not the bytes that were written".to_owned());
    }
    Ok(Checked { data, width })
}

fn head(bytes: &[u8]) -> Result<Head, String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    let text = metadata.metadata().as_ref().and_then(|map| map.get(KEY));
    let text = text.ok_or_else(|| format!("no `{KEY}` in the header"))?;
    serde_json::from_str(text).map_err(|error| format!("header: {error}"))
}

impl Checked<'_> {
    pub fn decode(&self) -> Tensors {
        let Self { data, width } = self;
        Tensors {
            coefficients: floats(data[0]),
            frames: values::<8, f64>(data[1], f64::from_le_bytes)
                .chunks_exact(4)
                .map(|frame| [frame[0], frame[1], frame[2], frame[3]])
                .collect(),
            labels: values(data[2], i32::from_le_bytes),
            points: data.get(3).map(|bytes| floats(bytes)),
            width: *width,
        }
    }
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
