//! Readers: one file for each format.

mod columns;
pub(crate) mod npy;
pub(crate) mod npz;
pub(crate) mod obj;
pub(crate) mod off;
mod pcd;
mod ply;
pub(crate) mod stl;
pub(crate) mod table;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{At, Place, ReadError};
use crate::format::Format;
use crate::input::{Input, quote};
use crate::{Limits, Shape};

/// Reads the shape in a file.
///
/// # Errors
///
/// [`ReadError`] with the path, the format and the place. A file beyond [`Limits::bytes`] is not read.
pub fn read_path(path: &Path, limits: &Limits) -> Result<Shape, ReadError> {
    read_bytes(&load(path, limits)?, &path.display().to_string(), limits)
}

/// Reads the shape in the content of a file. `name` tells the format where the content leaves it open, and
/// stands in errors.
///
/// # Errors
///
/// [`ReadError`] with the name, the format and the place.
pub fn read_bytes(bytes: &[u8], name: &str, limits: &Limits) -> Result<Shape, ReadError> {
    let Some(format) = Format::of(bytes, name) else {
        if bytes.is_empty() {
            return Err(ReadError::Empty {
                place: whole(name, "unknown"),
                what: "no bytes",
            });
        }
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(24)]).into_owned();
        return Err(ReadError::UnknownFormat {
            name: name.to_owned(),
            found: quote(&start),
        });
    };
    let input = Input {
        bytes,
        name,
        format: format.name(),
        limits,
    };
    input.check_bytes(bytes.len() as u64)?;
    if bytes.is_empty() {
        return Err(input.empty("no bytes"));
    }
    match format {
        Format::Off => off::read(&input),
        Format::Ply => ply::read(&input),
        Format::Obj => obj::read(&input),
        Format::Stl => stl::read(&input),
        Format::Table => table::read(&input),
        Format::Pcd => pcd::read(&input),
        Format::Npy => npy::read(&input),
        Format::Npz => npz::read(&input),
    }
}

/// The bytes of a file within the limits.
pub(crate) fn load(path: &Path, limits: &Limits) -> Result<Vec<u8>, ReadError> {
    let name = path.display().to_string();
    let io = |source| ReadError::Io {
        name: name.clone(),
        source,
    };
    let file = File::open(path).map_err(io)?;
    // One byte more than allowed tells a file that is too long from one that just fits.
    let mut bytes = Vec::new();
    file.take(limits.bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(io)?;
    let found = bytes.len() as u64;
    if found > limits.bytes {
        let place = whole(&name, "file");
        return Err(ReadError::Limit {
            place,
            what: "bytes",
            limit: limits.bytes,
            found,
        });
    }
    Ok(bytes)
}

fn whole(name: &str, format: &'static str) -> Place {
    Place {
        name: name.to_owned(),
        format,
        at: At::File,
    }
}
