//! Products of an exchange with one column, and with many side by side.
//!
//! Coefficients of one degree lie in classes `[parity of m][cosine, sine][m / 2][column]`. J joins cosines of even l - m
//! among themselves, sines of odd l - m among themselves, and cosines of odd l - m with sines of even l - m. It is
//! symmetric, so row m of a [`Quarter`] serves twice: as a row for order m, and as a column for the orders k below.

use pulp::{Arch, Simd, WithSimd};

use super::quarter::{LANES, Quarter, half};
use crate::simd::Lane;

/// Where the classes of one degree lie in a buffer.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// Values of one class.
    size: usize,
    columns: usize,
}

impl Places {
    pub fn of(l: usize, columns: usize) -> Self {
        Self {
            size: half(l) * columns,
            columns,
        }
    }

    /// Values of all four classes.
    pub fn len(self) -> usize {
        4 * self.size
    }

    /// Cosines and sines of one parity.
    pub fn pair(self, parity: usize, values: &mut [f64]) -> (&mut [f64], &mut [f64]) {
        values[self.class(parity, false)..][..2 * self.size].split_at_mut(self.size)
    }

    fn class(self, parity: usize, sine: bool) -> usize {
        (2 * parity + usize::from(sine)) * self.size
    }

    /// The first column of the cosine and of the sine of order m.
    pub fn of_order(self, m: usize) -> [usize; 2] {
        [false, true].map(|sine| self.class(m % 2, sine) + m / 2 * self.columns)
    }
}

/// What one part of a row, the orders k of one parity, does to the classes.
#[derive(Clone, Copy)]
struct Part {
    /// Parity of k.
    parity: usize,
    /// Class of the orders k, and of m.
    from: usize,
    to: usize,
    sign: f64,
}

impl Part {
    /// Orders k of the parity of m, and of the other, for rows m of one parity.
    fn of_rows(l: usize, parity: usize, at: Places) -> [Self; 2] {
        let (other, odd) = (1 - parity, (l + parity) % 2 == 1);
        let same = at.class(parity, odd);
        [
            Self {
                parity,
                from: same,
                to: same,
                sign: if odd { -1.0 } else { 1.0 },
            },
            Self {
                parity: other,
                from: at.class(other, odd),
                to: at.class(parity, !odd),
                sign: if parity == 1 { -1.0 } else { 1.0 },
            },
        ]
    }

    /// How many orders k the row m has in this part.
    fn width(self, m: usize) -> usize {
        if m % 2 == self.parity {
            m / 2 + 1
        } else {
            m.div_ceil(2)
        }
    }
}

/// Rows of one parity that are read together; those after the last row are zero.
const ROWS: usize = 4;

/// `output = J input`, for one column or a multiple of [`LANES`]; padding of the input is zero, as is the sine of order 0.
pub struct Exchange<'a> {
    pub quarter: &'a Quarter,
    pub columns: usize,
    pub input: &'a [f64],
    pub output: &'a mut [f64],
}

impl Exchange<'_> {
    /// Compiled here, once for each instruction set.
    #[inline(never)]
    pub fn run(self, arch: Arch) {
        arch.dispatch(self);
    }
}

impl WithSimd for Exchange<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let l = self.quarter.degree();
        let at = Places::of(l, self.columns);
        self.output.fill(0.0);
        for parity in 0..2.min(l + 1) {
            for part in Part::of_rows(l, parity, at) {
                if self.columns == 1 {
                    for m in (parity..=l).step_by(2 * ROWS) {
                        one_column(s, self.quarter, part, m, self.input, self.output);
                    }
                } else {
                    let mut first = 0;
                    while first < self.columns {
                        let many = Many {
                            first,
                            columns: self.columns,
                        };
                        for m in (parity..=l).step_by(2 * ROWS) {
                            many.rows(s, self.quarter, part, m, self.input, self.output);
                        }
                        first += LANES;
                    }
                }
            }
        }
        // Nothing has a sine of order 0.
        let [_, sine] = at.of_order(0);
        self.output[sine..][..self.columns].fill(0.0);
    }
}

/// `width` values of the rows m, m + 2, ..., from `offset` on. Written out: a closure would be called for each row.
#[inline(always)]
fn rows_from(quarter: &Quarter, m: usize, offset: usize, width: usize) -> [&[f64]; ROWS] {
    [
        &quarter.row(m)[offset..][..width],
        &quarter.row(m + 2)[offset..][..width],
        &quarter.row(m + 4)[offset..][..width],
        &quarter.row(m + 6)[offset..][..width],
    ]
}

/// Rows m, m + 2, ... of one part against one column.
#[inline(always)]
fn one_column<S: Simd>(
    s: S,
    quarter: &Quarter,
    part: Part,
    m: usize,
    input: &[f64],
    output: &mut [f64],
) {
    let lanes = f64::lanes::<S>();
    let offset = part.parity * half(quarter.degree());
    let width = part.width(m + 2 * (ROWS - 1)).next_multiple_of(lanes);
    let [a, b, c, d] = rows_from(quarter, m, offset, width);
    let rows = [
        f64::vectors::<S>(a),
        f64::vectors::<S>(b),
        f64::vectors::<S>(c),
        f64::vectors::<S>(d),
    ];
    let column = f64::vectors::<S>(&input[part.from..][..width]);
    let sums = f64::vectors_mut::<S>(&mut output[part.from..][..width]);
    let to = part.to + m / 2;
    let mut factors = [s.splat_f64s(part.sign); ROWS];
    for (factor, value) in factors.iter_mut().zip(&input[to..][..ROWS]) {
        *factor = s.mul_f64s(*factor, s.splat_f64s(*value));
    }
    let mut dots = [s.splat_f64s(0.0); ROWS];
    for i in 0..width / lanes {
        let (x, mut sum) = (column[i], sums[i]);
        for r in 0..ROWS {
            dots[r] = f64::fma(s, rows[r][i], x, dots[r]);
            sum = f64::fma(s, rows[r][i], factors[r], sum);
        }
        sums[i] = sum;
    }
    for (sum, dot) in output[to..][..ROWS].iter_mut().zip(dots) {
        *sum += part.sign * s.reduce_sum_f64s(dot);
    }
}

/// [`LANES`] of several columns side by side.
#[derive(Clone, Copy)]
struct Many {
    first: usize,
    columns: usize,
}

impl Many {
    /// As [`one_column`], for these columns.
    #[inline(always)]
    fn rows<S: Simd>(
        self,
        s: S,
        quarter: &Quarter,
        part: Part,
        m: usize,
        input: &[f64],
        output: &mut [f64],
    ) {
        let offset = part.parity * half(quarter.degree());
        let width = part.width(m + 2 * (ROWS - 1));
        let rows = rows_from(quarter, m, offset, width);
        let Self { first, columns } = self;
        let sign = s.splat_f64s(part.sign);
        let to = part.to + m / 2 * columns + first;
        for v in 0..LANES / f64::lanes::<S>() {
            let at = |place: usize| place + v * f64::lanes::<S>();
            let load = |from: &[f64], place: usize| {
                f64::vectors::<S>(&from[at(place)..][..f64::lanes::<S>()])[0]
            };
            let mut factors = [sign; ROWS];
            for (r, factor) in factors.iter_mut().enumerate() {
                *factor = s.mul_f64s(sign, load(input, to + r * columns));
            }
            let mut dots = [s.splat_f64s(0.0); ROWS];
            let x = input[part.from..][..width * columns].chunks_exact(columns);
            let y = output[part.from..][..width * columns].chunks_exact_mut(columns);
            for (k, (x, y)) in x.zip(y).enumerate() {
                let (x, mut sum) = (load(x, first), load(y, first));
                for r in 0..ROWS {
                    let d = s.splat_f64s(rows[r][k]);
                    dots[r] = f64::fma(s, d, x, dots[r]);
                    sum = f64::fma(s, d, factors[r], sum);
                }
                store::<S>(&mut y[at(first)..], sum);
            }
            for (r, dot) in dots.into_iter().enumerate() {
                let place = to + r * columns;
                let sum = f64::fma(s, sign, dot, load(output, place));
                store::<S>(&mut output[at(place)..], sum);
            }
        }
    }
}

#[inline(always)]
fn store<S: Simd>(to: &mut [f64], value: S::f64s) {
    f64::vectors_mut::<S>(&mut to[..f64::lanes::<S>()])[0] = value;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rotation::quarter::Fill;
    use crate::simd::every_arch;

    #[test]
    fn an_exchange_is_its_own_inverse_on_every_instruction_set() {
        for arch in every_arch() {
            let mut quarter = Quarter::default();
            // From high to low: what a higher degree left behind must do no harm.
            for l in (0..=33).chain([64, 129, 256, 512]).rev() {
                Fill {
                    l,
                    quarter: &mut quarter,
                }
                .run(arch);
                for columns in [1, LANES, 3 * LANES] {
                    let at = Places::of(l, columns);
                    let mut input = vec![0.0; at.len()];
                    for m in 0..=l {
                        for (place, least) in at.of_order(m).into_iter().zip([0, 1]) {
                            for c in 0..if m >= least { columns } else { 0 } {
                                input[place + c] = ((place + c) * 7919 % 101) as f64 / 101.0;
                            }
                        }
                    }
                    let exchanged = |input: &[f64]| {
                        let mut output = vec![f64::NAN; at.len()];
                        Exchange {
                            quarter: &quarter,
                            columns,
                            input,
                            output: &mut output,
                        }
                        .run(arch);
                        output
                    };
                    let twice = exchanged(&exchanged(&input));
                    let each = input.iter().zip(&twice);
                    let worst = each.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                    let bound = 2e-14 + 1e-15 * l as f64;
                    assert!(worst < bound, "{l}, {columns} columns: {worst:e}");
                }
            }
        }
    }
}
