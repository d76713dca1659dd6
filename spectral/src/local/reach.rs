//! Which points of a cloud are near a centre.

use super::{Axes, LANES};

/// A cloud in ascending x, so that only a slab of it need be searched.
pub(super) struct Sorted(Vec<[f32; 3]>);

impl Sorted {
    pub(super) fn new(points: &[[f32; 3]]) -> Self {
        let mut points = points.to_vec();
        points.sort_by(|a, b| a[0].total_cmp(&b[0]));
        Self(points)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The points whose x is within `radius` of `x`.
    fn slab(&self, x: f32, radius: f32) -> &[[f32; 3]] {
        let from = self.0.partition_point(|p| p[0] < x - radius);
        let to = self.0.partition_point(|p| p[0] <= x + radius);
        &self.0[from..to.max(from)]
    }
}

/// The points within a radius of a centre.
pub(super) struct Reach {
    /// x, y and z in a ball of radius 1 around the centre, `count` of each and zeros up to a whole block.
    pub coordinates: [Vec<f32>; 3],
    pub count: usize,
}

impl Reach {
    /// Room for neighbourhoods of up to `points` points.
    pub(super) fn new(points: usize) -> Self {
        Self {
            coordinates: std::array::from_fn(|_| vec![0.0; points + LANES]),
            count: 0,
        }
    }

    /// Collects the points within `radius` of `centre`.
    #[inline(always)]
    pub(super) fn gather(&mut self, cloud: &Sorted, centre: &[f32; 3], radius: f32) {
        let slab = cloud.slab(centre[0], radius);
        self.gather_noting(slab, centre, radius, |_count, _place| ());
    }

    /// Collects those of `points` that are within `radius` of `centre`; `note` hears of each how many are in reach before it and its own
    /// number. Each is written, and stays if it is in reach: no branch to mispredict.
    #[inline(always)]
    pub(super) fn gather_noting(
        &mut self,
        points: &[[f32; 3]],
        centre: &[f32; 3],
        radius: f32,
        mut note: impl FnMut(usize, usize),
    ) {
        let scale = 1.0 / radius;
        let [x, y, z] = &mut self.coordinates;
        let mut count = 0;
        for (place, point) in points.iter().enumerate() {
            note(count, place);
            let d: [f32; 3] = std::array::from_fn(|i| (point[i] - centre[i]) * scale);
            (x[count], y[count], z[count]) = (d[0], d[1], d[2]);
            count += usize::from(d[0] * d[0] + d[1] * d[1] + d[2] * d[2] <= 1.0);
        }
        self.count = count;
        for list in &mut self.coordinates {
            list[count..count.next_multiple_of(LANES)].fill(0.0);
        }
    }

    /// Fills `values` with all monomials but the constant one, whose place holds 1, at the block of points from `at` on; `visit` hears of each.
    #[inline(always)]
    pub(super) fn monomials(
        &self,
        steps: &[(usize, usize)],
        at: usize,
        values: &mut [[f32; LANES]],
        mut visit: impl FnMut(usize, [f32; LANES]),
    ) {
        for (m, &(parent, axis)) in steps.iter().enumerate() {
            let mut value = values[parent];
            let factors = &self.coordinates[axis][at..at + LANES];
            for (value, factor) in value.iter_mut().zip(factors) {
                *value *= factor;
            }
            values[m + 1] = value;
            visit(m + 1, value);
        }
    }

    /// Turns the points into `axes`.
    #[inline(always)]
    pub(super) fn turn(&mut self, axes: &Axes) {
        let [x, y, z] = &mut self.coordinates;
        for ((x, y), z) in x.iter_mut().zip(y).zip(z).take(self.count) {
            let d = [*x, *y, *z];
            [*x, *y, *z] = axes.map(|a| a[0] * d[0] + a[1] * d[1] + a[2] * d[2]);
        }
    }
}
