//! Pictures as PNG bytes, and shapes as files or pictures.

use std::io::Cursor;
use std::path::Path;

use image::{ImageFormat, RgbImage};
use spectra_pointcloud::render::{Up, View, shape_png, write_png};
use spectra_pointcloud::{Shape, WriteError, write_path};

/// Pixels of a side of the picture of one shape.
const SIDE: u32 = 512;

/// Whether the path names a picture.
pub fn is_png(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str());
    extension.is_some_and(|e| e.eq_ignore_ascii_case("png"))
}

/// Writes a shape in the format of the path's extension; for `png` a picture of it with `up` upwards.
pub fn write_shape(path: &Path, shape: &Shape, up: Up) -> Result<(), WriteError> {
    if !is_png(path) {
        return write_path(path, shape);
    }
    let view = View {
        up,
        ..View::default()
    };
    write_png(path, &shape_png(shape, SIDE, view))
}

/// The bytes of a PNG file.
pub fn encode(picture: &RgbImage) -> image::ImageResult<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}
