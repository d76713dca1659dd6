//! What a reader is given, and the errors that it makes of it.

use std::borrow::Cow;

use crate::error::{At, Place, ReadError};
use crate::{Limits, Mesh, PointCloud, Shape};

/// The bytes of one file in one format, with what its errors need to know.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    pub bytes: &'a [u8],
    pub name: &'a str,
    pub format: &'static str,
    pub limits: &'a Limits,
}

impl<'a> Input<'a> {
    pub fn place(&self, at: At) -> Place {
        Place {
            name: self.name.to_owned(),
            format: self.format,
            at,
        }
    }

    pub fn syntax(&self, at: At, expected: impl Into<Cow<'static, str>>, found: &str) -> ReadError {
        let found = quote(found);
        ReadError::Syntax {
            place: self.place(at),
            expected: expected.into(),
            found,
        }
    }

    pub fn truncated(&self, at: At, expected: String, found: String) -> ReadError {
        ReadError::Truncated {
            place: self.place(at),
            expected,
            found,
        }
    }

    pub fn not_finite(&self, at: At, found: String) -> ReadError {
        ReadError::NotFinite {
            place: self.place(at),
            found,
        }
    }

    pub fn out_of_range(&self, at: At, index: i64, count: usize) -> ReadError {
        ReadError::IndexOutOfRange {
            place: self.place(at),
            index,
            count: count as u64,
        }
    }

    pub fn empty(&self, what: &'static str) -> ReadError {
        ReadError::Empty {
            place: self.place(At::File),
            what,
        }
    }

    pub fn unsupported(&self, at: At, what: impl Into<String>, advice: &'static str) -> ReadError {
        ReadError::Unsupported {
            place: self.place(at),
            what: what.into(),
            advice,
        }
    }

    pub fn corrupt(&self, at: At, what: impl Into<String>) -> ReadError {
        ReadError::Corrupt {
            place: self.place(at),
            what: what.into(),
        }
    }

    pub fn within(&self, what: &'static str, found: u64, limit: u64) -> Result<(), ReadError> {
        if found <= limit {
            return Ok(());
        }
        Err(ReadError::Limit {
            place: self.place(At::File),
            what,
            limit,
            found,
        })
    }

    pub fn check_points(&self, found: u64) -> Result<(), ReadError> {
        self.within("points", found, self.limits.points)
    }

    pub fn check_faces(&self, found: u64) -> Result<(), ReadError> {
        self.within("faces", found, self.limits.faces)
    }

    pub fn check_line(&self, at: At, found: u64) -> Result<(), ReadError> {
        let limit = self.limits.line;
        if found <= limit {
            return Ok(());
        }
        Err(ReadError::Limit {
            place: self.place(at),
            what: "bytes in one line",
            limit,
            found,
        })
    }

    pub fn check_bytes(&self, found: u64) -> Result<(), ReadError> {
        self.within("bytes", found, self.limits.bytes)
    }

    /// Adds the fan of triangles of one polygon. `corners` are already known to be in range.
    /// Polygons of fewer than three corners enclose nothing and add nothing.
    pub fn add_polygon(&self, faces: &mut Vec<[u32; 3]>, corners: &[u32]) -> Result<(), ReadError> {
        let [first, rest @ ..] = corners else {
            return Ok(());
        };
        self.check_faces((faces.len() + rest.len().saturating_sub(1)) as u64)?;
        faces.extend(rest.windows(2).map(|pair| [*first, pair[0], pair[1]]));
        Ok(())
    }

    /// A mesh, or the cloud of its vertices where there are no faces.
    pub fn mesh(&self, vertices: Vec<[f64; 3]>, faces: Vec<[u32; 3]>) -> Result<Shape, ReadError> {
        if vertices.is_empty() {
            return Err(self.empty("no vertices"));
        }
        if faces.is_empty() {
            return Ok(PointCloud::new(vertices).into());
        }
        Ok(Mesh { vertices, faces }.into())
    }

    /// A cloud of at least one point, all of them finite. `at` gives the place of a point.
    pub fn cloud(&self, cloud: PointCloud, at: impl Fn(usize) -> At) -> Result<Shape, ReadError> {
        if cloud.points.is_empty() {
            return Err(self.empty("no points"));
        }
        if let Some(bad) = cloud
            .points
            .iter()
            .position(|p| !p.iter().all(|x| x.is_finite()))
        {
            let found = format!("point {bad} at {:?}", cloud.points[bad]);
            return Err(self.not_finite(at(bad), found));
        }
        Ok(cloud.into())
    }
}

/// A short, printable form of what a file holds.
pub(crate) fn quote(found: &str) -> String {
    const LONGEST: usize = 60;
    let mut text: String = found
        .chars()
        .take(LONGEST)
        .flat_map(char::escape_debug)
        .collect();
    if found.chars().nth(LONGEST).is_some() {
        text.push('…');
    }
    format!("`{text}`")
}
