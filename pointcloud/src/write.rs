//! Writers. A file appears whole under its name, or not at all.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ply_rs_bw::ply::{
    Addable, DefaultElement, ElementDef, Encoding, Ply, Property, PropertyDef, PropertyType,
    ScalarType,
};
use ply_rs_bw::writer::Writer;

use crate::{Shape, WriteError};

/// Writes `shape` in the format that the name ends in: `ply`, `obj`, `npy` or `pcd`.
pub fn write_path(path: &Path, shape: &Shape) -> Result<(), WriteError> {
    let extension = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default()
        .to_ascii_lowercase();
    match extension.as_str() {
        "ply" => write_ply(path, shape),
        "obj" => write_obj(path, shape),
        "npy" => write_npy(path, shape.points()),
        "pcd" => write_pcd(path, shape.points()),
        _ => {
            let source = io::Error::other(format!(
                "expected a name ending in ply, obj, npy or pcd, found `{extension}`"
            ));
            Err(WriteError {
                path: path.to_owned(),
                source,
            })
        }
    }
}

/// Writes a mesh or cloud as binary little-endian PLY, coordinates as f64.
pub fn write_ply(path: &Path, shape: &Shape) -> Result<(), WriteError> {
    let mut ply = Ply::<DefaultElement>::new();
    ply.header.encoding = Encoding::BinaryLittleEndian;
    let mut vertex = ElementDef::new("vertex".into());
    for name in ["x", "y", "z"] {
        vertex.properties.add(PropertyDef::new(
            name.into(),
            PropertyType::Scalar(ScalarType::Double),
        ));
    }
    ply.header.elements.add(vertex);
    let rows = shape.points().iter().map(|point| {
        let pairs = ["x", "y", "z"].into_iter().zip(point);
        pairs
            .map(|(name, x)| (name.to_owned(), Property::Double(*x)))
            .collect()
    });
    ply.payload.insert("vertex".into(), rows.collect());
    if !shape.faces().is_empty() {
        let mut face = ElementDef::new("face".into());
        let list = PropertyType::List(ScalarType::UChar, ScalarType::UInt);
        face.properties
            .add(PropertyDef::new("vertex_indices".into(), list));
        ply.header.elements.add(face);
        let rows = shape.faces().iter().map(|face| {
            DefaultElement::from_iter([(
                "vertex_indices".to_owned(),
                Property::ListUInt(face.to_vec()),
            )])
        });
        ply.payload.insert("face".into(), rows.collect());
    }
    whole(path, |out| {
        Writer::new().write_ply(out, &mut ply).map(|_bytes| ())
    })
}

/// Writes a mesh or cloud as OBJ text.
pub fn write_obj(path: &Path, shape: &Shape) -> Result<(), WriteError> {
    let mut text = String::new();
    for [x, y, z] in shape.points() {
        let _infallible = writeln!(text, "v {x} {y} {z}");
    }
    for face in shape.faces() {
        let [a, b, c] = face.map(|index| u64::from(index) + 1);
        let _infallible = writeln!(text, "f {a} {b} {c}");
    }
    whole(path, |out| out.write_all(text.as_bytes()))
}

/// Writes points as an NPY array `[points, 3]` of f32.
pub fn write_npy(path: &Path, points: &[[f64; 3]]) -> Result<(), WriteError> {
    let mut head = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, 3), }}",
        points.len()
    );
    // The header ends in a line feed and pads the values to 64 bytes.
    while !(10 + head.len() + 1).is_multiple_of(64) {
        head.push(' ');
    }
    head.push('\n');
    whole(path, |out| {
        out.write_all(b"\x93NUMPY\x01\x00")?;
        out.write_all(&(head.len() as u16).to_le_bytes())?;
        out.write_all(head.as_bytes())?;
        floats(out, points)
    })
}

/// Writes points as binary PCD v0.7 with f32 coordinates.
pub fn write_pcd(path: &Path, points: &[[f64; 3]]) -> Result<(), WriteError> {
    let count = points.len();
    whole(path, |out| {
        writeln!(
            out,
            "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\n\
             COUNT 1 1 1\nWIDTH {count}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {count}\nDATA binary"
        )?;
        floats(out, points)
    })
}

fn floats(out: &mut dyn Write, points: &[[f64; 3]]) -> io::Result<()> {
    let bytes: Vec<u8> = points
        .iter()
        .flatten()
        .flat_map(|x| (*x as f32).to_le_bytes())
        .collect();
    out.write_all(&bytes)
}

/// Writes to a hidden sibling, syncs it and renames it.
pub(crate) fn whole(
    path: &Path,
    write: impl FnOnce(&mut io::BufWriter<File>) -> io::Result<()>,
) -> Result<(), WriteError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary: PathBuf = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let attempt = || {
        let mut out = io::BufWriter::new(File::create(&temporary)?);
        write(&mut out)?;
        out.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()?;
        std::fs::rename(&temporary, path)
    };
    attempt().map_err(|source| {
        let _may_not_exist = std::fs::remove_file(&temporary);
        WriteError {
            path: path.to_owned(),
            source,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Mesh, read_path};

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let vertices = vec![[0.0, 0.0, 0.5], [1.0, 0.0, 0.25], [0.0, 1.0, -2.0]];
        let mesh: Shape = Mesh {
            vertices: vertices.clone(),
            faces: vec![[0, 1, 2]],
        }
        .into();
        for (name, faces) in [("a.ply", 1), ("a.npy", 0), ("a.pcd", 0)] {
            let path = folder.path().join(name);
            write_path(&path, &mesh).unwrap();
            let back = read_path(&path, &Limits::default()).unwrap();
            assert_eq!(
                (back.points(), back.faces().len()),
                (vertices.as_slice(), faces),
                "{name}"
            );
        }
        let path = folder.path().join("a.obj");
        write_path(&path, &mesh).unwrap();
        assert!(
            std::fs::read_to_string(path)
                .unwrap()
                .ends_with("f 1 2 3\n")
        );
        assert!(write_path(&folder.path().join("a.xyz"), &mesh).is_err());
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            4,
            "no leftovers"
        );
    }
}
