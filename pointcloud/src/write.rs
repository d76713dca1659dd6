//! Writers of shapes. A file appears whole under its name, or the name keeps what it had.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::WriteError;
use crate::format::extension;
use crate::render::{View, shape_png, write_png};
use crate::shape::Shape;

/// Pixels of a side of the picture that [`write_path`] makes.
const PICTURE: u32 = 512;

/// Writes a shape in the format that the extension of the path names: `ply`, `obj`, `npy`, `pcd` or `off`; a picture
/// of 512 x 512 pixels for `png`.
///
/// # Errors
///
/// [`WriteError`] for another extension, or with what the system said.
pub fn write_path(path: &Path, shape: &Shape) -> Result<(), WriteError> {
    match extension(&path.to_string_lossy()).as_str() {
        "ply" => write_ply(path, shape),
        "obj" => write_obj(path, shape),
        "npy" => write_npy(path, shape),
        "pcd" => write_pcd(path, shape),
        "off" => write_off(path, shape),
        "png" => write_png(path, &shape_png(shape, PICTURE, View::default())),
        other => {
            let message =
                format!("expected the extension ply, obj, npy, pcd, off or png, found `{other}`");
            let source = io::Error::new(io::ErrorKind::InvalidInput, message);
            Err(WriteError {
                path: path.to_owned(),
                source,
            })
        }
    }
}

/// Writes binary little-endian PLY: `double` positions, normals and a property `weight` where the cloud has
/// them, and the faces of a mesh.
///
/// # Errors
///
/// [`WriteError`] with what the system said.
pub fn write_ply(path: &Path, shape: &Shape) -> Result<(), WriteError> {
    let (normals, weights) = attributes(shape);
    let faces = shape.faces();
    whole_file(path, |out| {
        writeln!(
            out,
            "ply\nformat binary_little_endian 1.0\nelement vertex {}",
            shape.points().len()
        )?;
        for name in ["x", "y", "z"] {
            writeln!(out, "property double {name}")?;
        }
        for name in normals.iter().flat_map(|_| ["nx", "ny", "nz"]) {
            writeln!(out, "property double {name}")?;
        }
        if weights.is_some() {
            writeln!(out, "property double weight")?;
        }
        if !faces.is_empty() {
            writeln!(
                out,
                "element face {}\nproperty list uchar uint vertex_indices",
                faces.len()
            )?;
        }
        writeln!(out, "end_header")?;
        for (i, point) in shape.points().iter().enumerate() {
            let normal = normals.iter().flat_map(|n| &n[i]);
            for x in point.iter().chain(normal).chain(weights.map(|w| &w[i])) {
                out.write_all(&x.to_le_bytes())?;
            }
        }
        for face in faces {
            out.write_all(&[3])?;
            for corner in face {
                out.write_all(&corner.to_le_bytes())?;
            }
        }
        Ok(())
    })
}

/// Writes Wavefront OBJ with the shortest digits that give the same `f64` back. Normals and weights are left out.
///
/// # Errors
///
/// [`WriteError`] with what the system said.
pub fn write_obj(path: &Path, shape: &Shape) -> Result<(), WriteError> {
    whole_file(path, |out| {
        for [x, y, z] in shape.points() {
            writeln!(out, "v {x} {y} {z}")?;
        }
        for face in shape.faces() {
            let [a, b, c] = face.map(|corner| u64::from(corner) + 1);
            writeln!(out, "f {a} {b} {c}")?;
        }
        Ok(())
    })
}

/// Writes the points as a NumPy array `(N, 3)` of `<f8`. Faces, normals and weights are left out.
///
/// # Errors
///
/// [`WriteError`] with what the system said.
pub fn write_npy(path: &Path, shape: &Shape) -> Result<(), WriteError> {
    let points = shape.points();
    whole_file(path, |out| {
        let dict = format!(
            "{{'descr': '<f8', 'fortran_order': False, 'shape': ({}, 3), }}",
            points.len()
        );
        // The numbers begin at a multiple of 64 bytes; the header ends with a line end.
        let length = (10 + dict.len() + 1).next_multiple_of(64) - 10;
        out.write_all(b"\x93NUMPY\x01\x00")?;
        out.write_all(&(length as u16).to_le_bytes())?;
        writeln!(out, "{dict:width$}", width = length - 1)?;
        for x in points.iter().flatten() {
            out.write_all(&x.to_le_bytes())?;
        }
        Ok(())
    })
}

/// Writes binary PCD v0.7 with `f64` fields x, y, z, and normals and weights where the cloud has them. Faces
/// are left out.
///
/// # Errors
///
/// [`WriteError`] with what the system said.
pub fn write_pcd(path: &Path, shape: &Shape) -> Result<(), WriteError> {
    let (normals, weights) = attributes(shape);
    let mut fields = vec!["x", "y", "z"];
    fields.extend(
        normals
            .iter()
            .flat_map(|_| ["normal_x", "normal_y", "normal_z"]),
    );
    fields.extend(weights.map(|_| "weight"));
    let count = shape.points().len();
    let each = |word: &str| vec![word; fields.len()].join(" ");
    whole_file(path, |out| {
        writeln!(
            out,
            "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7"
        )?;
        writeln!(out, "FIELDS {}\nSIZE {}", fields.join(" "), each("8"))?;
        writeln!(out, "TYPE {}\nCOUNT {}", each("F"), each("1"))?;
        writeln!(out, "WIDTH {count}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0")?;
        writeln!(out, "POINTS {count}\nDATA binary")?;
        for (i, point) in shape.points().iter().enumerate() {
            let normal = normals.iter().flat_map(|n| &n[i]);
            for x in point.iter().chain(normal).chain(weights.map(|w| &w[i])) {
                out.write_all(&x.to_le_bytes())?;
            }
        }
        Ok(())
    })
}

/// Writes OFF, for tools that know nothing newer.
///
/// # Errors
///
/// [`WriteError`] with what the system said.
pub fn write_off(path: &Path, shape: &Shape) -> Result<(), WriteError> {
    whole_file(path, |out| {
        writeln!(
            out,
            "OFF\n{} {} 0",
            shape.points().len(),
            shape.faces().len()
        )?;
        for [x, y, z] in shape.points() {
            writeln!(out, "{x} {y} {z}")?;
        }
        for [a, b, c] in shape.faces() {
            writeln!(out, "3 {a} {b} {c}")?;
        }
        Ok(())
    })
}

type Attributes<'a> = (Option<&'a [[f64; 3]]>, Option<&'a [f64]>);

/// Normals and weights where there is one for each point.
fn attributes(shape: &Shape) -> Attributes<'_> {
    let Shape::Cloud(cloud) = shape else {
        return (None, None);
    };
    let count = cloud.points.len();
    let normals = cloud.normals.as_deref().filter(|n| n.len() == count);
    let weights = cloud.weights.as_deref().filter(|w| w.len() == count);
    (normals, weights)
}

/// Lets `content` write a file beside its final place, syncs it and renames it there.
pub(crate) fn whole_file(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), WriteError> {
    let result = beside(path).and_then(|temporary| {
        let written = write_synced(&temporary, content).and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            // The first error is the one to report; a file that was never made cannot be removed.
            let _ = fs::remove_file(&temporary);
        }
        written
    });
    result.map_err(|source| WriteError {
        path: path.to_owned(),
        source,
    })
}

fn beside(path: &Path) -> io::Result<PathBuf> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the path names no file",
        ));
    };
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.tmp", std::process::id()));
    Ok(path.with_file_name(hidden))
}

fn write_synced(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    content(&mut out)?;
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Mesh, PointCloud, read_path};

    fn mesh() -> Shape {
        Mesh {
            vertices: vec![
                [0.1, -2.5e-17, 3.0],
                [1.0, 0.0, 1e300],
                [0.0, 1.0 / 3.0, 0.0],
            ],
            faces: vec![[0, 1, 2], [2, 1, 0]],
        }
        .into()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let cloud = PointCloud {
            points: mesh().points().to_vec(),
            normals: Some(vec![[0.0, 0.6, 0.8], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]]),
            weights: Some(vec![0.25, 0.5, 0.25]),
        };
        let bare = PointCloud::new(cloud.points.clone());
        let (full, bare): (Shape, Shape) = (cloud.into(), bare.into());
        let cases = [
            ("m.ply", mesh(), mesh()),
            ("m.off", mesh(), mesh()),
            ("m.obj", mesh(), mesh()),
            ("c.ply", full.clone(), full.clone()),
            ("c.pcd", full.clone(), full.clone()),
            ("c.npy", full, bare.clone()),
            ("m.npy", mesh(), bare.clone()),
            ("c.off", bare.clone(), bare),
        ];
        for (name, shape, expected) in cases {
            let path = dir.path().join(name);
            write_path(&path, &shape).expect(name);
            assert_eq!(
                read_path(&path, &Limits::default()).expect(name),
                expected,
                "{name}"
            );
        }
        let files = fs::read_dir(dir.path()).expect("readable").count();
        assert_eq!(files, 8, "temporary files are left");
    }

    #[test]
    fn failure_leaves_what_was_there() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("a.ply");
        fs::write(&path, "old").expect("writable");
        let error = whole_file(&path, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("no space left"))
        })
        .expect_err("told to fail");
        assert!(
            error
                .to_string()
                .contains("a.ply: cannot write: no space left"),
            "{error}"
        );
        assert_eq!(fs::read(&path).expect("readable"), b"old");
        assert_eq!(fs::read_dir(dir.path()).expect("readable").count(), 1);
        let unknown = write_path(&dir.path().join("a.xyzzy"), &mesh()).expect_err("unknown");
        assert!(unknown.to_string().contains("`xyzzy`"));
        assert!(write_path(&dir.path().join("none/a.ply"), &mesh()).is_err());
    }
}
