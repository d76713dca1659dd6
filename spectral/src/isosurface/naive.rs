//! Marching tetrahedra in one pass over all cells, which slabs are tested against.

use std::collections::HashMap;

use super::slab::{EVEN, TETRAHEDRA};
use super::{Field, TriangleMesh};
use crate::Real;

/// The mesh of all cells in turn.
pub fn isosurface<T: Real>(field: &Field<'_, T>) -> TriangleMesh {
    let mut surface = Surface {
        field,
        mesh: TriangleMesh::default(),
        known: HashMap::new(),
    };
    for x in 0..=field.side {
        for y in 0..=field.side {
            for z in 0..=field.side {
                surface.cell([x, y, z]);
            }
        }
    }
    surface.mesh
}

struct Surface<'a, T> {
    field: &'a Field<'a, T>,
    mesh: TriangleMesh,
    /// Vertices on edges that were met before.
    known: HashMap<[[usize; 3]; 2], u32>,
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
        *self.known.entry(edge).or_insert_with(|| {
            vertices.push(field.vertex(edge));
            (vertices.len() - 1) as u32
        })
    }
}
