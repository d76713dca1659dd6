//! Gauss-Legendre quadrature.

use std::f64::consts::PI;

/// `count` nodes and weights on [-1, 1], exact to degree `2 count - 1`, by Newton's method from Tricomi's first guess.
pub(crate) fn gauss_legendre(count: usize) -> Vec<(f64, f64)> {
    let n = count as f64;
    (0..count)
        .map(|i| {
            let mut x = ((i as f64 + 0.75) / (n + 0.5) * PI).cos();
            let mut slope = 1.0;
            for _iteration in 0..8 {
                let (mut before, mut value) = (1.0, x);
                for k in 2..=count {
                    let k = k as f64;
                    (before, value) = (
                        value,
                        ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k,
                    );
                }
                slope = n * (x * value - before) / (x * x - 1.0);
                x -= value / slope;
            }
            (x, 2.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}
