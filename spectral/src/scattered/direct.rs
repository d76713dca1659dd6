//! Direct sums over points: points are the lanes of the Legendre kernel.
//!
//! Blocks of points stay in cache while all orders run over them. Two degrees of one vector of points
//! cost six multiply-adds; no table of harmonics is ever made.

use pulp::{Arch, Simd, WithSimd};

use crate::Real;
use crate::columns::{Columns, steps};
use crate::kernel::{Active, Analysis, CHUNK, State, Synthesis};
use crate::simd::{Aligned, Lane, WIDEST};

/// Points of one block: its sixteen rows fit the first-level cache in `f64`.
pub const BLOCK: usize = 256;

/// Working memory of the direct sums.
#[derive(Debug, Clone)]
pub struct DirectScratch<T: Lane> {
    block: Block<T>,
    lanes: Aligned<T>,
    /// `[even cosine, even sine, odd cosine, odd sine]` of every order and step.
    sums: Vec<[T; 4]>,
    counts: Vec<u32>,
    column: Vec<[f64; 2]>,
}

/// One block of points, structure of arrays.
#[derive(Debug, Clone)]
struct Block<T: Lane> {
    /// `cos theta`, its square, and `sin theta`.
    cosine: Aligned<T>,
    square: Aligned<T>,
    sine: Aligned<T>,
    /// `cos phi` and `sin phi`.
    east: [Aligned<T>; 2],
    /// `cos m phi` and `sin m phi`, times the weight in an adjoint.
    turn: [Aligned<T>; 2],
    /// `sin^m theta`.
    power: Aligned<T>,
    /// Zeros, with which every recurrence begins.
    zeros: Aligned<T>,
    before: Aligned<T>,
    value: Aligned<T>,
    /// Weighted data of the kernel, or its sums.
    panel: [Aligned<T>; 4],
    out: Aligned<T>,
}

impl<T: Real> DirectScratch<T> {
    pub fn new(columns: &Columns<T>) -> Self {
        let lmax = columns.lmax();
        let row = || Aligned::new(BLOCK);
        Self {
            block: Block {
                cosine: row(),
                square: row(),
                sine: row(),
                east: [row(), row()],
                turn: [row(), row()],
                power: row(),
                zeros: row(),
                before: row(),
                value: row(),
                panel: [row(), row(), row(), row()],
                out: row(),
            },
            lanes: Aligned::new(4 * CHUNK * WIDEST),
            sums: vec![[T::ZERO; 4]; columns.total()],
            counts: vec![0; steps(lmax, 0).div_ceil(CHUNK)],
            column: vec![[0.0; 2]; lmax + 2],
        }
    }

    pub fn fits(&self, columns: &Columns<T>) -> bool {
        self.sums.len() == columns.total()
    }
}

/// `out[l * l + l + m] = sum_i w_i Y_lm(p_i)`. False where a point has no direction or is not finite.
pub fn adjoint<T: Real>(
    arch: Arch,
    columns: &Columns<T>,
    points: &[[T; 3]],
    weight: impl Fn(usize) -> T,
    out: &mut [T],
    scratch: &mut DirectScratch<T>,
) -> bool {
    scratch.sums.fill([T::ZERO; 4]);
    for (chunk, points) in points.chunks(BLOCK).enumerate() {
        if !arch.dispatch(Load {
            points,
            block: &mut scratch.block,
        }) {
            return false;
        }
        let [cosine, sine] = &mut scratch.block.turn;
        for (i, cosine) in cosine[..points.len()].iter_mut().enumerate() {
            *cosine = weight(chunk * BLOCK + i);
        }
        cosine[points.len()..].fill(T::ZERO);
        sine.fill(T::ZERO);
        scratch.counts.fill(points.len() as u32);
        arch.dispatch(AdjointBlock { columns, scratch });
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
        if !arch.dispatch(Load {
            points,
            block: &mut scratch.block,
        }) {
            return false;
        }
        scratch.block.turn[0].fill(T::ONE);
        scratch.block.turn[1].fill(T::ZERO);
        scratch.counts.fill(points.len() as u32);
        arch.dispatch(EvaluateBlock { columns, scratch });
        out.copy_from_slice(&scratch.block.out[..out.len()]);
    }
    true
}

/// Angles of a block of points; whether all have one.
struct Load<'a, T: Lane> {
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
            sine,
            east: [ex, ey],
            power,
            zeros,
            ..
        } = self.block;
        let [cosine, square, sine, ex, ey] = [cosine, square, sine, ex, ey].map(|row| &mut row[..]);
        let (least, most) = (T::SQUARE_RANGE.0, T::SQUARE_RANGE.1);
        let mut fine = true;
        for (i, &[x, y, z]) in self.points.iter().enumerate() {
            let flat = x * x + y * y;
            let all = flat + z * z;
            fine &= all > least && all < most;
            let (r, rho) = (T::ONE / all.sqrt(), flat.sqrt());
            let on_axis = flat == T::ZERO;
            let across = T::ONE / if on_axis { T::ONE } else { rho };
            cosine[i] = z * r;
            square[i] = cosine[i] * cosine[i];
            sine[i] = rho * r;
            ex[i] = if on_axis { T::ONE } else { x * across };
            ey[i] = y * across;
        }
        if !fine {
            for (i, point) in self.points.iter().enumerate() {
                let Some(angles) = crate::legendre::Angles::of(point.map(T::to_f64)).ok() else {
                    return false;
                };
                cosine[i] = T::from_f64(angles.cos);
                square[i] = cosine[i] * cosine[i];
                sine[i] = T::from_f64(angles.sin);
                ex[i] = T::from_f64(angles.x);
                ey[i] = T::from_f64(angles.y);
            }
        }
        let used = self.points.len();
        for rest in [cosine, square, sine, ex, ey] {
            rest[used..].fill(T::ZERO);
        }
        power[..used].fill(T::ONE);
        power[used..].fill(T::ZERO);
        zeros.fill(T::ZERO);
        true
    }
}

struct AdjointBlock<'a, T: Lane> {
    columns: &'a Columns<T>,
    scratch: &'a mut DirectScratch<T>,
}

impl<T: Real> WithSimd for AdjointBlock<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { columns, scratch } = self;
        let DirectScratch {
            block,
            lanes,
            sums,
            counts,
            ..
        } = scratch;
        for m in 0..=columns.lmax() {
            if m > 0 {
                next_order::<T, S>(simd, block);
            }
            weigh::<T, S>(simd, block);
            let steps = columns.steps(m, columns.lmax());
            let Block {
                square,
                power,
                zeros,
                before,
                value,
                panel,
                ..
            } = &mut *block;
            Analysis {
                square,
                active: Active {
                    counts,
                    before: zeros,
                    value: power,
                },
                steps,
                data: [&panel[0], &panel[1], &panel[2], &panel[3]].map(|row| &row[..]),
                state: State { before, value },
                lanes,
                sums: &mut sums[columns.range(m)],
            }
            .with_simd(simd);
        }
    }
}

struct EvaluateBlock<'a, T: Lane> {
    columns: &'a Columns<T>,
    scratch: &'a mut DirectScratch<T>,
}

impl<T: Real> WithSimd for EvaluateBlock<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { columns, scratch } = self;
        let DirectScratch {
            block,
            sums,
            counts,
            ..
        } = scratch;
        block.out.fill(T::ZERO);
        for m in 0..=columns.lmax() {
            if m > 0 {
                next_order::<T, S>(simd, block);
            }
            let Block {
                square,
                power,
                zeros,
                before,
                value,
                panel,
                ..
            } = &mut *block;
            let [a, b, c, d] = panel;
            for row in [&mut *a, &mut *b, &mut *c, &mut *d] {
                row.fill(T::ZERO);
            }
            Synthesis {
                square,
                active: Active {
                    counts,
                    before: zeros,
                    value: power,
                },
                steps: columns.steps(m, columns.lmax()),
                coefficients: &sums[columns.range(m)],
                state: State { before, value },
                sums: [a, b, c, d],
            }
            .with_simd(simd);
            gather::<T, S>(simd, block);
        }
    }
}

/// From `m` to `m + 1`: the azimuth turns, the power of the sine rises.
#[inline(always)]
fn next_order<T: Lane, S: Simd>(simd: S, block: &mut Block<T>) {
    let [x, y] = &block.east;
    let [x, y] = [x, y].map(|row| T::vectors::<S>(row));
    let [c, s] = &mut block.turn;
    let [c, s] = [c, s].map(|row| T::vectors_mut::<S>(row));
    let minus = T::splat(simd, T::MINUS_ONE);
    for i in 0..c.len() {
        let cross = T::mul(simd, T::mul(simd, s[i], y[i]), minus);
        let next = T::fma(simd, c[i], x[i], cross);
        s[i] = T::fma(simd, c[i], y[i], T::mul(simd, s[i], x[i]));
        c[i] = next;
    }
    let power = T::vectors_mut::<S>(&mut block.power);
    for (power, sine) in power.iter_mut().zip(T::vectors::<S>(&block.sine)) {
        *power = T::mul(simd, *power, *sine);
    }
}

/// Data of the kernel: the turned weights, and these times `cos theta`.
#[inline(always)]
fn weigh<T: Lane, S: Simd>(simd: S, block: &mut Block<T>) {
    let [a, b, c, d] = &mut block.panel;
    let [a, b, c, d] = [a, b, c, d].map(|row| T::vectors_mut::<S>(row));
    let [cosine, sine] = &block.turn;
    let (cosine, sine) = (T::vectors::<S>(cosine), T::vectors::<S>(sine));
    let height = T::vectors::<S>(&block.cosine);
    for i in 0..height.len() {
        a[i] = cosine[i];
        b[i] = sine[i];
        c[i] = T::mul(simd, height[i], cosine[i]);
        d[i] = T::mul(simd, height[i], sine[i]);
    }
}

/// Adds `cos m phi (even + x odd) + sin m phi (even + x odd)` to the result.
#[inline(always)]
fn gather<T: Lane, S: Simd>(simd: S, block: &mut Block<T>) {
    let [a, b, c, d] = &block.panel;
    let [a, b, c, d] = [a, b, c, d].map(|row| T::vectors::<S>(row));
    let [cosine, sine] = &block.turn;
    let (cosine, sine) = (T::vectors::<S>(cosine), T::vectors::<S>(sine));
    let height = T::vectors::<S>(&block.cosine);
    let out = T::vectors_mut::<S>(&mut block.out);
    for i in 0..height.len() {
        let even = T::fma(simd, height[i], c[i], a[i]);
        let odd = T::fma(simd, height[i], d[i], b[i]);
        out[i] = T::fma(simd, cosine[i], even, T::fma(simd, sine[i], odd, out[i]));
    }
}
