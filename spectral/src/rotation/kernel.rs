//! Products of an exchange with one column, and with many.

use pulp::{Simd, WithSimd};

use super::exchange::{Exchange, Split, padded};
use crate::simd::Lane;

/// Places of the classes of one degree in a buffer `[class, order, column]`.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    pub even_cos: usize,
    pub odd_sin: usize,
    pub even_sin: usize,
    pub odd_cos: usize,
    pub len: usize,
}

impl Places {
    /// Of `stride` values for each order; each class is padded to whole vectors.
    pub fn of(l: usize, stride: usize) -> Self {
        let counts = Split::of(l);
        let size = |count: usize| padded(count) * stride;
        let odd_sin = size(counts.even_cos);
        let even_sin = odd_sin + size(counts.odd_sin);
        let odd_cos = even_sin + size(counts.even_sin);
        Self {
            even_cos: 0,
            odd_sin,
            even_sin,
            odd_cos,
            len: odd_cos + size(counts.odd_cos),
        }
    }
}

/// `output = J input` for one column; padding of the input is zero.
pub struct OneColumn<'a> {
    pub l: usize,
    pub exchange: &'a Exchange,
    pub input: &'a [f64],
    pub output: &'a mut [f64],
}

impl WithSimd for OneColumn<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self {
            l,
            exchange,
            input,
            output,
        } = self;
        let (n, at) = (Split::of(l), Places::of(l, 1));
        // Symmetric blocks: a sum of rows is a sum of columns.
        let class = |start: usize, count: usize| &input[start..][..count];
        let (even_cos, rest) = output.split_at_mut(at.odd_sin);
        let (odd_sin, rest) = rest.split_at_mut(at.even_sin - at.odd_sin);
        let (even_sin, odd_cos) = rest.split_at_mut(at.odd_cos - at.even_sin);
        rows_times(
            s,
            &exchange.even_cos,
            class(at.even_cos, n.even_cos),
            even_cos,
        );
        rows_times(s, &exchange.odd_sin, class(at.odd_sin, n.odd_sin), odd_sin);
        rows_times(s, &exchange.mixed, class(at.odd_cos, n.odd_cos), even_sin);
        let column = f64::vectors::<S>(&input[at.even_sin..at.odd_cos]);
        times_column(s, &exchange.mixed, column, &mut odd_cos[..n.odd_cos]);
    }
}

/// `output = sum_i factors[i] row_i`, in tiles of up to eight vectors that stay in registers.
#[inline(always)]
fn rows_times<S: Simd>(s: S, rows: &[f64], factors: &[f64], output: &mut [f64]) {
    let (rows, output) = (f64::vectors::<S>(rows), f64::vectors_mut::<S>(output));
    let mut start = 0;
    while start + 8 <= output.len() {
        row_tile::<S, 8>(s, rows, factors, output, start);
        start += 8;
    }
    while start + 4 <= output.len() {
        row_tile::<S, 4>(s, rows, factors, output, start);
        start += 4;
    }
    while start < output.len() {
        row_tile::<S, 1>(s, rows, factors, output, start);
        start += 1;
    }
}

#[inline(always)]
fn row_tile<S: Simd, const V: usize>(
    s: S,
    rows: &[S::f64s],
    factors: &[f64],
    output: &mut [S::f64s],
    start: usize,
) {
    let mut sums = [s.splat_f64s(0.0); V];
    for (row, &factor) in rows.chunks_exact(output.len()).zip(factors) {
        let row = &row[start..][..V];
        for v in 0..V {
            sums[v] = f64::fma(s, s.splat_f64s(factor), row[v], sums[v]);
        }
    }
    output[start..][..V].copy_from_slice(&sums);
}

/// `output[i] = row_i . column`.
#[inline(always)]
fn times_column<S: Simd>(s: S, rows: &[f64], column: &[S::f64s], output: &mut [f64]) {
    let rows = f64::vectors::<S>(rows);
    let mut i = 0;
    while i + 4 <= output.len() {
        let sums = dots::<S, 4>(s, &rows[i * column.len()..], column);
        output[i..i + 4].copy_from_slice(&sums);
        i += 4;
    }
    while i < output.len() {
        output[i] = dots::<S, 1>(s, &rows[i * column.len()..], column)[0];
        i += 1;
    }
}

#[inline(always)]
fn dots<S: Simd, const R: usize>(s: S, rows: &[S::f64s], column: &[S::f64s]) -> [f64; R] {
    let rows: [&[S::f64s]; R] = std::array::from_fn(|r| &rows[r * column.len()..][..column.len()]);
    let mut sums = [s.splat_f64s(0.0); R];
    for (i, &x) in column.iter().enumerate() {
        for r in 0..R {
            sums[r] = f64::fma(s, rows[r][i], x, sums[r]);
        }
    }
    std::array::from_fn(|r| s.reduce_sum_f64s(sums[r]))
}

/// `output = J input` for `columns` columns side by side, a multiple of [`LANES`].
pub struct ManyColumns<'a> {
    pub l: usize,
    pub exchange: &'a Exchange,
    pub columns: usize,
    pub input: &'a [f64],
    pub output: &'a mut [f64],
}

impl WithSimd for ManyColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self {
            l,
            exchange,
            columns,
            input,
            output,
        } = self;
        let (n, at) = (Split::of(l), Places::of(l, columns));
        let input = |start: usize| f64::vectors::<S>(&input[start..]);
        let mut times = |matrix: Matrix, from: usize, to: usize| {
            let output = f64::vectors_mut::<S>(&mut output[to..]);
            matrix.times(s, input(from), output, columns / f64::lanes::<S>());
        };
        let even_cos = Matrix::new(&exchange.even_cos, n.even_cos, n.even_cos);
        let odd_sin = Matrix::new(&exchange.odd_sin, n.odd_sin, n.odd_sin);
        let mixed = Matrix::new(&exchange.mixed, n.odd_cos, n.even_sin);
        times(even_cos, at.even_cos, at.even_cos);
        times(odd_sin, at.odd_sin, at.odd_sin);
        times(mixed, at.even_sin, at.odd_cos);
        times(mixed.transposed(), at.odd_cos, at.even_sin);
    }
}

/// A matrix with both strides, so that its transpose is another view of it.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    values: &'a [f64],
    rows: usize,
    inner: usize,
    row_step: usize,
    inner_step: usize,
}

impl<'a> Matrix<'a> {
    fn new(values: &'a [f64], rows: usize, inner: usize) -> Self {
        Self {
            values,
            rows,
            inner,
            row_step: padded(inner),
            inner_step: 1,
        }
    }

    fn transposed(self) -> Self {
        Self {
            rows: self.inner,
            inner: self.rows,
            row_step: self.inner_step,
            inner_step: self.row_step,
            ..self
        }
    }

    /// `output = self input`, both of `width` vectors a row.
    #[inline(always)]
    fn times<S: Simd>(self, s: S, input: &[S::f64s], output: &mut [S::f64s], width: usize) {
        let mut row = 0;
        while row + 4 <= self.rows {
            self.strip::<S, 4>(s, row, input, output, width);
            row += 4;
        }
        while row < self.rows {
            self.strip::<S, 1>(s, row, input, output, width);
            row += 1;
        }
    }

    #[inline(always)]
    fn strip<S: Simd, const R: usize>(
        self,
        s: S,
        row: usize,
        input: &[S::f64s],
        output: &mut [S::f64s],
        width: usize,
    ) {
        let mut start = 0;
        while start + 2 <= width {
            self.tile::<S, R, 2>(s, [row, start], input, output, width);
            start += 2;
        }
        if start < width {
            self.tile::<S, R, 1>(s, [row, start], input, output, width);
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const R: usize, const V: usize>(
        self,
        s: S,
        [row, start]: [usize; 2],
        input: &[S::f64s],
        output: &mut [S::f64s],
        width: usize,
    ) {
        let mut sums = [[s.splat_f64s(0.0); V]; R];
        for k in 0..self.inner {
            let x = &input[k * width + start..][..V];
            for (r, sums) in sums.iter_mut().enumerate() {
                let a = self.values[(row + r) * self.row_step + k * self.inner_step];
                for v in 0..V {
                    sums[v] = f64::fma(s, s.splat_f64s(a), x[v], sums[v]);
                }
            }
        }
        for r in 0..R {
            output[(row + r) * width + start..][..V].copy_from_slice(&sums[r]);
        }
    }
}
