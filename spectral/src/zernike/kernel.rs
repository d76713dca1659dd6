//! The block kernel: tables of a block of points, then one small matrix product for each l.
//!
//! Points are handled `BLOCK` at a time, structure of arrays, so that the tables stay in cache. Rows
//! run over the points of the block; a product keeps a tile of accumulators in registers.

use super::tables::{Tables, step_index};
use crate::Real;

/// Points of one block. Tables of order 16 then take 370 KB in f32: they fit the second-level cache.
pub const BLOCK: usize = 256;

/// Working memory of one cloud; nothing is allocated while it is used.
#[derive(Debug, Clone)]
pub struct ZernikeScratch<T> {
    /// x, y, z, weight and r^2 of the block, and two rows for powers of x + iy.
    pub(super) input: [Vec<T>; 7],
    /// Rows `l * l + l + m`.
    pub(super) harmonics: Vec<T>,
    /// Rows of (l, k), l by l.
    pub(super) radial: Vec<T>,
    /// Sums, l by l: `[k][m + l]`.
    pub(super) sums: Vec<T>,
}

impl<T: Real> ZernikeScratch<T> {
    pub(super) fn new(order: usize) -> Self {
        let shells: usize = (0..=order).map(|l| (order - l) / 2 + 1).sum();
        Self {
            input: std::array::from_fn(|_| vec![T::ZERO; BLOCK]),
            harmonics: vec![T::ZERO; (order + 1) * (order + 1) * BLOCK],
            radial: vec![T::ZERO; shells * BLOCK],
            sums: vec![T::ZERO; crate::Basis::Zernike.count(order)],
        }
    }
}

/// `a * b + c`, fused only where the instruction exists.
#[inline(always)]
pub fn fused<T: Real, const FMA: bool>(a: T, b: T, c: T) -> T {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// Two different rows of a table, the second for writing.
#[inline(always)]
fn row_pair<T>(rows: &mut [T], read: usize, write: usize) -> (&[T], &mut [T]) {
    let (low, high) = rows.split_at_mut(read.max(write) * BLOCK);
    if read < write {
        (&low[read * BLOCK..][..BLOCK], &mut high[..BLOCK])
    } else {
        (&high[..BLOCK], &mut low[write * BLOCK..][..BLOCK])
    }
}

/// Solid harmonics of the block: rows `r^l Y_lm`.
#[inline(always)]
pub fn fill_harmonics<T: Real, const FMA: bool>(
    tables: &Tables<T>,
    order: usize,
    scratch: &mut ZernikeScratch<T>,
) {
    let ZernikeScratch {
        input: [x, y, z, _, r2, cosine, sine],
        harmonics,
        ..
    } = scratch;
    cosine.fill(T::ONE);
    sine.fill(T::ZERO);
    for m in 0..=order {
        if m > 0 {
            for i in 0..BLOCK {
                let (c, s) = (cosine[i], sine[i]);
                cosine[i] = fused::<T, FMA>(c, x[i], -(s * y[i]));
                sine[i] = fused::<T, FMA>(c, y[i], s * x[i]);
            }
        }
        for (sign, azimuth) in [(1isize, &*cosine), (-1, &*sine)] {
            if m == 0 && sign < 0 {
                continue;
            }
            let row = |l: usize| (l * l + l).wrapping_add_signed(sign * m as isize);
            let first = &mut harmonics[row(m) * BLOCK..][..BLOCK];
            for i in 0..BLOCK {
                first[i] = tables.diagonal[m] * azimuth[i];
            }
            for l in m + 1..=order {
                let step = tables.legendre[step_index(order, l, m)];
                if l == m + 1 {
                    let (before, out) = row_pair(harmonics, row(l - 1), row(l));
                    for i in 0..BLOCK {
                        out[i] = step.rise * z[i] * before[i];
                    }
                } else {
                    let (low, high) = harmonics.split_at_mut(row(l) * BLOCK);
                    let before = &low[row(l - 1) * BLOCK..][..BLOCK];
                    let second = &low[row(l - 2) * BLOCK..][..BLOCK];
                    let out = &mut high[..BLOCK];
                    let back = step.rise * step.fall;
                    for i in 0..BLOCK {
                        let older = back * r2[i] * second[i];
                        out[i] = fused::<T, FMA>(step.rise * z[i], before[i], -older);
                    }
                }
            }
        }
    }
}

/// Weighted Jacobi rows of the block: `w P_k^(0, l+1/2)(2 r^2 - 1)`, without `sqrt(2n+3)`.
#[inline(always)]
pub fn fill_radial<T: Real, const FMA: bool>(
    tables: &Tables<T>,
    order: usize,
    scratch: &mut ZernikeScratch<T>,
) {
    let ZernikeScratch {
        input: [_, _, _, weight, r2, ..],
        radial,
        ..
    } = scratch;
    let two = T::from_f64(2.0);
    let mut start = 0;
    for l in 0..=order {
        radial[start * BLOCK..][..BLOCK].copy_from_slice(weight);
        for (k, step) in tables.jacobi[l].iter().enumerate() {
            let (low, high) = radial.split_at_mut((start + k + 1) * BLOCK);
            let before = &low[(start + k) * BLOCK..][..BLOCK];
            let out = &mut high[..BLOCK];
            let second = if k == 0 {
                before
            } else {
                &low[(start + k - 1) * BLOCK..][..BLOCK]
            };
            for i in 0..BLOCK {
                let t = fused::<T, FMA>(two, r2[i], -T::ONE);
                let lead = fused::<T, FMA>(step.slope, t, step.shift);
                out[i] = fused::<T, FMA>(lead, before[i], -(step.back * second[i]));
            }
        }
        start += tables.jacobi[l].len() + 1;
    }
}

/// Adds the products of the block to the sums, in register tiles of `K` radial by `M` angular rows.
#[inline(always)]
pub fn add_products<
    T: Real,
    const LANES: usize,
    const K: usize,
    const M: usize,
    const FMA: bool,
>(
    order: usize,
    scratch: &mut ZernikeScratch<T>,
) {
    let ZernikeScratch {
        harmonics,
        radial,
        sums,
        ..
    } = scratch;
    let (mut row, mut place) = (0, 0);
    for l in 0..=order {
        let (shells, width) = ((order - l) / 2 + 1, 2 * l + 1);
        let angular = &harmonics[l * l * BLOCK..][..width * BLOCK];
        let radial = &radial[row * BLOCK..][..shells * BLOCK];
        let sums = &mut sums[place..][..shells * width];
        let mut k = 0;
        while k + K <= shells {
            strip::<T, LANES, K, M, FMA>(
                &radial[k * BLOCK..],
                angular,
                &mut sums[k * width..],
                width,
            );
            k += K;
        }
        while k < shells {
            strip::<T, LANES, 1, M, FMA>(
                &radial[k * BLOCK..],
                angular,
                &mut sums[k * width..],
                width,
            );
            k += 1;
        }
        row += shells;
        place += shells * width;
    }
}

#[inline(always)]
fn strip<T: Real, const LANES: usize, const K: usize, const M: usize, const FMA: bool>(
    radial: &[T],
    angular: &[T],
    sums: &mut [T],
    width: usize,
) {
    let mut m = 0;
    while m + M <= width {
        tile::<T, LANES, K, M, FMA>(radial, &angular[m * BLOCK..], &mut sums[m..], width);
        m += M;
    }
    while m < width {
        tile::<T, LANES, K, 1, FMA>(radial, &angular[m * BLOCK..], &mut sums[m..], width);
        m += 1;
    }
}

#[inline(always)]
fn tile<T: Real, const LANES: usize, const K: usize, const M: usize, const FMA: bool>(
    radial: &[T],
    angular: &[T],
    sums: &mut [T],
    stride: usize,
) {
    let mut tile = [[[T::ZERO; LANES]; M]; K];
    let radial: [&[T]; K] = std::array::from_fn(|k| &radial[k * BLOCK..][..BLOCK]);
    let angular: [&[T]; M] = std::array::from_fn(|m| &angular[m * BLOCK..][..BLOCK]);
    for start in (0..BLOCK).step_by(LANES) {
        for m in 0..M {
            let b = &angular[m][start..start + LANES];
            for k in 0..K {
                let a = &radial[k][start..start + LANES];
                for lane in 0..LANES {
                    tile[k][m][lane] = fused::<T, FMA>(a[lane], b[lane], tile[k][m][lane]);
                }
            }
        }
    }
    for k in 0..K {
        for m in 0..M {
            sums[k * stride + m] += tile[k][m].iter().copied().sum();
        }
    }
}
