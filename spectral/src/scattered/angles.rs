//! Colatitude and azimuth of many points at once.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_8, PI};

use pulp::{Simd, WithSimd};

use crate::Real;

/// Terms of the series of the arc tangent: `tan(pi / 8)^(2 TERMS)` is below rounding.
const TERMS: usize = 21;

/// Angles of points; whether all have them.
pub struct PointAngles<'a, T> {
    pub points: &'a [[T; 3]],
    /// In `[0, pi]`.
    pub theta: &'a mut [f64],
    /// In `[0, 2 pi)`, or `2 pi` by rounding.
    pub phi: &'a mut [f64],
}

impl<T: Real> WithSimd for PointAngles<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> bool {
        let mut fine = true;
        let angles = self.theta.iter_mut().zip(self.phi.iter_mut());
        for (point, (theta, phi)) in self.points.iter().zip(angles) {
            let [x, y, z] = [point[0].to_f64(), point[1].to_f64(), point[2].to_f64()];
            let flat = x * x + y * y;
            let all = flat + z * z;
            fine &= all > 1e-280 && all < 1e280;
            *theta = arc(flat.sqrt(), z);
            let turn = arc(y, x);
            *phi = if turn < 0.0 { turn + 2.0 * PI } else { turn };
        }
        fine || self.careful()
    }
}

impl<T: Real> PointAngles<'_, T> {
    /// As above for lengths whose squares leave the range.
    #[cold]
    fn careful(self) -> bool {
        let angles = self.theta.iter_mut().zip(self.phi.iter_mut());
        for (point, (theta, phi)) in self.points.iter().zip(angles) {
            let Ok(angles) = crate::legendre::Angles::of(point.map(T::to_f64)) else {
                return false;
            };
            *theta = angles.sin.atan2(angles.cos);
            *phi = angles.y.atan2(angles.x).rem_euclid(2.0 * PI);
        }
        true
    }
}

/// `atan2(y, x)` within about 3e-16, without branches, so that it runs in vectors; 0 at the origin.
#[inline(always)]
fn arc(y: f64, x: f64) -> f64 {
    let (across, along) = (y.abs(), x.abs());
    let steep = across > along;
    let (low, high) = if steep {
        (along, across)
    } else {
        (across, along)
    };
    // About pi / 8: tan(a - b) = (t - tan b) / (1 + t tan b), with t = low / high.
    let centre = std::f64::consts::SQRT_2 - 1.0;
    let below = high + low * centre;
    let t = (low - high * centre) / if below == 0.0 { 1.0 } else { below };
    let square = t * t;
    let mut series = 0.0;
    for k in (0..TERMS).rev() {
        let term = if k % 2 == 0 { 1.0 } else { -1.0 } / (2 * k + 1) as f64;
        series = series * square + term;
    }
    let angle = if high == 0.0 {
        0.0
    } else {
        FRAC_PI_8 + t * series
    };
    let angle = if steep { FRAC_PI_2 - angle } else { angle };
    let angle = if x < 0.0 { PI - angle } else { angle };
    if y < 0.0 { -angle } else { angle }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arcs_are_those_of_the_standard_library() {
        for i in 0..4000 {
            let exact = (i as f64 - 2000.0) / 2000.0 * PI;
            for scale in [1e-8, 1.0, 3e5] {
                let (y, x) = (scale * exact.sin(), scale * exact.cos());
                assert!((arc(y, x) - y.atan2(x)).abs() < 6e-16, "{exact}");
            }
        }
        for (y, x) in [
            (0.0, 0.0),
            (0.0, 1.0),
            (0.0, -1.0),
            (1.0, 0.0),
            (-1.0, 0.0),
            (1e-9, 1.0),
        ] {
            assert!((arc(y, x) - f64::atan2(y, x)).abs() < 3e-16, "{y} {x}");
        }
    }
}
