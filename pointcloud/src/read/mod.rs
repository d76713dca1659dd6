//! Readers: one file each, all behind [`read_path`] and [`read_bytes`].

pub(crate) mod npy;
pub(crate) mod npz;
pub(crate) mod off;
mod pcd;
mod ply;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::format::Format;
use crate::input::{Input, quote};
use crate::{Limits, ReadError, Shape};

/// Reads the mesh or cloud in a file. Its format is told by content first, by name second.
///
/// Cost: the file is held in memory once. Errors name the file, the line or byte, what was expected and found.
pub fn read_path(path: &Path, limits: &Limits) -> Result<Shape, ReadError> {
    read_bytes(&load(path, limits)?, &path.display().to_string(), limits)
}

/// Reads the mesh or cloud in `bytes`; `name` stands for the file in errors and gives its extension.
pub fn read_bytes(bytes: &[u8], name: &str, limits: &Limits) -> Result<Shape, ReadError> {
    let Some(format) = Format::detect(bytes, name) else {
        let head = String::from_utf8_lossy(&bytes[..bytes.len().min(24)]).into_owned();
        let found = if bytes.is_empty() {
            "an empty file".to_owned()
        } else {
            quote(&head)
        };
        return Err(ReadError::UnknownFormat {
            name: name.to_owned(),
            found,
        });
    };
    let input = Input {
        bytes,
        name,
        format: format.title(),
        limits,
    };
    input.check_bytes(bytes.len() as u64)?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(input.empty("no bytes"));
    }
    match format {
        Format::Off => off::read(&input),
        Format::Ply => ply::read(&input),
        Format::Pcd => pcd::read(&input),
        Format::Npy => npy::read(&input),
        Format::Npz => npz::read(&input),
    }
}

/// The bytes of a file, at most one more than the limit, so that the limit is seen to be exceeded.
pub(crate) fn load(path: &Path, limits: &Limits) -> Result<Vec<u8>, ReadError> {
    let fail = |source| ReadError::Io {
        name: path.display().to_string(),
        source,
    };
    let file = File::open(path).map_err(fail)?;
    let mut bytes = Vec::new();
    file.take(limits.bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(fail)?;
    Ok(bytes)
}
