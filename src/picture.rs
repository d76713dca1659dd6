//! Pictures as PNG bytes.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};

/// The bytes of a PNG file.
pub fn encode(picture: &RgbImage) -> image::ImageResult<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}
