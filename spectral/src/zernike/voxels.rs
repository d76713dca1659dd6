//! Moments of voxel grids, eight cells at a time.

use rayon::prelude::*;

use super::mesh::GROUPS;
use super::mirrored::{Mirrored, hadamard, mirrored_axis};
use super::parity::{AccumulateFolded, CLASSES, FoldedScratch};
use super::sweep::block_points;
use super::{ZernikePlan, ZernikeScratch};
use crate::check::{check_finite, check_length};
use crate::{Real, SpectralError};

/// A scalar field given on cubic cells, centred at the origin.
#[derive(Debug, Clone, Copy)]
pub struct VoxelGrid<'a, T> {
    /// Values, `[x, y, z]` with z running fastest.
    pub values: &'a [T],
    /// Number of cells along x, y and z.
    pub shape: [usize; 3],
    /// Length of a cell's edge; `2 / side` fills the cube around the unit ball.
    pub cell: T,
    /// Quadrature nodes in each cell and direction: 1 takes each cell at its middle, as voxel codes do; `(N + 2) / 2`
    /// and more integrate the functions over each cell exactly. At most 128.
    pub nodes: usize,
}

impl<T: Real> ZernikePlan<T> {
    /// Moments of a voxel grid, `integral f Z_nlm dV` with f constant in each cell.
    ///
    /// Empty cells (value 0) may lie anywhere; the nodes of the others must lie in the unit ball. Costs about an eighth of
    /// [`moments`](Self::moments) of the nodes of all cells in which, or in a mirror image of which, something is; in parallel, with the same
    /// bits at any number of threads.
    ///
    /// # Errors
    /// A shape that does not fit the values or holds none, values that are not finite, a cell that is not
    /// positive, no nodes or more than 128, a full cell outside the ball (its number is the `index`).
    pub fn voxel_moments(&self, grid: &VoxelGrid<'_, T>) -> Result<Vec<T>, SpectralError> {
        let axes = grid.axes()?;
        let groups = axes[0].par_chunks(axes[0].len().div_ceil(GROUPS));
        let sums = groups.map(|xs| self.slab_moments(grid, [xs, &axes[1], &axes[2]]));
        let sums: Vec<Result<Vec<T>, SpectralError>> = sums.collect();
        let mut total = vec![T::ZERO; self.count()];
        for sums in sums {
            total.iter_mut().zip(sums?).for_each(|(t, s)| *t += s);
        }
        Ok(total)
    }

    /// Moments of the cells at some nodes along x, and at their mirror images.
    fn slab_moments(
        &self,
        grid: &VoxelGrid<'_, T>,
        [xs, ys, zs]: [&[Mirrored<T>]; 3],
    ) -> Result<Vec<T>, SpectralError> {
        let mut work = Folded::new(self);
        for x in xs {
            for y in ys {
                for z in zs {
                    let values = grid.mirrored([x, y, z]);
                    if values.iter().all(|v| *v == T::ZERO) {
                        continue;
                    }
                    let (px, py, pz) = (x.place, y.place, z.place);
                    let r2 = px * px + py * py + pz * pz;
                    if r2 > T::ONE + T::RADIUS_SLACK {
                        return Err(SpectralError::OutsideBall {
                            index: grid.first_full([x, y, z]),
                            radius: r2.to_f64().sqrt(),
                        });
                    }
                    work.add(self, [px, py, pz], values, x.weight * y.weight * z.weight);
                }
            }
        }
        Ok(work.finish(self))
    }
}

impl<T: Real> VoxelGrid<'_, T> {
    fn axes(&self) -> Result<[Vec<Mirrored<T>>; 3], SpectralError> {
        let [nx, ny, nz] = self.shape;
        let cells = nx.checked_mul(ny).and_then(|n| n.checked_mul(nz));
        check_length(
            "values of the grid",
            cells.unwrap_or(usize::MAX),
            self.values.len(),
        )?;
        if self.values.is_empty() {
            return Err(SpectralError::Empty { what: "grid" });
        }
        check_finite("value of the grid, cell", self.values)?;
        if !(self.cell.is_finite() && self.cell > T::ZERO) {
            return Err(SpectralError::Value {
                what: "edge of a cell",
                expected: "more than 0",
                found: self.cell.to_string(),
            });
        }
        if self.nodes == 0 || self.nodes > 128 {
            return Err(SpectralError::Value {
                what: "quadrature nodes in a cell",
                expected: "1 to 128",
                found: self.nodes.to_string(),
            });
        }
        Ok(self.shape.map(|n| mirrored_axis(n, self.nodes, self.cell)))
    }

    fn cell_of(&self, axes: [&Mirrored<T>; 3], signs: usize) -> usize {
        let [x, y, z]: [usize; 3] =
            std::array::from_fn(|axis| axes[axis].cell(signs >> (2 - axis) & 1));
        (x * self.shape[1] + y) * self.shape[2] + z
    }

    /// The values at a node and its seven images; 0 for an image that is the node again.
    fn mirrored(&self, axes: [&Mirrored<T>; 3]) -> [T; CLASSES] {
        std::array::from_fn(|signs| {
            let again = (0..3).any(|axis| axes[axis].middle && signs >> (2 - axis) & 1 == 1);
            if again {
                T::ZERO
            } else {
                self.values[self.cell_of(axes, signs)]
            }
        })
    }

    fn first_full(&self, axes: [&Mirrored<T>; 3]) -> usize {
        let cells = (0..CLASSES).map(|signs| self.cell_of(axes, signs));
        cells
            .filter(|cell| self.values[*cell] != T::ZERO)
            .min()
            .unwrap_or(0)
    }
}

/// A block of nodes that waits to be summed.
struct Folded<T: Real> {
    scratch: ZernikeScratch<T>,
    folded: FoldedScratch<T>,
    points: Vec<[T; 3]>,
}

impl<T: Real> Folded<T> {
    fn new(plan: &ZernikePlan<T>) -> Self {
        Self {
            scratch: plan.scratch(),
            folded: FoldedScratch::new(),
            points: Vec::with_capacity(block_points::<T>()),
        }
    }

    fn add(&mut self, plan: &ZernikePlan<T>, point: [T; 3], values: [T; CLASSES], weight: T) {
        let i = self.points.len();
        for (class, value) in hadamard(values).into_iter().enumerate() {
            self.folded.row_mut(class)[i] = value * weight;
        }
        self.points.push(point);
        if self.points.len() == block_points::<T>() {
            self.flush(plan);
        }
    }

    fn flush(&mut self, plan: &ZernikePlan<T>) {
        // Lanes beyond the last node hold weights of the block before.
        for class in 0..CLASSES {
            self.folded.row_mut(class)[self.points.len()..].fill(T::ZERO);
        }
        self.scratch.sweep.load(&self.points, |_| T::ONE);
        let job = AccumulateFolded {
            tables: &plan.tables,
            order: plan.order,
            points: self.points.len(),
            scratch: &mut self.scratch,
            folded: &self.folded,
        };
        T::accumulate_folded(plan.arch, job);
        plan.relieve_lanes(&mut self.scratch);
        self.points.clear();
    }

    fn finish(mut self, plan: &ZernikePlan<T>) -> Vec<T> {
        self.flush(plan);
        let mut out = vec![T::ZERO; plan.count()];
        plan.scatter(plan.reduced(&mut self.scratch), &mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_same_at_any_threads;

    fn values(count: usize) -> Vec<f64> {
        (0..count)
            .map(|i| ((i * 7919) % 101) as f64 / 50.0 - 1.0)
            .collect()
    }

    #[test]
    fn folding_is_the_sum_over_cells() {
        for shape in [[6, 6, 6], [5, 7, 4], [1, 1, 1], [8, 3, 2]] {
            let values = values(shape.iter().product());
            let cell = 0.13;
            let grid = VoxelGrid {
                values: &values,
                shape,
                cell,
                nodes: 1,
            };
            let mut points = Vec::new();
            for i in 0..values.len() {
                let place = [
                    i / (shape[1] * shape[2]),
                    i / shape[2] % shape[1],
                    i % shape[2],
                ];
                points.push(std::array::from_fn(|k| {
                    (place[k] as f64 + 0.5 - 0.5 * shape[k] as f64) * cell
                }));
            }
            let weights: Vec<f64> = values.iter().map(|v| v * cell.powi(3)).collect();
            for order in 0..=32 {
                let plan = ZernikePlan::<f64>::new(order).unwrap();
                let expected = plan.moments(&points, Some(&weights)).unwrap();
                let found = plan.voxel_moments(&grid).unwrap();
                for (a, b) in found.iter().zip(&expected) {
                    assert!((a - b).abs() < 1e-14, "{shape:?} {order}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn enough_nodes_integrate_a_box_exactly() {
        // One cell cut into 2 x 1 x 3 cells of the same value.
        let plan = ZernikePlan::<f64>::new(9).unwrap();
        let grid = |shape: [usize; 3], cell: f64, values: &[f64]| {
            let grid = VoxelGrid {
                values,
                shape,
                cell,
                nodes: 6,
            };
            plan.voxel_moments(&grid).unwrap()
        };
        let coarse = grid([1, 1, 1], 0.8, &[1.0]);
        let fine = grid([4, 4, 4], 0.2, &[1.0; 64]);
        for (a, b) in coarse.iter().zip(&fine) {
            assert!((a - b).abs() < 1e-14, "{a} {b}");
        }
        let volume = coarse[0] * (4.0 * std::f64::consts::PI / 3.0).sqrt();
        assert!((volume - 0.512).abs() < 1e-14);
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let plan = ZernikePlan::<f32>::new(9).unwrap();
        let cells: Vec<f32> = values(21 * 22 * 23).iter().map(|v| *v as f32).collect();
        let grid = VoxelGrid {
            values: &cells,
            shape: [21, 22, 23],
            cell: 0.04,
            nodes: 2,
        };
        assert_same_at_any_threads(|| plan.voxel_moments(&grid).unwrap());
        // The first of two full cells outside, whichever thread meets it.
        let far = VoxelGrid { cell: 0.3, ..grid };
        let error = plan.voxel_moments(&far).unwrap_err();
        assert_eq!(Err(error), plan.voxel_moments(&far));
    }

    #[test]
    fn bad_grids_are_refused() {
        let plan = ZernikePlan::<f32>::new(3).unwrap();
        let grid = VoxelGrid {
            values: &[1.0f32; 8],
            shape: [2, 2, 2],
            cell: 0.5,
            nodes: 1,
        };
        assert!(plan.voxel_moments(&grid).is_ok());
        assert!(
            plan.voxel_moments(&VoxelGrid {
                shape: [2, 2, 3],
                ..grid
            })
            .is_err()
        );
        assert!(
            plan.voxel_moments(&VoxelGrid {
                shape: [usize::MAX, 2, 2],
                ..grid
            })
            .is_err()
        );
        assert!(
            plan.voxel_moments(&VoxelGrid {
                values: &[],
                shape: [0, 2, 3],
                ..grid
            })
            .is_err()
        );
        assert!(
            plan.voxel_moments(&VoxelGrid {
                values: &[f32::NAN; 8],
                ..grid
            })
            .is_err()
        );
        assert!(
            plan.voxel_moments(&VoxelGrid { cell: 0.0, ..grid })
                .is_err()
        );
        assert!(plan.voxel_moments(&VoxelGrid { nodes: 0, ..grid }).is_err());
        assert!(matches!(
            plan.voxel_moments(&VoxelGrid { cell: 2.0, ..grid }),
            Err(SpectralError::OutsideBall { index: 0, .. })
        ));
    }
}
