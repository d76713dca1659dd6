//! Pieces that the families are put together from: parametric patches, tubes, boxes, turned profiles.

use std::f64::consts::TAU;

use rand::{Rng, RngExt};
use spectra_pointcloud::Mesh;

/// A standard normal value (Box and Muller, 1958).
pub fn normal(rng: &mut impl Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (TAU * rng.random::<f64>()).cos()
}

/// Vertices and triangles under construction.
#[derive(Default)]
pub struct Builder {
    vertices: Vec<[f64; 3]>,
    faces: Vec<[u32; 3]>,
}

impl Builder {
    /// The finished mesh.
    pub fn mesh(self) -> Mesh {
        Mesh {
            vertices: self.vertices,
            faces: self.faces,
        }
    }

    /// A grid of `nu` by `nv` quadrilaterals over the unit square, mapped by `surface(u, v)`.
    pub fn patch(&mut self, nu: usize, nv: usize, surface: impl Fn(f64, f64) -> [f64; 3]) {
        let start = self.vertices.len() as u32;
        for i in 0..=nu {
            for j in 0..=nv {
                self.vertices
                    .push(surface(i as f64 / nu as f64, j as f64 / nv as f64));
            }
        }
        let row = nv as u32 + 1;
        for i in 0..nu as u32 {
            for j in 0..nv as u32 {
                let corner = start + i * row + j;
                self.faces.push([corner, corner + 1, corner + row]);
                self.faces
                    .push([corner + 1, corner + row + 1, corner + row]);
            }
        }
    }

    /// A box from `low` to `high`.
    pub fn cuboid(&mut self, low: [f64; 3], high: [f64; 3]) {
        for axis in 0..3 {
            for side in [low, high] {
                self.patch(1, 1, |u, v| {
                    let mut corner = side;
                    let (p, q) = ((axis + 1) % 3, (axis + 2) % 3);
                    corner[p] = low[p] + u * (high[p] - low[p]);
                    corner[q] = low[q] + v * (high[q] - low[q]);
                    corner
                });
            }
        }
    }

    /// A box given by its centre and full sizes.
    pub fn cuboid_at(&mut self, centre: [f64; 3], size: [f64; 3]) {
        self.cuboid(
            std::array::from_fn(|a| centre[a] - size[a] / 2.0),
            std::array::from_fn(|a| centre[a] + size[a] / 2.0),
        );
    }

    /// A round tube of `radius` about `curve(t)`, t from 0 to 1, in `steps` rings.
    pub fn tube(&mut self, steps: usize, radius: f64, curve: impl Fn(f64) -> [f64; 3]) {
        let at = |t: f64| nalgebra::Vector3::from(curve(t));
        self.patch(steps, 10, |t, v| {
            let tangent = (at(t + 1e-4) - at(t - 1e-4)).normalize();
            let helper = if tangent.z.abs() < 0.9 {
                nalgebra::Vector3::z()
            } else {
                nalgebra::Vector3::x()
            };
            let side = tangent.cross(&helper).normalize();
            let up = side.cross(&tangent);
            let angle = TAU * v;
            (at(t) + radius * (angle.cos() * side + angle.sin() * up)).into()
        });
    }

    /// The profile `(radius, height)` turned about the z axis.
    pub fn turned(&mut self, steps: usize, profile: impl Fn(f64) -> (f64, f64)) {
        self.patch(steps, 24, |u, v| {
            let (radius, height) = profile(u);
            let angle = TAU * v;
            [radius * angle.cos(), radius * angle.sin(), height]
        });
    }
}
