//! Data sets of voxel grids in one NPZ file, as ModelNet10 is shared.

use std::io::{BufReader, Cursor, Read};

use crate::error::{At, ReadError};
use crate::input::Input;
use crate::read::{npy, npz};
use crate::{Limits, PointCloud};

/// The occupied cells of many grids of one size.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VoxelPart {
    /// Cells along x, y and z.
    pub size: [usize; 3],
    /// The class of each grid.
    pub labels: Vec<i64>,
    /// The occupied cells of all grids, one grid after the other.
    cells: Vec<u32>,
    /// Where in `cells` each grid ends.
    ends: Vec<usize>,
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
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The positions of the occupied cells of one grid, `(x * size[1] + y) * size[2] + z`, ascending. `None` beyond
    /// the last grid.
    pub fn cells(&self, index: usize) -> Option<&[u32]> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.cells[start..end])
    }

    /// The centres of the occupied cells of one grid in units of cells, cell (0, 0, 0) at the origin. `None`
    /// beyond the last grid; a cloud without points where no cell is occupied.
    pub fn cloud(&self, index: usize) -> Option<PointCloud> {
        let [_, ny, nz] = self.size.map(|n| n as u32);
        let place = |&cell: &u32| [cell / (ny * nz), cell / nz % ny, cell % nz].map(f64::from);
        Some(PointCloud::new(
            self.cells(index)?.iter().map(place).collect(),
        ))
    }
}

/// Whether the content of a file is an archive of arrays for [`read_voxels_npz`], by their names.
pub fn is_voxels_npz(bytes: &[u8]) -> bool {
    let named = |archive: npz::Archive| {
        let mut grids = ["X_train.npy", "X_test.npy"].iter();
        grids.any(|name| archive.index_for_name(name).is_some())
    };
    npz::Archive::new(Cursor::new(bytes)).is_ok_and(named)
}

/// Reads the content of a file with the arrays `X_train`, `y_train`, `X_test`, `y_test`: grids `(N, X, Y, Z)` of any number
/// type, where a cell that is not zero is occupied, and as many labels. `name` stands in errors.
///
/// The grids are read in a stream; memory grows with their number and the occupied cells, which [`Limits::points`]
/// bounds for each part. [`Limits::bytes`] bounds each array. [`Limits::expansion`] counts a cell as one byte:
/// numbers of four bytes that are only 0 and 1 compress four times as well.
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
        check_part(input, count)?;
        part.size = [x, y, z].map(|n| n as usize);
        let (size, mut grid) = (cells as usize * header.size, Vec::new());
        for _ in 0..count {
            fill(input, stream, size, &mut grid)?;
            let occupied = grid.chunks_exact(header.size).enumerate();
            let occupied = occupied.filter(|(_, cell)| cell.iter().any(|&b| b != 0));
            part.cells.extend(occupied.map(|(i, _)| i as u32));
            part.ends.push(part.cells.len());
            check_part(input, count + part.cells.len() as u64)?;
        }
        Ok(())
    })?;
    member(input, archive, labels, |input, header, stream| {
        if header.count() != Some(part.len() as u64) {
            return Err(wrong_shape(input, "one label for each grid", header));
        }
        let mut bytes = Vec::new();
        for _ in 0..part.len() {
            fill(input, stream, header.size, &mut bytes)?;
            part.labels.push(header.value(&bytes) as i64);
        }
        Ok(())
    })?;
    Ok(part)
}

/// Holds what a part takes in memory against the limit.
fn check_part(input: &Input, found: u64) -> Result<(), ReadError> {
    input.within("grids and occupied cells", found, input.limits.points)
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
    let most = npz::expanded(input, &file);
    let mut stream = BufReader::new(file);
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
    let numbers = header.count().unwrap_or(u64::MAX);
    quiet.within("unpacked numbers", numbers, most)?;
    quiet.check_bytes(numbers.saturating_mul(header.size as u64))?;
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
    use std::io::Write;

    use super::*;

    /// An archive of one part of grids of one cell each, all of `cell`, and an empty test part.
    fn grids(count: usize, cell: u8) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (part, count) in [("train", count), ("test", 0)] {
            for (name, sides) in [("X", "1, 1, 1"), ("y", "")] {
                let options = zip::write::SimpleFileOptions::default();
                let member = format!("{name}_{part}.npy");
                writer.start_file(member, options).unwrap();
                let head = format!(
                    "{{'descr': '|u1', 'fortran_order': False, 'shape': ({count}, {sides}), }}\n"
                );
                writer.write_all(b"\x93NUMPY\x01\x00").unwrap();
                writer
                    .write_all(&(head.len() as u16).to_le_bytes())
                    .unwrap();
                writer.write_all(head.as_bytes()).unwrap();
                writer.write_all(&vec![cell; count]).unwrap();
            }
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn grids_that_expand_too_far_are_refused() {
        let limits = Limits::default();
        let error = read_voxels_npz(&grids(32 << 20, 1), "a.npz", &limits).unwrap_err();
        assert_eq!(error.kind(), "limit");
        assert!(error.to_string().contains("numpy.savez"), "{error}");
    }

    #[test]
    fn grids_and_cells_of_a_part_are_bounded_together() {
        let limits = Limits {
            points: 100,
            ..Limits::default()
        };
        for (count, cell, fits) in [
            (100, 0, true),
            (101, 0, false),
            (50, 1, true),
            (51, 1, false),
        ] {
            match read_voxels_npz(&grids(count, cell), "a.npz", &limits) {
                Ok(set) => {
                    assert!(fits, "{count} grids of {cell}");
                    assert_eq!(set.train.len(), count);
                    let cells = set.train.cells(count - 1);
                    assert_eq!(cells, Some(&[0][..usize::from(cell)]));
                    assert_eq!(set.train.cells(count), None);
                }
                Err(error) => {
                    assert!(!fits, "{error}");
                    assert_eq!(error.kind(), "limit");
                }
            }
        }
    }

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
