//! Surfaces of equal density as triangle meshes.

use std::collections::HashMap;

use crate::check::{check_finite, check_length};
use crate::{Real, SpectralError};

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
/// the surface. Vertices lie on the edges between grid points, by linear interpolation; each is stored once. Empty where no value exceeds the level. O(side^3).
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
    let mut surface = Surface {
        field: &field,
        mesh: TriangleMesh::default(),
        known: HashMap::new(),
    };
    // Cells between grid points, with one layer of points around them all.
    for x in 0..=side {
        for y in 0..=side {
            for z in 0..=side {
                surface.cell([x, y, z]);
            }
        }
    }
    Ok(surface.mesh)
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

    /// The number of a grid point, those outside included.
    fn number(&self, at: [usize; 3]) -> u64 {
        let points = self.side + 2;
        let [x, y, z] = at;
        ((x * points + y) * points + z) as u64
    }

    fn place(&self, at: [usize; 3]) -> [f64; 3] {
        at.map(|i| (2.0 * i as f64 - 1.0) / self.side as f64 - 1.0)
    }
}

/// The six tetrahedra of a cube about its diagonal, corners as bits of x, y, z; all of positive volume.
const TETRAHEDRA: [[usize; 4]; 6] = [
    [0, 1, 3, 7],
    [0, 2, 6, 7],
    [0, 4, 5, 7],
    [0, 3, 2, 7],
    [0, 6, 4, 7],
    [0, 5, 1, 7],
];

/// Even permutations of the corners of a tetrahedron.
const EVEN: [[usize; 4]; 12] = [
    [0, 1, 2, 3],
    [0, 2, 3, 1],
    [0, 3, 1, 2],
    [1, 0, 3, 2],
    [1, 2, 0, 3],
    [1, 3, 2, 0],
    [2, 0, 1, 3],
    [2, 1, 3, 0],
    [2, 3, 0, 1],
    [3, 0, 2, 1],
    [3, 1, 0, 2],
    [3, 2, 1, 0],
];

struct Surface<'a, T> {
    field: &'a Field<'a, T>,
    mesh: TriangleMesh,
    /// Vertices on edges that were met before.
    known: HashMap<u64, u32>,
}

impl<T: Real> Surface<'_, T> {
    fn cell(&mut self, [x, y, z]: [usize; 3]) {
        let corners: [[usize; 3]; 8] =
            std::array::from_fn(|i| [x + (i & 1), y + (i >> 1 & 1), z + (i >> 2)]);
        let inside = corners.map(|corner| self.field.above(corner, 1.0) > 0.0);
        if inside.iter().all(|i| *i) || !inside.iter().any(|i| *i) {
            return;
        }
        for tetrahedron in TETRAHEDRA {
            self.tetrahedron(tetrahedron.map(|i| (corners[i], inside[i])));
        }
    }

    fn tetrahedron(&mut self, corners: [([usize; 3], bool); 4]) {
        let count = corners.iter().filter(|(_at, inside)| *inside).count();
        // The corners that are alone, or the inner pair, brought to the front without a reflection.
        let front = match count {
            1 => [true, false, false, false],
            2 => [true, true, false, false],
            3 => [false, true, true, true],
            _ => return,
        };
        let fits = |order: &&[usize; 4]| (0..4).all(|i| corners[order[i]].1 == front[i]);
        let Some(order) = EVEN.iter().find(fits) else {
            return;
        };
        let [p, q, r, s] = order.map(|i| corners[i].0);
        match count {
            1 => self.triangle([[p, q], [p, r], [p, s]]),
            3 => self.triangle([[p, q], [p, s], [p, r]]),
            _ => {
                self.triangle([[p, r], [q, s], [q, r]]);
                self.triangle([[p, r], [p, s], [q, s]]);
            }
        }
    }

    fn triangle(&mut self, edges: [[[usize; 3]; 2]; 3]) {
        let face = edges.map(|edge| self.vertex(edge));
        self.mesh.faces.push(face);
    }

    fn vertex(&mut self, [a, b]: [[usize; 3]; 2]) -> u32 {
        let edge = if a < b { [a, b] } else { [b, a] };
        let (field, vertices) = (self.field, &mut self.mesh.vertices);
        // At most 1026^3 points: the numbers of two fit one word.
        let [from, to] = edge.map(|at| field.number(at));
        *self.known.entry(from << 32 | to).or_insert_with(|| {
            let share = field.crossing(edge);
            let [start, end] = edge.map(|at| field.place(at));
            vertices.push(std::array::from_fn(|k| {
                start[k] + share * (end[k] - start[k])
            }));
            (vertices.len() - 1) as u32
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ZernikePlan;

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
