//! Recurrence tables of the associated Legendre functions for the vector kernels.
//!
//! At fixed order `m` the kernels run one recurrence over every second degree (Ishioka 2018,
//! J. Meteorol. Soc. Japan 96, 241): with `x = cos theta`, `e_l = sqrt((l^2 - m^2) / (4 l^2 - 1))` and
//! `q_k = P_(m+2k+1),m / x`,
//!
//! ```text
//! P_(m+2k+1) = x q_k                      (odd about the equator)
//! P_(m+2k)   = e_(m+2k+1) q_k + e_(m+2k) q_(k-1)   (even)
//! ```
//!
//! so that coefficients are mixed once for each order and two degrees cost one step
//! `p_(k+1) = (A_k x^2 + B_k) p_k + p_(k-1)` with `q_k = alpha_k p_k` and `p_0 = sin^m theta`.

use std::f64::consts::PI;
use std::ops::Range;

use crate::Real;

/// How coefficients of two neighbouring degrees enter the sums over `p_k`.
#[derive(Debug, Clone, Copy)]
pub struct Mix {
    /// `alpha_k e_(m+2k+1)`: degree `m + 2k` into the even sum.
    pub here: f64,
    /// `alpha_k e_(m+2k+2)`: degree `m + 2k + 2` into the even sum.
    pub above: f64,
    /// `alpha_k`: degree `m + 2k + 1` into the odd sum.
    pub odd: f64,
}

/// Steps and mixtures for every order up to `lmax`. `40 (lmax / 2 + 1)^2` bytes in `f64`.
#[derive(Debug, Clone)]
pub struct Columns<T> {
    lmax: usize,
    /// `[A_k, B_k]`.
    steps: Vec<[T; 2]>,
    mix: Vec<Mix>,
    /// Where each order begins.
    offsets: Vec<usize>,
}

impl<T: Real> Columns<T> {
    pub fn new(lmax: usize) -> Self {
        let total = (0..=lmax).map(|m| steps(lmax, m)).sum();
        let mut columns = Self {
            lmax,
            steps: Vec::with_capacity(total),
            mix: Vec::with_capacity(total),
            offsets: vec![0],
        };
        // P_mm / sin^m, with sqrt(2) for the real basis from order 1 on.
        let mut norm = (0.25 / PI).sqrt();
        for m in 0..=lmax {
            if m > 0 {
                norm *= ((2 * m + 1) as f64 / (2 * m) as f64).sqrt();
            }
            let scale = if m == 0 { norm } else { norm * 2f64.sqrt() };
            columns.push(m, scale);
        }
        columns
    }

    fn push(&mut self, m: usize, scale: f64) {
        let e = |l: usize| {
            let (square, order) = ((l * l) as f64, (m * m) as f64);
            ((square - order) / (4.0 * square - 1.0)).sqrt()
        };
        let mut alpha = [0.0, scale * ((2 * m + 3) as f64).sqrt()];
        let mut back = 0.0;
        for k in 0..steps(self.lmax, m) {
            let l = m + 2 * k + 1;
            let (low, mid, high) = (e(l), e(l + 1), e(l + 2));
            let lead = mid * high;
            let next = if k == 0 {
                alpha[1]
            } else {
                -back / lead * alpha[0]
            };
            let slope = alpha[1] / (lead * next);
            let shift = -(mid * mid + low * low) * slope;
            self.steps.push([T::from_f64(slope), T::from_f64(shift)]);
            self.mix.push(Mix {
                here: alpha[1] * low,
                above: alpha[1] * mid,
                odd: alpha[1],
            });
            alpha = [alpha[1], next];
            back = lead;
        }
        self.offsets.push(self.steps.len());
    }

    pub fn lmax(&self) -> usize {
        self.lmax
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.steps) + size_of_val(&*self.mix)
    }

    /// Steps of all orders together.
    pub fn total(&self) -> usize {
        self.steps.len()
    }

    /// Where the steps of order `m` lie among all.
    pub fn range(&self, m: usize) -> Range<usize> {
        self.offsets[m]..self.offsets[m + 1]
    }

    fn up_to(&self, m: usize, degree: usize) -> Range<usize> {
        let start = self.offsets[m];
        start..start + steps(degree, m)
    }

    /// `[A_k, B_k]` of order `m` as far as `degree` (at most `lmax`) needs them.
    pub fn steps(&self, m: usize, degree: usize) -> &[[T; 2]] {
        &self.steps[self.up_to(m, degree)]
    }

    fn mix(&self, m: usize, degree: usize) -> &[Mix] {
        &self.mix[self.up_to(m, degree)]
    }

    /// Coefficients of the even and odd sums over `p_k`, `[even cosine, even sine, odd cosine, odd
    /// sine]` for each k, from the coefficients of degrees `m ..= degree`: `[cosine, sine]` each.
    pub fn blend(&self, m: usize, degree: usize, from: &[[f64; 2]], to: &mut [[T; 4]]) {
        let at = |i: usize| from.get(i).copied().unwrap_or_default();
        for (k, (mix, to)) in self.mix(m, degree).iter().zip(to).enumerate() {
            let (here, odd, above) = (at(2 * k), at(2 * k + 1), at(2 * k + 2));
            *to = [
                T::from_f64(mix.here * here[0] + mix.above * above[0]),
                T::from_f64(mix.here * here[1] + mix.above * above[1]),
                T::from_f64(mix.odd * odd[0]),
                T::from_f64(mix.odd * odd[1]),
            ];
        }
    }

    /// The transpose of [`Self::blend`]: sums over `p_k` into coefficients of degrees `m ..= degree`.
    pub fn unblend(&self, m: usize, degree: usize, from: &[[T; 4]], to: &mut [[f64; 2]]) {
        let mut below = [0.0; 2];
        for (k, (mix, from)) in self.mix(m, degree).iter().zip(from).enumerate() {
            let from = from.map(T::to_f64);
            let even = [0, 1].map(|i| mix.here * from[i] + below[i]);
            below = [0, 1].map(|i| mix.above * from[i]);
            to[2 * k] = even;
            if let Some(to) = to.get_mut(2 * k + 1) {
                *to = [mix.odd * from[2], mix.odd * from[3]];
            }
        }
    }
}

/// Steps that order `m` takes to reach `degree >= m`.
pub fn steps(degree: usize, m: usize) -> usize {
    (degree - m) / 2 + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legendre::Legendre;

    #[test]
    fn the_steps_give_the_normalised_functions() {
        let lmax = 70;
        let (columns, legendre) = (Columns::<f64>::new(lmax), Legendre::new(lmax).unwrap());
        for cos in [-0.99_f64, -0.3, 0.0, 1e-3, 0.6, 0.97] {
            let sin = (1.0 - cos * cos).sqrt();
            for m in 0..=lmax {
                let mut expected = vec![0.0; lmax - m + 1];
                legendre.column(m, cos, sin, &mut expected);
                let (mut before, mut value) = (0.0, sin.powi(m as i32));
                let mut sums = Vec::new();
                for [a, b] in columns.steps(m, lmax) {
                    sums.push([value, 0.0, cos * value, 0.0]);
                    (before, value) = (value, (a * cos * cos + b) * value + before);
                }
                let mut found = vec![[0.0; 2]; lmax - m + 1];
                columns.unblend(m, lmax, &sums, &mut found);
                let root = if m == 0 { 1.0 } else { 2f64.sqrt() };
                for (found, expected) in found.iter().zip(expected) {
                    assert!((found[0] - root * expected).abs() < 2e-13, "{m} {cos}");
                }
            }
        }
    }

    #[test]
    fn blend_and_unblend_are_transposes() {
        let (lmax, m) = (13, 4);
        let columns = Columns::<f64>::new(lmax);
        let from: Vec<[f64; 2]> = (0..=lmax - m).map(|i| [i as f64 - 3.0, 0.5]).collect();
        let sums: Vec<[f64; 4]> = (0..steps(lmax, m))
            .map(|k| [k as f64, 1.0, 2.0 - k as f64, 0.25])
            .collect();
        let mut up = vec![[0.0; 4]; sums.len()];
        columns.blend(m, lmax, &from, &mut up);
        let mut down = vec![[0.0; 2]; from.len()];
        columns.unblend(m, lmax, &sums, &mut down);
        let left: f64 = up
            .iter()
            .flatten()
            .zip(sums.iter().flatten())
            .map(|(a, b)| a * b)
            .sum();
        let right: f64 = down
            .iter()
            .flatten()
            .zip(from.iter().flatten())
            .map(|(a, b)| a * b)
            .sum();
        assert!((left - right).abs() < 1e-12);
    }
}
