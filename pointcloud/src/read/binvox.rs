//! Binvox, voxel grids in run lengths (P. Min's binvox 1).

use crate::error::{At, ReadError};
use crate::input::Input;
use crate::text::{Lines, integer, number};
use crate::{PointCloud, Shape};

/// How a file begins.
pub(crate) const MAGIC: &[u8] = b"#binvox";

/// Reads the centres of the occupied cells, in the units of the file: the grid spans `scale` from `translate`.
pub(crate) fn read(input: &Input) -> Result<Shape, ReadError> {
    let mut lines = Lines::new(*input);
    let (mut dims, mut translate, mut scale) = (None, [0.0; 3], 1.0);
    loop {
        let Some(line) = lines.next()? else {
            let at = At::Line(lines.number());
            return Err(input.truncated(at, "a line `data`".into(), "none".into()));
        };
        let mut words = line.words();
        let key = words.next().unwrap_or_default();
        let wrong = || input.syntax(line.at(), "a line of a binvox header", &line.shown());
        match key {
            b"dim" => {
                let sizes: Option<Vec<u64>> =
                    words.take(3).map(|w| integer(w)?.try_into().ok()).collect();
                let sizes = sizes.and_then(|sizes| <[u64; 3]>::try_from(sizes).ok());
                dims = Some(
                    sizes
                        .filter(|s| s.iter().all(|n| (1..=4096).contains(n)))
                        .ok_or_else(wrong)?,
                );
            }
            b"translate" => translate = crate::text::point(input, line, &mut words)?,
            b"scale" => {
                let value = words.next().and_then(number).filter(|x| x.is_finite());
                scale = value.ok_or_else(wrong)?;
            }
            b"data" => break,
            b"#binvox" | b"" => {}
            _ => return Err(wrong()),
        }
    }
    let dims = dims.ok_or_else(|| input.syntax(At::File, "a line `dim`", "none"))?;
    let start = (input.bytes.len() - lines.rest().len()) as u64;
    let cells = occupied(input, lines.rest(), dims, start)?;
    let largest = dims.into_iter().max().unwrap_or(1) as f64;
    // The second axis runs fastest, then the third, then the first.
    let place = |cell: u64| {
        let index = [
            cell / (dims[1] * dims[2]),
            cell % dims[1],
            cell / dims[1] % dims[2],
        ];
        std::array::from_fn(|i| (index[i] as f64 + 0.5) / largest * scale + translate[i])
    };
    input.cloud(
        PointCloud::new(cells.into_iter().map(place).collect()),
        |_| At::File,
    )
}

fn occupied(input: &Input, runs: &[u8], dims: [u64; 3], start: u64) -> Result<Vec<u64>, ReadError> {
    let total: u64 = dims.iter().product();
    let (mut cells, mut at) = (Vec::new(), 0u64);
    for (i, run) in runs.as_chunks::<2>().0.iter().enumerate() {
        if at == total {
            break;
        }
        let [value, length] = run.map(u64::from);
        let end = at + length;
        if end > total {
            return Err(input.corrupt(
                At::Byte(start + 2 * i as u64),
                format!("runs beyond {total} cells"),
            ));
        }
        if value != 0 {
            input.check_points(cells.len() as u64 + length)?;
            cells.extend(at..end);
        }
        at = end;
    }
    if at < total {
        let end = At::Byte(input.bytes.len() as u64);
        return Err(input.truncated(end, format!("{total} cells"), at.to_string()));
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use crate::{Limits, ReadError, Shape, read_bytes};

    fn read(data: &[u8]) -> Result<Shape, ReadError> {
        let head = b"#binvox 1\ndim 2 2 2\ntranslate 1 0 0\nscale 2\ndata\n";
        read_bytes(&[head, data].concat(), "a", &Limits::default())
    }

    #[test]
    fn the_second_axis_runs_fastest() {
        let shape = read(&[0, 1, 1, 2, 0, 5]).expect("valid");
        assert_eq!(shape.points(), [[1.5, 1.5, 0.5], [1.5, 0.5, 1.5]]);
    }

    #[test]
    fn damaged_files_are_refused() {
        assert_eq!(read(&[0, 8]).expect_err("no cell").kind(), "empty");
        assert_eq!(read(&[1, 7]).expect_err("short").kind(), "truncated");
        assert_eq!(read(&[1, 9]).expect_err("long").kind(), "corrupt");
        let error = read_bytes(b"#binvox 1\ndim 0 2 2\ndata\n", "a", &Limits::default());
        assert_eq!(error.expect_err("no grid").kind(), "syntax");
    }
}
