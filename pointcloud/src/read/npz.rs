//! NPZ, NumPy's archives: a zip of NPY members.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::read::ZipFile;

use super::npy;
use crate::Shape;
use crate::compressed::undecoded;
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

/// Whether a zip holds arrays and nothing else.
pub(crate) fn is_npz(bytes: &[u8]) -> bool {
    ZipArchive::new(Cursor::new(bytes)).is_ok_and(|archive| {
        archive
            .file_names()
            .all(|n| n.is_ok_and(|n| n.ends_with(".npy")))
    })
}

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
    let mut shape = array(input, &mut archive, &chosen)?;
    if let Shape::Cloud(cloud) = &mut shape
        && names.iter().any(|name| name == "weights.npy")
    {
        cloud.weights = Some(weights(input, &mut archive, cloud.points.len())?);
    }
    Ok(shape)
}

fn array(input: &Input, archive: &mut Archive, member: &str) -> Result<Shape, ReadError> {
    let (bytes, name) = contents(input, archive, member)?;
    npy::read(&Input {
        bytes: &bytes,
        name: &name,
        format: "NPY",
        limits: input.limits,
    })
}

/// The array `weights`, one number for each point.
fn weights(input: &Input, archive: &mut Archive, count: usize) -> Result<Vec<f64>, ReadError> {
    let (bytes, name) = contents(input, archive, "weights.npy")?;
    let input = Input {
        bytes: &bytes,
        name: &name,
        format: "NPY",
        limits: input.limits,
    };
    let header = npy::header(&input)?;
    if header.count() != Some(count as u64) {
        let found = format!("shape {:?}", header.shape);
        return Err(input.syntax(At::File, format!("{count} weights"), &found));
    }
    let data = npy::data(&input, &header)?;
    Ok(data
        .chunks_exact(header.size)
        .map(|bytes| header.value(bytes))
        .collect())
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

/// All bytes of a member, within the limits, and its name for messages.
fn contents(
    input: &Input,
    archive: &mut Archive,
    member: &str,
) -> Result<(Vec<u8>, String), ReadError> {
    let file = archive
        .by_name(member)
        .map_err(|error| input.corrupt(At::File, format!("member `{member}`: {error}")))?;
    let limit = expanded(input, &file);
    Ok((
        unpack(input, file, limit)?,
        format!("{}/{member}", input.name),
    ))
}

/// How many bytes a member may expand to. The size that its header tells may be larger than the file.
pub(crate) fn expanded<R: Read>(input: &Input, member: &ZipFile<R>) -> u64 {
    let compressed = member.compressed_size().min(input.bytes.len() as u64);
    input.limits.expanded(compressed)
}

/// What a decoder gives, up to a limit.
pub(crate) fn unpack(input: &Input, decoder: impl Read, limit: u64) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    decoder
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| undecoded(input, &error))?;
    let found = bytes.len() as u64;
    if found > limit {
        let place = input.place(At::File);
        return Err(ReadError::Limit {
            place,
            what: "unpacked bytes",
            limit,
            found,
        });
    }
    Ok(bytes)
}
