//! PCD, the point clouds of PCL: ascii, binary and compressed.

use super::lzf;
use super::npy::{Header as Number, Kind};
use crate::error::{At, ReadError};
use crate::input::Input;
use crate::text::{Line, Lines, number, words};
use crate::{PointCloud, Shape};

/// One column of the file.
struct Field {
    name: Vec<u8>,
    number: Number,
    count: usize,
}

#[derive(Default)]
struct Header {
    fields: Vec<Field>,
    points: Option<u64>,
    width: Option<u64>,
    height: Option<u64>,
    /// Where the points begin, in bytes and lines.
    start: usize,
    line: u64,
}

impl Header {
    /// Bytes of one point.
    fn stride(&self) -> usize {
        self.fields.iter().map(|f| f.number.size * f.count).sum()
    }

    /// The field of a name and its byte offset in a point, the sum of the sizes before it. A field of no numbers
    /// is none.
    fn field(&self, name: &[u8]) -> Option<(usize, &Field)> {
        let mut offset = 0;
        for field in &self.fields {
            if field.name == name && field.count > 0 {
                return Some((offset, field));
            }
            offset += field.number.size * field.count;
        }
        None
    }
}

/// Reads x, y, z, normals (`normal_x`…) and a field `weight`. Points with a NaN coordinate are left out of
/// organised clouds (HEIGHT above 1), where they stand for pixels without depth.
pub(crate) fn read(input: &Input) -> Result<Shape, ReadError> {
    let (header, encoding) = read_header(input)?;
    let count = header
        .points
        .or_else(|| header.width?.checked_mul(header.height.unwrap_or(1)));
    let count = count.ok_or_else(|| input.syntax(At::File, "a line POINTS", "none"))?;
    input.check_points(count)?;
    let count = count as usize;
    let rows = match encoding.as_slice() {
        b"ascii" => ascii(input, &header, count)?,
        b"binary" => {
            let data = &input.bytes[header.start..];
            let needed = count.saturating_mul(header.stride());
            let Some(data) = data.get(..needed) else {
                let at = At::Byte(input.bytes.len() as u64);
                let found = format!("{} bytes", data.len());
                return Err(input.truncated(at, format!("{count} points, {needed} bytes"), found));
            };
            binary(&header, data, count, false)
        }
        b"binary_compressed" => {
            let data = decompress(input, &header, count)?;
            binary(&header, &data, count, true)
        }
        other => {
            let found = String::from_utf8_lossy(other);
            return Err(input.syntax(At::File, "DATA ascii, binary or binary_compressed", &found));
        }
    };
    cloud(input, &header, rows)
}

/// The columns that are kept, in this order, and how many of them the file has to have.
const KEPT: [&[u8]; 7] = [
    b"x",
    b"y",
    b"z",
    b"normal_x",
    b"normal_y",
    b"normal_z",
    b"weight",
];

type Row = [f64; 7];

fn read_header(input: &Input) -> Result<(Header, Vec<u8>), ReadError> {
    let mut lines = Lines::new(*input);
    let mut header = Header::default();
    while let Some(line) = lines.next_filled()? {
        let mut words = line.words();
        let Some(key) = words.next() else { continue };
        match key {
            b"VERSION" | b".PCD" | b"VIEWPOINT" => {}
            b"FIELDS" | b"COLUMNS" => {
                header.fields = words
                    .map(|name| Field {
                        name: name.to_vec(),
                        ..unknown()
                    })
                    .collect();
            }
            b"SIZE" => each(input, line, &mut header.fields, |field, word| {
                field.number.size = small(word).filter(|n| [1, 2, 4, 8].contains(n))?;
                Some(())
            })?,
            b"TYPE" => each(input, line, &mut header.fields, |field, word| {
                field.number.kind = match word {
                    b"F" => Kind::Float,
                    b"I" => Kind::Signed,
                    b"U" => Kind::Unsigned,
                    _ => return None,
                };
                Some(())
            })?,
            b"COUNT" => each(input, line, &mut header.fields, |field, word| {
                field.count = small(word).filter(|&n| n < 1 << 20)?;
                Some(())
            })?,
            b"WIDTH" => header.width = Some(whole(input, line)?),
            b"HEIGHT" => header.height = Some(whole(input, line)?),
            b"POINTS" => header.points = Some(whole(input, line)?),
            b"DATA" => {
                let encoding = words.next().unwrap_or_default().to_vec();
                header.start = input.bytes.len() - lines.rest().len();
                header.line = line.number;
                check_fields(input, &header)?;
                return Ok((header, encoding));
            }
            _ => return Err(input.syntax(line.at(), "a line of a PCD header", &line.shown())),
        }
    }
    Err(input.truncated(
        At::Line(lines.number()),
        "a line DATA".into(),
        "none".into(),
    ))
}

fn unknown() -> Field {
    let number = Number {
        kind: Kind::Float,
        size: 4,
        big_endian: false,
        fortran: false,
        shape: Vec::new(),
        start: 0,
    };
    Field {
        name: Vec::new(),
        number,
        count: 1,
    }
}

fn check_fields(input: &Input, header: &Header) -> Result<(), ReadError> {
    if KEPT[..3].iter().any(|name| header.field(name).is_none()) {
        return Err(input.syntax(At::File, "FIELDS x, y and z", "others"));
    }
    let half = |field: &Field| field.number.kind == Kind::Float && field.number.size < 4;
    if header
        .fields
        .iter()
        .any(|field| field.count > 0 && half(field))
    {
        return Err(input.syntax(At::File, "SIZE 4 or 8 for TYPE F", "another"));
    }
    Ok(())
}

/// Sets something of each field from the words of a line; fields without a word keep their default.
fn each(
    input: &Input,
    line: Line,
    fields: &mut [Field],
    set: impl Fn(&mut Field, &[u8]) -> Option<()>,
) -> Result<(), ReadError> {
    for (field, word) in fields.iter_mut().zip(line.words().skip(1)) {
        set(field, word).ok_or_else(|| {
            input.syntax(line.at(), "SIZE 1 2 4 8, TYPE F I U, COUNT", &line.shown())
        })?;
    }
    Ok(())
}

fn small(word: &[u8]) -> Option<usize> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

fn whole(input: &Input, line: Line) -> Result<u64, ReadError> {
    let word = line
        .words()
        .nth(1)
        .and_then(|word| std::str::from_utf8(word).ok());
    word.and_then(|word| word.parse().ok())
        .ok_or_else(|| input.syntax(line.at(), "a count", &line.shown()))
}

fn ascii(input: &Input, header: &Header, count: usize) -> Result<Vec<Row>, ReadError> {
    let mut columns = [None; KEPT.len()];
    for (kept, name) in columns.iter_mut().zip(KEPT) {
        let named = |f: &Field| f.name == name && f.count > 0;
        let at = header.fields.iter().position(named);
        *kept = at.map(|at| header.fields[..at].iter().map(|f| f.count).sum::<usize>());
    }
    let width: usize = header.fields.iter().map(|f| f.count).sum();
    let body = Input {
        bytes: &input.bytes[header.start..],
        ..*input
    };
    let mut lines = Lines::new(body);
    let mut rows = Vec::with_capacity(count.min(body.bytes.len() / 6 + 1));
    let mut values = Vec::new();
    while rows.len() < count {
        let Some(line) = lines.next()? else {
            let at = At::Line(header.line + lines.number());
            return Err(input.truncated(at, format!("{count} points"), rows.len().to_string()));
        };
        let line = Line {
            number: header.line + line.number,
            ..line
        };
        if line.is_blank() {
            continue;
        }
        values.clear();
        values.extend(words(line.text).map_while(number));
        if values.len() < width {
            return Err(input.syntax(line.at(), format!("{width} numbers"), &line.shown()));
        }
        rows.push(columns.map(|at| at.map_or(0.0, |at| values[at])));
    }
    Ok(rows)
}

/// Rows from whole points one after the other, or from whole fields one after the other.
fn binary(header: &Header, data: &[u8], count: usize, by_field: bool) -> Vec<Row> {
    let stride = header.stride();
    let fields = KEPT.map(|name| header.field(name));
    (0..count)
        .map(|row| {
            fields.map(|field| {
                let Some((
                    offset,
                    Field {
                        number,
                        count: repeats,
                        ..
                    },
                )) = field
                else {
                    return 0.0;
                };
                let at = match by_field {
                    true => offset * count + row * number.size * repeats,
                    false => row * stride + offset,
                };
                number.value(&data[at..at + number.size])
            })
        })
        .collect()
}

/// The fields of a compressed file: two sizes, then LZF.
fn decompress(input: &Input, header: &Header, count: usize) -> Result<Vec<u8>, ReadError> {
    let at = At::Byte(header.start as u64);
    let body = &input.bytes[header.start..];
    let size = |from: usize| -> Option<u64> {
        let bytes: [u8; 4] = body.get(from..from + 4)?.try_into().ok()?;
        Some(u64::from(u32::from_le_bytes(bytes)))
    };
    let (Some(packed), Some(unpacked)) = (size(0), size(4)) else {
        return Err(input.truncated(
            at,
            "two sizes of 4 bytes".into(),
            format!("{} bytes", body.len()),
        ));
    };
    let needed = (count as u64).saturating_mul(header.stride() as u64);
    if unpacked < needed {
        return Err(input.truncated(
            at,
            format!("{count} points, {needed} bytes"),
            format!("{unpacked} bytes"),
        ));
    }
    let limit = input.limits.expanded(packed);
    if unpacked > limit {
        let place = input.place(at);
        return Err(ReadError::Limit {
            place,
            what: "bytes",
            limit,
            found: unpacked,
        });
    }
    let Some(packed) = body[8..].get(..packed as usize) else {
        let found = format!("{} bytes", body.len() - 8);
        return Err(input.truncated(at, format!("{packed} compressed bytes"), found));
    };
    lzf::unpack(packed, unpacked as usize).ok_or_else(|| input.corrupt(at, "LZF data"))
}

fn cloud(input: &Input, header: &Header, mut rows: Vec<Row>) -> Result<Shape, ReadError> {
    if header.height.is_some_and(|height| height > 1) {
        rows.retain(|row| !row[..3].iter().any(|x| x.is_nan()));
    }
    let has = |name: &[u8]| header.field(name).is_some();
    let mut cloud = PointCloud::new(rows.iter().map(|r| [r[0], r[1], r[2]]).collect());
    if KEPT[3..6].iter().all(|name| has(name)) {
        cloud.normals = Some(rows.iter().map(|r| [r[3], r[4], r[5]]).collect());
    }
    if has(b"weight") {
        cloud.weights = Some(rows.iter().map(|r| r[6]).collect());
    }
    input.cloud(cloud, |_| At::File)
}

#[cfg(test)]
mod tests {
    use crate::{Limits, ReadError, Shape, read_bytes};

    fn read(bytes: &[u8]) -> Result<Shape, ReadError> {
        read_bytes(bytes, "a.pcd", &Limits::default())
    }

    fn head(points: usize, height: usize, data: &str) -> Vec<u8> {
        let width = points / height;
        format!(
            "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\nFIELDS rgb x y z\nSIZE 4 4 4 4\n\
             TYPE U F F F\nCOUNT 1 1 1 1\nWIDTH {width}\nHEIGHT {height}\nVIEWPOINT 0 0 0 1 0 0 0\n\
             POINTS {points}\nDATA {data}\n"
        )
        .into_bytes()
    }

    fn point(x: f32) -> Vec<u8> {
        let mut bytes = 255u32.to_le_bytes().to_vec();
        bytes.extend([x, 2.0, 3.0].iter().flat_map(|x| x.to_le_bytes()));
        bytes
    }

    #[test]
    fn ascii_and_binary() {
        let ascii = [head(2, 1, "ascii"), b"7 1 2 3\n\n8 4 2 3\n".to_vec()].concat();
        let binary = [head(2, 1, "binary"), point(1.0), point(4.0)].concat();
        for bytes in [ascii, binary] {
            assert_eq!(
                read(&bytes).expect("valid").points(),
                [[1.0, 2.0, 3.0], [4.0, 2.0, 3.0]]
            );
        }
    }

    #[test]
    fn compressed_fields() {
        // All of rgb, then all of x, y, z, as literals of at most 32 bytes.
        let mut data = Vec::new();
        data.extend([255u32, 255].iter().flat_map(|x| x.to_le_bytes()));
        data.extend(
            [1f32, 4.0, 2.0, 2.0, 3.0, 3.0]
                .iter()
                .flat_map(|x| x.to_le_bytes()),
        );
        let mut bytes = head(2, 1, "binary_compressed");
        bytes.extend(33u32.to_le_bytes());
        bytes.extend(32u32.to_le_bytes());
        bytes.push(31);
        bytes.extend(&data);
        assert_eq!(
            read(&bytes).expect("valid").points(),
            [[1.0, 2.0, 3.0], [4.0, 2.0, 3.0]]
        );
        let last = bytes.len() - 1;
        assert_eq!(read(&bytes[..last]).expect_err("short").kind(), "truncated");
        let at = bytes.len() - 33;
        bytes[at] = 0xff;
        assert_eq!(read(&bytes).expect_err("wrong").kind(), "corrupt");
    }

    #[test]
    fn organised_clouds_leave_out_pixels_without_depth() {
        let bytes = |height| [head(2, height, "binary"), point(f32::NAN), point(4.0)].concat();
        assert_eq!(read(&bytes(2)).expect("valid").points(), [[4.0, 2.0, 3.0]]);
        assert_eq!(read(&bytes(1)).expect_err("flat").kind(), "not-finite");
    }

    #[test]
    fn damaged_files_are_refused() {
        let cases = [
            ([head(2, 1, "binary"), point(1.0)].concat(), "truncated"),
            (
                [head(2, 1, "ascii"), b"1 2 3 4\n".to_vec()].concat(),
                "truncated",
            ),
            (
                [head(1, 1, "ascii"), b"1 2 3\n".to_vec()].concat(),
                "syntax",
            ),
            ([head(1, 1, "odd"), b"1 2 3\n".to_vec()].concat(), "syntax"),
            (head(99_999_999_999, 1, "binary"), "limit"),
            (head(0, 1, "binary"), "empty"),
            (
                b"FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 0\nPOINTS 1\nDATA binary\n00000000".to_vec(),
                "syntax",
            ),
            (
                b"VERSION 0.7\nFIELDS x y\nPOINTS 1\nDATA ascii\n1 2\n".to_vec(),
                "syntax",
            ),
            (b"VERSION 0.7\nFIELDS x y z\n".to_vec(), "truncated"),
        ];
        for (bytes, kind) in cases {
            let error = read(&bytes).expect_err(kind);
            assert_eq!(error.kind(), kind, "{error}");
        }
    }
}
