//! Columns of numbers as text: XYZ, PTS, TXT, CSV.

use super::columns;
use crate::error::{At, ReadError};
use crate::input::Input;
use crate::text::{Line, Lines, number};
use crate::{PointCloud, Shape};

/// Whether the first filled lines of a text could be a table of points.
pub(crate) fn is_table(text: &[u8]) -> bool {
    let mut lines = text
        .split(|&b| b == b'\n')
        .map(|line| uncommented(line).trim_ascii());
    let numeric = |line: &[u8]| cells(line).map_while(value).take(3).count() == 3;
    lines
        .by_ref()
        .filter(|line| !line.is_empty())
        .take(3)
        .any(numeric)
}

/// Reads x, y, z from the first three columns, or from those that a line of names calls so; of more than three names
/// three must be so, and columns named nx, ny, nz and weight are kept as they are. A column more than there are names is one of row names where it comes first, in quotes, as R
/// writes it. Cells are parted by semicolons (commas are then decimal points), else by commas, else by spaces and
/// tabs; a first line with one number is a count (PTS); `#` and `//` begin comments. Columns without names are taken as
/// [`columns::cloud`] says.
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
        let (expected, found) = (format!("{expected} points"), rows.to_string());
        return Err(match (rows as u64) < table.count.unwrap_or_default() {
            true => input.truncated(at, expected, found),
            false => input.syntax(at, format!("{expected} by the count before them"), &found),
        });
    }
    let Table {
        values,
        width,
        lines,
        names,
        ..
    } = table;
    if lines.is_empty() {
        return Err(input.empty("no rows of numbers"));
    }
    let cloud = match names {
        Some(names) => names.cloud(&values),
        None => columns::cloud(&values, width.min(columns::KEPT)),
    };
    input.cloud(cloud, |row| At::Line(lines[row]))
}

#[derive(Default)]
struct Table {
    values: Vec<f64>,
    width: usize,
    /// The line of each row.
    lines: Vec<u64>,
    /// The number of points that a PTS file begins with.
    count: Option<u64>,
    /// What a line of names says.
    names: Option<Names>,
    began: bool,
}

struct Names {
    count: usize,
    /// Where x, y and z are, and the normals and the weight where `normals` and `weight` say so.
    order: Vec<usize>,
    normals: bool,
    weight: bool,
}

impl Table {
    fn add(&mut self, input: &Input, line: Line) -> Result<(), ReadError> {
        let first = !std::mem::replace(&mut self.began, true);
        let start = self.values.len();
        if let Some(names) = &mut self.names {
            let cells: Vec<&[u8]> = cells(line.text).collect();
            if self.lines.is_empty() {
                names.match_row(input, &line, &cells)?;
            }
            let order = names.order.iter();
            self.values
                .extend(order.map_while(|&at| value(cells.get(at)?)));
        } else {
            // A word ends the numbers, as a class or a file name at the end of a row does.
            self.values.extend(cells(line.text).map_while(value));
        }
        let width = self.values.len() - start;
        if self.names.is_none() {
            self.values.truncate(start + width.min(columns::KEPT));
        }
        if self.lines.is_empty() && width < 3 {
            self.values.truncate(start);
            return self.head(input, line, first, width);
        }
        if self.lines.is_empty() {
            self.width = self.names.as_ref().map_or(width, |names| names.order.len());
        }
        if width != self.width {
            let like = match self.names {
                Some(_) => {
                    "under x, y and z, and under nx, ny, nz and weight where those are named"
                }
                None => "as in the rows before",
            };
            let expected = format!("{} numbers {like}", self.width);
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
        if width > 0 || self.names.is_some() || cells.len() < 3 && !first {
            return Err(input.syntax(line.at(), "at least three numbers", &line.shown()));
        }
        self.names = Names::find(&cells);
        if self.names.is_none() && cells.len() > 3 {
            // An index or a class may come first: which three are meant is not for a reader to guess.
            return Err(input.syntax(line.at(), NAMES, &line.shown()));
        }
        Ok(())
    }
}

impl Names {
    /// The columns that are read by their names; `None` where x, y and z are not among them.
    fn find(cells: &[&[u8]]) -> Option<Self> {
        let find = |name: &str| {
            cells.iter().position(|cell| {
                cell.eq_ignore_ascii_case(name.as_bytes())
                    || cell.eq_ignore_ascii_case(format!("\"{name}\"").as_bytes())
            })
        };
        let all = |names: [&str; 3]| names.map(find).into_iter().collect::<Option<Vec<_>>>();
        let mut order = all(["x", "y", "z"])?;
        let normals = all(["nx", "ny", "nz"]);
        let weight = find("weight");
        order.extend(normals.iter().flatten());
        order.extend(weight);
        Some(Self {
            count: cells.len(),
            order,
            normals: normals.is_some(),
            weight: weight.is_some(),
        })
    }

    fn cloud(&self, values: &[f64]) -> PointCloud {
        let rows = || values.chunks_exact(self.order.len());
        let triple = |row: &[f64], from: usize| [row[from], row[from + 1], row[from + 2]];
        PointCloud {
            points: rows().map(|row| triple(row, 0)).collect(),
            normals: self
                .normals
                .then(|| rows().map(|row| triple(row, 3)).collect()),
            weights: self
                .weight
                .then(|| rows().map(|row| row[row.len() - 1]).collect()),
        }
    }

    /// Shifts the columns where the first row begins with a row name, to which R gives no column name.
    fn match_row(&mut self, input: &Input, line: &Line, cells: &[&[u8]]) -> Result<(), ReadError> {
        let unnamed =
            cells.len() == self.count + 1 && cells.last().is_some_and(|cell| !cell.is_empty());
        if !unnamed {
            return Ok(());
        }
        if !cells[0].starts_with(b"\"") {
            // A row name without quotes, or a last column without a name.
            let expected = format!("{} cells, as many as there are names above", self.count);
            return Err(input.syntax(line.at(), expected, &line.shown()));
        }
        self.order.iter_mut().for_each(|at| *at += 1);
        Ok(())
    }
}

const NAMES: &str = "columns named x, y and z: rename those of the coordinates, or remove the line if the first three \
    columns are they";

fn uncommented(line: &[u8]) -> &[u8] {
    let end = line.iter().position(|&b| b == b'#');
    let end = end.or_else(|| line.windows(2).position(|pair| pair == b"//"));
    &line[..end.unwrap_or(line.len())]
}

/// The cells of a line. Between commas or semicolons a cell may be empty, and columns keep their places.
fn cells(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let sign = [b';', b','].into_iter().find(|sign| line.contains(sign));
    line.split(move |b| sign.map_or(b.is_ascii_whitespace(), |sign| *b == sign))
        .map(<[u8]>::trim_ascii)
        .filter(move |cell| sign.is_some() || !cell.is_empty())
}

/// The number in a cell. A comma is its decimal point: cells that are parted by commas hold none.
fn value(cell: &[u8]) -> Option<f64> {
    number(cell).or_else(|| {
        let (whole, rest) = cell.split_at_checked(cell.iter().position(|&b| b == b',')?)?;
        number(&[whole, &b"."[..], &rest[1..]].concat())
    })
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
            ",x,y,z\n0,1,2,3\n1,4,5,6\n",
            "\"point id\",x,y,z\na b,1,2,3\n,4,5,6\n",
            "1,0;2,00;3\n4;5,0;6,\n",
            "a;x;y;z\n;1;2,0;3,0\n;4;5;6\n",
            "1,2,3,\n4,5,6,\n",
            "x,y,z\n1,2,3,\n4,5,6,\n",
            // As R's write.table has it, which gives row names no name.
            "\"x\" \"y\" \"z\"\n\"1\" 1 2 3\n\"2\" 4 5 6\n",
            "\"class\",\"z\",\"y\",\"x\"\n\"1\",0,3,2,1\n\"2\",1,6,5,4\n",
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
    fn named_normals_and_weights_are_kept_as_they_are() {
        let tables = [
            ("x,y,z,weight\n1,2,3,0.5\n", None, Some(0.5)),
            ("Weight z y x\n0.5 3 2 1\n", None, Some(0.5)),
            ("x,y,z,red\n1,2,3,255\n", None, None),
            ("x,y,z,nx,ny,nz\n1,2,3,0,0,2\n", Some([0.0, 0.0, 2.0]), None),
            (
                "\"x\",\"y\",\"z\",\"weight\",\"nx\",\"ny\",\"nz\"\n\"1\",1,2,3,7,0,0,2\n",
                Some([0.0, 0.0, 2.0]),
                Some(7.0),
            ),
        ];
        for (text, normal, weight) in tables {
            let cloud = cloud(text);
            assert_eq!(cloud.points, [[1.0, 2.0, 3.0]], "{text:?}");
            assert_eq!(cloud.normals, normal.map(|n| vec![n]), "{text:?}");
            assert_eq!(cloud.weights, weight.map(|w| vec![w]), "{text:?}");
        }
    }

    #[test]
    fn errors_name_kind_and_line() {
        let cases = [
            ("1 2 3\n4 5\n", "syntax", "line 2"),
            ("1 2 3\n4 5 6 7\n", "syntax", "3 numbers"),
            ("3\n1 2 3\n4 5 6\n", "truncated", "3 points"),
            ("1\n1 2 3\n4 5 6\n", "syntax", "1 points by the count"),
            ("id,px,py,pz\n0,1,2,3\n", "syntax", "line 1"),
            ("x y z\n1 0.1 0.2 0.3\n", "syntax", "3 cells"),
            ("0,1 2,5 3,0\n", "syntax", "three numbers"),
            ("x,y,z\n1,,3\n", "syntax", "three numbers"),
            ("x,y,z,weight\n1,2,3,\n", "syntax", "4 numbers under x"),
            ("1;2;3\n1.000,5;2;3\n", "syntax", "line 2"),
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
