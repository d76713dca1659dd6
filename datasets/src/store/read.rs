//! Reading a finished store.

use std::path::{Path, PathBuf};

use ndarray::Array2;

use super::manifest::{MANIFEST, Manifest};
use super::part::{self, Finished};
use super::tensors::Tensors;
use crate::{DatasetError, Split};

/// A finished store. Opening reads the manifest alone.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
    manifest: Manifest,
}

/// Rows of a store. All vectors have one entry for each row, in the order of the sorted items;
/// items that failed are not rows.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Coefficients in flat order, rows x [`coefficients`](super::Plan::coefficients).
    pub coefficients: Array2<f32>,
    /// Index of the class, -1 without one.
    pub labels: Vec<i32>,
    /// Split of each row.
    pub splits: Vec<Split>,
    /// Id of each row.
    pub ids: Vec<String>,
    /// Sampled points of each row in the unit ball, if the store keeps them and they were asked for.
    pub points: Option<Vec<Vec<[f32; 3]>>>,
    /// Centre (first three) and scale of the normalisation: `unit = (x - centre) * scale`.
    pub frames: Vec<[f64; 4]>,
}

impl Store {
    /// Opens a finished store.
    ///
    /// # Errors
    /// A folder that is not a store, a store of another version, and one whose conversion is not finished.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DatasetError> {
        let path = path.as_ref();
        let manifest = Manifest::read(path)?.ok_or_else(|| {
            let message = format!("no {MANIFEST}: not a store; make one with `spectra convert`");
            DatasetError::layout(path, message)
        })?;
        if !manifest.finished {
            let message = "run the same convert again to go on, or merge its shards".to_owned();
            return Err(DatasetError::Unfinished {
                path: path.to_owned(),
                message,
            });
        }
        Ok(Self {
            path: path.to_owned(),
            manifest,
        })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds and how it was made.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.manifest.rows()
    }

    /// True if every item failed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All rows, with points if the store keeps them. Takes as much memory as the store takes disk.
    ///
    /// # Errors
    /// Parts that are missing or damaged.
    pub fn rows(&self) -> Result<Rows, DatasetError> {
        self.collect(true)
    }

    /// All rows without points.
    ///
    /// # Errors
    /// Parts that are missing or damaged.
    pub fn rows_without_points(&self) -> Result<Rows, DatasetError> {
        self.collect(false)
    }

    /// The rows of one part, `0..manifest().parts.len()`: for stores that do not fit into memory.
    ///
    /// # Errors
    /// A part that does not exist, is missing or damaged.
    pub fn part(&self, index: usize) -> Result<Rows, DatasetError> {
        if index >= self.manifest.parts.len() {
            return Err(DatasetError::Value {
                what: "part",
                expected: "a part of the store",
                found: format!("{index} of {}", self.manifest.parts.len()),
            });
        }
        let mut gathered = Gathered::new(&self.manifest, true, self.manifest.parts[index].rows);
        gathered.add(part::read(&self.path, &self.manifest, index)?)?;
        gathered.finish(self.manifest.coefficients)
    }

    fn collect(&self, points: bool) -> Result<Rows, DatasetError> {
        let mut gathered = Gathered::new(&self.manifest, points, 0);
        for index in 0..self.manifest.parts.len() {
            gathered.add(part::read(&self.path, &self.manifest, index)?)?;
        }
        gathered.finish(self.manifest.coefficients)
    }
}

/// Rows under construction.
struct Gathered {
    rows: Rows,
    coefficients: Vec<f32>,
}

impl Gathered {
    fn new(manifest: &Manifest, points: bool, rows: usize) -> Self {
        let points = (points && manifest.keep_points).then(Vec::new);
        Self {
            rows: Rows {
                points,
                ..Rows::default()
            },
            coefficients: Vec::with_capacity(rows * manifest.coefficients),
        }
    }

    fn add(&mut self, (finished, tensors): (Finished, Tensors)) -> Result<(), DatasetError> {
        let Tensors {
            coefficients,
            labels,
            points,
            width,
            frames,
        } = tensors;
        self.coefficients.extend_from_slice(&coefficients);
        self.rows.labels.extend(labels);
        self.rows.frames.extend(frames);
        for (row, line) in finished
            .lines
            .iter()
            .filter(|line| line.is_row())
            .enumerate()
        {
            self.rows.splits.push(line.split.parse()?);
            self.rows.ids.push(line.id.clone());
            if let (Some(kept), Some(points)) = (&mut self.rows.points, &points) {
                let start = row * width * 3;
                let own = &points[start..start + line.points * 3];
                kept.push(own.as_chunks::<3>().0.to_vec());
            }
        }
        Ok(())
    }

    fn finish(self, width: usize) -> Result<Rows, DatasetError> {
        let shape = (self.rows.labels.len(), width);
        let coefficients = Array2::from_shape_vec(shape, self.coefficients)
            .expect("each part was checked to hold rows x coefficients");
        Ok(Rows {
            coefficients,
            ..self.rows
        })
    }
}
