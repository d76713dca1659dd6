//! CIFAR-10's binary batches: records of one label and 3 x 32 x 32 bytes, planes red, green, blue.

use image::{Rgb, RgbImage};

use super::decode::{damaged, failure};
use super::{FILE_LIMIT, Found, ImageOptions, Picture, square};
use crate::tree::Tree;
use crate::{DatasetError, Split};

const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
const RECORD: usize = 1 + 3 * PLANE;
const CLASSES: [&str; 10] = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];

/// True for `data_batch_1.bin` ... `data_batch_5.bin` and `test_batch.bin`.
pub(super) fn is_batch(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.ends_with(".bin") && (name.starts_with("data_batch") || name.starts_with("test_batch"))
}

pub(super) fn read(tree: &Tree, options: &ImageOptions) -> Result<Found, DatasetError> {
    let mut found = Found::new("CIFAR-10 binary batches", 3, options);
    found.classes = CLASSES.map(str::to_owned).to_vec();
    for file in tree.files.iter().filter(|file| is_batch(file)) {
        let bytes = tree.read(file, FILE_LIMIT)?;
        let (records, rest) = bytes.as_chunks::<RECORD>();
        if !rest.is_empty() || records.is_empty() {
            let message = format!(
                "expected records of {RECORD} bytes, found {} bytes, {} records and {} bytes: truncated, or not CIFAR-10",
                bytes.len(),
                records.len(),
                rest.len()
            );
            return Err(damaged(tree, file, message));
        }
        let split = match file.contains("test_batch") {
            true => Split::Test,
            false => Split::Train,
        };
        found.expect(split, records.len());
        for (row, record) in records.iter().enumerate() {
            let id = format!("{file}#{row}");
            if usize::from(record[0]) >= CLASSES.len() {
                let message = format!("expected a label below 10, found {}", record[0]);
                found.skipped.push(failure(&id, "label", message));
                continue;
            }
            if found.wants(split) {
                let pixels = pixels(&record[1..], options.size);
                let label = i32::from(record[0]);
                found.push(split, Picture { id, label, pixels });
            }
        }
    }
    Ok(found)
}

fn pixels(planes: &[u8], size: usize) -> Vec<u8> {
    if size == SIDE {
        return planes.to_vec();
    }
    let picture = RgbImage::from_fn(SIDE as u32, SIDE as u32, |x, y| {
        let at = y as usize * SIDE + x as usize;
        Rgb([planes[at], planes[PLANE + at], planes[2 * PLANE + at]])
    });
    square(&picture, size)
}
