//! Densities at a block of points from coefficients.

use pulp::{Simd, WithSimd};

use super::sweep::ZernikeScratch;
use super::tables::Tables;
use crate::simd::Lane;

/// The density at the loaded points, times their weights, from coefficients without norms in the sums.
pub struct Synthesise<'a, T: Lane> {
    pub tables: &'a Tables<T>,
    pub order: usize,
    pub points: usize,
    pub scratch: &'a mut ZernikeScratch<T>,
}

impl<T: Lane> WithSimd for Synthesise<'_, T> {
    type Output = ();

    /// Leaves the densities in the first values of `scratch.weighted`.
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let vectors = self.points.div_ceil(T::lanes::<S>());
        let ZernikeScratch {
            sweep,
            weighted,
            sums,
            ..
        } = self.scratch;
        let density = &mut T::vectors_mut::<S>(weighted)[..vectors];
        density.fill(T::splat(s, T::default()));
        let mut rest = &sums[..];
        for l in 0..=self.order {
            sweep.advance(s, self.tables, l, vectors);
            let (shells, width) = ((self.order - l) / 2 + 1, 2 * l + 1);
            let (coefficients, after) = rest.split_at(shells * width);
            rest = after;
            let radial = T::vectors::<S>(&sweep.radial);
            let angular = sweep.harmonics::<S>(l);
            for (i, density) in density.iter_mut().enumerate() {
                let radial = &radial[i * shells..][..shells];
                let angular = &angular[i * width..][..width];
                let [a, b] = alternate_sums::<T, S>(s, coefficients, radial, angular, 0..width);
                *density = T::add(s, *density, T::add(s, a, b));
            }
        }
    }
}

/// `sum_m angular_m sum_k c_km radial_k` at one vector of points over the rows m in `rows`: every other row in each of two sums.
#[inline(always)]
pub fn alternate_sums<T: Lane, S: Simd>(
    s: S,
    coefficients: &[T],
    radial: &[T::V<S>],
    angular: &[T::V<S>],
    rows: std::ops::Range<usize>,
) -> [T::V<S>; 2] {
    let mut sums = [T::splat(s, T::default()); 2];
    let mut m = rows.start;
    while m + 8 <= rows.end {
        orders::<T, S, 8>(s, coefficients, radial, angular, m, &mut sums);
        m += 8;
    }
    while m + 2 <= rows.end {
        orders::<T, S, 2>(s, coefficients, radial, angular, m, &mut sums);
        m += 2;
    }
    if m < rows.end {
        orders::<T, S, 1>(s, coefficients, radial, angular, m, &mut sums);
    }
    sums
}

#[inline(always)]
fn orders<T: Lane, S: Simd, const M: usize>(
    s: S,
    coefficients: &[T],
    radial: &[T::V<S>],
    angular: &[T::V<S>],
    start: usize,
    sums: &mut [T::V<S>; 2],
) {
    let mut shells = [T::splat(s, T::default()); M];
    for (&radial, row) in radial.iter().zip(coefficients.chunks_exact(angular.len())) {
        let row = &row[start..][..M];
        for m in 0..M {
            shells[m] = T::fma(s, T::splat(s, row[m]), radial, shells[m]);
        }
    }
    let angular = &angular[start..][..M];
    for m in 0..M {
        sums[m % 2] = T::fma(s, angular[m], shells[m], sums[m % 2]);
    }
}
