//! Columns of numbers as text: XYZ, PTS, TXT, CSV.

use super::columns;
use crate::Shape;
use crate::error::{At, ReadError};
use crate::input::Input;
use crate::text::{Line, Lines, number};

/// Whether the first filled lines of a text could be a table of points.
pub(crate) fn is_table(text: &[u8]) -> bool {
    let mut lines = text
        .split(|&b| b == b'\n')
        .map(|line| uncommented(line).trim_ascii());
    let numeric = |line: &[u8]| cells(line).filter(|cell| number(cell).is_some()).count() >= 3;
    lines
        .by_ref()
        .filter(|line| !line.is_empty())
        .take(3)
        .any(numeric)
}

/// Reads x, y, z from the first three columns, or from those that a line of names calls so. Cells are parted by
/// spaces, tabs, commas or semicolons; a first line with one number is a count (PTS); `#` and `//` begin
/// comments. Other columns are taken as [`columns::cloud`] says.
pub(crate) fn read(input: &Input) -> Result<Shape, ReadError> {
    let mut lines = Lines::new(*input);
    let mut table = Table::default();
    while let Some(line) = lines.next()? {
        let line = Line {
            text: uncommented(line.text),
            ..line
        };
        if !line.is_blank() {
            table.add(input, line)?;
        }
    }
    let rows = table.lines.len();
    if let Some(expected) = table.count
        && rows as u64 != expected
        && rows > 0
    {
        let at = At::Line(lines.number());
        return Err(input.truncated(at, format!("{expected} points"), rows.to_string()));
    }
    let Table {
        values,
        width,
        lines,
        ..
    } = table;
    if lines.is_empty() {
        return Err(input.empty("no rows of numbers"));
    }
    input.cloud(columns::cloud(&values, width.min(columns::KEPT)), |row| {
        At::Line(lines[row])
    })
}

#[derive(Default)]
struct Table {
    values: Vec<f64>,
    width: usize,
    /// The line of each row.
    lines: Vec<u64>,
    /// The number of points that a PTS file begins with.
    count: Option<u64>,
    /// Which cells come first, where a line of names says so.
    order: Option<Vec<usize>>,
    began: bool,
}

impl Table {
    fn add(&mut self, input: &Input, line: Line) -> Result<(), ReadError> {
        let first = !std::mem::replace(&mut self.began, true);
        let start = self.values.len();
        if let Some(order) = &self.order {
            let cells: Vec<&[u8]> = cells(line.text).collect();
            self.values
                .extend(order.iter().map_while(|&at| number(cells.get(at)?)));
        } else {
            // A word ends the numbers, as a class or a file name at the end of a row does.
            self.values.extend(cells(line.text).map_while(number));
        }
        let width = self.values.len() - start;
        self.values.truncate(start + width.min(columns::KEPT));
        if self.lines.is_empty() && width < 3 {
            self.values.truncate(start);
            return self.head(input, line, first, width);
        }
        if self.lines.is_empty() {
            self.width = width;
        }
        if width != self.width {
            let expected = format!("{} numbers as in the rows before", self.width);
            return Err(input.syntax(line.at(), expected, &line.shown()));
        }
        self.lines.push(line.number);
        input.check_points(self.lines.len() as u64)
    }

    /// A line before the first row: a count, or names.
    fn head(
        &mut self,
        input: &Input,
        line: Line,
        first: bool,
        width: usize,
    ) -> Result<(), ReadError> {
        let cells: Vec<&[u8]> = cells(line.text).collect();
        if width == 1 && cells.len() == 1 && first {
            self.count = std::str::from_utf8(cells[0])
                .ok()
                .and_then(|word| word.parse().ok());
            if self.count.is_some() {
                return Ok(());
            }
        }
        if width > 0 || self.order.is_some() || cells.len() < 3 && !first {
            return Err(input.syntax(line.at(), "at least three numbers", &line.shown()));
        }
        let find = |name: &str| {
            cells.iter().position(|cell| {
                cell.eq_ignore_ascii_case(name.as_bytes())
                    || cell.eq_ignore_ascii_case(format!("\"{name}\"").as_bytes())
            })
        };
        if let (Some(x), Some(y), Some(z)) = (find("x"), find("y"), find("z")) {
            let mut order = vec![x, y, z];
            if let (Some(a), Some(b), Some(c)) = (find("nx"), find("ny"), find("nz")) {
                order.extend([a, b, c]);
            }
            self.order = Some(order);
        }
        Ok(())
    }
}

fn uncommented(line: &[u8]) -> &[u8] {
    let end = line.iter().position(|&b| b == b'#');
    let end = end.or_else(|| line.windows(2).position(|pair| pair == b"//"));
    &line[..end.unwrap_or(line.len())]
}

fn cells(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|b| b.is_ascii_whitespace() || *b == b',' || *b == b';')
        .filter(|cell| !cell.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::{Limits, PointCloud, ReadError, Shape, read_bytes};

    fn read(text: &str) -> Result<Shape, ReadError> {
        read_bytes(text.as_bytes(), "a.txt", &Limits::default())
    }

    fn cloud(text: &str) -> PointCloud {
        match read(text).expect(text) {
            Shape::Cloud(cloud) => cloud,
            Shape::Mesh(_) => panic!("a mesh"),
        }
    }

    #[test]
    fn separators_heads_and_comments() {
        let texts = [
            "1 2 3\n4 5 6\n",
            "1,2,3\n4,5,6",
            "1;2;3\r\n4;5;6\r\n",
            "1\t2\t3\n\n4\t5\t6\n",
            "2\n1 2 3\n4 5 6\n",
            "x,y,z\n1,2,3\n4,5,6\n",
            "z y x\n3 2 1\n6 5 4\n",
            "# made\n1 2 3 # one\n// two\n4 5 6\n",
            "1.0D+00 2e0 3 name\n4 5 6 other\n",
            "\"X\",\"Y\",\"Z\"\n1, 2, 3\n4, 5, 6\n",
            "//X Y Z\n1 2 3\n4 5 6\n",
        ];
        for text in texts {
            assert_eq!(
                cloud(text).points,
                [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
                "{text:?}"
            );
        }
    }

    #[test]
    fn rows_of_normals_and_parts() {
        // As ModelNet40 resampled and ShapeNetPart are shared.
        assert_eq!(cloud("1,2,3,0,0,1\n").normals, Some(vec![[0.0, 0.0, 1.0]]));
        assert_eq!(
            cloud("1 2 3 0 1 0 5.0\n").normals,
            Some(vec![[0.0, 1.0, 0.0]])
        );
        assert_eq!(cloud("1 2 3 255 1 0\n").normals, None);
    }

    #[test]
    fn errors_name_kind_and_line() {
        let cases = [
            ("1 2 3\n4 5\n", "syntax", "line 2"),
            ("1 2 3\n4 5 6 7\n", "syntax", "3 numbers"),
            ("3\n1 2 3\n4 5 6\n", "truncated", "3 points"),
            ("1 2 3\n4 nan 6\n", "not-finite", "line 2"),
            ("# nothing\n", "empty", "no rows"),
            ("some words\n1 2\n", "syntax", "line 2"),
        ];
        for (text, kind, part) in cases {
            let error = read(text).expect_err(text);
            assert_eq!(error.kind(), kind, "{text:?}: {error}");
            assert!(error.to_string().contains(part), "{text:?}: {error}");
        }
    }
}
