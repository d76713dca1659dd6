//! Coefficients of the recurrences, computed once in f64.
//!
//! Everything is polynomial in x, y, z: `Z_nlm = sqrt(2n+3) P_k(2r^2-1) S_lm(x, y, z)` with the solid
//! harmonics `S_lm = r^l Y_lm`, so no angle, no division and no special case at the poles or the origin.

use crate::Real;

/// One step of the solid-harmonic recurrence in l at fixed m:
/// `Q_l = rise * (z Q_{l-1} - fall r^2 Q_{l-2})`.
#[derive(Debug, Clone, Copy)]
pub struct LegendreStep<T> {
    pub rise: T,
    pub fall: T,
}

/// One step of the Jacobi recurrence in k at fixed l: `P_k = (slope t + shift) P_{k-1} - back P_{k-2}`.
#[derive(Debug, Clone, Copy)]
pub struct JacobiStep<T> {
    pub slope: T,
    pub shift: T,
    pub back: T,
}

/// All constants of a plan up to `order`.
#[derive(Debug)]
pub struct Tables<T> {
    /// `Q_mm` for m = 0..=order, orthonormal on the sphere, times sqrt 2 for m > 0.
    pub diagonal: Vec<T>,
    /// Steps for l = m+1..=order, for each m in turn; see [`step_index`].
    pub legendre: Vec<LegendreStep<T>>,
    /// Steps for k = 1..=(order-l)/2, for each l in turn.
    pub jacobi: Vec<Vec<JacobiStep<T>>>,
    /// `sqrt(2n+3)` for n = 0..=order.
    pub norm: Vec<T>,
}

/// Position of the step (l, m), l > m, in [`Tables::legendre`].
pub fn step_index(order: usize, l: usize, m: usize) -> usize {
    m * order - m * m.saturating_sub(1) / 2 + (l - m - 1)
}

impl<T: Real> Tables<T> {
    pub fn new(order: usize) -> Self {
        let mut diagonal = Vec::with_capacity(order + 1);
        let mut value = 1.0 / (4.0 * std::f64::consts::PI).sqrt();
        diagonal.push(T::from_f64(value));
        for m in 1..=order {
            let m = m as f64;
            value *= ((2.0 * m + 1.0) / (2.0 * m)).sqrt();
            diagonal.push(T::from_f64(value * std::f64::consts::SQRT_2));
        }
        let mut legendre = Vec::new();
        for m in 0..=order {
            for l in m + 1..=order {
                legendre.push(legendre_step(l, m));
            }
        }
        Self {
            diagonal,
            legendre,
            jacobi: (0..=order)
                .map(|l| jacobi_steps(l, (order - l) / 2))
                .collect(),
            norm: (0..=order)
                .map(|n| T::from_f64((2.0 * n as f64 + 3.0).sqrt()))
                .collect(),
        }
    }
}

fn legendre_step<T: Real>(l: usize, m: usize) -> LegendreStep<T> {
    let (l, m) = (l as f64, m as f64);
    let fall = if l > m + 1.0 {
        (((l - 1.0).powi(2) - m * m) / (4.0 * (l - 1.0).powi(2) - 1.0)).sqrt()
    } else {
        0.0
    };
    LegendreStep {
        rise: T::from_f64(((4.0 * l * l - 1.0) / (l * l - m * m)).sqrt()),
        fall: T::from_f64(fall),
    }
}

/// Steps of `P_k^(0, l + 1/2)` (DLMF 18.9.2 with alpha = 0).
fn jacobi_steps<T: Real>(l: usize, top: usize) -> Vec<JacobiStep<T>> {
    let beta = l as f64 + 0.5;
    (1..=top)
        .map(|k| {
            let k = k as f64;
            let (slope, shift, back) = if k == 1.0 {
                ((beta + 2.0) / 2.0, -beta / 2.0, 0.0)
            } else {
                let sum = 2.0 * k + beta;
                let scale = 2.0 * k * (k + beta) * (sum - 2.0);
                (
                    (sum - 1.0) * sum * (sum - 2.0) / scale,
                    -(sum - 1.0) * beta * beta / scale,
                    2.0 * (k - 1.0) * (k + beta - 1.0) * sum / scale,
                )
            };
            JacobiStep {
                slope: T::from_f64(slope),
                shift: T::from_f64(shift),
                back: T::from_f64(back),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_found_where_they_are_stored() {
        for order in 0..8 {
            let mut position = 0;
            for m in 0..=order {
                for l in m + 1..=order {
                    assert_eq!(step_index(order, l, m), position, "{order} {l} {m}");
                    position += 1;
                }
            }
        }
    }
}
