//! Readers: one file for each format.

pub(crate) mod binvox;
mod columns;
pub(crate) mod hdf5;
mod lzf;
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
use std::ops::ControlFlow;
use std::path::Path;

use crate::compressed::{Packing, inner_name};
use crate::error::{At, Place, ReadError};
use crate::format::Format;
use crate::input::{Input, quote};
use crate::packed::{is_tar, is_zip, visit_bytes};
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
    nested(bytes, name, limits, 0)
}

/// How deep compressed files and archives are opened: a gzipped member of a tar.xz is three.
const DEEPEST: u32 = 3;

fn nested(bytes: &[u8], name: &str, limits: &Limits, depth: u32) -> Result<Shape, ReadError> {
    let packing = Packing::of(bytes);
    if let Some(format) = packing.map(Packing::name).or_else(|| archive(bytes)) {
        let input = Input {
            bytes,
            name,
            format,
            limits,
        };
        input.check_bytes(bytes.len() as u64)?;
        if depth == DEEPEST {
            let advice = "unpack it first";
            return Err(input.unsupported(
                At::File,
                "an archive in an archive in an archive",
                advice,
            ));
        }
        return match packing {
            Some(packing) => nested(
                &packing.unpack(&input)?,
                &inner_name(name),
                limits,
                depth + 1,
            ),
            None => only_member(&input, depth),
        };
    }
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
        Format::Hdf5 => hdf5::read(&input),
        Format::Binvox => binvox::read(&input),
    }
}

/// The name of the kind of archive that bytes are; `None` for NPZ, which is read as one file.
fn archive(bytes: &[u8]) -> Option<&'static str> {
    if is_tar(bytes) {
        return Some("tar");
    }
    (is_zip(bytes) && !npz::is_npz(bytes)).then_some("zip")
}

/// Reads the only file of an archive that could be a shape; what is surely one wins over what only might be, as the
/// licence beside it.
fn only_member(input: &Input, depth: u32) -> Result<Shape, ReadError> {
    let mut found: Option<(u8, String, Vec<u8>)> = None;
    let mut equals = 0;
    let mut damaged = None;
    visit_bytes(input, &mut |name, bytes| {
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                damaged = Some(error);
                return ControlFlow::Break(());
            }
        };
        let packed = Packing::of(&bytes).is_some() || archive(&bytes).is_some();
        let doubt = match packed {
            true => Some(0),
            false => Format::of(&bytes, name).map(|format| format.doubt(&bytes)),
        };
        let least = found.as_ref().map_or(u8::MAX, |(least, _, _)| *least);
        match doubt {
            Some(doubt) if doubt < least => {
                found = Some((doubt, name.to_owned(), bytes));
                equals = 1;
            }
            Some(doubt) if doubt == least => equals += 1,
            _ => {}
        }
        match (&found, equals) {
            (Some((0, _, _)), 2..) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    })?;
    if let Some(error) = damaged {
        return Err(error);
    }
    let Some((_, member, bytes)) = found else {
        return Err(input.empty("no shapes"));
    };
    if equals > 1 {
        return Err(ReadError::ManyShapes {
            place: input.place(At::File),
            count: equals,
            advice: "unpack it, or convert it as a data set",
        });
    }
    let name = format!("{}/{member}", input.name);
    nested(&bytes, &name, input.limits, depth + 1)
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
