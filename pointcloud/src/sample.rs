//! Points spread evenly over the surface of a mesh.

use rand_chacha::ChaCha8Rng;

use crate::error::ShapeError;
use crate::random::uniform;
use crate::shape::{Mesh, PointCloud};

/// Draws `count` points uniformly by area from the faces of a mesh: a face by its share of the area, then
/// a point in it by the square-root rule (Osada et al., "Shape distributions", 2002, eq. 1).
///
/// Degenerate faces have no area and are never drawn; vertices that no face uses do not matter; a face that is
/// listed twice counts twice; interior surfaces count as any other. The cost is O(faces + count log faces).
///
/// # Errors
///
/// [`ShapeError`] where the mesh has no faces or no area, or where an index or a coordinate is invalid.
pub fn sample_surface(
    mesh: &Mesh,
    count: usize,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<[f64; 3]>, ShapeError> {
    Ok(draws(mesh, count, rng)?.map(|(_, point)| point).collect())
}

/// Draws the points that [`sample_surface`] draws, each with the normal of its face: of length 1, on the side from
/// which the corners run counter-clockwise.
///
/// # Errors
///
/// As [`sample_surface`].
pub fn sample_with_normals(
    mesh: &Mesh,
    count: usize,
    rng: &mut ChaCha8Rng,
) -> Result<PointCloud, ShapeError> {
    let (points, normals) = draws(mesh, count, rng)?
        .map(|(face, point)| (point, normal(mesh, face)))
        .unzip();
    Ok(PointCloud {
        normals: Some(normals),
        ..PointCloud::new(points)
    })
}

/// Faces by their share of the area, and a point in each.
fn draws(
    mesh: &Mesh,
    count: usize,
    rng: &mut ChaCha8Rng,
) -> Result<impl Iterator<Item = (usize, [f64; 3])>, ShapeError> {
    let cumulative = cumulative_areas(mesh)?;
    let total = cumulative.last().copied().unwrap_or(0.0);
    // The last face with any area, for a draw that rounding carries to the very end.
    let last = cumulative.partition_point(|&sum| sum < total);
    Ok((0..count).map(move |_| {
        let draw = uniform(rng) * total;
        let face = cumulative.partition_point(|&sum| sum <= draw).min(last);
        let [a, b, c] = mesh.faces[face].map(|v| mesh.vertices[v as usize]);
        let root = uniform(rng).sqrt();
        let along = uniform(rng);
        let (v, w) = (root * (1.0 - along), root * along);
        let point = std::array::from_fn(|i| a[i] + v * (b[i] - a[i]) + w * (c[i] - a[i]));
        (face, point)
    }))
}

/// The direction of a face that has an area.
fn normal(mesh: &Mesh, face: usize) -> [f64; 3] {
    let [a, b, c] = mesh.faces[face].map(|v| mesh.vertices[v as usize]);
    let side = |p: [f64; 3]| -> [f64; 3] { std::array::from_fn(|i| p[i] - a[i]) };
    let longest = |s: [f64; 3]| s.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    // Sides in units of their longest coordinate, whose products are always numbers.
    let unit = |s: [f64; 3]| s.map(|x| x / longest(s));
    let direction = cross(unit(side(b)), unit(side(c)));
    direction.map(|x| x / norm(direction))
}

/// Running sums of the areas of the faces, in units of the squared extent of the mesh.
fn cumulative_areas(mesh: &Mesh) -> Result<Vec<f64>, ShapeError> {
    if mesh.faces.is_empty() {
        return Err(ShapeError::Empty("face"));
    }
    check(mesh)?;
    let extent = extent(mesh);
    let mut sum = 0.0;
    let cumulative: Vec<f64> = mesh
        .faces
        .iter()
        .map(|face| {
            let [a, b, c] = face.map(|v| mesh.vertices[v as usize]);
            let side = |p: [f64; 3]| std::array::from_fn(|i| (p[i] - a[i]) / extent);
            sum += 0.5 * norm(cross(side(b), side(c)));
            sum
        })
        .collect();
    // An extent of zero or beyond all numbers makes the sum NaN; both leave no area to speak of.
    if sum.is_finite() && sum > 0.0 {
        Ok(cumulative)
    } else {
        Err(ShapeError::ZeroArea {
            faces: mesh.faces.len(),
        })
    }
}

fn check(mesh: &Mesh) -> Result<(), ShapeError> {
    crate::unit::check_finite(&mesh.vertices)?;
    let count = mesh.vertices.len();
    for (face, corners) in mesh.faces.iter().enumerate() {
        if let Some(&index) = corners.iter().find(|&&v| v as usize >= count) {
            return Err(ShapeError::IndexOutOfRange { face, index, count });
        }
    }
    Ok(())
}

/// The longest side of the box around the corners of all faces.
fn extent(mesh: &Mesh) -> f64 {
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    for corner in mesh.faces.iter().flatten() {
        for (i, &x) in mesh.vertices[*corner as usize].iter().enumerate() {
            low[i] = low[i].min(x);
            high[i] = high[i].max(x);
        }
    }
    (0..3).map(|i| high[i] - low[i]).fold(0.0, f64::max)
}

pub(crate) fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

pub(crate) fn norm(a: [f64; 3]) -> f64 {
    a.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    /// Two triangles of areas 1 and 3 in the planes z = 0 and z = 1, and faces without area between them.
    fn uneven() -> Mesh {
        Mesh {
            vertices: vec![
                [0.0, 0.0, 0.0],
                [1.0, 0.0, 0.0],
                [0.0, 2.0, 0.0],
                [0.0, 0.0, 1.0],
                [3.0, 0.0, 1.0],
                [0.0, 2.0, 1.0],
                [9.0, 9.0, 9.0],
            ],
            faces: vec![[1, 1, 0], [0, 1, 2], [2, 2, 2], [3, 4, 5], [6, 6, 6]],
        }
    }

    #[test]
    fn faces_are_drawn_by_their_area() {
        let n = 40_000;
        let points = sample_surface(&uneven(), n, &mut stream(1, 0, 0)).expect("valid");
        let upper = points.iter().filter(|p| p[2] == 1.0).count() as f64 / n as f64;
        // Standard deviation 0.0022.
        assert!((upper - 0.75).abs() < 0.011, "{upper}");
        assert!(points.iter().all(|p| p[2] == 0.0 || p[2] == 1.0));
    }

    #[test]
    fn points_fill_a_triangle_evenly() {
        let mesh = Mesh {
            vertices: vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
            faces: vec![[0, 1, 2]],
        };
        let n = 40_000;
        let points = sample_surface(&mesh, n, &mut stream(2, 0, 0)).expect("valid");
        // Four triangles of equal area: three at the corners, one in the middle.
        let share = |inside: &dyn Fn(&[f64; 3]) -> bool| {
            points.iter().filter(|p| inside(p)).count() as f64 / n as f64
        };
        let corners = [
            share(&|p| p[0] > 0.5),
            share(&|p| p[1] > 0.5),
            share(&|p| p[0] + p[1] < 0.5),
        ];
        assert!(
            corners.iter().all(|s| (s - 0.25).abs() < 0.011),
            "{corners:?}"
        );
    }

    #[test]
    fn normals_follow_the_corners_and_change_no_point() {
        let mut mesh = uneven();
        mesh.faces[3].reverse();
        let plain = sample_surface(&mesh, 200, &mut stream(4, 0, 0)).expect("valid");
        let cloud = sample_with_normals(&mesh, 200, &mut stream(4, 0, 0)).expect("valid");
        assert_eq!(cloud.points, plain);
        for (point, normal) in plain.iter().zip(cloud.normals.expect("asked for")) {
            let up = if point[2] == 0.0 { 1.0 } else { -1.0 };
            assert_eq!(normal, [0.0, 0.0, up]);
        }
        // Far below what products of lengths can bear.
        let scale = 2f64.powi(-600);
        mesh.vertices.iter_mut().flatten().for_each(|x| *x *= scale);
        let small = sample_with_normals(&mesh, 10, &mut stream(4, 0, 0)).expect("valid");
        assert!(
            small
                .normals
                .expect("asked for")
                .iter()
                .all(|n| n[2].abs() == 1.0)
        );
    }

    #[test]
    fn scale_does_not_matter() {
        let plain = sample_surface(&uneven(), 50, &mut stream(3, 0, 0)).expect("valid");
        for power in [-600, 400] {
            let scale = 2f64.powi(power);
            let mut mesh = uneven();
            mesh.vertices.iter_mut().flatten().for_each(|x| *x *= scale);
            let scaled = sample_surface(&mesh, 50, &mut stream(3, 0, 0)).expect("valid");
            let back: Vec<[f64; 3]> = scaled.iter().map(|p| p.map(|x| x / scale)).collect();
            assert_eq!(back, plain);
        }
    }

    #[test]
    fn no_area_is_an_error() {
        let mut mesh = uneven();
        mesh.faces = vec![[0, 0, 1], [6, 6, 6]];
        let kind = |mesh: &Mesh| {
            sample_surface(mesh, 1, &mut stream(0, 0, 0))
                .expect_err("invalid")
                .kind()
        };
        assert_eq!(kind(&mesh), "zero-area");
        mesh.faces = vec![[6, 6, 6]];
        assert_eq!(kind(&mesh), "zero-area");
        mesh.faces = vec![[0, 1, 7]];
        assert_eq!(kind(&mesh), "index-out-of-range");
        mesh.vertices[6][1] = f64::NAN;
        assert_eq!(kind(&mesh), "not-finite");
        mesh.faces.clear();
        assert_eq!(kind(&mesh), "empty");
    }
}
