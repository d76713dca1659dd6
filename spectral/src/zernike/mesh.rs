//! Moments of triangle meshes by quadrature that is exact for polynomials, which all the functions are.
//!
//! Surface: each triangle by a product of Gauss rules on collapsed coordinates, of as many nodes as the degree needs.
//! Volume: the tetrahedra that the origin forms with each triangle, with their sign. On the ray to a point y of the
//! triangle, `integral_0^1 t^2 Z_nlm(t y) dt` is a polynomial of the same kind, `sum_n' G^l_nn' Z_n'lm(y)`, so the volume needs no more
//! nodes than the surface: moments of the nodes, then one small matrix for each l.

use std::collections::HashMap;

use rayon::prelude::*;

use super::{ZernikePlan, naive, zernike_index};
use crate::check::check_points;
use crate::quadrature::gauss_legendre;
use crate::{Real, SpectralError};

/// Groups of faces or cells that are summed on their own, in parallel; their number does not depend on the machine.
pub const GROUPS: usize = 64;

impl<T: Real> ZernikePlan<T> {
    /// Moments of the surface: `integral Z_nlm dA` over all faces, exact to rounding.
    ///
    /// `vertices` is `[V]`, each in the unit ball; `faces` are `[F]` triples of their indices, in any orientation. Not divided by the
    /// area, which is the first moment times `sqrt(4 pi / 3)`. Costs the moments of `F ceil((N+2)/2)^2` points; in
    /// parallel over faces, with the same bits at any number of threads.
    ///
    /// # Errors
    /// No vertices or faces, vertices as in [`moments`](Self::moments), an index that is not below V.
    pub fn surface_moments(
        &self,
        vertices: &[[T; 3]],
        faces: &[[u32; 3]],
    ) -> Result<Vec<T>, SpectralError> {
        check_mesh(vertices, faces)?;
        let sums = self.face_sums(vertices, faces, |[a, b, c]| {
            let normal = cross(minus(b, a), minus(c, a));
            dot(normal, normal).sqrt()
        });
        let mut out = vec![T::ZERO; self.count()];
        self.scatter(&sums, &mut out);
        Ok(out)
    }

    /// Moments of the solid that a closed mesh bounds: `integral Z_nlm dV`, exact to rounding.
    ///
    /// Arguments as in [`surface_moments`](Self::surface_moments); faces run counterclockwise as seen from outside, or all moments change
    /// their sign. Parts that overlap count as often as they do. Not divided by the volume, which is the
    /// first moment times `sqrt(4 pi / 3)`. Costs what [`surface_moments`](Self::surface_moments) costs, and at the first call of a plan or its
    /// clones O(N^4) for matrices of `N^3 / 1.5` bytes, which the plan keeps.
    ///
    /// # Errors
    /// As [`surface_moments`](Self::surface_moments), and a mesh with an edge that no face runs through the other way. Edges are compared by the
    /// positions of their ends, so vertices may be stored more than once.
    pub fn volume_moments(
        &self,
        vertices: &[[T; 3]],
        faces: &[[u32; 3]],
    ) -> Result<Vec<T>, SpectralError> {
        check_mesh(vertices, faces)?;
        check_closed(vertices, faces)?;
        let sums = self.face_sums(vertices, faces, |[a, b, c]| dot(a, cross(b, c)));
        let mut nodes = vec![T::ZERO; self.count()];
        self.scatter(&sums, &mut nodes);
        Ok(self.along_rays(&nodes))
    }

    /// Sums over the quadrature nodes of all faces, each face weighted by `size`, twice its area or six times its volume.
    fn face_sums(
        &self,
        vertices: &[[T; 3]],
        faces: &[[u32; 3]],
        size: impl Fn([[T; 3]; 3]) -> T + Sync,
    ) -> Vec<T> {
        let rule = triangle_rule(self.order);
        let group_sums = |group: &[[u32; 3]]| {
            let mut scratch = self.scratch();
            let mut nodes: Vec<([T; 3], T)> = Vec::new();
            let mut points = Vec::new();
            let block = super::block_points::<T>();
            let mut flush = |nodes: &mut Vec<([T; 3], T)>, keep: usize| {
                let whole = nodes.len() - keep;
                for chunk in nodes[..whole].chunks(block) {
                    points.clear();
                    points.extend(chunk.iter().map(|node| node.0));
                    self.add_block(&points, |i| chunk[i].1, &mut scratch);
                }
                nodes.drain(..whole);
            };
            for face in group {
                let [a, b, c] = face.map(|i| vertices[i as usize]);
                let size = size([a, b, c]);
                nodes.extend(rule.iter().map(|&([u, v, w], share)| {
                    let [u, v, w, share] = [u, v, w, share].map(T::from_f64);
                    let point = std::array::from_fn(|k| u * a[k] + v * b[k] + w * c[k]);
                    (point, share * size)
                }));
                let rest = nodes.len() % block;
                flush(&mut nodes, rest);
            }
            flush(&mut nodes, 0);
            self.reduced(&mut scratch).to_vec()
        };
        let groups = faces.par_chunks(faces.len().div_ceil(GROUPS));
        let sums: Vec<Vec<T>> = groups.map(group_sums).collect();
        let mut total = vec![T::ZERO; self.count()];
        for sums in sums {
            total.iter_mut().zip(sums).for_each(|(t, s)| *t += s);
        }
        total
    }

    /// `out_n = sum_n' G^l_nn' nodes_n'` for each (l, m).
    fn along_rays(&self, nodes: &[T]) -> Vec<T> {
        let mut out = vec![T::ZERO; self.count()];
        // Not in parallel: a thread that waits inside may be handed a task that comes here again.
        let rays = self.tables.rays.get_or_init(|| ray_matrices(self.order));
        for (l, matrix) in rays.iter().enumerate() {
            let shells = (self.order - l) / 2 + 1;
            for m in -(l as isize)..=l as isize {
                for (k, row) in matrix.chunks_exact(shells).enumerate() {
                    let terms = row
                        .iter()
                        .enumerate()
                        .map(|(j, &g)| T::from_f64(g) * nodes[zernike_index(l + 2 * j, l, m)]);
                    out[zernike_index(l + 2 * k, l, m)] = terms.sum();
                }
            }
        }
        out
    }
}

/// Barycentric nodes and weights for polynomials of `degree` on a triangle; the weights sum to 1/2.
fn triangle_rule(degree: usize) -> Vec<([f64; 3], f64)> {
    // x = (1 - s) a + s ((1 - t) b + t c), whose Jacobian s raises the degree in s by one.
    let on_unit = |degree: usize| {
        let nodes = gauss_legendre(degree / 2 + 1);
        nodes.into_iter().map(|(x, w)| (0.5 + 0.5 * x, 0.5 * w))
    };
    let across: Vec<_> = on_unit(degree).collect();
    on_unit(degree + 1)
        .flat_map(|(s, ws)| {
            across
                .iter()
                .map(move |&(t, wt)| ([1.0 - s, s * (1.0 - t), s * t], s * ws * wt))
        })
        .collect()
}

/// `G^l_nn' = integral_0^1 integral_0^1 t^2 R_nl(t r) R_n'l(r) r^2 dr dt` for each l, row by row, zero for n' > n. O(order^4).
fn ray_matrices(order: usize) -> Vec<Vec<f64>> {
    let rule = |nodes: usize| -> Vec<(f64, f64)> {
        let nodes = gauss_legendre(nodes).into_iter();
        nodes.map(|(x, w)| (0.5 + 0.5 * x, 0.5 * w)).collect()
    };
    let (rays, radii) = (rule(order / 2 + 2), rule(order + 2));
    let matrix = |l: usize| {
        let shells = (order - l) / 2 + 1;
        let mut matrix = vec![0.0; shells * shells];
        for &(r, wr) in &radii {
            let here: Vec<f64> = naive::radials(l, r).take(shells).collect();
            let mut along = vec![0.0; shells];
            for (t, wt) in &rays {
                for (along, there) in along.iter_mut().zip(naive::radials(l, t * r)) {
                    *along += wt * t * t * there;
                }
            }
            for k in 0..shells {
                for j in 0..=k {
                    matrix[k * shells + j] += wr * r * r * along[k] * here[j];
                }
            }
        }
        matrix
    };
    (0..=order).map(matrix).collect()
}

fn check_mesh<T: Real>(vertices: &[[T; 3]], faces: &[[u32; 3]]) -> Result<(), SpectralError> {
    check_points(vertices)?;
    if faces.is_empty() {
        return Err(SpectralError::Empty { what: "faces" });
    }
    let bad = |face: &[u32; 3]| face.iter().any(|i| *i as usize >= vertices.len());
    match faces.iter().position(bad) {
        Some(index) => Err(SpectralError::Value {
            what: "face of a mesh",
            expected: "indices below the number of vertices",
            found: format!(
                "{:?} in face {index} of {} vertices",
                faces[index],
                vertices.len()
            ),
        }),
        None => Ok(()),
    }
}

fn check_closed<T: Real>(vertices: &[[T; 3]], faces: &[[u32; 3]]) -> Result<(), SpectralError> {
    // One name for each position; adding 0 makes one zero of both.
    let mut names: HashMap<[u64; 3], u32> = HashMap::new();
    let name: Vec<u32> = vertices
        .iter()
        .map(|v| {
            let next = names.len() as u32;
            *names
                .entry(v.map(|x| (x.to_f64() + 0.0).to_bits()))
                .or_insert(next)
        })
        .collect();
    let mut edges: HashMap<(u32, u32), (i64, usize)> = HashMap::new();
    for (index, face) in faces.iter().enumerate() {
        for corner in 0..3 {
            let a = name[face[corner] as usize];
            let b = name[face[(corner + 1) % 3] as usize];
            if a != b {
                let entry = edges.entry((a.min(b), a.max(b))).or_insert((0, index));
                entry.0 += if a < b { 1 } else { -1 };
            }
        }
    }
    let open = edges.values().filter(|(sum, _face)| *sum != 0);
    match open.map(|(_sum, face)| *face).min() {
        Some(face) => Err(SpectralError::Value {
            what: "mesh of a solid",
            expected: "closed: each edge run through once in either direction",
            found: format!("an open edge at face {face}"),
        }),
        None => Ok(()),
    }
}

fn minus<T: Real>(a: [T; 3], b: [T; 3]) -> [T; 3] {
    std::array::from_fn(|k| a[k] - b[k])
}

fn cross<T: Real>(a: [T; 3], b: [T; 3]) -> [T; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

fn dot<T: Real>(a: [T; 3], b: [T; 3]) -> T {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::oracle;

    /// A box about the origin, faces outward.
    fn cuboid(half: [f64; 3]) -> (Vec<[f64; 3]>, Vec<[u32; 3]>) {
        let sign = |i: usize, bit: usize| if i >> bit & 1 == 1 { 1.0 } else { -1.0 };
        let vertices = (0..8)
            .map(|i| std::array::from_fn(|k| sign(i, k) * half[k]))
            .collect();
        let quads = [
            [0, 4, 6, 2],
            [1, 3, 7, 5],
            [0, 1, 5, 4],
            [2, 6, 7, 3],
            [0, 2, 3, 1],
            [4, 5, 7, 6],
        ];
        let faces = quads
            .iter()
            .flat_map(|q| [[q[0], q[1], q[2]], [q[0], q[2], q[3]]])
            .collect();
        (vertices, faces)
    }

    #[test]
    fn the_volume_of_a_box_meets_the_oracle() {
        for (name, order) in [("bodies.json", 8), ("extra/bodies_n20.json", 20)] {
            let Some(text) = oracle(name) else { return };
            let truth: serde_json::Value = serde_json::from_str(&text).unwrap();
            let numbers = |v: &serde_json::Value| -> Vec<f64> {
                let number =
                    |v: &serde_json::Value| v.as_f64().or_else(|| v.as_str()?.parse().ok());
                v.as_array()
                    .unwrap()
                    .iter()
                    .map(|v| number(v).unwrap())
                    .collect()
            };
            let half: [f64; 3] = numbers(&truth["box"]["half_extents"]).try_into().unwrap();
            let expected = numbers(&truth["box"]["zernike"]);
            let (vertices, faces) = cuboid(half);
            let found = ZernikePlan::new(order)
                .unwrap()
                .volume_moments(&vertices, &faces)
                .unwrap();
            for (i, (a, b)) in found.iter().zip(&expected).enumerate() {
                assert!((a - b).abs() < 1e-14, "{name} {i}: {a} {b}");
            }
            assert_eq!(found.len(), expected.len());
            let single: Vec<[f32; 3]> = vertices.iter().map(|v| v.map(|x| x as f32)).collect();
            let found = ZernikePlan::new(order)
                .unwrap()
                .volume_moments(&single, &faces)
                .unwrap();
            for (a, b) in found.iter().zip(&expected) {
                assert!((f64::from(*a) - b).abs() < 2e-6, "{a} {b}");
            }
        }
    }

    #[test]
    fn splitting_faces_changes_nothing() {
        let (vertices, faces) = cuboid([0.3, 0.4, 0.5]);
        let (mut more, mut fine) = (vertices.clone(), Vec::new());
        for [a, b, c] in faces.iter().copied() {
            let corners = [a, b, c].map(|i| vertices[i as usize]);
            let centre = more.len() as u32;
            more.push(std::array::from_fn(|k| {
                0.2 * corners[0][k] + 0.5 * corners[1][k] + 0.3 * corners[2][k]
            }));
            fine.extend([[a, b, centre], [b, c, centre], [c, a, centre]]);
        }
        for order in 0..=32 {
            let plan = ZernikePlan::<f64>::new(order).unwrap();
            let check = |a: Vec<f64>, b: Vec<f64>| {
                let worst = a
                    .iter()
                    .zip(&b)
                    .map(|(a, b)| (a - b).abs())
                    .fold(0.0, f64::max);
                assert!(worst < 1e-13, "{order}: {worst:e}");
            };
            check(
                plan.surface_moments(&vertices, &faces).unwrap(),
                plan.surface_moments(&more, &fine).unwrap(),
            );
            check(
                plan.volume_moments(&vertices, &faces).unwrap(),
                plan.volume_moments(&more, &fine).unwrap(),
            );
        }
        let plan = ZernikePlan::<f64>::new(0).unwrap();
        let unit = (4.0 * std::f64::consts::PI / 3.0).sqrt();
        let area = plan.surface_moments(&vertices, &faces).unwrap()[0] * unit;
        let volume = plan.volume_moments(&vertices, &faces).unwrap()[0] * unit;
        assert!((area - 8.0 * (0.12 + 0.15 + 0.2)).abs() < 1e-13, "{area}");
        assert!((volume - 8.0 * 0.06).abs() < 1e-14, "{volume}");
    }

    #[test]
    fn a_solid_away_from_the_origin_is_the_difference_of_two() {
        // Two boxes that share a face: the second lies to one side of the origin.
        let shift = |half: [f64; 3], x: f64| {
            let (mut vertices, faces) = cuboid(half);
            vertices.iter_mut().for_each(|v| v[0] += x);
            (vertices, faces)
        };
        let plan = ZernikePlan::<f64>::new(12).unwrap();
        let moments = |(v, f): (Vec<[f64; 3]>, Vec<[u32; 3]>)| plan.volume_moments(&v, &f).unwrap();
        let whole = moments(shift([0.6, 0.2, 0.3], 0.0));
        let left = moments(shift([0.2, 0.2, 0.3], -0.4));
        let right = moments(shift([0.4, 0.2, 0.3], 0.2));
        for i in 0..plan.count() {
            assert!((whole[i] - left[i] - right[i]).abs() < 1e-14);
        }
    }

    #[test]
    fn matrices_along_rays_are_the_integrals_that_they_stand_for() {
        // t^2 R_nl(t r) integrated over t, by the functions one by one.
        let order = 9;
        let rule = gauss_legendre(20);
        let unit: Vec<_> = rule.iter().map(|(x, w)| (0.5 + 0.5 * x, 0.5 * w)).collect();
        for (l, matrix) in ray_matrices(order).iter().enumerate() {
            let shells = (order - l) / 2 + 1;
            for (k, row) in matrix.chunks_exact(shells).enumerate() {
                for r in [0.2, 0.7, 1.0] {
                    let terms = unit.iter();
                    let along: f64 = terms
                        .map(|(t, w)| w * t * t * naive::radial(l + 2 * k, l, t * r))
                        .sum();
                    let sum: f64 = row
                        .iter()
                        .zip(naive::radials(l, r))
                        .map(|(g, z)| g * z)
                        .sum();
                    assert!((along - sum).abs() < 1e-13, "{l} {k} {r}: {along} {sum}");
                }
            }
        }
    }

    #[test]
    fn open_and_broken_meshes_are_refused() {
        let (vertices, faces) = cuboid([0.3; 3]);
        let plan = ZernikePlan::<f64>::new(4).unwrap();
        assert!(plan.volume_moments(&vertices, &faces[1..]).is_err());
        assert!(plan.surface_moments(&vertices, &faces[1..]).is_ok());
        assert!(plan.surface_moments(&vertices, &[]).is_err());
        assert!(plan.surface_moments(&vertices, &[[0, 1, 8]]).is_err());
        assert!(plan.surface_moments(&[[2.0; 3]; 3], &[[0, 1, 2]]).is_err());
        // The same box with corners of its own for each face.
        let loose: Vec<[f64; 3]> = faces
            .iter()
            .flatten()
            .map(|i| vertices[*i as usize])
            .collect();
        let own: Vec<[u32; 3]> = (0..12).map(|i| [3 * i, 3 * i + 1, 3 * i + 2]).collect();
        let (a, b) = (
            plan.volume_moments(&loose, &own),
            plan.volume_moments(&vertices, &faces),
        );
        assert_eq!(a.unwrap(), b.unwrap());
    }
}
