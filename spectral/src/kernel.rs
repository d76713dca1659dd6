//! Sums over degrees at fixed order, for vectors of latitudes or of points.
//!
//! Latitudes are lanes: the recurrence of [`super::columns`] runs in registers for several vectors
//! at once. Six multiply-adds serve two degrees of one vector. Degrees come in chunks of [`CHUNK`]
//! steps; at the start of a chunk latitudes nearer the pole join in, from stored values, once they
//! have left the range where the functions are negligible.

use pulp::{Arch, Simd, WithSimd};

use crate::simd::Lane;

/// Steps of one chunk: 64 degrees.
pub const CHUNK: usize = 32;

/// Lanes that take part, and with what values they begin.
#[derive(Clone, Copy)]
pub struct Active<'a, T> {
    /// How many of the first lanes take part in each chunk of steps; never decreasing.
    pub counts: &'a [u32],
    /// Values before and at the step where each lane begins.
    pub before: &'a [T],
    /// As `before`, at the step itself.
    pub value: &'a [T],
}

/// Running values of the recurrence.
pub struct State<'a, T> {
    /// `p_(k-1)`.
    pub before: &'a mut [T],
    /// `p_k`.
    pub value: &'a mut [T],
}

impl<T: Copy> State<'_, T> {
    /// Lanes that join at `chunk` take their first values.
    fn join(&mut self, active: &Active<'_, T>, chunk: usize) {
        let first = chunk.checked_sub(1).map_or(0, |c| active.counts[c]) as usize;
        let range = first..active.counts[chunk] as usize;
        self.before[range.clone()].copy_from_slice(&active.before[range.clone()]);
        self.value[range.clone()].copy_from_slice(&active.value[range]);
    }
}

/// `sums[j] = sum_k coefficients[k][j] p_k`, lane by lane, j = 0..4.
pub struct Synthesis<'a, T> {
    /// `cos^2 theta` of each lane.
    pub square: &'a [T],
    pub active: Active<'a, T>,
    pub steps: &'a [[T; 2]],
    pub coefficients: &'a [[T; 4]],
    /// All lanes zero on entry.
    pub state: State<'a, T>,
    /// All zero on entry.
    pub sums: [&'a mut [T]; 4],
}

impl Synthesis<'_, f64> {
    /// Compiled here, once for each instruction set.
    #[inline(never)]
    pub fn run(self, arch: Arch) {
        arch.dispatch(self);
    }
}

impl<T: Lane> WithSimd for Synthesis<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let chunks = self
            .steps
            .chunks(CHUNK)
            .zip(self.coefficients.chunks(CHUNK));
        for (chunk, (steps, coefficients)) in chunks.enumerate() {
            self.state.join(&self.active, chunk);
            let vectors = (self.active.counts[chunk] as usize).div_ceil(T::lanes::<S>());
            let square = T::vectors::<S>(self.square);
            let before = T::vectors_mut::<S>(self.state.before);
            let value = T::vectors_mut::<S>(self.state.value);
            let [a, b, c, d] = &mut self.sums;
            let mut sums = [a, b, c, d].map(|sum| T::vectors_mut::<S>(sum));
            let mut i = 0;
            macro_rules! run {
                ($n:literal) => {
                    while vectors - i >= $n {
                        let [a, b, c, d] = &mut sums;
                        synthesis_tile::<T, S, $n>(
                            simd,
                            &square[i..],
                            [&mut before[i..], &mut value[i..]],
                            (steps, coefficients),
                            [&mut a[i..], &mut b[i..], &mut c[i..], &mut d[i..]],
                        );
                        i += $n;
                    }
                };
            }
            if S::REGISTER_COUNT >= 32 {
                run!(4);
            }
            run!(2);
            run!(1);
        }
    }
}

#[inline(always)]
pub fn load<V: Copy, const N: usize>(from: &[V]) -> [V; N] {
    std::array::from_fn(|i| from[i])
}

#[inline(always)]
fn synthesis_tile<T: Lane, S: Simd, const N: usize>(
    simd: S,
    square: &[T::V<S>],
    [before, value]: [&mut [T::V<S>]; 2],
    steps: (&[[T; 2]], &[[T; 4]]),
    sums: [&mut [T::V<S>]; 4],
) {
    let [before, value] = [before, value].map(|row| &mut row[..N]);
    let sums = sums.map(|sum| &mut sum[..N]);
    let mut tile = Tile::<T, S, N> {
        square: load(square),
        before: load(before),
        value: load(value),
    };
    let mut total: [[_; N]; 4] = std::array::from_fn(|j| load(sums[j]));
    tile.synthesis(simd, steps, &mut total);
    for i in 0..N {
        (before[i], value[i]) = (tile.before[i], tile.value[i]);
        for j in 0..4 {
            sums[j][i] = total[j][i];
        }
    }
}

/// The recurrence of a few vectors of lanes, in registers.
pub struct Tile<T: Lane, S: Simd, const N: usize> {
    /// `cos^2 theta`.
    pub square: [T::V<S>; N],
    /// `p_(k-1)`.
    pub before: [T::V<S>; N],
    /// `p_k`.
    pub value: [T::V<S>; N],
}

impl<T: Lane, S: Simd, const N: usize> Tile<T, S, N> {
    /// `total[j] += sum_k coefficients[k][j] p_k`, lane by lane.
    #[inline(always)]
    pub fn synthesis(
        &mut self,
        simd: S,
        (steps, coefficients): (&[[T; 2]], &[[T; 4]]),
        total: &mut [[T::V<S>; N]; 4],
    ) {
        for (step, c) in steps.iter().zip(coefficients) {
            for (total, c) in total.iter_mut().zip(c) {
                let c = T::splat(simd, *c);
                for (total, value) in total.iter_mut().zip(&self.value) {
                    *total = T::fma(simd, c, *value, *total);
                }
            }
            self.step(simd, step);
        }
    }

    /// `sums[k][j] += data[j] p_k`, lane by lane, the vectors of the tile added up.
    #[inline(always)]
    pub fn analysis(
        &mut self,
        simd: S,
        steps: &[[T; 2]],
        data: [&[T::V<S>]; 4],
        sums: &mut [T::V<S>],
    ) {
        // Read from memory at each step: kept in variables, all of it would be copied for each tile.
        let data = data.map(|data| &data[..N]);
        for (step, sums) in steps.iter().zip(sums.chunks_exact_mut(4)) {
            for (sum, data) in sums.iter_mut().zip(data) {
                let mut total = *sum;
                for (data, value) in data.iter().zip(&self.value) {
                    total = T::fma(simd, *data, *value, total);
                }
                *sum = total;
            }
            self.step(simd, step);
        }
    }

    #[inline(always)]
    fn step(&mut self, simd: S, [slope, shift]: &[T; 2]) {
        let (slope, shift) = (T::splat(simd, *slope), T::splat(simd, *shift));
        for i in 0..N {
            let factor = T::fma(simd, slope, self.square[i], shift);
            let next = T::fma(simd, factor, self.value[i], self.before[i]);
            self.before[i] = self.value[i];
            self.value[i] = next;
        }
    }
}

/// `sums[k][j] += sum over lanes of data[j] p_k`: the transpose of [`Synthesis`].
pub struct Analysis<'a, T> {
    /// `cos^2 theta` of each lane.
    pub square: &'a [T],
    pub active: Active<'a, T>,
    pub steps: &'a [[T; 2]],
    /// Zero in lanes beyond the active ones.
    pub data: [&'a [T]; 4],
    /// All lanes zero on entry.
    pub state: State<'a, T>,
    /// `4 CHUNK WIDEST` values to work in.
    pub lanes: &'a mut [T],
    pub sums: &'a mut [[T; 4]],
}

impl Analysis<'_, f64> {
    /// Compiled here, once for each instruction set.
    #[inline(never)]
    pub fn run(self, arch: Arch) {
        arch.dispatch(self);
    }
}

impl<T: Lane + std::ops::AddAssign> WithSimd for Analysis<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let chunks = self.steps.chunks(CHUNK).zip(self.sums.chunks_mut(CHUNK));
        for (chunk, (steps, sums)) in chunks.enumerate() {
            self.state.join(&self.active, chunk);
            let vectors = (self.active.counts[chunk] as usize).div_ceil(T::lanes::<S>());
            let square = T::vectors::<S>(self.square);
            let before = T::vectors_mut::<S>(self.state.before);
            let value = T::vectors_mut::<S>(self.state.value);
            let data = self.data.map(|data| T::vectors::<S>(data));
            let lanes = &mut T::vectors_mut::<S>(self.lanes)[..4 * steps.len()];
            lanes.fill(T::splat(simd, T::default()));
            let mut i = 0;
            macro_rules! run {
                ($n:literal) => {
                    while vectors - i >= $n {
                        analysis_tile::<T, S, $n>(
                            simd,
                            &square[i..],
                            [&mut before[i..], &mut value[i..]],
                            steps,
                            data.map(|data| &data[i..]),
                            lanes,
                        );
                        i += $n;
                    }
                };
            }
            if S::REGISTER_COUNT >= 32 {
                run!(8);
                run!(4);
            }
            run!(2);
            run!(1);
            add_lanes::<T, S>(simd, lanes, sums);
        }
    }
}

/// `sums[k] += ` the sums over the lanes of four vectors each.
#[inline(always)]
pub fn add_lanes<T: Lane + std::ops::AddAssign, S: Simd>(
    simd: S,
    lanes: &[T::V<S>],
    sums: &mut [[T; 4]],
) {
    for (sums, lanes) in sums.iter_mut().zip(lanes.chunks_exact(4)) {
        for (sum, lane) in sums.iter_mut().zip(lanes) {
            *sum += T::sum(simd, *lane);
        }
    }
}

#[inline(always)]
fn analysis_tile<T: Lane, S: Simd, const N: usize>(
    simd: S,
    square: &[T::V<S>],
    [before, value]: [&mut [T::V<S>]; 2],
    steps: &[[T; 2]],
    data: [&[T::V<S>]; 4],
    lanes: &mut [T::V<S>],
) {
    let [before, value] = [before, value].map(|row| &mut row[..N]);
    let mut tile = Tile::<T, S, N> {
        square: load(square),
        before: load(before),
        value: load(value),
    };
    tile.analysis(simd, steps, data, lanes);
    before.copy_from_slice(&tile.before);
    value.copy_from_slice(&tile.value);
}
