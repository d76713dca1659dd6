//! Points drawn from a surface, uniformly by area.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::{Mesh, ShapeError};

/// Draws `count` points from the triangles of `mesh`, uniformly by area. O(faces + count log faces).
///
/// Degenerate faces have no area and are never drawn from. Fails where no face has an area, where a face names a
/// missing vertex, or where a vertex of a face is not finite.
pub fn sample_surface(
    mesh: &Mesh,
    count: usize,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<[f64; 3]>, ShapeError> {
    if mesh.faces.is_empty() {
        return Err(ShapeError::Empty("face"));
    }
    let mut sums = Vec::with_capacity(mesh.faces.len());
    let mut total = 0.0;
    for index in 0..mesh.faces.len() {
        let [a, b, c] = corners(mesh, index)?;
        total += length(cross(sub(b, a), sub(c, a)));
        sums.push(total);
    }
    if total.is_nan() || total <= 0.0 || total.is_infinite() {
        return Err(ShapeError::ZeroArea {
            faces: mesh.faces.len(),
        });
    }
    (0..count)
        .map(|_point| {
            let target = rng.random::<f64>() * total;
            let face = sums
                .partition_point(|sum| *sum <= target)
                .min(sums.len() - 1);
            let [a, b, c] = corners(mesh, face)?;
            let (mut u, mut v) = (rng.random::<f64>(), rng.random::<f64>());
            if u + v > 1.0 {
                (u, v) = (1.0 - u, 1.0 - v);
            }
            Ok(std::array::from_fn(|i| {
                a[i] + u * (b[i] - a[i]) + v * (c[i] - a[i])
            }))
        })
        .collect()
}

fn corners(mesh: &Mesh, face: usize) -> Result<[[f64; 3]; 3], ShapeError> {
    let mut points = [[0.0; 3]; 3];
    for (point, &index) in points.iter_mut().zip(&mesh.faces[face]) {
        *point = *mesh
            .vertices
            .get(index as usize)
            .ok_or(ShapeError::IndexOutOfRange {
                face,
                index,
                count: mesh.vertices.len(),
            })?;
        if !point.iter().all(|x| x.is_finite()) {
            return Err(ShapeError::NotFinite {
                index: index as usize,
                point: *point,
            });
        }
    }
    Ok(points)
}

fn sub(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| a[i] - b[i])
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

fn length(a: [f64; 3]) -> f64 {
    a.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    #[test]
    fn points_lie_on_the_faces_in_proportion_to_their_area() {
        // A face of area 1/2 at z = 0, one of area 9/2 at z = 1, a degenerate one at z = 2.
        let vertices = vec![
            [0.0, 0.0, 0.0],
            [1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.0, 0.0, 1.0],
            [3.0, 0.0, 1.0],
            [0.0, 3.0, 1.0],
            [0.0, 0.0, 2.0],
        ];
        let mesh = Mesh {
            vertices,
            faces: vec![[0, 1, 2], [3, 4, 5], [6, 6, 6]],
        };
        let points = sample_surface(&mesh, 20_000, &mut stream(0, 0, 0)).unwrap();
        let low = points.iter().filter(|p| p[2] == 0.0).count() as f64 / 20_000.0;
        assert!((low - 0.1).abs() < 0.01, "{low}");
        for [x, y, z] in points {
            let side = if z == 0.0 { 1.0 } else { 3.0 };
            assert!((z == 0.0 || z == 1.0) && x >= 0.0 && y >= 0.0 && x + y <= side + 1e-12);
        }
        // The centroid of a triangle is where uniform samples average to.
        let flat = Mesh {
            vertices: mesh.vertices[..3].to_vec(),
            faces: vec![[0, 1, 2]],
        };
        let points = sample_surface(&flat, 20_000, &mut stream(1, 0, 0)).unwrap();
        let mean = points.iter().map(|p| p[0]).sum::<f64>() / 20_000.0;
        assert!((mean - 1.0 / 3.0).abs() < 0.01, "{mean}");
    }

    #[test]
    fn surfaces_without_area_and_bad_indices_are_refused() {
        let flat = Mesh {
            vertices: vec![[0.0; 3]; 3],
            faces: vec![[0, 1, 2]],
        };
        let error = sample_surface(&flat, 5, &mut stream(0, 0, 0)).unwrap_err();
        assert_eq!(error.kind(), "zero-area");
        let bad = Mesh {
            vertices: vec![[0.0; 3]; 3],
            faces: vec![[0, 1, 7]],
        };
        assert_eq!(
            sample_surface(&bad, 5, &mut stream(0, 0, 0))
                .unwrap_err()
                .kind(),
            "index-out-of-range"
        );
    }
}
