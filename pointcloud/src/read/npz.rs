//! NPZ, NumPy's archives: a zip of NPY members.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::read::ZipFile;

use super::npy;
use crate::Shape;
use crate::error::{At, ReadError};
use crate::input::Input;

/// The names under which people save clouds, the first that is there being taken.
const POINTS: &[&str] = &[
    "points",
    "point_cloud",
    "pointcloud",
    "pc",
    "xyz",
    "pos",
    "coords",
    "vertices",
    "data",
    "arr_0",
];

/// An opened archive.
pub(crate) type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// Reads the array whose name says that it holds points, or the only one there is.
pub(crate) fn read(input: &Input) -> Result<Shape, ReadError> {
    let mut archive = open(input)?;
    let names: Vec<String> = archive
        .file_names()
        .map_while(|n| Some(n.ok()?.into_owned()))
        .collect();
    let wanted = POINTS.iter().map(|name| format!("{name}.npy"));
    let chosen = wanted.into_iter().find(|name| names.contains(name));
    let chosen = match (chosen, names.as_slice()) {
        (Some(name), _) => name,
        (None, [only]) => only.clone(),
        (None, []) => return Err(input.empty("no arrays")),
        (None, _) => {
            return Err(ReadError::ManyShapes {
                place: input.place(At::File),
                count: names.len() as u64,
                advice: "name the array of points `points`",
            });
        }
    };
    let member = archive
        .by_name(&chosen)
        .map_err(|e| input.corrupt(At::File, e.to_string()))?;
    let bytes = contents(input, member)?;
    let name = format!("{}/{chosen}", input.name);
    npy::read(&Input {
        bytes: &bytes,
        name: &name,
        format: "NPY",
        limits: input.limits,
    })
}

pub(crate) fn open<'a>(input: &Input<'a>) -> Result<Archive<'a>, ReadError> {
    let archive = ZipArchive::new(Cursor::new(input.bytes))
        .map_err(|error| input.corrupt(At::File, error.to_string()))?;
    let (found, limit) = (archive.len() as u64, input.limits.members);
    if found > limit {
        let place = input.place(At::File);
        return Err(ReadError::Limit {
            place,
            what: "members",
            limit,
            found,
        });
    }
    Ok(archive)
}

/// All bytes of a member, within the limits.
fn contents<R: Read>(input: &Input, member: ZipFile<R>) -> Result<Vec<u8>, ReadError> {
    let limit = input.limits.expanded(member.compressed_size());
    let mut bytes = Vec::new();
    member
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| input.corrupt(At::File, error.to_string()))?;
    let found = bytes.len() as u64;
    if found > limit {
        let place = input.place(At::File);
        return Err(ReadError::Limit {
            place,
            what: "decompressed bytes",
            limit,
            found,
        });
    }
    Ok(bytes)
}
