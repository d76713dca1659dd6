//! NPY, NumPy's array files (NEP 1: versions 1, 2 and 3).

use half::f16;

use super::columns;
use crate::Shape;
use crate::error::{At, ReadError};
use crate::input::Input;

/// The numbers in an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Float,
    Signed,
    Unsigned,
}

/// The header of an array.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Header {
    pub kind: Kind,
    /// Bytes in one number.
    pub size: usize,
    pub big_endian: bool,
    pub fortran: bool,
    pub shape: Vec<u64>,
    /// Where the numbers begin.
    pub start: usize,
}

impl Header {
    /// How many numbers the shape asks for; `None` beyond 2^64.
    pub fn count(&self) -> Option<u64> {
        self.shape.iter().try_fold(1u64, |n, &d| n.checked_mul(d))
    }

    /// One number from its bytes, of which there are `size`.
    pub fn value(&self, bytes: &[u8]) -> f64 {
        let mut little = [0; 8];
        let part = &mut little[..self.size];
        part.copy_from_slice(bytes);
        if self.big_endian {
            part.reverse();
        }
        let bits = u64::from_le_bytes(little);
        let unused = 64 - 8 * self.size as u32;
        match (self.kind, self.size) {
            (Kind::Float, 2) => f16::from_bits(bits as u16).to_f64(),
            (Kind::Float, 4) => f64::from(f32::from_bits(bits as u32)),
            (Kind::Float, _) => f64::from_bits(bits),
            (Kind::Signed, _) => (((bits << unused) as i64) >> unused) as f64,
            (Kind::Unsigned, _) => bits as f64,
        }
    }
}

/// Reads a cloud: points in rows of at least three numbers, `(N, 3+)`, also as `(1, N, 3+)`. An array
/// `(3, N)` with N above 9 is taken as the transpose, which three points of so many columns never are; arrays of more
/// than [`WIDEST`] columns are refused: they are pictures, or have a row for each coordinate.
pub(crate) fn read(input: &Input) -> Result<Shape, ReadError> {
    let header = header(input)?;
    let (rows, width, transposed) = layout(input, &header)?;
    input.check_points(rows as u64)?;
    let kept = width.min(columns::KEPT);
    let values = ordered(input, &header, [rows, width, kept], transposed)?;
    let start = header.start as u64;
    let step = (header.size * width) as u64;
    input.cloud(columns::cloud(&values, kept), |row| {
        At::Byte(start + row as u64 * step)
    })
}

/// Most columns of an array of points: no point has so many properties.
const WIDEST: u64 = 100;

/// Rows, columns, and whether points lie along the columns of the array.
fn layout(input: &Input, header: &Header) -> Result<(usize, usize, bool), ReadError> {
    let place = At::Byte(0);
    let refused = |expected: &'static str| {
        let found = format!("shape {:?}", header.shape);
        input.syntax(place, expected, &found)
    };
    let wrong = || refused("an array of points, (N, 3) or wider");
    let size = |n: u64| usize::try_from(n).ok().ok_or_else(wrong);
    match *header.shape.as_slice() {
        [1, n, w] | [n, w] if (3..=WIDEST).contains(&w) && !(n == 3 && w > 9) => {
            Ok((size(n)?, size(w)?, false))
        }
        [3, n] | [1, 3, n] => Ok((size(n)?, 3, true)),
        [1, 4..=9, n] | [4..=9, n] if n > WIDEST => Err(refused(
            "a row for each point, (N, 3) or wider: transpose the array",
        )),
        [count, _, 3..=WIDEST] if count != 1 => Err(ReadError::ManyShapes {
            place: input.place(place),
            count,
            advice: "save each as an array of its own, or convert the file as a data set",
        }),
        _ => Err(wrong()),
    }
}

/// The first `kept` of the `width` numbers of each row, point by point.
fn ordered(
    input: &Input,
    header: &Header,
    [rows, width, kept]: [usize; 3],
    transposed: bool,
) -> Result<Vec<f64>, ReadError> {
    let data = data(input, header)?;
    let size = header.size;
    let value = |at: usize| header.value(&data[at * size..(at + 1) * size]);
    let mut ordered = Vec::with_capacity(rows * kept);
    for row in 0..rows {
        // Column-major rows and row-major columns are the same thing: coordinate by coordinate.
        ordered.extend((0..kept).map(|column| match header.fortran == transposed {
            true => value(row * width + column),
            false => value(column * rows + row),
        }));
    }
    Ok(ordered)
}

/// Exactly the bytes of the numbers that the header asks for.
pub(crate) fn data<'a>(input: &Input<'a>, header: &Header) -> Result<&'a [u8], ReadError> {
    let there = &input.bytes[header.start..];
    let wanted = header
        .count()
        .and_then(|n| n.checked_mul(header.size as u64));
    match wanted
        .and_then(|n| usize::try_from(n).ok())
        .and_then(|n| there.get(..n))
    {
        Some(data) => Ok(data),
        None => {
            let expected = format!("{:?} numbers of {} bytes", header.shape, header.size);
            let at = At::Byte(input.bytes.len() as u64);
            Err(input.truncated(at, expected, format!("{} bytes", there.len())))
        }
    }
}

/// Reads the header; `input` may hold no more than the beginning of the file.
pub(crate) fn header(input: &Input) -> Result<Header, ReadError> {
    let bytes = input.bytes;
    let short = || {
        let found = format!("{} bytes", bytes.len());
        input.truncated(
            At::Byte(bytes.len() as u64),
            "a whole NPY header".into(),
            found,
        )
    };
    if !bytes.starts_with(b"\x93NUMPY") {
        return Err(input.syntax(At::Byte(0), "the bytes \\x93NUMPY", "something else"));
    }
    let version = *bytes.get(6).ok_or_else(short)?;
    let (length, from) = match version {
        1 => (
            bytes
                .get(8..10)
                .map(|b| usize::from(b[0]) | usize::from(b[1]) << 8),
            10,
        ),
        2 | 3 => {
            let field = bytes.get(8..12).and_then(|b| b.try_into().ok());
            (field.map(|b| u32::from_le_bytes(b) as usize), 12)
        }
        other => {
            return Err(input.unsupported(At::Byte(6), format!("NPY version {other}"), RESAVE));
        }
    };
    let end = length.and_then(|n| n.checked_add(from)).ok_or_else(short)?;
    let text = bytes.get(from..end).ok_or_else(short)?;
    let text = String::from_utf8_lossy(text);
    let wrong = |what: &'static str| input.syntax(At::Byte(from as u64), what, text.trim_end());
    let descr = entry(&text, "descr").ok_or_else(|| wrong("an entry 'descr'"))?;
    let (kind, size, big_endian) = number_type(input, descr)?;
    let fortran = match entry(&text, "fortran_order") {
        Some(value) if value.starts_with("True") => true,
        Some(value) if value.starts_with("False") => false,
        _ => return Err(wrong("an entry 'fortran_order', True or False")),
    };
    let shape = entry(&text, "shape")
        .and_then(dimensions)
        .ok_or_else(|| wrong("an entry 'shape'"))?;
    Ok(Header {
        kind,
        size,
        big_endian,
        fortran,
        shape,
        start: end,
    })
}

const RESAVE: &str = "save it with numpy.save as an array of float32 or float64";

/// What follows a key of the dictionary in the header.
fn entry<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let quoted = [format!("'{key}'"), format!("\"{key}\"")];
    let after = quoted.iter().find_map(|q| text.split_once(q.as_str()))?.1;
    Some(after.trim_start().strip_prefix(':')?.trim_start())
}

fn number_type(input: &Input, descr: &str) -> Result<(Kind, usize, bool), ReadError> {
    let refuse = |what: String| Err(input.unsupported(At::Byte(0), what, RESAVE));
    let quote = match descr.as_bytes().first() {
        Some(b'\'') => '\'',
        Some(b'"') => '"',
        _ => return refuse("an array of records".into()),
    };
    let name = descr[1..].split(quote).next().unwrap_or_default();
    let (order, code) = match name.as_bytes().first() {
        Some(b'<' | b'>' | b'=' | b'|') => name.split_at(1),
        _ => ("<", name),
    };
    let big_endian = order == ">";
    let (kind, size) = match code {
        "f2" => (Kind::Float, 2),
        "f4" => (Kind::Float, 4),
        "f8" => (Kind::Float, 8),
        "i1" => (Kind::Signed, 1),
        "i2" => (Kind::Signed, 2),
        "i4" => (Kind::Signed, 4),
        "i8" => (Kind::Signed, 8),
        "u1" | "b1" => (Kind::Unsigned, 1),
        "u2" => (Kind::Unsigned, 2),
        "u4" => (Kind::Unsigned, 4),
        "u8" => (Kind::Unsigned, 8),
        "O" | "O8" => {
            return refuse("an array of Python objects (a pickle, which can run code)".into());
        }
        other => return refuse(format!("the number type {}", crate::input::quote(other))),
    };
    Ok((kind, size, big_endian))
}

fn dimensions(text: &str) -> Option<Vec<u64>> {
    let inside = text.strip_prefix('(')?.split_once(')')?.0;
    let words = inside
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    words
        .map(|word| word.trim_end_matches('L').parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::{Limits, ReadError, Shape, read_bytes};

    fn file(version: u8, descr: &str, fortran: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let head =
            format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY".to_vec();
        bytes.extend([version, 0]);
        match version {
            1 => bytes.extend((head.len() as u16).to_le_bytes()),
            _ => bytes.extend((head.len() as u32).to_le_bytes()),
        }
        bytes.extend(head.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Shape, ReadError> {
        read_bytes(bytes, "a.npy", &Limits::default())
    }

    fn floats(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    const SIX: [f32; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    const TWO: [[f64; 3]; 2] = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];

    #[test]
    fn versions_types_and_byte_orders() {
        let halves: Vec<u8> = SIX
            .iter()
            .flat_map(|&x| half::f16::from_f32(x).to_le_bytes())
            .collect();
        let bigs: Vec<u8> = SIX
            .iter()
            .flat_map(|&x| f64::from(x).to_be_bytes())
            .collect();
        let shorts: Vec<u8> = SIX.iter().flat_map(|&x| (x as i16).to_be_bytes()).collect();
        let files = [
            file(1, "'<f4'", "False", "(2, 3)", &floats(&SIX)),
            file(2, "'<f4'", "False", "(1, 2, 3)", &floats(&SIX)),
            file(3, "\"<f2\"", "False", "(2L, 3L)", &halves),
            file(1, "'>f8'", "False", "(2, 3)", &bigs),
            file(1, "'>i2'", "False", "(2, 3)", &shorts),
            file(1, "'|u1'", "False", "(2, 3)", &[1, 2, 3, 4, 5, 6]),
            file(
                1,
                "'<f4'",
                "True",
                "(2, 3)",
                &floats(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]),
            ),
        ];
        for bytes in files {
            assert_eq!(read(&bytes).expect("valid").points(), TWO);
        }
        let negative = file(1, "'<i2'", "False", "(1, 3)", &[0xff, 0xff, 0, 0x80, 1, 0]);
        assert_eq!(
            read(&negative).expect("valid").points(),
            [[-1.0, -32768.0, 1.0]]
        );
    }

    #[test]
    fn coordinates_in_rows_are_turned() {
        let values: Vec<f32> = (0..30).map(|i| i as f32).collect();
        let shape = read(&file(1, "'<f4'", "False", "(3, 10)", &floats(&values))).expect("valid");
        assert_eq!(shape.points()[1], [1.0, 11.0, 21.0]);
        let shape = read(&file(1, "'<f4'", "True", "(3, 10)", &floats(&values))).expect("valid");
        assert_eq!(shape.points()[1], [3.0, 4.0, 5.0]);
    }

    #[test]
    fn what_is_not_a_cloud_is_refused() {
        let six = floats(&SIX);
        let nan = floats(&[1.0, f32::NAN, 2.0]);
        let cases = [
            (
                file(1, "'|O'", "False", "(2, 3)", b""),
                "unsupported",
                "pickle",
            ),
            (
                file(1, "[('x', '<f4')]", "False", "(2,)", b""),
                "unsupported",
                "records",
            ),
            (
                file(1, "'<c8'", "False", "(2, 3)", b""),
                "unsupported",
                "c8",
            ),
            (
                file(1, "'<f4'", "False", "(3, 2, 3)", b""),
                "many-shapes",
                "3 shapes",
            ),
            (file(1, "'<f4'", "False", "(6,)", &six), "syntax", "[6]"),
            (
                file(1, "'<f4'", "False", "(6, 1024)", b""),
                "syntax",
                "transpose",
            ),
            (
                file(1, "'<f4'", "False", "(6, 8192)", b""),
                "syntax",
                "transpose",
            ),
            (
                file(1, "'|u1'", "False", "(512, 512)", b""),
                "syntax",
                "(N, 3)",
            ),
            (
                file(1, "'<f4'", "False", "(7, 3)", &six),
                "truncated",
                "24 bytes",
            ),
            (
                file(1, "'<f4'", "False", "(99999999999, 3)", &six),
                "limit",
                "points",
            ),
            (
                file(1, "'<f4'", "False", "(9999999, 3)", &six),
                "truncated",
                "24 bytes",
            ),
            (
                file(1, "'<f4'", "False", "(0, 3)", b""),
                "empty",
                "no points",
            ),
            (
                file(1, "'<f4'", "False", "(0, 18446744073709551615)", b""),
                "syntax",
                "shape",
            ),
            (
                file(1, "'<f4'", "False", "(1, 3)", &nan),
                "not-finite",
                "point 0",
            ),
            (
                file(9, "'<f4'", "False", "(1, 3)", &nan),
                "unsupported",
                "version 9",
            ),
            (
                b"\x93NUMPY\x01\x00\xff\xff{".to_vec(),
                "truncated",
                "header",
            ),
            (b"\x93NUMPY".to_vec(), "truncated", "6 bytes"),
        ];
        for (bytes, kind, part) in cases {
            let error = read(&bytes).expect_err(part);
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
