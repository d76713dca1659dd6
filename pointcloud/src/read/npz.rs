//! NPZ: a zip of NPY arrays. One cloud, or the voxel grids of a whole data set.

use std::io::{Cursor, Read};
use std::path::Path;

use zip::ZipArchive;

use super::{load, npy};
use crate::error::At;
use crate::input::Input;
use crate::{Limits, PointCloud, ReadError, Shape};

/// How a zip begins.
pub(crate) const MAGIC: &[u8] = b"PK\x03\x04";

/// Names under which people save a cloud, most telling first.
const CLOUDS: [&str; 6] = ["points", "pc", "point_cloud", "xyz", "vertices", "arr_0"];

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

fn open<'a>(input: &Input<'a>) -> Result<Archive<'a>, ReadError> {
    ZipArchive::new(Cursor::new(input.bytes))
        .map_err(|error| input.corrupt(At::File, error.to_string()))
}

/// The bytes of one member, within the limits on size and expansion.
fn member(input: &Input, archive: &mut Archive, name: &str) -> Result<Vec<u8>, ReadError> {
    let missing = || ReadError::MissingMember {
        place: input.place(At::File),
        member: name.to_owned(),
    };
    let file = archive.by_name(name).map_err(|_absent| missing())?;
    let limit = input.limits.expanded(file.compressed_size());
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| input.corrupt(At::File, format!("member `{name}`: {error}")))?;
    if bytes.len() as u64 > limit {
        let place = input.place(At::File);
        return Err(ReadError::Limit {
            place,
            what: "unpacked bytes",
            limit,
            found: bytes.len() as u64,
        });
    }
    Ok(bytes)
}

fn array(input: &Input, archive: &mut Archive, name: &str) -> Result<npy::Values, ReadError> {
    let bytes = member(input, archive, &format!("{name}.npy"))?;
    npy::read_values(&Input {
        bytes: &bytes,
        ..*input
    })
}

/// Reads the cloud of an archive: its only array, or the one with a name such as `points`.
pub(crate) fn read(input: &Input) -> Result<Shape, ReadError> {
    let mut archive = open(input)?;
    let names: Vec<String> = archive
        .file_names()
        .filter_map(|name| name.ok()?.strip_suffix(".npy").map(str::to_owned))
        .collect();
    let known = CLOUDS
        .iter()
        .find(|known| names.iter().any(|name| name == *known));
    let name = match (known, names.as_slice()) {
        (Some(name), _) => (*name).to_owned(),
        (None, [only]) => only.clone(),
        (None, []) => return Err(input.empty("no NPY arrays")),
        (None, many) => {
            let advice = "name the one to read `points`";
            return Err(ReadError::ManyShapes {
                place: input.place(At::File),
                count: many.len() as u64,
                advice,
            });
        }
    };
    let bytes = member(input, &mut archive, &format!("{name}.npy"))?;
    let mut shape = npy::read(&Input {
        bytes: &bytes,
        ..*input
    })?;
    if let Shape::Cloud(cloud) = &mut shape
        && names.iter().any(|name| name == "weights")
    {
        let weights = array(input, &mut archive, "weights")?.values;
        cloud.weights = (weights.len() == cloud.points.len()).then_some(weights);
    }
    Ok(shape)
}

/// One split of a data set of voxel grids.
#[derive(Debug, Clone, Default)]
pub struct Voxels {
    /// Cells along each axis of a grid.
    pub side: usize,
    /// For each grid the centres of its occupied cells, cells being of side 1; empty grids are empty clouds.
    pub clouds: Vec<PointCloud>,
    /// The class of each grid.
    pub labels: Vec<usize>,
}

/// Reads a file with arrays `X_train` and `X_test` `[items, side, side, side]` of 0 and 1 and `y_train`, `y_test`,
/// as ModelNet10 is shared: (train, test). The three axes of a grid are x, y, z.
pub fn read_voxels_npz(path: &Path, limits: &Limits) -> Result<(Voxels, Voxels), ReadError> {
    let bytes = load(path, limits)?;
    let name = path.display().to_string();
    let input = Input {
        bytes: &bytes,
        name: &name,
        format: "NPZ",
        limits,
    };
    input.check_bytes(bytes.len() as u64)?;
    let mut archive = open(&input)?;
    Ok((
        voxels(&input, &mut archive, "train")?,
        voxels(&input, &mut archive, "test")?,
    ))
}

fn voxels(input: &Input, archive: &mut Archive, split: &str) -> Result<Voxels, ReadError> {
    // One split is read as bytes and decoded grid by grid: as f64 it would take a gigabyte.
    let bytes = member(input, archive, &format!("X_{split}.npy"))?;
    let grids = npy::read_values(&Input {
        bytes: &bytes,
        ..*input
    })?;
    drop(bytes);
    let &[items, side, b, c] = grids.shape.as_slice() else {
        let found = format!("shape {:?}", grids.shape);
        return Err(input.syntax(At::File, "grids of shape (items, side, side, side)", &found));
    };
    if side == 0 || b != side || c != side {
        return Err(input.syntax(At::File, "cubic grids", &format!("shape {:?}", grids.shape)));
    }
    let labels = array(input, archive, &format!("y_{split}"))?;
    if labels.values.len() != items {
        let expected = format!("{items} labels");
        return Err(input.syntax(
            At::File,
            expected,
            &format!("{} labels", labels.values.len()),
        ));
    }
    let clouds = grids
        .values
        .chunks_exact(side * side * side)
        .map(|grid| centres(grid, side))
        .collect();
    Ok(Voxels {
        side,
        clouds,
        labels: labels.values.iter().map(|&label| label as usize).collect(),
    })
}

fn centres(grid: &[f64], side: usize) -> PointCloud {
    let occupied = grid
        .iter()
        .enumerate()
        .filter(|(_cell, value)| **value > 0.5);
    let centre = |i: usize| i as f64 + 0.5;
    PointCloud::new(
        occupied
            .map(|(cell, _value)| {
                [
                    centre(cell / (side * side)),
                    centre(cell / side % side),
                    centre(cell % side),
                ]
            })
            .collect(),
    )
}
