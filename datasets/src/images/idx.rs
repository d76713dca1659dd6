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
    let mut found = Found::new("IDX", 1, options);
    found.classes = (0..10).map(|digit| digit.to_string()).collect();
    let names = tree.files.iter().filter(|file| is_images(file));
    let files: Vec<(&String, Split, Vec<u8>)> = names
        .map(|file| Ok((file, split_of(file), unpack(tree, file)?)))
        .collect::<Result<_, DatasetError>>()?;
    let (mut train, mut count) = (0, 0);
    for (file, split, bytes) in &files {
        let ([pictures, _, _], _) = parsed::<3>(tree, file, bytes)?;
        train += if *split == Split::Train { pictures } else { 0 };
        count += pictures;
    }
    let alone = train == 0 || train == count;
    let kept = if alone { count * 4 / 5 } else { train };
    found.expect(Split::Train, kept);
    found.expect(Split::Test, count - kept);
    if alone {
        found.layout = format!(
            "IDX, one file: the first {kept} for training, {} for the test",
            count - kept
        );
    }
    let mut place = 0;
    for (file, split, bytes) in &files {
        add(tree, file, bytes, options.size, &mut found, || {
            place += 1;
            match alone {
                true if place <= kept => Split::Train,
                true => Split::Test,
                false => *split,
            }
        })?;
    }
    Ok(found)
}

fn split_of(file: &str) -> Split {
    match file.contains("train") {
        true => Split::Train,
        false => Split::Test,
    }
}

/// Adds the pictures of a file, whose splits `split` says one after the other.
fn add(
    tree: &Tree,
    file: &str,
    bytes: &[u8],
    size: usize,
    found: &mut Found,
    mut split: impl FnMut() -> Split,
) -> Result<(), DatasetError> {
    let ([count, height, width], pixels) = parsed::<3>(tree, file, bytes)?;
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
        let split = split();
        if found.wants(split) {
            let picture = Picture {
                id: format!("{file}#{row}"),
                label: labels.as_ref().map_or(-1, |labels| i32::from(labels[row])),
                pixels: resized(picture, width, height, size),
            };
            found.push(split, picture);
        }
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
    let ([found], labels) = parsed::<1>(tree, file, &bytes)?;
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

/// As [`parse`], with errors that name the file.
fn parsed<'a, const D: usize>(
    tree: &Tree,
    file: &str,
    bytes: &'a [u8],
) -> Result<([usize; D], &'a [u8]), DatasetError> {
    parse::<D>(bytes).map_err(|message| damaged(tree, file, message))
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
