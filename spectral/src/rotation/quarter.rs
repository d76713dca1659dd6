//! Wigner's matrix of a quarter turn about y, from which every rotation is made, computed anew for each use.
//!
//! A turn about y is an exchange J of the axes y and z, a turn about z by the opposite angle, and the exchange again (Pinchon
//! and Hoggan, J. Phys. A 40, 2007, 1597). The entries of J are those of d(pi/2) but for signs and roots of 2, which are
//! put into the recurrence here: in m at fixed k, started at m = l and stopped at m = k, where it is stable (Trapani and
//! Navaza, Acta Cryst. A62, 2006, 262). The columns k are lanes, so an entry costs three operations of one lane:
//! less than to read it from a table that does not fit the cache.

use pulp::{Arch, Simd, WithSimd};

use crate::simd::{Aligned, Lane};

/// The largest degree of a rotation.
pub const MAX_DEGREE: usize = 512;

/// Rows are padded to whole vectors of this many values.
pub const LANES: usize = 8;

/// Rows that are read together may differ by this many orders.
const REACH: usize = 6;

/// `[1; 8], 1/2, 0...` and `[1; 8], 0...`: windows into these end a row at the diagonal, and before it.
const UP_TO_DIAGONAL: [f64; 2 * LANES] = ending(0.5);
const BELOW_DIAGONAL: [f64; 2 * LANES] = ending(0.0);

const fn ending(middle: f64) -> [f64; 2 * LANES] {
    let mut window = [0.0; 2 * LANES];
    let mut i = 0;
    while i < LANES {
        window[i] = 1.0;
        i += 1;
    }
    window[LANES] = middle;
    window
}

/// Orders of one parity of a degree, padded to whole vectors.
pub fn half(l: usize) -> usize {
    (l / 2 + 1).next_multiple_of(LANES)
}

/// `t_m s_m t_k s_k d^l_mk(pi/2)` for `0 <= k <= m <= l`, at `[m][parity of k][k / 2]`, with `t_m = sqrt 2` (1 for m = 0)
/// and `s_m = (-1)^floor(m / 2)`. The diagonal is halved, so that a row may serve as a column as well; what follows it
/// in its vector is zero, and so is that vector in the next [`REACH`] rows below, and the [`REACH`] rows after the last.
#[derive(Debug, Clone, Default)]
pub struct Quarter {
    l: usize,
    values: Aligned<f64>,
    /// k in the order of a row.
    orders: Aligned<f64>,
    /// Row l.
    start: Aligned<f64>,
    /// `[a, b]` of each m: row m - 1 is `a k` times row m plus b times row m + 1.
    steps: Vec<[f64; 2]>,
    /// `sqrt((l - m) (l + m + 1))` of each m.
    roots: Vec<f64>,
    /// `2^-l sqrt(binomial(2l, l))` of each degree so far.
    central: Vec<f64>,
}

impl Quarter {
    pub fn degree(&self) -> usize {
        self.l
    }

    /// Row m, and the [`REACH`] zero rows after row l: orders k of even parity, then of odd parity.
    #[inline(always)]
    pub fn row(&self, m: usize) -> &[f64] {
        let stride = 2 * half(self.l);
        &self.values[m * stride..][..stride]
    }

    /// All but the values.
    #[inline(always)]
    fn prepare(&mut self, l: usize) {
        self.l = l;
        let half = half(l);
        let end = (l + 1) * 2 * half;
        self.values.at_least(end + REACH * 2 * half);
        self.values[end..][..REACH * 2 * half].fill(0.0);
        let product = |j: usize| (2 * j - 1) as f64 / (2 * j) as f64;
        while self.central.len() <= l {
            let next = self.central.len();
            let last = self.central.last().copied();
            let value = last.map_or(1.0, |last| last * product(next).sqrt());
            self.central.push(value);
        }
        let (top, double) = (l as f64, (l * (l + 1)) as f64);
        self.roots.resize(l + 1, 0.0);
        for (m, root) in (0u32..).zip(&mut self.roots) {
            let m = f64::from(m);
            *root = (double - m * (m + 1.0)).sqrt();
        }
        self.steps.clear();
        self.steps.resize(l + 1, [0.0; 2]);
        for (m, (pair, step)) in (1..).zip(self.roots.windows(2).zip(&mut self.steps[1..])) {
            let inverse = 1.0 / pair[0];
            let turned = if m % 2 == 0 { -2.0 } else { 2.0 };
            *step = [turned * inverse, pair[1] * inverse];
        }
        if let Some(step) = self.steps.get_mut(1) {
            *step = step.map(|value| value * std::f64::consts::FRAC_1_SQRT_2);
        }
        let orders = self.orders.zeros(2 * half);
        let start = self.start.zeros(2 * half);
        // d_lk = (-1)^(l-k) 2^-l sqrt(binomial(2l, l + k)), with the factors of both orders.
        let sign = |m: usize| [1.0, 1.0, -1.0, -1.0][m % 4];
        let mut size = self.central[l] * sign(l) * if l.is_multiple_of(2) { 1.0 } else { -1.0 };
        if l > 0 {
            size *= 2.0;
        }
        for k in 0..=l {
            let place = k % 2 * half + k / 2;
            orders[place] = k as f64;
            let alternate = [1.0, -1.0, -1.0, 1.0][k % 4];
            start[place] = alternate * size;
            size *= self.roots[k] / (top + (k + 1) as f64);
        }
        if l > 0 {
            start[0] *= std::f64::consts::FRAC_1_SQRT_2;
        }
    }
}

/// Fills a [`Quarter`] for a degree. O(l^2).
pub struct Fill<'a> {
    pub l: usize,
    pub quarter: &'a mut Quarter,
}

impl Fill<'_> {
    /// Compiled here, once for each instruction set.
    #[inline(never)]
    pub fn run(self, arch: Arch) {
        arch.dispatch(self);
    }
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { l, quarter } = self;
        quarter.prepare(l);
        let Quarter {
            values,
            orders,
            start,
            steps,
            ..
        } = quarter;
        let lanes = f64::lanes::<S>();
        let half = half(l) / lanes;
        let (orders, start) = (f64::vectors::<S>(orders), f64::vectors::<S>(start));
        let values = f64::vectors_mut::<S>(&mut values[..(l + 1) * 2 * half * lanes]);
        for parity in 0..2 {
            for i in 0..half {
                let lowest = 2 * i * lanes + parity;
                for m in lowest.saturating_sub(REACH)..lowest.min(l + 1) {
                    values[(2 * m + parity) * half + i] = s.splat_f64s(0.0);
                }
            }
            let mut first = 0;
            macro_rules! tiles {
                ($n:literal) => {
                    while half - first >= $n {
                        let from = parity * half + first;
                        let lanes = Columns::<S, $n> {
                            parity,
                            first,
                            orders: std::array::from_fn(|v| orders[from + v]),
                            here: std::array::from_fn(|v| start[from + v]),
                        };
                        lanes.fill(s, l, steps, half, values);
                        first += $n;
                    }
                };
            }
            tiles!(4);
            tiles!(2);
            tiles!(1);
        }
    }
}

/// Neighbouring vectors of columns k of one parity.
struct Columns<S: Simd, const V: usize> {
    parity: usize,
    first: usize,
    orders: [S::f64s; V],
    here: [S::f64s; V],
}

impl<S: Simd, const V: usize> Columns<S, V> {
    #[inline(always)]
    fn fill(self, s: S, l: usize, steps: &[[f64; 2]], half: usize, values: &mut [S::f64s]) {
        let Self {
            parity,
            first,
            orders,
            mut here,
        } = self;
        let mut above = [s.splat_f64s(0.0); V];
        let lanes = f64::lanes::<S>();
        let mut m = l;
        for last in (0..V).rev() {
            let lowest = 2 * (first + last) * lanes + parity;
            let highest = lowest + 2 * (lanes - 1);
            while m >= lowest {
                let row = &mut values[(2 * m + parity) * half + first..][..V];
                for v in 0..V {
                    if v < last || (v == last && m > highest) {
                        row[v] = here[v];
                    } else if v == last {
                        row[v] = s.mul_f64s(here[v], ending_at::<S>(m, lowest));
                    }
                }
                if m == 0 {
                    return;
                }
                let [a, b] = steps[m].map(|value| s.splat_f64s(value));
                for v in 0..V {
                    let rest = s.mul_f64s(b, above[v]);
                    above[v] = here[v];
                    here[v] = f64::fma(s, s.mul_f64s(a, orders[v]), here[v], rest);
                }
                m -= 1;
            }
        }
    }
}

/// Ones for the orders k below m of a vector that begins with order `lowest`, a half for k = m, zeros above.
#[inline(always)]
fn ending_at<S: Simd>(m: usize, lowest: usize) -> S::f64s {
    let before = (m - lowest).div_ceil(2);
    let window = if (m - lowest).is_multiple_of(2) {
        &UP_TO_DIAGONAL
    } else {
        &BELOW_DIAGONAL
    };
    f64::vectors::<S>(&window[LANES - before..][..f64::lanes::<S>()])[0]
}
