//! The matrices that exchange the axes y and z, one for each degree, from which every rotation is made.
//!
//! A turn about y is an exchange, a turn about z by the opposite angle, and the exchange again (Pinchon and Hoggan, J. Phys.
//! A 40, 2007, 1597). The exchange J is symmetric and its own inverse; parity in x, y and z leaves three blocks of
//! about l/2 rows: cosines of even l - m among themselves, sines of odd l - m among themselves, and cosines of odd l - m
//! against sines of even l - m. Its entries are Wigner's d(pi/2), from the recurrence in m at fixed m', started at m = l
//! and stopped at m = m', where it is stable (Trapani and Navaza, Acta Cryst. A62, 2006, 262).

use std::sync::OnceLock;

use crate::simd::Aligned;

/// The largest degree of a rotation.
pub const MAX_DEGREE: usize = 512;

/// Columns are padded to whole vectors of this many values.
pub const LANES: usize = 8;

/// The exchange of one degree, rows padded to multiples of [`LANES`].
#[derive(Debug)]
pub struct Exchange {
    /// Symmetric, over [`Split::even_cos`].
    pub even_cos: Aligned<f64>,
    /// Symmetric, over [`Split::odd_sin`].
    pub odd_sin: Aligned<f64>,
    /// Rows [`Split::odd_cos`], columns [`Split::even_sin`].
    pub mixed: Aligned<f64>,
}

/// How many orders of a degree fall in each class: cosine or sine, l - m even or odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    pub even_cos: usize,
    pub odd_sin: usize,
    pub even_sin: usize,
    pub odd_cos: usize,
}

impl Split {
    pub fn of(l: usize) -> Self {
        Self {
            even_cos: l / 2 + 1,
            odd_sin: l / 2,
            even_sin: l.div_ceil(2),
            odd_cos: l.div_ceil(2),
        }
    }

    /// The first order of each class; the others follow in steps of two.
    pub fn first(l: usize) -> Self {
        let odd = l % 2;
        Self {
            even_cos: odd,
            odd_sin: 1 + odd,
            even_sin: 2 - odd,
            odd_cos: 1 - odd,
        }
    }
}

/// Rounded up to whole vectors.
pub fn padded(count: usize) -> usize {
    count.next_multiple_of(LANES)
}

/// The exchange of degree `l`, at most [`MAX_DEGREE`]: computed at its first use, in O(l^2), and kept.
pub fn exchange(l: usize) -> &'static Exchange {
    static DEGREES: [OnceLock<Exchange>; MAX_DEGREE + 1] =
        [const { OnceLock::new() }; MAX_DEGREE + 1];
    DEGREES[l].get_or_init(|| Exchange::new(l))
}

impl Exchange {
    fn new(l: usize) -> Self {
        let d = quarter_turn(l);
        let (counts, first) = (Split::of(l), Split::first(l));
        // From complex to real harmonics: sqrt 2 for each order other than 0.
        let entry = |m: usize, k: usize| {
            let (high, low) = (m.max(k), m.min(k));
            let flip = m < k && (m + k) % 2 == 1;
            let scale = match (m, k) {
                (0, 0) => 1.0,
                (0, _) | (_, 0) => std::f64::consts::SQRT_2,
                _ => 2.0,
            };
            scale * if flip { -1.0 } else { 1.0 } * d[high * (high + 1) / 2 + low]
        };
        let quarter = |m: usize, k: usize| {
            if (m.abs_diff(k) / 2).is_multiple_of(2) {
                1.0
            } else {
                -1.0
            }
        };
        Self {
            even_cos: matrix(counts.even_cos, counts.even_cos, |i, j| {
                let (m, k) = (first.even_cos + 2 * i, first.even_cos + 2 * j);
                quarter(m, k) * entry(m, k)
            }),
            odd_sin: matrix(counts.odd_sin, counts.odd_sin, |i, j| {
                let (m, k) = (first.odd_sin + 2 * i, first.odd_sin + 2 * j);
                -quarter(m, k) * entry(m, k)
            }),
            mixed: matrix(counts.odd_cos, counts.even_sin, |i, j| {
                let (m, k) = (first.odd_cos + 2 * i, first.even_sin + 2 * j);
                // (-1)^((m - k + 1) / 2), with m - k odd of either sign.
                let half = (m as isize - k as isize + 1) / 2;
                if half % 2 == 0 {
                    entry(m, k)
                } else {
                    -entry(m, k)
                }
            }),
        }
    }
}

fn matrix(rows: usize, columns: usize, entry: impl Fn(usize, usize) -> f64) -> Aligned<f64> {
    let stride = padded(columns);
    let mut out = Aligned::new(rows * stride);
    for (i, row) in out.chunks_exact_mut(stride.max(1)).enumerate() {
        for (j, value) in row[..columns].iter_mut().enumerate() {
            *value = entry(i, j);
        }
    }
    out
}

/// `d^l_mk(pi/2)` for `0 <= k <= m <= l`, at `m (m + 1) / 2 + k`.
fn quarter_turn(l: usize) -> Vec<f64> {
    let mut d = vec![0.0; (l + 1) * (l + 2) / 2];
    // d_lk = (-1)^(l-k) 2^-l sqrt(binomial(2l, l + k))
    let mut size = (1..=l).fold(1.0, |size, j| {
        size * ((2 * j - 1) as f64 / (2 * j) as f64).sqrt()
    });
    let root = |m: usize| (((l - m) * (l + m + 1)) as f64).sqrt();
    for k in 0..=l {
        let (mut above, mut here) = (
            0.0,
            if (l - k).is_multiple_of(2) {
                size
            } else {
                -size
            },
        );
        for m in (k..=l).rev() {
            d[m * (m + 1) / 2 + k] = here;
            if m > k {
                let below = (2.0 * k as f64 * here - root(m) * above) / root(m - 1);
                (above, here) = (here, below);
            }
        }
        size *= ((l - k) as f64 / (l + k + 1) as f64).sqrt();
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exchange_is_its_own_inverse() {
        for l in [1, 2, 5, 16, 33, 64, 129, 256, 512] {
            let (j, n) = (exchange(l), Split::of(l));
            let square = |m: &[f64], size: usize| {
                let row = |i: usize| &m[i * padded(size)..][..size];
                let mut worst = 0.0f64;
                for i in (0..size).step_by(1 + size / 9) {
                    for k in 0..size {
                        let sum: f64 = row(i).iter().zip(row(k)).map(|(a, b)| a * b).sum();
                        worst = worst.max((sum - if i == k { 1.0 } else { 0.0 }).abs());
                    }
                }
                worst
            };
            let worst = [
                square(&j.even_cos, n.even_cos),
                square(&j.odd_sin, n.odd_sin),
                square(&j.mixed, n.odd_cos),
            ];
            assert!(
                worst.iter().all(|w| *w < 2e-14 + 2e-16 * l as f64),
                "{l}: {worst:?}"
            );
        }
    }
}
