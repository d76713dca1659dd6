//! Sums over points of products of radial and angular functions, in tiles of accumulators that stay in registers.

use pulp::{Simd, WithSimd};

use super::sweep::ZernikeScratch;
use super::tables::Tables;
use crate::simd::Lane;

/// Vectors of points that lanes sum up before they are emptied: so few that single precision loses little.
pub const HELD: usize = 512;

/// Adds the loaded block of `vectors` points times lanes to the sums of each lane.
pub struct Accumulate<'a, T: Lane> {
    pub tables: &'a Tables<T>,
    pub order: usize,
    pub points: usize,
    pub scratch: &'a mut ZernikeScratch<T>,
}

impl<T: Lane> WithSimd for Accumulate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let vectors = self.points.div_ceil(T::lanes::<S>());
        self.scratch.held += vectors;
        let ZernikeScratch { sweep, lanes, .. } = self.scratch;
        let mut sums = &mut lanes[..];
        for l in 0..=self.order {
            sweep.advance(s, self.tables, l, vectors);
            let shells = (self.order - l) / 2 + 1;
            let (here, rest) = sums.split_at_mut(shells * (2 * l + 1) * T::lanes::<S>());
            s.vectorize(Products {
                radial: &sweep.radial,
                angular: sweep.degree(l),
                shells,
                width: 2 * l + 1,
                vectors,
                sums: here,
            });
            sums = rest;
        }
    }
}

/// The sums over the lanes.
pub struct Reduce<'a, T: Lane> {
    pub scratch: &'a mut ZernikeScratch<T>,
}

impl<T: Lane> WithSimd for Reduce<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let ZernikeScratch { lanes, sums, .. } = self.scratch;
        for (sum, &lanes) in sums.iter_mut().zip(T::vectors::<S>(lanes)) {
            *sum = T::sum(s, lanes);
        }
    }
}

/// Adds `sum_i radial_k(i) angular_m(i)` of each lane to `sums[k][m]`, for one degree. Run by `vectorize`, it is a function of its own:
/// it is long, and more than one kernel calls it.
pub struct Products<'a, T: Lane> {
    pub radial: &'a [T],
    pub angular: &'a [T],
    pub shells: usize,
    pub width: usize,
    pub vectors: usize,
    pub sums: &'a mut [T],
}

impl<T: Lane> WithSimd for Products<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let degree = Degree::<T, S> {
            radial: T::vectors::<S>(self.radial),
            angular: T::vectors::<S>(self.angular),
            shells: self.shells,
            width: self.width,
            vectors: self.vectors,
        };
        degree.add_products(s, T::vectors_mut::<S>(self.sums));
    }
}

/// The two tables of one degree.
struct Degree<'a, T: Lane, S: Simd> {
    radial: &'a [T::V<S>],
    angular: &'a [T::V<S>],
    shells: usize,
    width: usize,
    vectors: usize,
}

impl<T: Lane, S: Simd> Degree<'_, T, S> {
    #[inline(always)]
    fn add_products(&self, s: S, sums: &mut [T::V<S>]) {
        // Up to 24 accumulators and what they are made of in 32 registers, up to 12 in 16.
        let (most, limits) = if S::REGISTER_COUNT >= 32 {
            (4, [12, 12, 8, 6])
        } else {
            (3, [8, 5, 4, 3])
        };
        let tall = Split::new(self.shells, most);
        let wide = Split::new(self.width, limits[tall.largest - 1]);
        let mut m = 0;
        for columns in wide.sizes() {
            let mut k = 0;
            for rows in tall.sizes() {
                self.tile_of(s, [rows, columns], [k, m], sums);
                k += rows;
            }
            m += columns;
        }
    }

    #[inline(always)]
    fn tile_of(&self, s: S, size: [usize; 2], at: [usize; 2], sums: &mut [T::V<S>]) {
        let most = if S::REGISTER_COUNT >= 32 { 24 } else { 12 };
        macro_rules! tiles {
            ($($rows:literal: $($columns:literal)+;)+) => {
                match size {
                    // Tiles for which there are no registers are not compiled.
                    $($([$rows, $columns] if $rows * $columns <= most => {
                        self.tile::<$rows, $columns>(s, at, sums)
                    })+)+
                    _ => unreachable!("a tile has at most 4 by 12 sums"),
                }
            };
        }
        tiles! {
            1: 1 2 3 4 5 6 7 8 9 10 11 12;
            2: 1 2 3 4 5 6 7 8 9 10 11 12;
            3: 1 2 3 4 5 6 7 8;
            4: 1 2 3 4 5 6;
        }
    }

    #[inline(always)]
    fn tile<const K: usize, const M: usize>(&self, s: S, [k, m]: [usize; 2], sums: &mut [T::V<S>]) {
        let mut tile: [[T::V<S>; M]; K] = std::array::from_fn(|row| {
            std::array::from_fn(|column| sums[(k + row) * self.width + m + column])
        });
        let rows = self.radial[k..].chunks(self.shells);
        let columns = self.angular[m..].chunks(self.width);
        for (a, b) in rows.zip(columns).take(self.vectors) {
            let (a, b) = (&a[..K], &b[..M]);
            for column in 0..M {
                for row in 0..K {
                    tile[row][column] = T::fma(s, a[row], b[column], tile[row][column]);
                }
            }
        }
        for row in 0..K {
            for column in 0..M {
                sums[(k + row) * self.width + m + column] = tile[row][column];
            }
        }
    }
}

/// A count in parts of nearly one size.
struct Split {
    count: usize,
    parts: usize,
    largest: usize,
}

impl Split {
    #[inline(always)]
    fn new(count: usize, most: usize) -> Self {
        let parts = count.div_ceil(most);
        Self {
            count,
            parts,
            largest: count.div_ceil(parts),
        }
    }

    #[inline(always)]
    fn sizes(&self) -> impl Iterator<Item = usize> {
        let (count, parts) = (self.count, self.parts);
        (0..parts).map(move |part| (count + part) / parts)
    }
}
