//! PLY, through `ply-rs-bw`: ascii and both byte orders, any extra elements and properties.

use std::io::{BufReader, ErrorKind};

use ply_rs_bw::parser::{ParseError, Parser, Reader};
use ply_rs_bw::ply::{DefaultElement, Property};

use crate::error::At;
use crate::input::Input;
use crate::{Mesh, PointCloud, ReadError, Shape};

pub(crate) fn read(input: &Input) -> Result<Shape, ReadError> {
    let parser = Parser::<DefaultElement>::new();
    let mut reader = Reader::new(BufReader::new(input.bytes));
    let header = parser
        .read_header(&mut reader)
        .map_err(|error| failure(input, reader.line(), &error))?;
    let (mut vertices, mut faces) = (None, Vec::new());
    for (name, element) in &header.elements {
        match name.as_str() {
            "vertex" | "vertices" => input.check_points(element.count as u64)?,
            "face" | "faces" => input.check_faces(element.count as u64)?,
            _ => {}
        }
        if vertices.is_some() && !matches!(name.as_str(), "face" | "faces" | "tristrips") {
            // What comes after the vertices and is no face may be damaged for all we care.
            if !header.elements.keys().any(|n| n == "face" || n == "faces") {
                break;
            }
        }
        let rows = parser
            .read_payload_for_element(&mut reader, element, &header)
            .map_err(|error| failure(input, reader.line(), &error))?;
        match name.as_str() {
            "vertex" | "vertices" => vertices = Some(cloud(input, &rows)?),
            "face" | "faces" => {
                let count = vertices
                    .as_ref()
                    .map_or(0, |cloud: &PointCloud| cloud.points.len());
                faces = triangles(input, &rows, count)?;
                break;
            }
            _ => {}
        }
    }
    let cloud = vertices.ok_or_else(|| input.empty("no vertex element"))?;
    if faces.is_empty() {
        return input.cloud(cloud, |_point| At::File);
    }
    Ok(Mesh {
        vertices: cloud.points,
        faces,
    }
    .into())
}

fn failure(input: &Input, line: usize, error: &ParseError) -> ReadError {
    if error.kind() == ErrorKind::UnexpectedEof {
        return input.truncated(
            At::Line(line as u64),
            "the elements of the header".into(),
            "the end of the file".into(),
        );
    }
    input.syntax(At::Line(line as u64), "well-formed PLY", &error.to_string())
}

fn scalar(property: &Property) -> Option<f64> {
    Some(match *property {
        Property::Char(v) => v.into(),
        Property::UChar(v) => v.into(),
        Property::Short(v) => v.into(),
        Property::UShort(v) => v.into(),
        Property::Int(v) => v.into(),
        Property::UInt(v) => v.into(),
        Property::Float(v) => v.into(),
        Property::Double(v) => v,
        _ => return None,
    })
}

fn triple(row: &DefaultElement, names: [&str; 3]) -> Option<[f64; 3]> {
    let mut values = [0.0; 3];
    for (value, name) in values.iter_mut().zip(names) {
        *value = row.get(name).and_then(scalar)?;
    }
    Some(values)
}

fn cloud(input: &Input, rows: &[DefaultElement]) -> Result<PointCloud, ReadError> {
    let mut points = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let point = triple(row, ["x", "y", "z"]).ok_or_else(|| {
            input.syntax(
                At::File,
                "numbers x, y and z for each vertex",
                "other properties",
            )
        })?;
        if !point.iter().all(|x| x.is_finite()) {
            return Err(input.not_finite(At::File, format!("vertex {index} at {point:?}")));
        }
        points.push(point);
    }
    let normals = rows
        .iter()
        .map(|row| triple(row, ["nx", "ny", "nz"]))
        .collect();
    let weights = rows
        .iter()
        .map(|row| row.get("weight").and_then(scalar))
        .collect();
    Ok(PointCloud {
        points,
        normals,
        weights,
    })
}

fn triangles(
    input: &Input,
    rows: &[DefaultElement],
    vertices: usize,
) -> Result<Vec<[u32; 3]>, ReadError> {
    let mut faces = Vec::new();
    let mut corners = Vec::new();
    for row in rows {
        let list = row
            .get("vertex_indices")
            .or_else(|| row.get("vertex_index"));
        let Some(list) = list else {
            return Err(input.syntax(
                At::File,
                "a list vertex_indices for each face",
                "other properties",
            ));
        };
        corners.clear();
        for index in indices(list) {
            match u32::try_from(index) {
                Ok(corner) if (corner as usize) < vertices => corners.push(corner),
                _ => return Err(input.out_of_range(At::File, index, vertices)),
            }
        }
        input.add_polygon(&mut faces, &corners)?;
    }
    Ok(faces)
}

fn indices(list: &Property) -> Vec<i64> {
    match list {
        Property::ListChar(v) => v.iter().map(|&i| i.into()).collect(),
        Property::ListUChar(v) => v.iter().map(|&i| i.into()).collect(),
        Property::ListShort(v) => v.iter().map(|&i| i.into()).collect(),
        Property::ListUShort(v) => v.iter().map(|&i| i.into()).collect(),
        Property::ListInt(v) => v.iter().map(|&i| i.into()).collect(),
        Property::ListUInt(v) => v.iter().map(|&i| i.into()).collect(),
        Property::ListFloat(v) => v.iter().map(|&i| i as i64).collect(),
        Property::ListDouble(v) => v.iter().map(|&i| i as i64).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Limits, Shape, read_bytes};

    #[test]
    fn ascii_meshes_with_extra_properties() {
        let text = "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\n\
                    property uchar red\nelement face 1\nproperty list uchar int vertex_index\nend_header\n\
                    0 0 0 9\n1 0 0 9\n1 1 0 9\n0 1 0 9\n4 0 1 2 3\n";
        let shape = read_bytes(text.as_bytes(), "a.ply", &Limits::default()).unwrap();
        assert_eq!(
            (shape.points().len(), shape.faces()),
            (4, &[[0, 1, 2], [0, 2, 3]][..])
        );
        let cut = &text.as_bytes()[..text.len() - 14];
        assert!(read_bytes(cut, "a.ply", &Limits::default()).is_err());
        let bad = text.replace("4 0 1 2 3", "4 0 1 2 9");
        let error = read_bytes(bad.as_bytes(), "a.ply", &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), "index-out-of-range");
    }

    #[test]
    fn binary_clouds() {
        let mut bytes = b"ply\nformat binary_little_endian 1.0\nelement vertex 2\nproperty float x\nproperty float y\n\
                          property float z\nend_header\n".to_vec();
        for x in [0.0f32, 1.0, 2.0, 3.0, 4.0, 5.0] {
            bytes.extend(x.to_le_bytes());
        }
        let shape = read_bytes(&bytes, "a.ply", &Limits::default()).unwrap();
        assert!(matches!(&shape, Shape::Cloud(cloud) if cloud.points[1] == [3.0, 4.0, 5.0]));
        let error = read_bytes(&bytes[..bytes.len() - 3], "a.ply", &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), "truncated");
    }
}
