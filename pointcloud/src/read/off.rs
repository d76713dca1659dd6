//! OFF, the format of ModelNet: a header word, three counts, vertices, faces.

use crate::Shape;
use crate::error::{At, ReadError};
use crate::input::Input;
use crate::text::{Line, Lines, integer, point};

/// Whether a word is an OFF header, possibly run together with the counts as in `OFF490`.
pub(crate) fn is_header(word: &[u8]) -> bool {
    split_header(word).is_some()
}

/// The prefix letters and what follows `OFF` in the same word.
fn split_header(word: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = word.windows(3).position(|w| w == b"OFF")?;
    let (prefix, rest) = (&word[..at], &word[at + 3..]);
    let known = prefix.iter().all(|b| b"STCN4n".contains(b)) && prefix.len() <= 6;
    (known && rest.iter().all(u8::is_ascii_digit)).then_some((prefix, rest))
}

/// Reads an OFF file: `OFF`, `COFF`, `NOFF`, `STOFF` and their combinations; the header word on its own line,
/// before the counts, run into them, or absent; comments and blank lines anywhere; any polygons.
/// Colours, normals and texture coordinates are passed over.
pub(crate) fn read(input: &Input) -> Result<Shape, ReadError> {
    let mut lines = Lines::new(*input);
    let [vertex_count, face_count] = read_counts(input, &mut lines)?;
    input.check_points(vertex_count)?;
    input.check_faces(face_count)?;
    let vertices = read_vertices(input, &mut lines, vertex_count)?;
    let faces = read_faces(input, &mut lines, face_count, vertices.len())?;
    input.mesh(vertices, faces)
}

fn read_counts(input: &Input, lines: &mut Lines) -> Result<[u64; 2], ReadError> {
    let expected = "the counts of vertices and faces";
    let mut counts = [0; 2];
    let mut found = 0;
    let mut first = true;
    while found < 2 {
        let Some(line) = lines.next_filled()? else {
            return Err(input.truncated(At::File, expected.into(), "no counts".into()));
        };
        for mut word in line.words() {
            if std::mem::take(&mut first)
                && let Some((prefix, rest)) = split_header(word)
            {
                check_prefix(input, line, prefix)?;
                word = rest;
            }
            if word == b"BINARY" {
                let advice = "save it as ASCII OFF or as PLY";
                return Err(input.unsupported(line.at(), "binary OFF", advice));
            }
            if word.is_empty() || found == 2 {
                continue;
            }
            counts[found] = integer(word)
                .and_then(|count| u64::try_from(count).ok())
                .ok_or_else(|| input.syntax(line.at(), expected, &line.shown()))?;
            found += 1;
        }
    }
    Ok(counts)
}

fn check_prefix(input: &Input, line: Line, prefix: &[u8]) -> Result<(), ReadError> {
    if prefix.contains(&b'4') || prefix.contains(&b'n') {
        let advice = "only points in three dimensions are read";
        return Err(input.unsupported(line.at(), "OFF with more than 3 dimensions", advice));
    }
    Ok(())
}

fn read_vertices(input: &Input, lines: &mut Lines, count: u64) -> Result<Vec<[f64; 3]>, ReadError> {
    // A vertex takes at least the six bytes of `0 0 0` and its line end: no header makes us reserve more.
    let most = lines.rest().len() as u64 / 6 + 1;
    let mut vertices = Vec::with_capacity(count.min(most) as usize);
    for done in 0..count {
        let Some(line) = lines.next_filled()? else {
            return Err(ends_early(input, lines, "vertices", count, done));
        };
        vertices.push(point(input, line, &mut line.words())?);
    }
    Ok(vertices)
}

fn read_faces(
    input: &Input,
    lines: &mut Lines,
    count: u64,
    vertices: usize,
) -> Result<Vec<[u32; 3]>, ReadError> {
    let most = lines.rest().len() as u64 / 8 + 1;
    let mut faces = Vec::with_capacity(count.min(most) as usize);
    let mut corners = Vec::new();
    for done in 0..count {
        let Some(line) = lines.next_filled()? else {
            return Err(ends_early(input, lines, "faces", count, done));
        };
        read_corners(input, line, vertices, &mut corners)?;
        input.add_polygon(&mut faces, &corners)?;
    }
    Ok(faces)
}

fn read_corners(
    input: &Input,
    line: Line,
    vertices: usize,
    corners: &mut Vec<u32>,
) -> Result<(), ReadError> {
    corners.clear();
    let mut words = line.words();
    let wrong = || {
        input.syntax(
            line.at(),
            "a count and as many vertex indices",
            &line.shown(),
        )
    };
    let count = words
        .next()
        .and_then(integer)
        .filter(|&n| n >= 0)
        .ok_or_else(wrong)?;
    for _ in 0..count {
        let index = words.next().and_then(integer).ok_or_else(wrong)?;
        match u32::try_from(index) {
            Ok(corner) if (corner as usize) < vertices => corners.push(corner),
            _ => return Err(input.out_of_range(line.at(), index, vertices)),
        }
    }
    Ok(())
}

fn ends_early(input: &Input, lines: &Lines, what: &str, expected: u64, found: u64) -> ReadError {
    let at = At::Line(lines.number());
    input.truncated(at, format!("{expected} {what}"), found.to_string())
}

#[cfg(test)]
mod tests {
    use crate::{Limits, Shape, read_bytes};

    const TETRAHEDRON: &str = "0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 1 2\n3 0 1 3\n3 0 2 3\n3 1 2 3\n";

    fn read(text: &str) -> Result<Shape, crate::ReadError> {
        read_bytes(text.as_bytes(), "test.off", &Limits::default())
    }

    fn counts(text: &str) -> (usize, usize) {
        let shape = read(text).expect(text);
        (shape.points().len(), shape.faces().len())
    }

    #[test]
    fn every_way_to_write_the_header() {
        let headers = [
            "OFF\n4 4 6\n",
            "OFF4 4 6\n",
            "OFF 4 4 6\n",
            "OFF\n\n4 4 6\n",
            "OFF\r\n4 4 6\r\n",
            "# made by hand\nOFF # yes\n# counts\n4 4\n",
            "\u{feff}OFF\n4 4 0\n",
            "4 4 6\n",
            "   OFF4 4 6 # or so\n",
            "OFF\n4\n4\n",
            "COFF\n4 4 6\n",
        ];
        for header in headers {
            assert_eq!(
                counts(&format!("{header}{TETRAHEDRON}")),
                (4, 4),
                "{header:?}"
            );
        }
    }

    #[test]
    fn old_line_ends() {
        assert_eq!(
            counts(&format!("OFF\n4 4 6\n{TETRAHEDRON}").replace('\n', "\r")),
            (4, 4)
        );
    }

    #[test]
    fn colours_and_normals_are_passed_over() {
        let text = "NOFF\n3 1 0\n0 0 0 0 0 1\n1 0 0 0 0 1\n0 1 0 0 0 1\n3 0 1 2 255 0 0 255\n";
        assert_eq!(counts(text), (3, 1));
    }

    #[test]
    fn polygons_become_fans() {
        let Shape::Mesh(mesh) =
            read("OFF 5 3 0\n0 0 0\n1 0 0\n1 1 0\n0 1 0\n0 2 0\n5 0 1 2 3 4\n2 0 1\n1 0\n")
                .expect("valid")
        else {
            panic!("expected a mesh")
        };
        assert_eq!(mesh.faces, [[0, 1, 2], [0, 2, 3], [0, 3, 4]]);
    }

    #[test]
    fn no_faces_make_a_cloud() {
        assert!(matches!(read("OFF\n1 0 0\n1 2 3\n"), Ok(Shape::Cloud(_))));
    }

    #[test]
    fn errors_name_kind_and_line() {
        let cases = [
            ("OFF\n2 1 0\n0 0 0\n", "truncated", "line 3"),
            (
                "OFF\n1 2 0\n0 0 0\n3 0 0 0\n",
                "truncated",
                "expected 2 faces, found 1",
            ),
            ("OFF\n", "truncated", "counts"),
            (
                "OFF\n1 1 0\n0 0 0\n3 0 0 1\n",
                "index-out-of-range",
                "line 4",
            ),
            (
                "OFF\n1 1 0\n0 0 0\n3 0 0 -1\n",
                "index-out-of-range",
                "index -1",
            ),
            ("OFF\n1 0 0\n0 nan 0\n", "not-finite", "line 3"),
            ("OFF\n1 0 0\n0 1e999 0\n", "not-finite", "line 3"),
            ("OFF\n1 0 0\n0 x 0\n", "syntax", "three coordinates"),
            ("OFF\n1 1 0\n0 0 0\n3 0 0\n", "syntax", "line 4"),
            ("OFF\n0 0 0\n", "empty", "no vertices"),
            ("OFF\n99999999999 0 0\n", "limit", "99999999999 points"),
            ("OFF BINARY\n", "unsupported", "ASCII"),
            ("4OFF\n1 0 0\n1 2 3 4\n", "unsupported", "three dimensions"),
            ("", "empty", "no bytes"),
        ];
        for (text, kind, part) in cases {
            let error = read(text).expect_err(text);
            assert_eq!(error.kind(), kind, "{text:?}: {error}");
            assert!(error.to_string().contains(part), "{text:?}: {error}");
            assert!(error.to_string().contains("test.off"), "{error}");
        }
    }
}
