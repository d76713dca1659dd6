//! NPY arrays of points: versions 1 to 3, C and Fortran order, f16, f32, f64 and integers.

use crate::error::At;
use crate::input::Input;
use crate::{PointCloud, ReadError, Shape};

/// The header of an array: what its bytes mean.
struct Header {
    /// Such as `<f4`.
    descr: String,
    fortran: bool,
    shape: Vec<usize>,
    /// Where the values begin.
    start: usize,
}

/// An array with its values as f64, in C order.
pub(crate) struct Values {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

/// Reads an array `[points, 3 or more]`; further columns are passed over, a single one is kept as weights.
pub(crate) fn read(input: &Input) -> Result<Shape, ReadError> {
    let Values { shape, values } = read_values(input)?;
    let Some((rows, columns)) = pair(&shape) else {
        let advice = "save an array of shape (points, 3)";
        return Err(input.unsupported(At::File, format!("an array of shape {shape:?}"), advice));
    };
    input.check_points(rows as u64)?;
    let points = values
        .chunks_exact(columns)
        .map(|row| [row[0], row[1], row[2]])
        .collect();
    let weights = (columns == 4).then(|| values.chunks_exact(4).map(|row| row[3]).collect());
    input.cloud(
        PointCloud {
            points,
            normals: None,
            weights,
        },
        |_point| At::File,
    )
}

/// Points and columns of an array of rank 2 with at least three columns.
fn pair(shape: &[usize]) -> Option<(usize, usize)> {
    let &[rows, columns] = shape else { return None };
    (columns >= 3).then_some((rows, columns))
}

/// Reads any numeric array.
pub(crate) fn read_values(input: &Input) -> Result<Values, ReadError> {
    let header = header(input)?;
    let count = header
        .shape
        .iter()
        .try_fold(1usize, |product, n| product.checked_mul(*n));
    let decode = decoder(input, &header.descr)?;
    let bytes = &input.bytes[header.start..];
    let needed = count.and_then(|count| count.checked_mul(decode.size));
    let Some(needed) = needed.filter(|needed| *needed <= bytes.len()) else {
        let expected = format!("an array of shape {:?} of {}", header.shape, header.descr);
        return Err(input.truncated(
            At::Byte(input.bytes.len() as u64),
            expected,
            format!("{} bytes", bytes.len()),
        ));
    };
    let mut values: Vec<f64> = bytes[..needed]
        .chunks_exact(decode.size)
        .map(|b| decode.value(b))
        .collect();
    if header.fortran && header.shape.len() == 2 {
        let [rows, columns] = [header.shape[0], header.shape[1]];
        values = (0..values.len())
            .map(|i| values[(i % columns) * rows + i / columns])
            .collect();
    } else if header.fortran && header.shape.len() > 2 {
        let advice = "save it with numpy.ascontiguousarray";
        return Err(input.unsupported(At::File, "a Fortran-ordered array of rank above 2", advice));
    }
    Ok(Values {
        shape: header.shape,
        values,
    })
}

fn header(input: &Input) -> Result<Header, ReadError> {
    let bytes = input.bytes;
    let wrong = || input.syntax(At::Byte(0), "an NPY header", "other bytes");
    let short = || {
        input.truncated(
            At::Byte(bytes.len() as u64),
            "an NPY header".into(),
            "the end of the file".into(),
        )
    };
    let (length, at): (usize, usize) = match *bytes {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, _, a, b, ..] => {
            (u16::from_le_bytes([a, b]) as usize, 10)
        }
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, _, a, b, c, d, ..] => {
            (u32::from_le_bytes([a, b, c, d]) as usize, 12)
        }
        [0x93, ..] if bytes.len() < 12 => return Err(short()),
        _ => return Err(wrong()),
    };
    let start = at
        .checked_add(length)
        .filter(|start| *start <= bytes.len())
        .ok_or_else(short)?;
    let text = std::str::from_utf8(&bytes[at..start]).map_err(|_utf8| wrong())?;
    let after = |key: &str| {
        Some(
            text.split_once(key)?
                .1
                .trim_start()
                .strip_prefix(':')?
                .trim_start(),
        )
    };
    let descr = after("'descr'").ok_or_else(wrong)?;
    let Some(descr) = descr.strip_prefix('\'').and_then(|d| d.split_once('\'')) else {
        let advice = "save one plain array with numpy.save, not a structured one";
        return Err(input.unsupported(At::File, "a structured array", advice));
    };
    let fortran = after("'fortran_order'")
        .ok_or_else(wrong)?
        .starts_with("True");
    let inside = after("'shape'")
        .and_then(|s| s.strip_prefix('(')?.split_once(')'))
        .ok_or_else(wrong)?
        .0;
    let sizes = inside.split(',').map(str::trim).filter(|n| !n.is_empty());
    let shape = sizes
        .map(|n| n.trim_end_matches('L').parse().ok())
        .collect::<Option<_>>()
        .ok_or_else(wrong)?;
    Ok(Header {
        descr: descr.0.to_owned(),
        fortran,
        shape,
        start,
    })
}

/// How one value is stored.
struct Decoder {
    kind: u8,
    size: usize,
    big: bool,
}

fn decoder(input: &Input, descr: &str) -> Result<Decoder, ReadError> {
    let refuse =
        |advice| Err(input.unsupported(At::File, format!("an array of dtype {descr}"), advice));
    let bytes = descr.as_bytes();
    if bytes.len() < 3 || bytes[1] == b'O' {
        return refuse(
            "save numbers: array.astype('float32'); object arrays hold Python code and are never read",
        );
    }
    let size = descr[2..].parse().unwrap_or(0);
    match (bytes[1], size) {
        (b'f', 2 | 4 | 8) | (b'i' | b'u', 1 | 2 | 4 | 8) | (b'b', 1) => Ok(Decoder {
            kind: bytes[1],
            size,
            big: bytes[0] == b'>',
        }),
        _ => refuse("save it as float32 or float64"),
    }
}

impl Decoder {
    fn value(&self, stored: &[u8]) -> f64 {
        let mut little = [0u8; 8];
        little[..self.size].copy_from_slice(stored);
        if self.big {
            little[..self.size].reverse();
        }
        let bits = u64::from_le_bytes(little);
        let unused = 64 - 8 * self.size as u32;
        match (self.kind, self.size) {
            (b'f', 2) => half::f16::from_bits(bits as u16).into(),
            (b'f', 4) => f32::from_bits(bits as u32).into(),
            (b'f', _) => f64::from_bits(bits),
            (b'i', _) => (((bits << unused) as i64) >> unused) as f64,
            _ => bits as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Limits, read_bytes};

    fn file(descr: &str, order: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        let text =
            format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes.extend(values);
        bytes
    }

    #[test]
    fn types_and_orders() {
        let f32s: Vec<u8> = (0..6).flat_map(|i| (i as f32).to_le_bytes()).collect();
        let big: Vec<u8> = (0..6).flat_map(|i| (i as f64).to_be_bytes()).collect();
        let bytes: Vec<u8> = (0..6).map(|i| i as u8).collect();
        let halves: Vec<u8> = (0..6)
            .flat_map(|i| half::f16::from_f32(i as f32).to_le_bytes())
            .collect();
        for (descr, values) in [
            ("<f4", &f32s),
            (">f8", &big),
            ("|u1", &bytes),
            ("|i1", &bytes),
            ("<f2", &halves),
        ] {
            let shape = read_bytes(
                &file(descr, "False", "(2, 3)", values),
                "a.npy",
                &Limits::default(),
            )
            .unwrap();
            assert_eq!(
                shape.points(),
                [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]],
                "{descr}"
            );
        }
        let turned = read_bytes(
            &file("<f4", "True", "(2, 3)", &f32s),
            "a.npy",
            &Limits::default(),
        )
        .unwrap();
        assert_eq!(turned.points(), [[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]]);
    }

    #[test]
    fn lies_and_objects_are_refused() {
        let kind = |bytes: Vec<u8>| {
            read_bytes(&bytes, "a.npy", &Limits::default())
                .unwrap_err()
                .kind()
        };
        assert_eq!(
            kind(file("<f4", "False", "(99999999999, 3)", &[0; 8])),
            "truncated"
        );
        assert_eq!(
            kind(file("<f4", "False", "(18446744073709551615, 3)", &[0; 8])),
            "truncated"
        );
        assert_eq!(kind(file("|O", "False", "(2, 3)", &[0; 24])), "unsupported");
        assert_eq!(kind(file("<f4", "False", "(6,)", &[0; 24])), "unsupported");
        assert_eq!(kind(b"\x93NUMPY\x01\x00".to_vec()), "truncated");
        let nan: Vec<u8> = [f32::NAN; 3].iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(kind(file("<f4", "False", "(1, 3)", &nan)), "not-finite");
    }
}
