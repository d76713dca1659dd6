//! One file to an RGB picture, within limits.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use crate::tree::Tree;
use crate::{DatasetError, Failure};

/// Largest side of a picture.
const SIDE_LIMIT: u32 = 16_384;
/// Most memory that decoding one picture may take.
const MEMORY_LIMIT: u64 = 512 << 20;

/// True if the name of a file says that it is a picture that can be read.
pub(super) fn is_picture(file: &str) -> bool {
    let ending = file.rsplit('.').next().unwrap_or("").to_ascii_lowercase();
    matches!(ending.as_str(), "jpg" | "jpeg" | "png")
}

/// Reads one file of a tree. Grey pictures become RGB, 16 bits 8, CMYK RGB; transparent pixels lie on white; the
/// orientation that a camera wrote down is applied.
pub(super) fn read(tree: &Tree, file: &str) -> Result<RgbImage, Failure> {
    let bytes = tree
        .read(file, super::FILE_LIMIT)
        .map_err(|error| failure(file, "io", error.to_string()))?;
    decode(&bytes).map_err(|(kind, message)| failure(file, kind, message))
}

/// What stands in the list of files that were passed over.
pub(super) fn failure(id: &str, kind: &str, message: impl Into<String>) -> Failure {
    Failure {
        id: id.to_owned(),
        kind: kind.to_owned(),
        message: message.into(),
    }
}

/// Like [`failure`], for what ends the whole reading.
pub(super) fn damaged(tree: &Tree, file: &str, message: impl Into<String>) -> DatasetError {
    DatasetError::damaged(&tree.path(file), message)
}

fn decode(bytes: &[u8]) -> Result<RgbImage, (&'static str, String)> {
    let format = image::guess_format(bytes)
        .ok()
        .filter(|format| matches!(format, ImageFormat::Jpeg | ImageFormat::Png))
        .ok_or_else(|| {
            let message = if bytes.is_empty() {
                "an empty file"
            } else {
                "expected a JPEG or PNG file; its first bytes are of neither"
            };
            ("format", message.to_owned())
        })?;
    if format == ImageFormat::Jpeg && !jpeg_is_whole(bytes) {
        let message = "truncated: expected a JPEG that ends in its end marker, FF D9";
        return Err(("truncated", message.to_owned()));
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_LIMIT);
    limits.max_image_height = Some(SIDE_LIMIT);
    limits.max_alloc = Some(MEMORY_LIMIT);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(explain)?;
    let orientation = decoder.orientation().map_err(explain)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(explain)?;
    picture.apply_orientation(orientation);
    Ok(flatten(&picture))
}

/// Three channels of 8 bits; where the picture is transparent, white shows through.
fn flatten(picture: &DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let rgba = picture.to_rgba8();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
        let alpha = u32::from(from.0[3]);
        for (to, &from) in to.0.iter_mut().zip(&from.0[..3]) {
            *to = ((u32::from(from) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        }
    }
    rgb
}

fn explain(error: ImageError) -> (&'static str, String) {
    match error {
        ImageError::Limits(limit) => (
            "limit",
            format!(
                "{limit}; expected sides up to {SIDE_LIMIT} and at most {} MiB",
                MEMORY_LIMIT >> 20
            ),
        ),
        ImageError::Unsupported(what) => ("unsupported", what.to_string()),
        ImageError::IoError(error) => ("truncated", error.to_string()),
        error => ("damaged", error.to_string()),
    }
}

/// Whether the end marker follows the first scan. The decoder itself fills what is missing with grey.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xff, marker]) = bytes.get(at..at + 2).and_then(|m| m.first_chunk()) {
        if marker == 0xda {
            return bytes[at..].windows(2).any(|pair| pair == [0xff, 0xd9]);
        }
        let stand_alone = marker == 0xff || marker == 0x01 || (0xd0..=0xd9).contains(&marker);
        at += match bytes.get(at + 2..at + 4).and_then(|m| m.first_chunk()) {
            _ if marker == 0xff => 1,
            _ if stand_alone => 2,
            Some(length) => 2 + usize::from(u16::from_be_bytes(*length)),
            None => return false,
        };
    }
    false
}
