//! STL, binary and ASCII. Corners are joined where they are equal to the bit.

use std::collections::HashMap;

use crate::error::{At, ReadError};
use crate::input::Input;
use crate::text::{Lines, point, unmarked};
use crate::{Mesh, Shape};

/// The header, and the count of triangles after it.
const HEAD: usize = 84;
/// Bytes of one triangle: a normal, three corners, and two bytes that mean nothing.
const TRIANGLE: usize = 50;

/// Whether the size of a file is exactly what a binary STL of its count has. Many binary files begin with the
/// word of the ASCII ones, so this decides before any word does.
pub(crate) fn is_binary(bytes: &[u8]) -> bool {
    count(bytes).is_some_and(|n| n > 0 && bytes.len() as u64 == HEAD as u64 + TRIANGLE as u64 * n)
}

/// Whether a text begins as an ASCII STL.
pub(crate) fn is_ascii(text: &[u8]) -> bool {
    let lower: Vec<u8> = text.iter().take(2048).map(u8::to_ascii_lowercase).collect();
    let mut words = crate::text::words(&lower);
    words.next() == Some(b"solid") && words.any(|word| word == b"facet" || word == b"endsolid")
}

fn count(bytes: &[u8]) -> Option<u64> {
    let field: [u8; 4] = bytes.get(80..HEAD)?.try_into().ok()?;
    Some(u32::from_le_bytes(field).into())
}

/// Reads triangles; normals and attributes are passed over.
pub(crate) fn read(input: &Input) -> Result<Shape, ReadError> {
    let mut triangles = Triangles::default();
    if !is_binary(input.bytes) && is_ascii(unmarked(input.bytes)) {
        ascii(input, &mut triangles)?;
    } else {
        binary(input, &mut triangles)?;
    }
    if triangles.mesh.faces.is_empty() {
        return Err(input.empty("no triangles"));
    }
    Ok(triangles.mesh.into())
}

/// Triangles with equal corners joined.
#[derive(Default)]
struct Triangles {
    mesh: Mesh,
    known: HashMap<[u64; 3], u32>,
}

impl Triangles {
    fn add(&mut self, input: &Input, corners: [[f64; 3]; 3]) -> Result<(), ReadError> {
        input.check_faces(self.mesh.faces.len() as u64 + 1)?;
        input.check_points(self.mesh.vertices.len() as u64 + 3)?;
        let face = corners.map(|corner| {
            // Adding zero makes one of the two zeros that differ in sign alone.
            let key = corner.map(|x| (x + 0.0).to_bits());
            *self.known.entry(key).or_insert_with(|| {
                self.mesh.vertices.push(corner);
                self.mesh.vertices.len() as u32 - 1
            })
        });
        self.mesh.faces.push(face);
        Ok(())
    }
}

fn binary(input: &Input, triangles: &mut Triangles) -> Result<(), ReadError> {
    let end = At::Byte(input.bytes.len() as u64);
    let Some(count) = count(input.bytes) else {
        let found = format!("{} bytes", input.bytes.len());
        return Err(input.truncated(end, "a header of 84 bytes".into(), found));
    };
    input.check_faces(count)?;
    let body = &input.bytes[HEAD..];
    if (body.len() as u64) < count * TRIANGLE as u64 {
        let found = format!("{} bytes", body.len());
        return Err(input.truncated(end, format!("{count} triangles of 50 bytes"), found));
    }
    for (i, record) in body.chunks_exact(TRIANGLE).take(count as usize).enumerate() {
        let mut numbers = record[12..48]
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let mut corner = || [(); 3].map(|()| numbers.next().map_or(0.0, f64::from));
        let corners = [corner(), corner(), corner()];
        if !corners.iter().flatten().all(|x| x.is_finite()) {
            let at = At::Byte((HEAD + i * TRIANGLE) as u64);
            return Err(input.not_finite(at, format!("triangle {i} at {corners:?}")));
        }
        triangles.add(input, corners)?;
    }
    Ok(())
}

fn ascii(input: &Input, triangles: &mut Triangles) -> Result<(), ReadError> {
    let mut lines = Lines::new(*input);
    let mut corners = Vec::new();
    let mut open = false;
    while let Some(line) = lines.next()? {
        let mut words = line.words();
        let key = words.next().unwrap_or_default().to_ascii_lowercase();
        match key.as_slice() {
            b"vertex" => corners.push(point(input, line, &mut words)?),
            b"facet" => open = true,
            b"endfacet" => {
                let &[a, b, c] = corners.as_slice() else {
                    let found = format!("{} corners", corners.len());
                    return Err(input.syntax(line.at(), "three corners in a facet", &found));
                };
                triangles.add(input, [a, b, c])?;
                corners.clear();
                open = false;
            }
            _ => {}
        }
        if corners.len() > 3 {
            return Err(input.syntax(line.at(), "three corners in a facet", &line.shown()));
        }
    }
    if open {
        let at = At::Line(lines.number());
        return Err(input.truncated(at, "the end of a facet".into(), "none".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{Limits, ReadError, Shape, read_bytes};

    fn read(bytes: &[u8]) -> Result<Shape, ReadError> {
        read_bytes(bytes, "a.stl", &Limits::default())
    }

    fn binary(head: &str, triangles: &[[f32; 9]]) -> Vec<u8> {
        let mut bytes = head.as_bytes().to_vec();
        bytes.resize(80, b' ');
        bytes.extend((triangles.len() as u32).to_le_bytes());
        for corners in triangles {
            bytes.extend([0; 12]);
            bytes.extend(corners.iter().flat_map(|x| x.to_le_bytes()));
            bytes.extend([0; 2]);
        }
        bytes
    }

    const TWO: [[f32; 9]; 2] = [
        [0., 0., 0., 1., 0., 0., 0., 1., 0.],
        [0., 1., 0., 1., 0., 0., -0., 0., 5.],
    ];

    const FACET: &str = "facet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\nendfacet\n";

    #[test]
    fn binary_files_that_begin_with_solid() {
        for head in ["solid facet made by a CAD program", "binary", ""] {
            let shape = read(&binary(head, &TWO)).expect(head);
            assert_eq!((shape.points().len(), shape.faces().len()), (4, 2));
            assert_eq!(shape.faces()[1], [2, 1, 3]);
        }
    }

    #[test]
    fn ascii_in_any_case_with_several_solids() {
        let text = format!(
            "solid a\n{FACET}endsolid a\nSOLID b\n{}ENDSOLID b\n",
            FACET.to_uppercase()
        );
        for mark in ["", "\u{feff}"] {
            let shape = read(format!("{mark}{text}").as_bytes()).expect("valid");
            assert_eq!((shape.points().len(), shape.faces().len()), (3, 2));
        }
    }

    #[test]
    fn damaged_files_are_refused() {
        let whole = binary("x", &TWO);
        let mut nan = TWO;
        nan[1][4] = f32::NAN;
        let cases = [
            (whole[..whole.len() - 1].to_vec(), "truncated"),
            (whole[..40].to_vec(), "truncated"),
            (binary("x", &nan), "not-finite"),
            (binary("x", &[]), "empty"),
            (b"solid a\nendsolid a\n".to_vec(), "empty"),
            (
                format!("solid a\n{}", &FACET[..60]).into_bytes(),
                "truncated",
            ),
            (
                format!("solid a\n{}", FACET.replace("vertex 0 0 0\n", "")).into_bytes(),
                "syntax",
            ),
            (
                format!("solid a\n{}", FACET.replace("0 1 0", "0 1")).into_bytes(),
                "syntax",
            ),
        ];
        for (bytes, kind) in cases {
            let error = read(&bytes).expect_err(kind);
            assert_eq!(error.kind(), kind, "{error}");
        }
    }
}
