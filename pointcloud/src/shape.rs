//! The two kinds of geometry that a file can hold.

/// A triangle mesh: vertices and the corners of its faces.
///
/// Readers give vertices as the file lists them: duplicates, degenerate faces and vertices that no face
/// uses are kept. Polygons are cut into a fan of triangles around their first corner.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mesh {
    /// Positions, in the units and axes of the file. Finite when they come from a reader.
    pub vertices: Vec<[f64; 3]>,
    /// Three indices into `vertices` for each triangle. In range when they come from a reader.
    pub faces: Vec<[u32; 3]>,
}

/// Points without faces.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PointCloud {
    /// Positions, in the units and axes of the file. Finite when they come from a reader.
    pub points: Vec<[f64; 3]>,
    /// One normal for each point, as the file gives them (not normalised), where it has any.
    pub normals: Option<Vec<[f64; 3]>>,
    /// One number for each point beside its position: a field or a column named `weight`, or the fourth of exactly
    /// four columns without names, in an array or a table. What it means is for the caller to say: a mass, an
    /// intensity, a label.
    pub weights: Option<Vec<f64>>,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Vertices joined by at least one face.
    Mesh(Mesh),
    /// Points only.
    Cloud(PointCloud),
}

impl PointCloud {
    /// A cloud of bare points.
    pub fn new(points: Vec<[f64; 3]>) -> Self {
        Self {
            points,
            normals: None,
            weights: None,
        }
    }
}

impl Shape {
    /// The vertices of the mesh or the points of the cloud.
    pub fn points(&self) -> &[[f64; 3]] {
        match self {
            Self::Mesh(mesh) => &mesh.vertices,
            Self::Cloud(cloud) => &cloud.points,
        }
    }

    /// The triangles of the mesh; none for a cloud.
    pub fn faces(&self) -> &[[u32; 3]] {
        match self {
            Self::Mesh(mesh) => &mesh.faces,
            Self::Cloud(_) => &[],
        }
    }

    /// The smallest box that holds all points, as its lowest and highest corner; `None` without points.
    pub fn bounds(&self) -> Option<([f64; 3], [f64; 3])> {
        let (first, rest) = self.points().split_first()?;
        Some(rest.iter().fold((*first, *first), |(low, high), point| {
            let low = std::array::from_fn(|i| f64::min(low[i], point[i]));
            let high = std::array::from_fn(|i| f64::max(high[i], point[i]));
            (low, high)
        }))
    }
}

impl From<Mesh> for Shape {
    fn from(mesh: Mesh) -> Self {
        Self::Mesh(mesh)
    }
}

impl From<PointCloud> for Shape {
    fn from(cloud: PointCloud) -> Self {
        Self::Cloud(cloud)
    }
}
