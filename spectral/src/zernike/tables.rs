//! Coefficients of the recurrences, computed once in f64.
//!
//! Everything is polynomial in x, y, z: `Z_nlm = sqrt(2n+3) P_k(2r^2-1) S_lm(x, y, z)` with the solid
//! harmonics `S_lm = r^l Y_lm`, so no angle, no division and no special case at the poles or the origin.
//! The solid harmonics are computed without their norm, scaled so that a step in l is
//! `p_l = 2 z p_(l-1) - beta r^2 p_(l-2)`: three operations, and sizes that stay in range in f32 too.

use std::sync::OnceLock;

use super::gradient::HarmonicSteps;
use crate::Real;

/// One step of the Jacobi recurrence in k at fixed l: `P_k = (slope t + shift) P_(k-1) + back P_(k-2)`.
#[derive(Debug, Clone, Copy)]
pub struct JacobiStep<T> {
    pub slope: T,
    pub shift: T,
    pub back: T,
}

/// All constants of a plan up to `order`.
#[derive(Debug)]
pub struct Tables<T> {
    /// One.
    pub one: T,
    /// Added and taken away again, it turns powers too small to matter into zero: numbers below the normal range are slow.
    pub flush: T,
    /// `-beta` of the step to each l, for m = -(l-2) ..= l-2 in turn.
    pub steps: Vec<Vec<T>>,
    /// Steps for k = 1..=(order-l)/2, for each l in turn.
    pub jacobi: Vec<Vec<JacobiStep<T>>>,
    /// `S_lm / p_lm` at `l (l + 1) / 2 + |m|`.
    pub harmonic_norm: Vec<T>,
    /// `sqrt(2n+3)` for n = 0..=order.
    pub radial_norm: Vec<T>,
    /// For gradients.
    pub slopes: HarmonicSteps<T>,
    /// For solids, made when first needed: a matrix for each l.
    pub rays: OnceLock<Vec<Vec<f64>>>,
}

impl<T: Real> Tables<T> {
    pub fn new(order: usize) -> Self {
        let step = |l: usize| {
            let last = l.saturating_sub(2) as isize;
            let orders = (l >= 2).then_some(-last..=last).into_iter().flatten();
            orders
                .map(|m| T::from_f64(-4.0 / rise_squared(l - 1, m.unsigned_abs())))
                .collect()
        };
        let harmonic_norm: Vec<T> = harmonic_norms(order).into_iter().map(T::from_f64).collect();
        Self {
            one: T::ONE,
            flush: T::from_f64(if size_of::<T>() == 4 {
                2f64.powi(-60)
            } else {
                2f64.powi(-900)
            }),
            steps: (0..=order).map(step).collect(),
            jacobi: (0..=order)
                .map(|l| jacobi_steps(l, (order - l) / 2))
                .collect(),
            slopes: HarmonicSteps::new(&harmonic_norm, order),
            rays: OnceLock::new(),
            harmonic_norm,
            radial_norm: (0..=order)
                .map(|n| T::from_f64((2.0 * n as f64 + 3.0).sqrt()))
                .collect(),
        }
    }

    /// Bytes of the tables.
    pub fn bytes(&self) -> usize {
        let steps: usize = self.steps.iter().map(Vec::len).sum();
        let jacobi: usize = self.jacobi.iter().map(Vec::len).sum();
        let rays = self.rays.get().into_iter().flatten().map(Vec::len);
        let norms = self.harmonic_norm.len() + self.radial_norm.len();
        let own = steps + 3 * jacobi + norms + self.slopes.len();
        size_of::<T>() * own + size_of::<f64>() * rays.sum::<usize>()
    }
}

/// Square of the factor of z in the normalised recurrence to degree l: `Q_l = rise (z Q_(l-1) - ...)`.
fn rise_squared(l: usize, m: usize) -> f64 {
    (4 * l * l - 1) as f64 / ((l - m) * (l + m)) as f64
}

fn harmonic_norms(order: usize) -> Vec<f64> {
    let mut norms = vec![0.0; (order + 1) * (order + 2) / 2];
    let mut diagonal = 1.0 / (4.0 * std::f64::consts::PI).sqrt();
    for m in 0..=order {
        if m > 0 {
            diagonal *= ((2 * m + 1) as f64 / (2 * m) as f64).sqrt();
        }
        let mut value = diagonal * if m > 0 { std::f64::consts::SQRT_2 } else { 1.0 };
        for l in m..=order {
            if l > m {
                value *= 0.5 * rise_squared(l, m).sqrt();
            }
            norms[l * (l + 1) / 2 + m] = value;
        }
    }
    norms
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
                    -2.0 * (k - 1.0) * (k + beta - 1.0) * sum / scale,
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
