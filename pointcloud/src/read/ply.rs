//! PLY in its three encodings: `ply-rs-bw` parses headers and binary bodies, the module `text` bodies of text.

mod elements;
mod place;
mod text;

use std::io;

use ply_rs_bw::parser::{Parser, Reader};
use ply_rs_bw::ply::{ElementDef, Encoding, Header, PropertyAccess, PropertyType, ScalarType};

use self::elements::{Face, Other, Vertex};
use crate::error::{At, ReadError};
use crate::input::Input;
use crate::text::{Lines, unmarked};
use crate::{PointCloud, Shape};

/// Reads vertices (positions, normals, a property `weight`) and faces; other elements and properties are
/// passed over, and so is what follows the last element.
pub(crate) fn read(input: &Input) -> Result<Shape, ReadError> {
    let (header, start) = read_header(input)?;
    check_counts(input, &header, start)?;
    let mut vertices = Vec::new();
    let mut faces = Vec::new();
    let mut body = match header.encoding {
        Encoding::Ascii => Body::Text(text::lines(input, start)?),
        _ => Body::Binary(Reader::new(&input.bytes[start..]), &header),
    };
    for (name, element) in &header.elements {
        match name.as_str() {
            "vertex" => vertices = body.elements::<Vertex>(input, element)?,
            "face" => faces = body.elements::<Face>(input, element)?,
            _ => {
                body.elements::<Other>(input, element)?;
            }
        }
    }
    let place = |name: &str, row: usize| place::of(input, &header, start, name, row);
    shape(input, &header, vertices, faces, &place)
}

/// The header and where the payload begins. Comments may be in any encoding; lines may end by CRLF.
fn read_header(input: &Input) -> Result<(Header, usize), ReadError> {
    let mut start = 0;
    let mut text = String::new();
    let bytes = unmarked(input.bytes);
    let skipped = input.bytes.len() - bytes.len();
    loop {
        let rest = &bytes[start..];
        let Some(end) = rest.iter().position(|&b| b == b'\n') else {
            // A file without any element may end without a line end.
            if rest.trim_ascii() == b"end_header" {
                start = bytes.len();
                text.push_str("end_header\n");
                break;
            }
            let found = format!("{} bytes", bytes.len());
            return Err(input.truncated(At::File, "a line `end_header`".into(), found));
        };
        start += end + 1;
        if start as u64 > input.limits.line {
            return Err(input.syntax(At::File, "a line `end_header`", "a header without end"));
        }
        let line = String::from_utf8_lossy(&rest[..end]);
        let line = line.trim();
        if !line.is_empty() {
            text.push_str(line);
            text.push('\n');
        }
        if line == "end_header" {
            break;
        }
    }
    let header = Parser::<Other>::new()
        .read_header(&mut Reader::new(text.as_bytes()))
        .map_err(|error| input.syntax(At::File, "a PLY header", &error.to_string()))?;
    Ok((header, skipped + start))
}

/// Refuses counts that the rest of the file cannot hold, before anything is reserved for them.
fn check_counts(input: &Input, header: &Header, start: usize) -> Result<(), ReadError> {
    let there = (input.bytes.len() - start) as u64;
    for (name, element) in &header.elements {
        let count = element.count as u64;
        match name.as_str() {
            "vertex" => input.check_points(count)?,
            "face" => input.check_faces(count)?,
            "tristrips" if count > 0 => {
                let advice = "save it with triangles as faces";
                return Err(input.unsupported(At::File, "triangle strips", advice));
            }
            _ => {}
        }
        let least = match header.encoding {
            Encoding::Ascii => 1,
            _ => element
                .properties
                .iter()
                .map(|(_, p)| least_size(&p.data_type))
                .sum::<u64>()
                .max(1),
        };
        if count.saturating_mul(least) > there.saturating_add(1) {
            let expected = format!("{count} elements `{name}`");
            return Err(input.truncated(
                At::Byte(input.bytes.len() as u64),
                expected,
                format!("{there} bytes"),
            ));
        }
    }
    Ok(())
}

fn least_size(property: &PropertyType) -> u64 {
    let (PropertyType::Scalar(scalar) | PropertyType::List(scalar, _)) = property;
    match scalar {
        ScalarType::Char | ScalarType::UChar => 1,
        ScalarType::Short | ScalarType::UShort => 2,
        ScalarType::Int | ScalarType::UInt | ScalarType::Float => 4,
        ScalarType::Double => 8,
    }
}

/// What follows the header.
enum Body<'a> {
    Text(Lines<'a>),
    Binary(Reader<&'a [u8]>, &'a Header),
}

impl Body<'_> {
    fn elements<E: PropertyAccess>(
        &mut self,
        input: &Input,
        element: &ElementDef,
    ) -> Result<Vec<E>, ReadError> {
        let (body, header) = match self {
            Self::Text(lines) => return text::elements(input, lines, element),
            Self::Binary(body, header) => (body, header),
        };
        let read = Parser::<E>::new().read_payload_for_element(body, element, header);
        read.map_err(|error| {
            let at = At::Byte((input.bytes.len() - body.get_ref().len()) as u64);
            let expected = format!("{} elements `{}`", element.count, element.name);
            match error.kind() {
                io::ErrorKind::UnexpectedEof => input.truncated(at, expected, "fewer".into()),
                _ => input.syntax(at, expected, &error.to_string()),
            }
        })
    }
}

/// `place` tells where the row of an element is.
fn shape(
    input: &Input,
    header: &Header,
    vertices: Vec<Vertex>,
    faces: Vec<Face>,
    place: &dyn Fn(&str, usize) -> At,
) -> Result<Shape, ReadError> {
    let has = |name: &str| {
        header
            .elements
            .get("vertex")
            .is_some_and(|vertex| vertex.properties.contains_key(name))
    };
    if vertices.is_empty() {
        return Err(input.empty("no vertices"));
    }
    if !["x", "y", "z"].iter().all(|name| has(name)) {
        return Err(input.syntax(At::File, "vertex properties x, y and z", "others"));
    }
    let points: Vec<[f64; 3]> = vertices.iter().map(|v| v.position).collect();
    let mut triangles = Vec::with_capacity(faces.len());
    let mut corners = Vec::new();
    for (row, face) in faces.iter().enumerate() {
        corners.clear();
        for &index in &face.corners {
            match u32::try_from(index) {
                Ok(corner) if (corner as usize) < points.len() => corners.push(corner),
                _ => return Err(input.out_of_range(place("face", row), index, points.len())),
            }
        }
        input.add_polygon(&mut triangles, &corners)?;
    }
    let normals = ["nx", "ny", "nz"].iter().all(|name| has(name));
    let cloud = PointCloud {
        points,
        normals: normals.then(|| vertices.iter().map(|v| v.normal).collect()),
        weights: has("weight").then(|| vertices.iter().map(|v| v.weight).collect()),
    };
    let shape = input.cloud(cloud, |row| place("vertex", row))?;
    match shape {
        Shape::Cloud(cloud) if !triangles.is_empty() => input.mesh(cloud.points, triangles),
        cloud => Ok(cloud),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Limits, ReadError, Shape, read_bytes};

    fn read(bytes: &[u8]) -> Result<Shape, ReadError> {
        read_bytes(bytes, "a.ply", &Limits::default())
    }

    const HEAD: &str = "element vertex 3\nproperty float x\nproperty float y\nproperty float z\n";
    const FACE: &str = "element face 1\nproperty list uchar int vertex_index\nend_header\n";

    fn binary(encoding: &str, line_end: &str, big: bool) -> Vec<u8> {
        let head = format!("ply\nformat {encoding} 1.0\n{HEAD}{FACE}").replace('\n', line_end);
        let mut bytes = head.into_bytes();
        for x in [0f32, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0] {
            bytes.extend(if big {
                x.to_be_bytes()
            } else {
                x.to_le_bytes()
            });
        }
        bytes.push(3);
        for i in [0i32, 1, 2] {
            bytes.extend(if big {
                i.to_be_bytes()
            } else {
                i.to_le_bytes()
            });
        }
        bytes.extend(b"trailing");
        bytes
    }

    #[test]
    fn encodings_and_line_ends() {
        for (encoding, big) in [("binary_little_endian", false), ("binary_big_endian", true)] {
            for line_end in ["\n", "\r\n"] {
                let shape = read(&binary(encoding, line_end, big)).expect(encoding);
                assert_eq!(shape.faces(), [[0, 1, 2]]);
                assert_eq!(shape.points()[1], [1.0, 0.0, 0.0]);
            }
        }
    }

    #[test]
    fn ascii_with_comments_in_latin_1_and_extra_properties() {
        let mut bytes = b"ply\nformat ascii 1.0\ncomment caf\xe9\n".to_vec();
        bytes.extend(
            b"element vertex 4\nproperty double x\nproperty double y\nproperty double z\nproperty uchar red\n\
              element face 1\nproperty list uchar uint vertex_indices\nproperty list uchar float texcoord\n\
              end_header\n0 0 0 9\n1 0 0 9\n1 1 0 9\n0 1 0 9\n4 0 1 2 3 2 0.5 0.5\n",
        );
        assert_eq!(read(&bytes).expect("valid").faces(), [[0, 1, 2], [0, 2, 3]]);
    }

    #[test]
    fn ascii_as_people_write_it() {
        let text = format!(
            "\u{feff}ply\nformat ascii 1.0\n{HEAD}property uchar red\nproperty float quality\n{FACE}\
             .5 -.5 1. 1.0 nan\n\n1 0 0 255 inf\r\n  \n0 1 0.1 2 -1.#IND\n\n3 0 1 2\n"
        );
        let shape = read(text.as_bytes()).expect("valid");
        assert_eq!(shape.points()[0], [0.5, -0.5, 1.0]);
        assert_eq!(shape.points()[2][2], f64::from(0.1f32), "a float");
        assert_eq!(shape.faces(), [[0, 1, 2]]);
        let wrong = text.replace("1 0 0 255", "1 0 zero 255");
        let error = read(wrong.as_bytes()).expect_err("a word").to_string();
        assert!(
            error.contains("line 14") && error.contains("`z`"),
            "{error}"
        );
    }

    #[test]
    fn normals_and_weights_of_a_cloud() {
        let text = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\n\
            property float z\nproperty float nx\nproperty float ny\nproperty float nz\n\
            property float weight\nelement face 0\nproperty list uchar int vertex_indices\nend_header\n1 2 3 0 0 1 0.5\n";
        let Shape::Cloud(cloud) = read(text.as_bytes()).expect("valid") else {
            panic!("mesh")
        };
        assert_eq!(cloud.normals, Some(vec![[0.0, 0.0, 1.0]]));
        assert_eq!(cloud.weights, Some(vec![0.5]));
    }

    #[test]
    fn bad_elements_are_named_by_line_or_byte() {
        let text = format!("ply\nformat ascii 1.0\n{HEAD}{FACE}1 2 3\n4 5 6\n7 8 9\n3 0 1 9\n");
        let error = read(text.as_bytes()).expect_err("a face").to_string();
        assert!(
            error.contains("line 13") && error.contains("index 9"),
            "{error}"
        );
        let whole = binary("binary_big_endian", "\r\n", true);
        let face = whole.len() - 8 - 13;
        let mut bytes = whole.clone();
        bytes[face + 4] = 9;
        let error = read(&bytes).expect_err("a face").to_string();
        assert!(error.contains(&format!("byte {face}")), "{error}");
        let vertex = face - 12;
        let mut bytes = whole;
        bytes[vertex..vertex + 4].copy_from_slice(&f32::NAN.to_be_bytes());
        let error = read(&bytes).expect_err("a vertex").to_string();
        assert!(error.contains(&format!("byte {vertex}")), "{error}");
    }

    #[test]
    fn damaged_files_are_refused() {
        let whole = binary("binary_little_endian", "\n", false);
        let body = whole.len() - 8 - 13;
        let with = |text: &str| format!("ply\nformat {text}").into_bytes();
        let cases = [
            (whole[..body - 1].to_vec(), "truncated"),
            (whole[..body + 5].to_vec(), "truncated"),
            (with("ascii 1.0\nelement vertex 3\n"), "truncated"),
            (
                with(&format!("ascii 1.0\n{HEAD}end_header\n1 2 3\n")),
                "truncated",
            ),
            (
                with(&format!(
                    "ascii 1.0\n{HEAD}end_header\n1 2 3\n4 x 6\n7 8 9\n"
                )),
                "syntax",
            ),
            (
                with(&format!(
                    "ascii 1.0\n{HEAD}end_header\n1 2 3\n4 nan 6\n7 8 9\n"
                )),
                "not-finite",
            ),
            (
                with(&format!(
                    "ascii 1.0\n{HEAD}{FACE}1 2 3\n4 5 6\n7 8 9\n3 0 1 3\n"
                )),
                "index-out-of-range",
            ),
            (
                with(&format!(
                    "ascii 1.0\n{HEAD}{FACE}1 2 3\n4 5 6\n7 8 9\n3 0 1 -1\n"
                )),
                "index-out-of-range",
            ),
            (
                with("ascii 1.0\nelement vertex 1\nproperty float x\nend_header\n1\n"),
                "syntax",
            ),
            (
                with("binary_little_endian 1.0\nelement junk 999999999999\nend_header\n"),
                "truncated",
            ),
            (
                with("ascii 1.0\nelement vertex 99999999999\nproperty float x\nend_header\n1\n"),
                "limit",
            ),
            (with("ascii 1.0\nend_header\n"), "empty"),
            (
                with("ascii 1.0\nelement vertex 0\nproperty float x\nend_header"),
                "empty",
            ),
            (with("martian 1.0\nend_header\n"), "syntax"),
        ];
        for (bytes, kind) in cases {
            let error = read(&bytes).expect_err(kind);
            assert_eq!(error.kind(), kind, "{error}");
        }
    }
}
