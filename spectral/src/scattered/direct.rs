//! Direct sums over points: points are the lanes of the Legendre kernel.
//!
//! Blocks of points stay in cache while all orders run over them. Two degrees of one vector of points
//! cost six multiply-adds; no table of harmonics is ever made. The power of the sine that each order begins with
//! is that of `x + iy`, so that the recurrences begin with one; they grow to `((1 + sqrt 5) / 2)^lmax` at most.

use pulp::{Arch, Simd, WithSimd};

use crate::Real;
use crate::columns::{Columns, steps};
use crate::kernel::{Tile, add_lanes, load};
use crate::simd::{Aligned, Lane};

/// Points of one block: its rows fit the first-level cache in `f64`.
pub const BLOCK: usize = 256;

/// The most values of sums kept apart lane by lane through all blocks: 1 MB in `f64`, degree 127 with AVX-512.
const KEPT: usize = 1 << 17;

/// Blocks that are summed up before their sums go to the totals: so few points that single precision loses little.
const BLOCKS: usize = 16;

/// Working memory of the direct sums.
#[derive(Debug, Clone)]
pub struct DirectScratch<T: Lane> {
    block: Block<T>,
    /// Sums of every order and step, lane by lane, where there is room; else of one order.
    lanes: Aligned<T>,
    /// `[even cosine, even sine, odd cosine, odd sine]` of every order and step.
    sums: Vec<[T; 4]>,
    /// Sums of all blocks but the last few, as `sums`: single precision would lose what each of many points adds.
    totals: Vec<[f64; 4]>,
    column: Vec<[f64; 2]>,
}

/// One block of points, structure of arrays.
#[derive(Debug, Clone)]
struct Block<T: Lane> {
    /// `cos theta` and its square.
    cosine: Aligned<T>,
    square: Aligned<T>,
    /// x and y of the direction, `sin theta cos phi` and `sin theta sin phi`.
    east: [Aligned<T>; 2],
    /// Powers of `x + iy`, times the weight in an adjoint, and these times `cos theta`.
    turn: [Aligned<T>; 2],
    high: [Aligned<T>; 2],
    out: Aligned<T>,
}

impl<T: Real> DirectScratch<T> {
    pub fn new(columns: &Columns<T>) -> Self {
        let lmax = columns.lmax();
        let row = || Aligned::new(BLOCK);
        let lanes = 4 * T::MOST_LANES;
        let kept = match lanes * columns.total() {
            all if all <= KEPT => all,
            _ => lanes * steps(lmax, 0),
        };
        Self {
            block: Block {
                cosine: row(),
                square: row(),
                east: [row(), row()],
                turn: [row(), row()],
                high: [row(), row()],
                out: row(),
            },
            lanes: Aligned::new(kept),
            sums: vec![[T::ZERO; 4]; columns.total()],
            totals: vec![[0.0; 4]; columns.total()],
            column: vec![[0.0; 2]; lmax + 2],
        }
    }

    pub fn fits(&self, columns: &Columns<T>) -> bool {
        self.sums.len() == columns.total()
    }

    /// Whether all sums are kept lane by lane.
    fn keeps_all(&self) -> bool {
        self.lanes.len() >= 4 * T::MOST_LANES * self.sums.len()
    }

    /// Sets all sums to zero.
    fn clear(&mut self) {
        self.sums.fill([T::ZERO; 4]);
        self.lanes.fill(T::ZERO);
    }

    /// Adds the sums of some blocks to the totals, and clears them.
    fn add_to_totals(&mut self, arch: Arch) {
        if self.keeps_all() {
            let (lanes, sums) = (&self.lanes[..], &mut self.sums[..]);
            T::sum_lanes(arch, SumLanes { lanes, sums });
        }
        let totals = self.totals.as_flattened_mut().iter_mut();
        for (total, sum) in totals.zip(self.sums.as_flattened()) {
            *total += sum.to_f64();
        }
        self.clear();
    }
}

/// Runs the body for tiles of so many vectors, each number as often as it fits; 2 and 1 where registers are few.
macro_rules! each_tile {
    ($simd:ty, $vectors:expr, $many:tt, |$n:ident, $first:ident| $body:block) => {
        let mut $first = 0;
        if <$simd>::REGISTER_COUNT >= 32 {
            each_tile!(@ $vectors, $many, $n, $first, $body);
        }
        each_tile!(@ $vectors, [2, 1], $n, $first, $body);
    };
    (@ $vectors:expr, [$($count:literal),*], $n:ident, $first:ident, $body:block) => {
        $({
            const $n: usize = $count;
            while $first + $n <= $vectors {
                $body
                $first += $n;
            }
        })*
    };
}

/// `out[l * l + l + m] = sum_i w_i Y_lm(p_i)`, equal weights where none are given. False where a point has no direction or is not finite.
pub fn adjoint<T: Real>(
    arch: Arch,
    columns: &Columns<T>,
    points: &[[T; 3]],
    weights: Option<&[T]>,
    out: &mut [T],
    scratch: &mut DirectScratch<T>,
) -> bool {
    let equal = T::from_f64(1.0 / points.len() as f64);
    scratch.clear();
    scratch.totals.fill([0.0; 4]);
    for (chunk, points) in points.chunks(BLOCK).enumerate() {
        let block = &mut scratch.block;
        if !T::load_directions(arch, Load { points, block }) {
            return false;
        }
        let [cosine, sine] = &mut scratch.block.turn;
        let (used, unused) = cosine.split_at_mut(points.len());
        match weights {
            Some(weights) => used.copy_from_slice(&weights[chunk * BLOCK..][..used.len()]),
            None => used.fill(equal),
        }
        unused.fill(T::ZERO);
        sine.fill(T::ZERO);
        let used = points.len();
        T::adjoint_block(
            arch,
            AdjointBlock {
                columns,
                used,
                scratch,
            },
        );
        if (chunk + 1).is_multiple_of(BLOCKS) {
            scratch.add_to_totals(arch);
        }
    }
    scratch.add_to_totals(arch);
    for (sums, totals) in scratch.sums.iter_mut().zip(&scratch.totals) {
        *sums = totals.map(T::from_f64);
    }
    let lmax = columns.lmax();
    for m in 0..=lmax {
        let column = &mut scratch.column[..lmax - m + 1];
        columns.unblend(m, lmax, &scratch.sums[columns.range(m)], column);
        for (l, [cosine, sine]) in (m..).zip(&*column) {
            out[l * l + l + m] = T::from_f64(*cosine);
            if m > 0 {
                out[l * l + l - m] = T::from_f64(*sine);
            }
        }
    }
    true
}

/// `out[i] = sum_lm a_lm Y_lm(p_i)`. False where a point has no direction or is not finite.
pub fn evaluate<T: Real>(
    arch: Arch,
    columns: &Columns<T>,
    coefficients: &[T],
    points: &[[T; 3]],
    out: &mut [T],
    scratch: &mut DirectScratch<T>,
) -> bool {
    let lmax = columns.lmax();
    for m in 0..=lmax {
        let column = &mut scratch.column[..lmax - m + 1];
        for (l, value) in (m..).zip(column.iter_mut()) {
            let at = |i: usize| coefficients[i].to_f64();
            let sine = if m == 0 { 0.0 } else { at(l * l + l - m) };
            *value = [at(l * l + l + m), sine];
        }
        columns.blend(m, lmax, column, &mut scratch.sums[columns.range(m)]);
    }
    for (points, out) in points.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
        let block = &mut scratch.block;
        if !T::load_directions(arch, Load { points, block }) {
            return false;
        }
        scratch.block.turn[0].fill(T::ONE);
        scratch.block.turn[1].fill(T::ZERO);
        let used = points.len();
        T::evaluate_block(
            arch,
            EvaluateBlock {
                columns,
                used,
                scratch,
            },
        );
        out.copy_from_slice(&scratch.block.out[..out.len()]);
    }
    true
}

/// Directions of a block of points; whether all have one.
pub struct Load<'a, T: Lane> {
    points: &'a [[T; 3]],
    block: &'a mut Block<T>,
}

impl<T: Real> WithSimd for Load<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> bool {
        let Block {
            cosine,
            square,
            east: [ex, ey],
            ..
        } = self.block;
        let [cosine, square, ex, ey] = [cosine, square, ex, ey].map(|row| &mut row[..]);
        let (least, most) = (T::SQUARE_RANGE.0, T::SQUARE_RANGE.1);
        let mut fine = true;
        for (i, &[x, y, z]) in self.points.iter().enumerate() {
            let flat = x * x + y * y;
            let all = flat + z * z;
            fine &= all > least && all < most;
            let r = T::ONE / all.sqrt();
            cosine[i] = z * r;
            square[i] = cosine[i] * cosine[i];
            ex[i] = x * r;
            ey[i] = y * r;
        }
        if !fine {
            for (i, point) in self.points.iter().enumerate() {
                let Ok(angles) = crate::legendre::Angles::of(point.map(T::to_f64)) else {
                    return false;
                };
                cosine[i] = T::from_f64(angles.cos);
                square[i] = cosine[i] * cosine[i];
                ex[i] = T::from_f64(angles.sin * angles.x);
                ey[i] = T::from_f64(angles.sin * angles.y);
            }
        }
        let used = self.points.len();
        for rest in [cosine, square, ex, ey] {
            rest[used..].fill(T::ZERO);
        }
        true
    }
}

pub struct AdjointBlock<'a, T: Lane> {
    columns: &'a Columns<T>,
    used: usize,
    scratch: &'a mut DirectScratch<T>,
}

impl<T: Real> WithSimd for AdjointBlock<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            columns,
            used,
            scratch,
        } = self;
        let keeps_all = scratch.keeps_all();
        let DirectScratch {
            block, lanes, sums, ..
        } = scratch;
        let lanes = T::vectors_mut::<S>(lanes);
        let mut turns = Turns::<T, S>::of(block);
        let vectors = used.div_ceil(T::lanes::<S>());
        for m in 0..=columns.lmax() {
            let steps = columns.steps(m, columns.lmax());
            let range = columns.range(m);
            let lanes = if keeps_all {
                &mut lanes[4 * range.start..4 * range.end]
            } else {
                let lanes = &mut lanes[..4 * steps.len()];
                lanes.fill(T::splat(simd, T::ZERO));
                lanes
            };
            each_tile!(S, vectors, [8, 4], |N, first| {
                let mut tile = turns.next::<N>(simd, first, m);
                let [a, b] = &turns.turn;
                let [c, d] = &mut turns.high;
                for i in first..first + N {
                    c[i] = <T as Lane>::mul(simd, turns.cosine[i], a[i]);
                    d[i] = <T as Lane>::mul(simd, turns.cosine[i], b[i]);
                }
                let data = [&a[first..], &b[first..], &c[first..], &d[first..]];
                tile.analysis(simd, steps, data, lanes);
            });
            if !keeps_all {
                add_lanes::<T, S>(simd, lanes, &mut sums[range]);
            }
        }
    }
}

pub struct EvaluateBlock<'a, T: Lane> {
    columns: &'a Columns<T>,
    used: usize,
    scratch: &'a mut DirectScratch<T>,
}

impl<T: Real> WithSimd for EvaluateBlock<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            columns,
            used,
            scratch,
        } = self;
        let DirectScratch { block, sums, .. } = scratch;
        block.out.fill(T::ZERO);
        let mut turns = Turns::<T, S>::of(block);
        let vectors = used.div_ceil(T::lanes::<S>());
        for m in 0..=columns.lmax() {
            let steps = columns.steps(m, columns.lmax());
            let coefficients = &sums[columns.range(m)];
            each_tile!(S, vectors, [4], |N, first| {
                let mut tile = turns.next::<N>(simd, first, m);
                let mut total = [[T::splat(simd, T::ZERO); N]; 4];
                tile.synthesis(simd, (steps, coefficients), &mut total);
                let [cosine, sine] = &turns.turn;
                for i in 0..N {
                    let height = turns.cosine[first + i];
                    let even = T::fma(simd, height, total[2][i], total[0][i]);
                    let odd = T::fma(simd, height, total[3][i], total[1][i]);
                    let out = &mut turns.out[first + i];
                    *out = T::fma(simd, sine[first + i], odd, *out);
                    *out = T::fma(simd, cosine[first + i], even, *out);
                }
            });
        }
    }
}

/// Rows of a block as vectors.
struct Turns<'a, T: Lane, S: Simd> {
    cosine: &'a [T::V<S>],
    square: &'a [T::V<S>],
    east: [&'a [T::V<S>]; 2],
    turn: [&'a mut [T::V<S>]; 2],
    high: [&'a mut [T::V<S>]; 2],
    out: &'a mut [T::V<S>],
}

impl<'a, T: Real, S: Simd> Turns<'a, T, S> {
    #[inline(always)]
    fn of(block: &'a mut Block<T>) -> Self {
        Self {
            cosine: T::vectors::<S>(&block.cosine),
            square: T::vectors::<S>(&block.square),
            east: block.east.each_ref().map(|row| T::vectors::<S>(row)),
            turn: block.turn.each_mut().map(|row| T::vectors_mut::<S>(row)),
            high: block.high.each_mut().map(|row| T::vectors_mut::<S>(row)),
            out: T::vectors_mut::<S>(&mut block.out),
        }
    }

    /// Brings `N` vectors of points from order `m - 1` to `m`: the azimuth turns. The start of the recurrence.
    #[inline(always)]
    fn next<const N: usize>(&mut self, simd: S, first: usize, m: usize) -> Tile<T, S, N> {
        let minus = T::splat(simd, T::MINUS_ONE);
        // Added and taken away again: what is negligible becomes zero before it leaves the range, where sums are slow. Every second order is
        // often enough.
        let small = T::splat(simd, T::NEGLIGIBLE);
        let [cosine, sine] = &mut self.turn;
        for i in first..if m > 0 { first + N } else { first } {
            let ([x, y], c, s) = ([self.east[0][i], self.east[1][i]], cosine[i], sine[i]);
            let minus_s = <T as Lane>::mul(simd, s, minus);
            if m.is_multiple_of(2) {
                let next = T::fma(simd, c, x, T::fma(simd, minus_s, y, small));
                cosine[i] = <T as Lane>::sub(simd, next, small);
                let next = T::fma(simd, c, y, T::fma(simd, s, x, small));
                sine[i] = <T as Lane>::sub(simd, next, small);
            } else {
                cosine[i] = T::fma(simd, c, x, <T as Lane>::mul(simd, minus_s, y));
                sine[i] = T::fma(simd, c, y, <T as Lane>::mul(simd, s, x));
            }
        }
        Tile {
            square: load(&self.square[first..]),
            before: [T::splat(simd, T::ZERO); N],
            value: [T::splat(simd, T::ONE); N],
        }
    }
}

/// `sums[k] += ` the sums over the lanes of four vectors each.
pub struct SumLanes<'a, T: Lane> {
    lanes: &'a [T],
    sums: &'a mut [[T; 4]],
}

impl<T: Real> WithSimd for SumLanes<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        add_lanes::<T, S>(simd, T::vectors::<S>(self.lanes), self.sums);
    }
}
