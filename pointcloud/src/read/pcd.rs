//! PCD v0.7, the format of the Point Cloud Library: ascii and binary.

use crate::error::At;
use crate::input::Input;
use crate::text::{Line, Lines, integer, number};
use crate::{PointCloud, ReadError, Shape};

/// How one field of a point is stored.
#[derive(Clone)]
struct Field {
    name: String,
    size: usize,
    kind: u8,
    count: usize,
}

#[derive(Default)]
struct Header {
    fields: Vec<Field>,
    points: u64,
}

pub(crate) fn read(input: &Input) -> Result<Shape, ReadError> {
    let mut lines = Lines::new(*input);
    let mut header = Header::default();
    let mut width_height = [None, None];
    loop {
        let Some(line) = lines.next_filled()? else {
            return Err(input.truncated(
                At::Line(lines.number()),
                "a DATA line".into(),
                "the end of the file".into(),
            ));
        };
        let mut words = line.words();
        let key = words.next().unwrap_or_default();
        let values: Vec<&[u8]> = words.collect();
        match key {
            b"VERSION" | b"VIEWPOINT" => {}
            b"FIELDS" => header.fields = values.iter().map(|name| field(name)).collect(),
            b"SIZE" | b"TYPE" | b"COUNT" => {
                describe(input, line, key, &values, &mut header.fields)?
            }
            b"WIDTH" => width_height[0] = Some(count(input, line, &values)?),
            b"HEIGHT" => width_height[1] = Some(count(input, line, &values)?),
            b"POINTS" => header.points = count(input, line, &values)?,
            b"DATA" => {
                if header.points == 0 {
                    let [width, height] = width_height.map(|n| n.unwrap_or(1));
                    header.points = width.saturating_mul(height);
                }
                input.check_points(header.points)?;
                let kind = values.first().copied().unwrap_or_default();
                return data(input, kind, &header, lines, line);
            }
            _ => return Err(input.syntax(line.at(), "a PCD header line", &line.shown())),
        }
    }
}

fn field(name: &[u8]) -> Field {
    Field {
        name: String::from_utf8_lossy(name).into_owned(),
        size: 4,
        kind: b'F',
        count: 1,
    }
}

fn count(input: &Input, line: Line, values: &[&[u8]]) -> Result<u64, ReadError> {
    let found = values
        .first()
        .and_then(|word| integer(word))
        .and_then(|n| u64::try_from(n).ok());
    found.ok_or_else(|| input.syntax(line.at(), "a count", &line.shown()))
}

fn describe(
    input: &Input,
    line: Line,
    key: &[u8],
    values: &[&[u8]],
    fields: &mut [Field],
) -> Result<(), ReadError> {
    let wrong = || input.syntax(line.at(), "one entry for each of FIELDS", &line.shown());
    if values.len() != fields.len() {
        return Err(wrong());
    }
    for (field, word) in fields.iter_mut().zip(values) {
        match key {
            b"TYPE" => field.kind = *word.first().ok_or_else(wrong)?,
            _ => {
                let value = integer(word)
                    .and_then(|n| usize::try_from(n).ok())
                    .filter(|n| *n <= 1 << 20);
                let value = value.ok_or_else(wrong)?;
                if key == b"SIZE" {
                    field.size = value
                } else {
                    field.count = value
                }
            }
        }
    }
    Ok(())
}

fn data(
    input: &Input,
    kind: &[u8],
    header: &Header,
    lines: Lines,
    line: Line,
) -> Result<Shape, ReadError> {
    let find = |name: &str| header.fields.iter().position(|field| field.name == name);
    let (Some(x), Some(y), Some(z)) = (find("x"), find("y"), find("z")) else {
        return Err(input.syntax(At::File, "fields x, y and z", "other FIELDS"));
    };
    let points = match kind {
        b"ascii" => ascii(input, header, lines, [x, y, z])?,
        b"binary" => binary(input, header, lines.rest(), [x, y, z])?,
        b"binary_compressed" => {
            let advice = "convert it to binary or ascii PCD, or to PLY";
            return Err(input.unsupported(line.at(), "compressed PCD", advice));
        }
        _ => return Err(input.syntax(line.at(), "DATA ascii or binary", &line.shown())),
    };
    // Sensors mark directions without a return by NaN; such rows are no points.
    let kept: Vec<_> = points
        .into_iter()
        .filter(|point| !point.iter().all(|x| x.is_nan()))
        .collect();
    input.cloud(PointCloud::new(kept), |_point| At::File)
}

fn ascii(
    input: &Input,
    header: &Header,
    mut lines: Lines,
    axes: [usize; 3],
) -> Result<Vec<[f64; 3]>, ReadError> {
    let starts: Vec<usize> = header
        .fields
        .iter()
        .scan(0, |at, field| {
            let start = *at;
            *at += field.count;
            Some(start)
        })
        .collect();
    let mut points = Vec::new();
    for done in 0..header.points {
        let Some(line) = lines.next_filled()? else {
            let at = At::Line(lines.number());
            return Err(input.truncated(at, format!("{} points", header.points), done.to_string()));
        };
        let words: Vec<&[u8]> = line.words().collect();
        let mut point = [0.0; 3];
        for (value, axis) in point.iter_mut().zip(axes) {
            let word = words.get(starts[axis]).and_then(|word| number(word));
            *value = word
                .ok_or_else(|| input.syntax(line.at(), "a number for each field", &line.shown()))?;
        }
        points.push(point);
    }
    Ok(points)
}

fn binary(
    input: &Input,
    header: &Header,
    bytes: &[u8],
    axes: [usize; 3],
) -> Result<Vec<[f64; 3]>, ReadError> {
    let row: usize = header
        .fields
        .iter()
        .map(|field| field.size.saturating_mul(field.count))
        .sum();
    let needed = (row as u64).saturating_mul(header.points);
    if (bytes.len() as u64) < needed {
        let at = At::Byte(input.bytes.len() as u64);
        return Err(input.truncated(
            at,
            format!("{needed} bytes of points"),
            format!("{} bytes", bytes.len()),
        ));
    }
    let mut offsets = [0; 3];
    for (offset, axis) in offsets.iter_mut().zip(axes) {
        let field = &header.fields[axis];
        if !matches!((field.kind, field.size), (b'F', 4 | 8)) || field.count != 1 {
            let what = format!(
                "field {} of type {} and size {}",
                field.name, field.kind as char, field.size
            );
            return Err(input.unsupported(
                At::File,
                what,
                "store coordinates as 4- or 8-byte floats",
            ));
        }
        *offset = header.fields[..axis]
            .iter()
            .map(|field| field.size * field.count)
            .sum();
    }
    let sizes = axes.map(|axis| header.fields[axis].size);
    let rows = bytes.chunks_exact(row).take(header.points as usize);
    Ok(rows
        .map(|row| std::array::from_fn(|i| float(&row[offsets[i]..offsets[i] + sizes[i]])))
        .collect())
}

/// A little-endian float of four or eight bytes.
fn float(bytes: &[u8]) -> f64 {
    match *bytes {
        [a, b, c, d] => f32::from_le_bytes([a, b, c, d]).into(),
        [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Limits, read_bytes};

    const HEADER: &str = "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z i\nSIZE 4 4 4 2\nTYPE F F F U\nCOUNT 1 1 1 1\nWIDTH 2\nHEIGHT 1\nPOINTS 2\n";

    #[test]
    fn ascii_and_binary() {
        let ascii = format!("{HEADER}DATA ascii\n1 2 3 7\n4 5 6 8\n");
        let shape = read_bytes(ascii.as_bytes(), "a.pcd", &Limits::default()).unwrap();
        assert_eq!(shape.points(), [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        let mut binary = format!("{HEADER}DATA binary\n").into_bytes();
        for point in [[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]] {
            point.iter().for_each(|x| binary.extend(x.to_le_bytes()));
            binary.extend([0, 7]);
        }
        assert_eq!(
            read_bytes(&binary, "a.pcd", &Limits::default())
                .unwrap()
                .points(),
            shape.points()
        );
        let error =
            read_bytes(&binary[..binary.len() - 1], "a.pcd", &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), "truncated");
        assert!(error.to_string().contains("28 bytes"), "{error}");
        let lying = HEADER.replace("POINTS 2", "POINTS 40000000") + "DATA binary\n";
        assert_eq!(
            read_bytes(lying.as_bytes(), "a.pcd", &Limits::default())
                .unwrap_err()
                .kind(),
            "truncated"
        );
    }
}
