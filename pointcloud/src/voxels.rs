//! Data sets of voxel grids in one NPZ file, as ModelNet10 is shared.

use std::io::Read;

use crate::error::{At, ReadError};
use crate::input::Input;
use crate::read::{npy, npz};
use crate::{Limits, PointCloud};

/// The occupied cells of many grids of one size.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VoxelPart {
    /// Cells along x, y and z.
    pub size: [usize; 3],
    /// For each grid the positions of its occupied cells, `(x * size[1] + y) * size[2] + z`, ascending.
    pub cells: Vec<Vec<u32>>,
    /// The class of each grid.
    pub labels: Vec<i64>,
}

/// A training and a test part.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VoxelSet {
    /// `X_train` and `y_train`.
    pub train: VoxelPart,
    /// `X_test` and `y_test`.
    pub test: VoxelPart,
}

impl VoxelPart {
    /// How many grids there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The centres of the occupied cells of one grid in units of cells, cell (0, 0, 0) at the origin. `None`
    /// beyond the last grid; a cloud without points where no cell is occupied.
    pub fn cloud(&self, index: usize) -> Option<PointCloud> {
        let [_, ny, nz] = self.size.map(|n| n as u32);
        let place = |&cell: &u32| [cell / (ny * nz), cell / nz % ny, cell % nz].map(f64::from);
        Some(PointCloud::new(
            self.cells.get(index)?.iter().map(place).collect(),
        ))
    }
}

/// Reads the content of a file with the arrays `X_train`, `y_train`, `X_test`, `y_test`: grids `(N, X, Y, Z)` of any number
/// type, where a cell that is not zero is occupied, and as many labels. `name` stands in errors.
///
/// The grids are read in a stream; memory grows with the occupied cells. [`Limits::bytes`] bounds the
/// decompressed size and [`Limits::points`] the occupied cells of one grid.
///
/// # Errors
///
/// [`ReadError`] where an array is missing, of another shape, or damaged.
pub fn read_voxels_npz(bytes: &[u8], name: &str, limits: &Limits) -> Result<VoxelSet, ReadError> {
    let input = Input {
        bytes,
        name,
        format: "NPZ",
        limits,
    };
    let mut archive = npz::open(&input)?;
    Ok(VoxelSet {
        train: part(&input, &mut archive, "X_train", "y_train")?,
        test: part(&input, &mut archive, "X_test", "y_test")?,
    })
}

fn part(
    input: &Input,
    archive: &mut npz::Archive,
    grids: &str,
    labels: &str,
) -> Result<VoxelPart, ReadError> {
    let mut part = VoxelPart::default();
    member(input, archive, grids, |input, header, stream| {
        let &[count, x, y, z] = header.shape.as_slice() else {
            return Err(wrong_shape(input, "grids (N, X, Y, Z)", header));
        };
        let cells = [x, y, z].iter().try_fold(1u64, |n, &d| n.checked_mul(d));
        // A side of a million cells is no grid; the product bounds what one grid takes.
        let Some(cells) = cells.filter(|&n| n > 0 && n <= input.limits.points && n <= 1 << 30)
        else {
            return Err(wrong_shape(input, "grids of at most 2^30 cells", header));
        };
        if header.fortran {
            return Err(input.unsupported(
                At::File,
                "grids in Fortran order",
                "save them in C order",
            ));
        }
        part.size = [x, y, z].map(|n| n as usize);
        let (size, mut grid) = (cells as usize * header.size, Vec::new());
        for _ in 0..count {
            fill(input, stream, size, &mut grid)?;
            let occupied = grid.chunks_exact(header.size).enumerate();
            let occupied = occupied.filter(|(_, cell)| cell.iter().any(|&b| b != 0));
            part.cells.push(occupied.map(|(i, _)| i as u32).collect());
        }
        Ok(())
    })?;
    member(input, archive, labels, |input, header, stream| {
        if header.count() != Some(part.cells.len() as u64) {
            return Err(wrong_shape(input, "one label for each grid", header));
        }
        let mut bytes = Vec::new();
        for _ in 0..part.cells.len() {
            fill(input, stream, header.size, &mut bytes)?;
            part.labels.push(header.value(&bytes) as i64);
        }
        Ok(())
    })?;
    Ok(part)
}

fn wrong_shape(input: &Input, expected: &'static str, header: &npy::Header) -> ReadError {
    input.syntax(At::File, expected, &format!("shape {:?}", header.shape))
}

/// Hands the header and the stream of numbers of one array to `take`.
fn member(
    input: &Input,
    archive: &mut npz::Archive,
    array: &str,
    take: impl FnOnce(&Input, &npy::Header, &mut dyn Read) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let name = format!("{}/{array}.npy", input.name);
    let missing = || ReadError::MissingMember {
        place: input.place(At::File),
        member: format!("{array}.npy"),
    };
    let index = archive
        .index_for_name(&format!("{array}.npy"))
        .ok_or_else(missing)?;
    let file = archive
        .by_index(index)
        .map_err(|e| input.corrupt(At::File, e.to_string()))?;
    input.check_bytes(file.size())?;
    let mut stream = file.take(input.limits.bytes);
    // The header: its first bytes say how long it is, and headers of more than 64 KiB are not written.
    let (mut head, mut rest) = (Vec::new(), Vec::new());
    let quiet = Input {
        name: &name,
        format: "NPY",
        ..*input
    };
    fill(&quiet, &mut stream, 10, &mut head)?;
    let length = match head[6] {
        1 => usize::from(head[8]) | usize::from(head[9]) << 8,
        _ => {
            return Err(quiet.unsupported(
                At::Byte(6),
                "a long NPY header",
                "save it with numpy.savez",
            ));
        }
    };
    fill(&quiet, &mut stream, length, &mut rest)?;
    head.append(&mut rest);
    let header = npy::header(&Input {
        bytes: &head,
        ..quiet
    })?;
    take(&quiet, &header, &mut stream)
}

/// Reads `count` bytes in the place of what `bytes` holds. `count` is a header's word: memory grows with what is there.
fn fill(
    input: &Input,
    stream: &mut dyn Read,
    count: usize,
    bytes: &mut Vec<u8>,
) -> Result<(), ReadError> {
    bytes.clear();
    let found = stream
        .take(count as u64)
        .read_to_end(bytes)
        .map_err(|error| input.corrupt(At::File, error.to_string()))?;
    if found < count {
        let expected = format!("{count} more bytes");
        return Err(input.truncated(At::File, expected, found.to_string()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_file_takes_little_memory_whatever_it_claims() {
        let limits = Limits::default();
        let input = Input {
            bytes: b"",
            name: "a.npz",
            format: "NPY",
            limits: &limits,
        };
        let mut grid = Vec::new();
        let error = fill(&input, &mut &[0u8; 1000][..], 1 << 40, &mut grid).unwrap_err();
        assert_eq!(error.kind(), "truncated");
        assert!(
            error
                .to_string()
                .contains("1099511627776 more bytes, found 1000"),
            "{error}"
        );
        assert!(grid.capacity() < 1 << 16, "{}", grid.capacity());
    }
}
