//! The oracle that the fast kernel is tested against: each value on its own, in f64, by another route.
//!
//! Y from normalised Legendre functions of the angles, R by the Jacobi recurrence in r: O(order) a value.

use std::f64::consts::PI;

/// Real orthonormal spherical harmonic `Y_lm` in the direction of `x` (Condon-Shortley phase removed).
pub fn harmonic(l: usize, m: isize, x: [f64; 3]) -> f64 {
    let rho = x[0].hypot(x[1]);
    let r = rho.hypot(x[2]);
    if r == 0.0 {
        return if l == 0 { 1.0 / (4.0 * PI).sqrt() } else { 0.0 };
    }
    let (cosine, sine) = (x[2] / r, rho / r);
    let phi = x[1].atan2(x[0]);
    let order = m.unsigned_abs();
    let mut value = 1.0 / (4.0 * PI).sqrt();
    for j in 1..=order {
        value *= sine * ((2.0 * j as f64 + 1.0) / (2.0 * j as f64)).sqrt();
    }
    let (mut before, mut current) = (0.0, value);
    for j in order + 1..=l {
        let (j, m) = (j as f64, order as f64);
        let rise = ((4.0 * j * j - 1.0) / (j * j - m * m)).sqrt();
        let fall = (((j - 1.0).powi(2) - m * m) / (4.0 * (j - 1.0).powi(2) - 1.0)).sqrt();
        let next = rise * (cosine * current - fall * before);
        (before, current) = (current, next);
    }
    let azimuth = order as f64 * phi;
    match m {
        0 => current,
        m if m > 0 => 2f64.sqrt() * current * azimuth.cos(),
        _ => 2f64.sqrt() * current * azimuth.sin(),
    }
}

/// Radial function `R_nl(r) = sqrt(2n+3) r^l P_k^(0, l+1/2)(2r^2 - 1)`, `k = (n-l)/2`.
pub fn radial(n: usize, l: usize, r: f64) -> f64 {
    radials(l, r).nth((n - l) / 2).unwrap_or_default()
}

/// `R_nl(r)` for n = l, l + 2, and so on without end, each from the two before it.
pub(super) fn radials(l: usize, r: f64) -> impl Iterator<Item = f64> {
    let beta = l as f64 + 0.5;
    let t = 2.0 * r * r - 1.0;
    let power = r.powi(l as i32);
    let (mut before, mut current) = (0.0, 1.0);
    (0..).map(move |shell: usize| {
        let k = shell as f64;
        if shell > 0 {
            let next = if shell == 1 {
                1.0 + (beta + 2.0) * (t - 1.0) / 2.0
            } else {
                let sum = 2.0 * k + beta;
                let lead = (sum - 1.0) * (sum * (sum - 2.0) * t - beta * beta) * current;
                let back = 2.0 * (k - 1.0) * (k + beta - 1.0) * sum * before;
                (lead - back) / (2.0 * k * (k + beta) * (sum - 2.0))
            };
            (before, current) = (current, next);
        }
        (2.0 * (l + 2 * shell) as f64 + 3.0).sqrt() * power * current
    })
}

/// `Z_nlm(x) = R_nl(|x|) Y_lm(x / |x|)`.
pub fn function(n: usize, l: usize, m: isize, x: [f64; 3]) -> f64 {
    radial(n, l, x[0].hypot(x[1]).hypot(x[2])) * harmonic(l, m, x)
}

/// Moments `sum_i w_i Z_nlm(x_i)` of all `n <= order` in flat order.
///
/// # Panics
/// If `weights` is shorter than `points`.
pub fn moments(order: usize, points: &[[f64; 3]], weights: &[f64]) -> Vec<f64> {
    let mut out = Vec::with_capacity(crate::Basis::Zernike.count(order));
    for n in 0..=order {
        for l in (n % 2..=n).step_by(2) {
            for m in -(l as isize)..=l as isize {
                let terms = points.iter().enumerate();
                out.push(terms.map(|(i, &x)| weights[i] * function(n, l, m, x)).sum());
            }
        }
    }
    out
}
