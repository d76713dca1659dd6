//! Turns about the axis z, which mix only m and -m.

use super::kernel::Places;
use super::quarter::MAX_DEGREE;
use crate::Real;

/// cos and sin of m times an angle about z, at `[parity of m][m / 2]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    cos: [Vec<f64>; 2],
    sin: [Vec<f64>; 2],
}

/// The same angle near zero, for angles that are so large that multiples of them lose all digits.
pub fn principal(angle: f64) -> f64 {
    if angle.abs() <= 8.0 {
        return angle;
    }
    let (sin, cos) = angle.sin_cos();
    sin.atan2(cos)
}

impl Turn {
    /// To degree `lmax`, or to [`MAX_DEGREE`], beyond which nothing is rotated. O(lmax).
    pub fn new(angle: f64, lmax: usize) -> Self {
        let lmax = lmax.min(MAX_DEGREE);
        let angle = principal(angle);
        let of = |m: usize| {
            let m = m as f64;
            let product = m * angle;
            // What rounding of the product lost, put back to first order: exact to the last bit at any m.
            let lost = m.mul_add(angle, -product);
            let (sin, cos) = product.sin_cos();
            (cos - lost * sin, sin + lost * cos)
        };
        let [even, odd] = [0, 1].map(|parity| (parity..=lmax).step_by(2).map(of).unzip());
        Self {
            cos: [even.0, odd.0],
            sin: [even.1, odd.1],
        }
    }

    /// Turns one set of 2l+1 values.
    pub fn in_place<T: Real>(&self, l: usize, values: &mut [T]) {
        for m in 1..=l {
            let (cos, sin) = (self.cos[m % 2][m / 2], self.sin[m % 2][m / 2]);
            let (c, s) = (values[l + m].to_f64(), values[l - m].to_f64());
            values[l + m] = T::from_f64(c * cos - s * sin);
            values[l - m] = T::from_f64(s * cos + c * sin);
        }
    }

    /// Turns classes of `columns` columns side by side.
    pub fn split(&self, l: usize, columns: usize, buffer: &mut [f64]) {
        let at = Places::of(l, columns);
        let turn = |(c, s): (&mut f64, &mut f64), (cos, sin): (f64, f64)| {
            (*c, *s) = (*c * cos - *s * sin, *s * cos + *c * sin);
        };
        for parity in 0..2 {
            let (c, s) = at.pair(parity, buffer);
            let angles = self.cos[parity]
                .iter()
                .copied()
                .zip(self.sin[parity].iter().copied());
            if columns == 1 {
                c.iter_mut()
                    .zip(s)
                    .zip(angles)
                    .for_each(|(pair, angle)| turn(pair, angle));
                continue;
            }
            let rows = c.chunks_exact_mut(columns).zip(s.chunks_exact_mut(columns));
            for ((c, s), angle) in rows.zip(angles) {
                c.iter_mut().zip(s).for_each(|pair| turn(pair, angle));
            }
        }
    }
}
