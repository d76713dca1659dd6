//! Kernels for points together with their mirror images in x, y and z.

use pulp::{Simd, WithSimd};

use super::product::Products;
use super::sweep::{ZernikeScratch, block_points};
use super::synthesis::alternate_sums;
use super::tables::Tables;
use crate::simd::{Aligned, Lane};

/// Parities in x, y and z: bit 2, 1 and 0, set where odd.
pub const CLASSES: usize = 8;

/// The class of cosines (`sine` 0) or sines (1) of order `m >= 0` of degree `l`.
fn class_of(l: usize, m: usize, sine: usize) -> usize {
    (m + sine) % 2 * 4 + sine * 2 + (l + m) % 2
}

/// One row of values of a block for each class.
#[derive(Debug)]
pub struct FoldedScratch<T>(Aligned<T>);

impl<T: Lane> FoldedScratch<T> {
    pub fn new() -> Self {
        Self(Aligned::new(CLASSES * block_points::<T>()))
    }

    pub fn row(&self, class: usize) -> &[T] {
        &self.0[class * block_points::<T>()..][..block_points::<T>()]
    }

    pub fn row_mut(&mut self, class: usize) -> &mut [T] {
        &mut self.0[class * block_points::<T>()..][..block_points::<T>()]
    }
}

/// Adds the loaded block to the sums of each lane, each function with the weights of its class.
pub struct AccumulateFolded<'a, T: Lane> {
    pub tables: &'a Tables<T>,
    pub order: usize,
    pub points: usize,
    pub scratch: &'a mut ZernikeScratch<T>,
    pub folded: &'a FoldedScratch<T>,
}

impl<T: Lane> WithSimd for AccumulateFolded<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let vectors = self.points.div_ceil(T::lanes::<S>());
        self.scratch.held += vectors;
        let ZernikeScratch {
            sweep,
            weighted,
            lanes,
            ..
        } = self.scratch;
        let mut sums = &mut lanes[..];
        for l in 0..=self.order {
            sweep.advance(s, self.tables, l, vectors);
            let width = 2 * l + 1;
            let angular = sweep.harmonics::<S>(l);
            let out = T::vectors_mut::<S>(weighted);
            for row in 0..width {
                let class = class_of(l, row.abs_diff(l), usize::from(row < l));
                let weights = T::vectors::<S>(self.folded.row(class));
                for i in 0..vectors {
                    out[i * width + row] = T::mul(s, angular[i * width + row], weights[i]);
                }
            }
            let shells = (self.order - l) / 2 + 1;
            let (here, rest) = sums.split_at_mut(shells * width * T::lanes::<S>());
            s.vectorize(Products {
                radial: &sweep.radial,
                angular: weighted,
                shells,
                width,
                vectors,
                sums: here,
            });
            sums = rest;
        }
    }
}

/// The part of the density in each class at the loaded points, into the rows of `folded`.
pub struct SynthesiseFolded<'a, T: Lane> {
    pub tables: &'a Tables<T>,
    pub order: usize,
    pub points: usize,
    pub scratch: &'a mut ZernikeScratch<T>,
    pub folded: &'a mut FoldedScratch<T>,
}

impl<T: Lane> WithSimd for SynthesiseFolded<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let vectors = self.points.div_ceil(T::lanes::<S>());
        let ZernikeScratch { sweep, sums, .. } = self.scratch;
        let all = T::vectors_mut::<S>(&mut self.folded.0);
        let row_vectors = all.len() / CLASSES;
        all.fill(T::splat(s, T::default()));
        let mut rest = &sums[..];
        for l in 0..=self.order {
            sweep.advance(s, self.tables, l, vectors);
            let (shells, width) = ((self.order - l) / 2 + 1, 2 * l + 1);
            let (coefficients, after) = rest.split_at(shells * width);
            rest = after;
            let radial = T::vectors::<S>(&sweep.radial);
            let angular = sweep.harmonics::<S>(l);
            for i in 0..vectors {
                let radial = &radial[i * shells..][..shells];
                let angular = &angular[i * width..][..width];
                let sines = alternate_sums::<T, S>(s, coefficients, radial, angular, 0..l);
                let cosines = alternate_sums::<T, S>(s, coefficients, radial, angular, l..width);
                // Rows of sines run from m = l down, those of cosines from m = 0 up.
                for (parts, m, sine) in [(sines, l, 1), (cosines, 0, 0)] {
                    for (odd, part) in parts.into_iter().enumerate() {
                        let place = class_of(l, m + odd, sine) * row_vectors + i;
                        all[place] = T::add(s, all[place], part);
                    }
                }
            }
        }
    }
}
