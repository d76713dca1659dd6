//! Wavefront OBJ: vertices and faces; materials, groups, curves and texture coordinates are passed over.

use crate::Shape;
use crate::error::{At, ReadError};
use crate::input::Input;
use crate::text::{Line, Lines, integer, point, words};

/// Whether the beginning of a text has the words of an OBJ.
pub(crate) fn is_obj(text: &[u8]) -> bool {
    let mut keys = text
        .split(|&b| b == b'\n')
        .filter(|line| !line.trim_ascii_start().starts_with(b"#"))
        .filter_map(|line| words(line).next());
    let known: &[&[u8]] = &[
        b"v", b"vt", b"vn", b"vp", b"f", b"o", b"g", b"s", b"mtllib", b"usemtl", b"l", b"p",
    ];
    keys.next().is_some_and(|key| known.contains(&key))
}

/// Reads `v` and `f`. Indices count from 1, or from the last vertex so far where negative; colours after the
/// position are passed over, and so is a fourth coordinate. A backslash continues a line that is read.
pub(crate) fn read(input: &Input) -> Result<Shape, ReadError> {
    let mut lines = Lines::new(*input);
    let mut vertices = Vec::new();
    let mut faces = Vec::new();
    // Faces may name vertices that follow, so the range is known at the end; where to complain is not.
    let mut highest: Option<(At, i64)> = None;
    let mut corners = Vec::new();
    let mut joined = Vec::new();
    while let Some(line) = lines.next()? {
        let text = whole_line(input, &mut lines, line, &mut joined)?;
        let mut words = words(text);
        match words.next() {
            Some(b"v") => {
                input.check_points(vertices.len() as u64 + 1)?;
                vertices.push(point(
                    input,
                    Line {
                        text,
                        number: line.number,
                    },
                    &mut words,
                )?);
            }
            Some(b"f" | b"fo") => {
                corners.clear();
                for word in words.take_while(|word| !word.starts_with(b"#")) {
                    let corner = corner(input, line, word, vertices.len())?;
                    if highest.is_none_or(|(_, index)| corner > index) {
                        highest = Some((line.at(), corner));
                    }
                    // In range of u32, or above every limit and refused below.
                    corners.push(u32::try_from(corner - 1).unwrap_or(u32::MAX));
                }
                input.add_polygon(&mut faces, &corners)?;
            }
            _ => {}
        }
    }
    if let Some((at, index)) = highest
        && index as u64 > vertices.len() as u64
        && !vertices.is_empty()
    {
        return Err(input.out_of_range(at, index, vertices.len()));
    }
    input.mesh(vertices, faces)
}

/// The line with those that a backslash joins to it. Only lines that are read are joined: names of files may end so.
fn whole_line<'b, 'a: 'b>(
    input: &Input,
    lines: &mut Lines<'a>,
    line: Line<'a>,
    joined: &'b mut Vec<u8>,
) -> Result<&'b [u8], ReadError> {
    let read = |part: &&[u8]| matches!(words(part).next(), Some(b"v" | b"f" | b"fo"));
    let Some(mut part) = continued(line.text).filter(read) else {
        return Ok(line.text);
    };
    joined.clear();
    loop {
        joined.extend_from_slice(part);
        joined.push(b' ');
        input.check_line(line.at(), joined.len() as u64)?;
        let Some(next) = lines.next()? else {
            return Ok(joined);
        };
        match continued(next.text) {
            Some(more) => part = more,
            None => {
                joined.extend_from_slice(next.text);
                return Ok(joined);
            }
        }
    }
}

/// What comes before the backslash at the end of a line; `None` where there is none, or in a comment.
fn continued(text: &[u8]) -> Option<&[u8]> {
    let part = text.trim_ascii_end().strip_suffix(b"\\")?;
    let comment = words(part).any(|word| word.starts_with(b"#"));
    (!comment).then_some(part)
}

/// The vertex of a corner such as `3`, `3/1`, `3//2` or `-1/-1/-1`, counted from 1.
fn corner(input: &Input, line: Line, word: &[u8], vertices: usize) -> Result<i64, ReadError> {
    let index = word.split(|&b| b == b'/').next().and_then(integer);
    let index = index.ok_or_else(|| input.syntax(line.at(), "vertex indices", &line.shown()))?;
    let corner = if index < 0 {
        vertices as i64 + 1 + index
    } else {
        index
    };
    if corner < 1 {
        return Err(input.out_of_range(line.at(), index, vertices));
    }
    Ok(corner)
}

#[cfg(test)]
mod tests {
    use crate::{Limits, ReadError, Shape, read_bytes};

    fn read(text: &str) -> Result<Shape, ReadError> {
        read_bytes(text.as_bytes(), "a.obj", &Limits::default())
    }

    const SQUARE: &str = "v 0 0 0\nv 1 0 0 1.0\nv 1 1 0 0.5 0.5 0.5\nv 0 1 0\n";

    #[test]
    fn corners_in_every_form() {
        let forms = [
            "f 1 2 3 4",
            "f 1/1 2/2 3/3 4/4",
            "f 1//1 2//1 3//1 4//1",
            "f -4 -3 -2 -1",
            "f 1/1/1 2/1/1 \\\n 3/1/1 4/1/1",
            "g f\nusemtl x y\nf 1 2 3 4 # a square",
        ];
        for form in forms {
            let shape = read(&format!("# a\nmtllib none.mtl\n{SQUARE}{form}\n")).expect(form);
            assert_eq!(shape.faces(), [[0, 1, 2], [0, 2, 3]], "{form}");
        }
    }

    #[test]
    fn names_and_comments_that_end_in_a_backslash_swallow_no_line() {
        let folder = "C:\\models\\";
        let forms = [
            format!("# from {folder}\n{SQUARE}f 1 2 3 4\n"),
            format!("{SQUARE}#\\\nf 1 2 3 4\n"),
            format!("mtllib {folder}\n{SQUARE}usemtl {folder} \nf 1 2 3 4\n"),
            format!("v 9 9 9 # {folder}\n{SQUARE}f 2 3 \\\n4 5 # {folder}\nf\n"),
        ];
        for form in forms {
            let shape = read(&form).expect(&form);
            let skipped = shape.points().len() - 4;
            assert_eq!(shape.points()[skipped..][1], [1.0, 0.0, 0.0], "{form}");
            assert_eq!(shape.faces().len(), 2, "{form}");
        }
    }

    #[test]
    fn negative_indices_count_from_where_they_stand() {
        let text = format!("{SQUARE}f -3 -2 -1\nv 5 5 5\nf -1 -2 -3\n");
        assert_eq!(read(&text).expect("valid").faces(), [[1, 2, 3], [4, 3, 2]]);
    }

    #[test]
    fn faces_may_come_first() {
        assert_eq!(
            read(&format!("f 1 2 3\n{SQUARE}")).expect("valid").faces(),
            [[0, 1, 2]]
        );
    }

    #[test]
    fn without_faces_it_is_a_cloud() {
        let shape = read(&format!("{SQUARE}p 1 2\nl 1 2 3\n")).expect("valid");
        assert!(matches!(shape, Shape::Cloud(cloud) if cloud.points.len() == 4));
    }

    #[test]
    fn errors_name_kind_and_line() {
        let cases = [
            ("v 1 2\n", "syntax", "line 1"),
            ("v 1 2 3\nf 1 2 x\n", "syntax", "line 2"),
            ("v 1 2 3\nf 1 1 2\n", "index-out-of-range", "line 2"),
            ("v 1 2 3\nf 0 1 1\n", "index-out-of-range", "index 0"),
            ("v 1 2 3\nf -2 1 1\n", "index-out-of-range", "index -2"),
            (
                "v 1 2 3\nf 99999999999 1 1\n",
                "index-out-of-range",
                "99999999999",
            ),
            ("v 1 2 3\nv 1 nan 3\n", "not-finite", "line 2"),
            ("g empty\n", "empty", "no vertices"),
        ];
        for (text, kind, part) in cases {
            let error = read(text).expect_err(text);
            assert_eq!(error.kind(), kind, "{text:?}: {error}");
            assert!(error.to_string().contains(part), "{text:?}: {error}");
        }
    }
}
