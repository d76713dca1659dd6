//! Surfaces of equal density as triangle meshes.

#[cfg(test)]
mod naive;
mod slab;

use rayon::prelude::*;

use crate::check::{check_finite, check_length};
use crate::{Real, SpectralError};
use slab::Slab;

/// Layers of cells that one task takes. It goes through one more, for the vertices on its first plane.
const LAYERS: usize = 16;

/// Vertices and triangles; faces run counterclockwise as seen from where the density is lower.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TriangleMesh {
    /// `[V]` positions.
    pub vertices: Vec<[f64; 3]>,
    /// `[F]` triples of vertex indices.
    pub faces: Vec<[u32; 3]>,
}

/// The surface on which a field equals `level`, by marching tetrahedra (Doi and Koide 1991): a closed mesh.
///
/// `values` are given at the centres of `side^3` cells that fill the cube [-1, 1]^3, `[x, y, z]` with z running fastest, as
/// [`ZernikePlan::density_grid`](crate::ZernikePlan::density_grid) makes them. Outside the cube the field counts as below `level`, which closes
/// the surface. Vertices lie on the edges between grid points, by linear interpolation; each is stored once. Empty where no value exceeds the level.
/// O(side^3), in parallel, with the same mesh at any number of threads.
///
/// # Errors
/// Values that are not finite or not `side^3` in number, a level that is not finite, a side above 1024.
///
/// ```
/// // A ball of radius 1/2 as the set where 1 - r^2 exceeds 3/4.
/// let at = |i: usize| (2 * i + 1) as f64 / 20.0 - 1.0;
/// let r2 = |i: usize| [i / 400, i / 20 % 20, i % 20].map(|k| at(k) * at(k)).iter().sum::<f64>();
/// let field: Vec<f64> = (0..8000).map(|i| 1.0 - r2(i)).collect();
/// let mesh = spectra_spectral::isosurface(&field, 20, 0.75)?;
/// assert!(mesh.vertices.iter().all(|v| (v.iter().map(|x| x * x).sum::<f64>().sqrt() - 0.5).abs() < 0.01));
/// # Ok::<(), spectra_spectral::SpectralError>(())
/// ```
pub fn isosurface<T: Real>(
    values: &[T],
    side: usize,
    level: T,
) -> Result<TriangleMesh, SpectralError> {
    if side > 1024 {
        return Err(SpectralError::Value {
            what: "side of a grid",
            expected: "at most 1024",
            found: side.to_string(),
        });
    }
    check_length("values of the grid", side * side * side, values.len())?;
    check_finite("value of the grid, cell", values)?;
    check_finite("level", &[level])?;
    let field = Field::new(values, side, level.to_f64());
    Ok(mesh(&field, LAYERS))
}

/// The mesh of all layers, `thickness` of them at a time: the same for any thickness.
fn mesh<T: Real>(field: &Field<'_, T>, thickness: usize) -> TriangleMesh {
    // Cells between grid points, with one layer of points around them all.
    let layers = field.side + 1;
    let slabs = (0..layers.div_ceil(thickness)).into_par_iter().map(|i| {
        let start = i * thickness;
        Slab::new(field, start..layers.min(start + thickness))
    });
    let slabs: Vec<Slab> = slabs.collect();
    let mut mesh = TriangleMesh {
        vertices: Vec::with_capacity(slabs.iter().map(|slab| slab.own().len()).sum()),
        faces: Vec::with_capacity(slabs.iter().map(|slab| slab.faces.len()).sum()),
    };
    for slab in slabs {
        let before = mesh.vertices.len() as u32;
        mesh.faces.extend(slab.faces_after(before));
        mesh.vertices.extend_from_slice(slab.own());
    }
    mesh
}

struct Field<'a, T> {
    values: &'a [T],
    side: usize,
    level: f64,
    /// Above the level by as much as the outside is taken to lie below it.
    highest: f64,
}

impl<'a, T: Real> Field<'a, T> {
    fn new(values: &'a [T], side: usize, level: f64) -> Self {
        let highest = values.iter().fold(level, |a, v| a.max(v.to_f64()));
        Self {
            values,
            side,
            level,
            highest,
        }
    }

    /// How far a grid point lies above the level, times `scale`. Indices run from 0 (outside) over 1..=side to side + 1.
    fn above(&self, at: [usize; 3], scale: f64) -> f64 {
        let [x, y, z] = at.map(|i| i.wrapping_sub(1));
        let from_level = |value: f64| value * scale - self.level * scale;
        if x < self.side && y < self.side && z < self.side {
            from_level(self.values[(x * self.side + y) * self.side + z].to_f64())
        } else {
            -from_level(self.highest).max(f64::MIN_POSITIVE)
        }
    }

    /// Where on an edge the level is reached, from 0 to 1.
    fn crossing(&self, edge: [[usize; 3]; 2]) -> f64 {
        let [mut low, mut high] = edge.map(|at| self.above(at, 1.0));
        if !(low - high).is_finite() {
            // Differences of huge values are numbers for their quarters.
            [low, high] = edge.map(|at| self.above(at, 0.25));
        }
        (low / (low - high)).clamp(0.0, 1.0)
    }

    /// Marks which grid points of a plane across x lie above the level, `(side + 2)^2` of them.
    fn mark(&self, x: usize, inside: &mut [bool]) {
        inside.fill(false);
        if !(1..=self.side).contains(&x) {
            return;
        }
        let (rows, points) = (self.side * (x - 1), self.side + 2);
        for y in 1..=self.side {
            let values = &self.values[(rows + y - 1) * self.side..][..self.side];
            let marks = inside[y * points + 1..].iter_mut();
            for (mark, value) in marks.zip(values) {
                *mark = value.to_f64() > self.level;
            }
        }
    }

    /// The vertex on an edge.
    fn vertex(&self, edge: [[usize; 3]; 2]) -> [f64; 3] {
        let share = self.crossing(edge);
        let [start, end] = edge.map(|at| self.place(at));
        std::array::from_fn(|k| start[k] + share * (end[k] - start[k]))
    }

    fn place(&self, at: [usize; 3]) -> [f64; 3] {
        at.map(|i| (2.0 * i as f64 - 1.0) / self.side as f64 - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ZernikePlan;
    use crate::testing::{assert_same_at_any_threads, noise};

    #[test]
    fn slabs_of_any_thickness_make_the_mesh_of_one_pass() {
        for side in (0..12).chain([31, 33]) {
            let rough = noise(side * side * side, side as u64);
            let smooth: Vec<f64> = (0..rough.len()).map(|i| (i as f64 * 0.01).sin()).collect();
            for values in [rough, smooth] {
                for level in [-0.99, 0.0, 0.7] {
                    let field = Field::new(&values, side, level);
                    let expected = naive::isosurface(&field);
                    for thickness in [1, 2, 5, LAYERS, 100] {
                        assert!(mesh(&field, thickness) == expected, "{side} {thickness}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let values = noise(40 * 40 * 40, 1);
        assert_same_at_any_threads(|| isosurface(&values, 40, 0.5).unwrap());
    }

    #[test]
    fn the_surface_of_a_ball_is_closed_and_faces_outward() {
        let side = 24;
        let at = |i: usize| (2 * i + 1) as f64 / side as f64 - 1.0;
        let field: Vec<f64> = (0..side * side * side)
            .map(|i| {
                let p = [
                    at(i / (side * side)) - 0.1,
                    at(i / side % side),
                    at(i % side) + 0.2,
                ];
                0.6 - p.iter().map(|x| x * x).sum::<f64>().sqrt()
            })
            .collect();
        let mesh = isosurface(&field, side, 0.0).unwrap();
        // `volume_moments` accepts closed meshes alone.
        let plan = ZernikePlan::<f64>::new(1).unwrap();
        let moments = plan.volume_moments(&mesh.vertices, &mesh.faces).unwrap();
        let volume = moments[0] * (4.0 * std::f64::consts::PI / 3.0).sqrt();
        let expected = 4.0 / 3.0 * std::f64::consts::PI * 0.216;
        assert!(
            (volume / expected - 1.0).abs() < 0.02,
            "{volume} {expected}"
        );
        // Euler's number of a sphere.
        let edges = mesh.faces.len() * 3 / 2;
        assert_eq!(mesh.vertices.len() + mesh.faces.len(), edges + 2);
    }

    #[test]
    fn what_leaves_the_cube_is_closed_at_its_rim() {
        let mesh = isosurface(&[1.0f32; 27], 3, 0.5).unwrap();
        let inside: Vec<[f64; 3]> = mesh.vertices.iter().map(|v| v.map(|x| 0.4 * x)).collect();
        let plan = ZernikePlan::<f64>::new(0).unwrap();
        assert!(plan.volume_moments(&inside, &mesh.faces).unwrap()[0] > 0.0);
        assert!(isosurface(&[0.0f32; 27], 3, 0.5).unwrap().faces.is_empty());
        assert!(isosurface::<f32>(&[], 0, 0.5).unwrap().faces.is_empty());
        assert!(isosurface(&[0.0f32; 26], 3, 0.5).is_err());
        assert!(isosurface(&[f32::NAN; 27], 3, 0.5).is_err());
        assert!(isosurface(&[0.0f32; 27], 3, f32::NAN).is_err());
    }

    #[test]
    fn huge_values_have_the_surface_of_ordinary_ones() {
        let values = [1.0, -1.0, 0.5, 1.0, -1.0, 1.0, -0.5, 1.0];
        let most = 2f64.powi(1023);
        let huge = values.map(|v| v * most);
        let usual = isosurface(&values, 2, 0.0).unwrap();
        assert_eq!(isosurface(&huge, 2, 0.0).unwrap(), usual);
        for level in [-most, 0.75 * most] {
            let mesh = isosurface(&huge, 2, level).unwrap();
            assert!(!mesh.faces.is_empty());
            assert!(mesh.vertices.iter().flatten().all(|x| x.is_finite()));
        }
    }
}
