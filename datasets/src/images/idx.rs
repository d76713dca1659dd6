//! MNIST's IDX files, plain or gzipped: images `[count, height, width]` u8, labels `[count]` u8.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use image::{GrayImage, imageops};

use super::decode::damaged;
use super::{FILE_LIMIT, Found, ImageOptions, Picture};
use crate::tree::Tree;
use crate::{DatasetError, Split};

/// Unsigned bytes, the one type of these files.
const BYTES: u8 = 0x08;

/// True for `train-images-idx3-ubyte`, `t10k-images.idx3-ubyte.gz` and their like.
pub(super) fn is_images(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.contains("images") && name.contains("idx3")
}

pub(super) fn read(tree: &Tree, options: &ImageOptions) -> Result<Found, DatasetError> {
    let mut found = Found {
        layout: "IDX".into(),
        channels: 1,
        classes: (0..10).map(|digit| digit.to_string()).collect(),
        pictures: Vec::new(),
        skipped: Vec::new(),
    };
    let files: Vec<&String> = tree.files.iter().filter(|file| is_images(file)).collect();
    for file in &files {
        let split = match file.contains("train") {
            true => Split::Train,
            false => Split::Test,
        };
        read_file(tree, file, split, options, &mut found)?;
    }
    let count = found.pictures.len();
    if found
        .pictures
        .iter()
        .all(|p| p.split == found.pictures[0].split)
    {
        let kept = count * 4 / 5;
        for (row, picture) in found.pictures.iter_mut().enumerate() {
            picture.split = if row < kept {
                Split::Train
            } else {
                Split::Test
            };
        }
        found.layout = format!(
            "IDX, one file: the first {kept} for training, {} for the test",
            count - kept
        );
    }
    Ok(found)
}

fn read_file(
    tree: &Tree,
    file: &str,
    split: Split,
    options: &ImageOptions,
    found: &mut Found,
) -> Result<(), DatasetError> {
    let bytes = unpack(tree, file)?;
    let (dims, pixels) = parse::<3>(&bytes).map_err(|message| damaged(tree, file, message))?;
    let [count, height, width] = dims;
    let labels = labels(tree, file, count)?;
    let top = labels
        .iter()
        .flatten()
        .max()
        .map_or(0, |&top| usize::from(top) + 1);
    for class in found.classes.len()..top {
        found.classes.push(class.to_string());
    }
    for (row, picture) in pixels.chunks_exact((height * width).max(1)).enumerate() {
        found.pictures.push(Picture {
            id: format!("{file}#{row}"),
            label: labels.as_ref().map_or(-1, |labels| i32::from(labels[row])),
            split,
            pixels: resized(picture, width, height, options.size),
        });
    }
    Ok(())
}

/// The labels beside a file of images, if they are there.
fn labels(tree: &Tree, images: &str, count: usize) -> Result<Option<Vec<u8>>, DatasetError> {
    let plain = images.replace("images", "labels").replace("idx3", "idx1");
    let bare = plain.trim_end_matches(".gz");
    let names = [plain.clone(), bare.to_owned(), format!("{bare}.gz")];
    let Some(file) = names.iter().find(|name| tree.has(name)) else {
        return Ok(None);
    };
    let bytes = unpack(tree, file)?;
    let ([found], labels) = parse::<1>(&bytes).map_err(|message| damaged(tree, file, message))?;
    if found != count {
        let message = format!("{found} labels for the {count} pictures of {images}");
        return Err(damaged(tree, file, message));
    }
    Ok(Some(labels.to_vec()))
}

/// The bytes of a file, unpacked if it is gzipped.
fn unpack(tree: &Tree, file: &str) -> Result<Vec<u8>, DatasetError> {
    let bytes = tree.read(file, FILE_LIMIT)?;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    MultiGzDecoder::new(&bytes[..])
        .take(FILE_LIMIT + 1)
        .read_to_end(&mut plain)
        .map_err(|error| damaged(tree, file, format!("not a whole gzip file: {error}")))?;
    if plain.len() as u64 > FILE_LIMIT {
        let message = format!("unpacks to more than the limit of {FILE_LIMIT} bytes");
        return Err(damaged(tree, file, message));
    }
    Ok(plain)
}

/// Dimensions and values of an IDX file of bytes with `D` dimensions. Nothing is allocated.
fn parse<const D: usize>(bytes: &[u8]) -> Result<([usize; D], &[u8]), String> {
    let header = 4 + 4 * D;
    let Some((head, values)) = bytes.split_at_checked(header) else {
        return Err(format!(
            "truncated: expected a header of {header} bytes, found {}",
            bytes.len()
        ));
    };
    if head[..4] != [0, 0, BYTES, D as u8] {
        return Err(format!(
            "not an IDX file of bytes with {D} dimensions: expected it to begin with 00 00 08 {D:02x}, found {:02x?}",
            &head[..4]
        ));
    }
    let (numbers, _rest) = head[4..].as_chunks::<4>();
    let dims: [usize; D] = std::array::from_fn(|i| u32::from_be_bytes(numbers[i]) as usize);
    let expected = dims
        .iter()
        .try_fold(1usize, |product, &dim| product.checked_mul(dim));
    if expected != Some(values.len()) || dims.contains(&0) {
        return Err(format!(
            "expected the {dims:?} values of its header, found {} values",
            values.len()
        ));
    }
    Ok((dims, values))
}

/// One grey picture at `size` x `size`.
fn resized(pixels: &[u8], width: usize, height: usize, size: usize) -> Vec<u8> {
    let Some(picture) = GrayImage::from_raw(width as u32, height as u32, pixels.to_vec()) else {
        return vec![0; size * size];
    };
    let filter = imageops::FilterType::Triangle;
    imageops::resize(&picture, size as u32, size as u32, filter).into_raw()
}
