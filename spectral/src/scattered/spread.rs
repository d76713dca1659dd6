//! Interpolation between an oversampled grid and points: the exponential-of-semicircle kernel.
//!
//! `phi(z) = exp(beta (sqrt(1 - z^2) - 1))` for `|z| <= 1` (Barnett, Magland and af Klinteberg 2019,
//! SIAM J. Sci. Comput. 41, C479), `width` grid steps wide, evaluated by polynomials.

use std::f64::consts::PI;

use pulp::Simd;

use crate::grid::quadrature::gauss_legendre;
use crate::simd::Lane;

/// Widest kernel, in grid steps.
pub const MAX_TAPS: usize = 16;

/// A kernel of a width that gives the error asked for.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// Grid points that take part in each direction.
    pub width: usize,
    /// `width`, filled up with zeros to 8 or 16.
    pub taps: usize,
    beta: f64,
    /// Coefficients of `2 d - 1`, highest power first, `taps` of each.
    powers: Vec<f64>,
}

impl Kernel {
    /// For a relative error of `error` at an oversampling of `sigma`.
    pub fn new(error: f64, sigma: f64) -> Self {
        // Section 4 of the paper: exp(-pi width sqrt(1 - 1/sigma)), and one step to spare.
        let steps = -error.ln() / (PI * (1.0 - 1.0 / sigma).sqrt());
        let width = (steps.ceil() as usize + 1).clamp(3, MAX_TAPS);
        let beta = 0.976 * PI * width as f64 * (1.0 - 0.5 / sigma);
        let taps = width.next_multiple_of(8);
        let mut kernel = Self {
            width,
            taps,
            beta,
            powers: Vec::new(),
        };
        kernel.fit(width + 5);
        kernel
    }

    fn value(&self, z: f64) -> f64 {
        if z.abs() >= 1.0 {
            0.0
        } else {
            (self.beta * ((1.0 - z * z).sqrt() - 1.0)).exp()
        }
    }

    /// Chebyshev interpolation of each grid step, as powers.
    fn fit(&mut self, degree: usize) {
        let count = degree + 1;
        let node = |i: usize| (PI * (i as f64 + 0.5) / count as f64).cos();
        let half = self.width as f64 / 2.0;
        self.powers = vec![0.0; count * self.taps];
        for tap in 0..self.width {
            let at = |y: f64| self.value(((y + 1.0) / 2.0 + tap as f64 - half) / half);
            let samples: Vec<f64> = (0..count).map(|i| at(node(i))).collect();
            // T_k as powers, by its recurrence.
            let (mut before, mut chebyshev) = (vec![0.0; count], vec![0.0; count]);
            chebyshev[0] = 1.0;
            for k in 0..count {
                let sum: f64 = (0..count)
                    .map(|i| samples[i] * (PI * k as f64 * (i as f64 + 0.5) / count as f64).cos())
                    .sum();
                let share = if k == 0 { 1.0 } else { 2.0 } * sum / count as f64;
                for (power, value) in chebyshev.iter().enumerate() {
                    self.powers[(degree - power) * self.taps + tap] += share * value;
                }
                let twice = if k == 0 { 1.0 } else { 2.0 };
                let mut next: Vec<f64> = before.iter().map(|v: &f64| -v).collect();
                for power in 1..count {
                    next[power] += twice * chebyshev[power - 1];
                }
                (before, chebyshev) = (chebyshev, next);
            }
        }
    }

    /// `sum over the grid of phi exp(-i k x)` for waves of `angle = 2 pi k / N` a step.
    pub fn transform(&self, rule: &[(f64, f64)], angle: f64) -> f64 {
        let half = self.width as f64 / 2.0;
        let terms = rule.iter().map(|(theta, weight)| {
            let z = theta.cos();
            weight * self.value(z) * (half * angle * z).cos()
        });
        half * terms.sum::<f64>()
    }

    /// Nodes for [`Self::transform`].
    pub fn rule(&self) -> Vec<(f64, f64)> {
        gauss_legendre(8 * self.width)
    }

    /// The first grid point of a place, and the values at it and the next ones.
    #[inline(always)]
    pub fn weights<S: Simd, const N: usize>(
        &self,
        simd: S,
        place: f64,
    ) -> (isize, [<f64 as Lane>::V<S>; N]) {
        let edge = place - self.width as f64 / 2.0;
        let first = edge.ceil();
        let y = f64::splat(simd, 2.0 * (first - edge) - 1.0);
        let mut sums = [f64::splat(simd, 0.0); N];
        for powers in self.powers.chunks_exact(self.taps) {
            let powers = f64::vectors::<S>(powers);
            for j in 0..N {
                sums[j] = f64::fma(simd, sums[j], y, powers[j]);
            }
        }
        (first as isize, sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow<const TAPS: usize>(error: f64) {
        let kernel = Kernel::new(error, 2.0);
        assert_eq!(kernel.taps, TAPS);
        let half = kernel.width as f64 / 2.0;
        for i in 0..200 {
            let place = 20.0 + i as f64 * 0.01;
            let (first, values) = kernel.weights::<_, TAPS>(pulp::Scalar, place);
            for (j, value) in values[..kernel.width].iter().enumerate() {
                let expected = kernel.value(((first + j as isize) as f64 - place) / half);
                assert!((value - expected).abs() < error, "{error} {i} {j}");
            }
        }
    }

    #[test]
    fn polynomials_follow_the_kernel() {
        follow::<8>(1e-2);
        follow::<8>(1e-6);
        follow::<16>(1e-9);
        follow::<16>(1e-13);
    }
}
