//! The part of a surface in some layers of cells, with a table of the edges of one layer at a time.

use std::ops::Range;

use super::{Field, TriangleMesh};
use crate::Real;

/// The six tetrahedra of a cube about its diagonal, corners as bits of x, y, z; all of positive volume.
pub const TETRAHEDRA: [[usize; 4]; 6] = [
    [0, 1, 3, 7],
    [0, 2, 6, 7],
    [0, 4, 5, 7],
    [0, 3, 2, 7],
    [0, 6, 4, 7],
    [0, 5, 1, 7],
];

/// Even permutations of the corners of a tetrahedron.
pub const EVEN: [[usize; 4]; 12] = [
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

/// The surface in some layers of cells across x.
pub struct Slab {
    vertices: Vec<[f64; 3]>,
    /// Vertices at the start that are the last ones of the slab before.
    shared: usize,
    /// Numbers of vertices from 1 on.
    pub faces: Vec<[u32; 3]>,
}

impl Slab {
    pub fn new<T: Real>(field: &Field<'_, T>, layers: Range<usize>) -> Self {
        let before = layers.start.saturating_sub(1);
        let mut walk = Walk::new(field, before);
        // The layer before finds the vertices on the first plane, in its own order; its faces are not of this slab.
        (before..layers.start).for_each(|x| walk.layer(x));
        walk.mesh.faces.clear();
        let shared = walk.mesh.vertices.len();
        layers.for_each(|x| walk.layer(x));
        let TriangleMesh { vertices, faces } = walk.mesh;
        Self {
            vertices,
            shared,
            faces,
        }
    }

    /// The vertices that no slab before has.
    pub fn own(&self) -> &[[f64; 3]] {
        &self.vertices[self.shared..]
    }

    /// The faces where slabs before have this number of vertices.
    pub fn faces_after(&self, before: u32) -> impl Iterator<Item = [u32; 3]> + '_ {
        let skipped = self.shared as u32 + 1;
        self.faces
            .iter()
            .map(move |face| face.map(|number| before + number - skipped))
    }
}

/// Goes from layer to layer. What belongs to a plane of grid points lies at its parity.
struct Walk<'a, T> {
    field: &'a Field<'a, T>,
    mesh: TriangleMesh,
    inside: [Vec<bool>; 2],
    /// Numbers of vertices from 1 on, by the point of the plane where an edge starts and its direction as bits of x, y, z.
    known: [Vec<[u32; 8]>; 2],
    /// The first number of this layer: lower ones in the table are left from other planes.
    first: u32,
}

impl<'a, T: Real> Walk<'a, T> {
    fn new(field: &'a Field<'a, T>, start: usize) -> Self {
        let points = (field.side + 2) * (field.side + 2);
        let mut inside = [(); 2].map(|()| vec![false; points]);
        field.mark(start, &mut inside[start % 2]);
        Self {
            field,
            mesh: TriangleMesh::default(),
            inside,
            known: [(); 2].map(|()| vec![[0; 8]; points]),
            first: 1,
        }
    }

    /// The cells between two planes of points, of which the walk has seen the first.
    fn layer(&mut self, x: usize) {
        self.first = self.mesh.vertices.len() as u32 + 1;
        self.field.mark(x + 1, &mut self.inside[(x + 1) % 2]);
        for y in 0..=self.field.side {
            // The plane at z = 0 lies outside.
            let mut low = 0;
            for z in 0..=self.field.side {
                let high = self.four([x, y, z + 1]);
                let corners = low | high << 4;
                if corners != 0 && corners != 0xFF {
                    self.cell([x, y, z], corners);
                }
                low = high;
            }
        }
    }

    /// Which of a point and its next ones along x and y are inside, as bits.
    fn four(&self, [x, y, z]: [usize; 3]) -> u8 {
        let points = self.field.side + 2;
        let (here, next) = (&self.inside[x % 2], &self.inside[(x + 1) % 2]);
        let (near, far) = (y * points + z, (y + 1) * points + z);
        let [a, b, c, d] = [here[near], next[near], here[far], next[far]].map(u8::from);
        a | b << 1 | c << 2 | d << 3
    }

    fn cell(&mut self, cell: [usize; 3], inside: u8) {
        for corners in TETRAHEDRA {
            self.tetrahedron(cell, corners, corners.map(|i| inside >> i & 1 == 1));
        }
    }

    fn tetrahedron(&mut self, cell: [usize; 3], corners: [usize; 4], inside: [bool; 4]) {
        let count = inside.iter().filter(|inside| **inside).count();
        // The corners that are alone, or the inner pair, brought to the front without a reflection.
        let front = match count {
            1 => [true, false, false, false],
            2 => [true, true, false, false],
            3 => [false, true, true, true],
            _ => return,
        };
        let fits = |order: &&[usize; 4]| order.map(|i| inside[i]) == front;
        let Some(order) = EVEN.iter().find(fits) else {
            return;
        };
        let [p, q, r, s] = order.map(|i| corners[i]);
        match count {
            1 => self.triangle(cell, [[p, q], [p, r], [p, s]]),
            3 => self.triangle(cell, [[p, q], [p, s], [p, r]]),
            _ => {
                self.triangle(cell, [[p, r], [q, s], [q, r]]);
                self.triangle(cell, [[p, r], [p, s], [q, s]]);
            }
        }
    }

    fn triangle(&mut self, cell: [usize; 3], edges: [[usize; 2]; 3]) {
        let face = edges.map(|ends| self.vertex(cell, ends));
        self.mesh.faces.push(face);
    }

    /// The number of the vertex between two corners of a cell, a new one where no cell before has it.
    fn vertex(&mut self, [x, y, z]: [usize; 3], [a, b]: [usize; 2]) -> u32 {
        // Along the edges of the tetrahedra no coordinate falls, so the lower corner is the start.
        let ends = [a.min(b), a.max(b)];
        let edge = ends.map(|i| [x + (i & 1), y + (i >> 1 & 1), z + (i >> 2)]);
        let [px, py, pz] = edge[0];
        let place = py * (self.field.side + 2) + pz;
        let number = &mut self.known[px % 2][place][a ^ b];
        // The layer before met all edges within the plane between.
        let in_first_plane = ends[1] & 1 == 0;
        if !in_first_plane && *number < self.first {
            self.mesh.vertices.push(self.field.vertex(edge));
            *number = self.mesh.vertices.len() as u32;
        }
        *number
    }
}
