//! Elementary functions on f32 that compile to vector code: no branches, no calls.

use std::f32::consts::{LN_2, LOG2_E};

/// erf is 1 to rounding from here on.
const ERF_END: f32 = 3.9;

/// The error function, to 4e-7 of its value: a rational function fitted to it on [0, `ERF_END`].
#[allow(clippy::approx_constant, reason = "fitted, near 2 / sqrt(pi)")]
#[inline(always)]
pub(super) fn erf(x: f32) -> f32 {
    let x = x.clamp(-ERF_END, ERF_END);
    let t = x * x;
    let above = polynomial(
        t,
        [
            1.128_379_1,
            0.189_657_72,
            0.052_666_727,
            0.003_737_917,
            0.000_285_046_26,
            2.066_459_5e-6,
        ],
    );
    let below = polynomial(
        t,
        [
            1.0,
            0.501_412_6,
            0.113_815_054,
            0.014_913_418,
            0.001_157_260_6,
            3.826_905e-5,
        ],
    );
    (x * above / below).clamp(-1.0, 1.0)
}

/// e to the power of `x` <= 0, to 5e-7 of its value; 0 to within 1e-37 below -87.
#[inline(always)]
pub(super) fn exp_of_negative(x: f32) -> f32 {
    /// Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    /// The upper bits of ln 2; products with small integers are exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    let x = x.clamp(-87.0, 0.0);
    let shifted = x * LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let rest = x - whole * LN_2_HIGH - whole * (LN_2 - LN_2_HIGH);
    // The Taylor series on |rest| <= ln(2) / 2 errs by less than 4e-8.
    let series = polynomial(
        rest,
        [
            1.0,
            1.0,
            1.0 / 2.0,
            1.0 / 6.0,
            1.0 / 24.0,
            1.0 / 120.0,
            1.0 / 720.0,
        ],
    );
    let power = shifted.to_bits().wrapping_sub(ROUND.to_bits());
    let scale = f32::from_bits(power.wrapping_add(127) << 23);
    series * scale
}

#[inline(always)]
fn polynomial<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut value = 0.0;
    for coefficient in coefficients.into_iter().rev() {
        value = value * x + coefficient;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// erf by its power series in f64.
    fn erf_by_series(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    }

    #[test]
    fn erf_and_exp_are_right_to_rounding() {
        for i in -4500..=4500 {
            let x = i as f32 * 1e-3;
            let expected = erf_by_series(f64::from(x));
            let error = (f64::from(erf(x)) - expected).abs();
            assert!(error <= 4e-7 * expected.abs(), "erf({x}): {error}");
        }
        assert!((erf(20.0) - 1.0).abs() <= 1e-7);
        for i in 0..=8700 {
            let x = -i as f32 * 1e-2;
            let expected = f64::from(x).exp();
            let error = (f64::from(exp_of_negative(x)) - expected).abs();
            assert!(error <= 5e-7 * expected, "exp({x}): {error}");
        }
        assert!(exp_of_negative(-1e9) < 1e-37);
        assert_eq!(exp_of_negative(0.0), 1.0);
    }
}
