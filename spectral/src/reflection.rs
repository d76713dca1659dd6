//! Reflections of coefficients in the planes through the axes: changes of sign.

use crate::check::{check_finite, check_length, check_order, no_expansion};
use crate::{Basis, Real, SpectralError};

/// Reflects coefficients of either basis up to `order` (flat order) in place, as `p[axis] -> -p[axis]` reflects points; `axis` is 0 for
/// x, 1 for y, 2 for z. O(K), exact.
///
/// With cosines at m >= 0 and sines at m < 0, y changes the sign of the sines, x that of odd cosines and even sines, z that of odd
/// l + m. All other reflections, and the inversion of space, are one of these and a [`Rotation`](crate::Rotation).
///
/// # Errors
/// An axis above 2, a length that does not fit the order, values that are not finite; a radius fit, which is no expansion.
///
/// ```
/// use spectra_spectral::{Basis, ZernikePlan, reflect};
///
/// let plan = ZernikePlan::<f64>::new(8)?;
/// let mut moments = plan.moments(&[[0.2, -0.4, 0.5]], None)?;
/// reflect(Basis::Zernike, 8, 1, &mut moments)?;
/// let mirrored = plan.moments(&[[0.2, 0.4, 0.5]], None)?;
/// assert!(moments.iter().zip(&mirrored).all(|(a, b)| (a - b).abs() < 1e-14));
/// # Ok::<(), spectra_spectral::SpectralError>(())
/// ```
pub fn reflect<T: Real>(
    basis: Basis,
    order: usize,
    axis: usize,
    coefficients: &mut [T],
) -> Result<(), SpectralError> {
    if axis > 2 {
        return Err(SpectralError::Value {
            what: "axis to reflect",
            expected: "0, 1 or 2",
            found: axis.to_string(),
        });
    }
    check_order(basis, order)?;
    check_length(
        "coefficients to reflect",
        basis.count(order),
        coefficients.len(),
    )?;
    check_finite("coefficients to reflect", coefficients)?;
    let mut rest = coefficients;
    let mut degree = |l: usize| {
        let own;
        (own, rest) = std::mem::take(&mut rest).split_at_mut(2 * l + 1);
        for (place, value) in own.iter_mut().enumerate() {
            // The place is l + m, of the parity of l - |m| too.
            let (sine, even) = (place < l, place.abs_diff(l) % 2 == 0);
            let turns = match axis {
                0 => sine == even,
                1 => sine,
                _ => place % 2 == 1,
            };
            if turns {
                *value = -*value;
            }
        }
    };
    match basis {
        Basis::Spherical => (0..=order).for_each(degree),
        Basis::Zernike => {
            for n in 0..=order {
                (n % 2..=n).step_by(2).for_each(&mut degree);
            }
        }
        Basis::Radius => return Err(no_expansion("basis to reflect")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ZernikePlan, harmonics};

    #[test]
    fn coefficients_are_reflected_as_points_are() {
        let order = 9;
        let plan = ZernikePlan::<f64>::new(order).unwrap();
        let point = [0.3, -0.5, 0.4];
        for axis in 0..3 {
            let mut mirrored = point;
            mirrored[axis] = -mirrored[axis];
            let zernike = |p| plan.moments(&[p], None).unwrap();
            let spherical = |p| harmonics(order, p).unwrap();
            for (basis, mut found, expected) in [
                (Basis::Zernike, zernike(point), zernike(mirrored)),
                (Basis::Spherical, spherical(point), spherical(mirrored)),
            ] {
                let before = found.clone();
                reflect(basis, order, axis, &mut found).unwrap();
                let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
                let worst = worst.fold(0.0, f64::max);
                assert!(worst < 1e-13, "{basis}, axis {axis}: {worst}");
                reflect(basis, order, axis, &mut found).unwrap();
                assert_eq!(found, before);
            }
        }
    }

    #[test]
    fn what_cannot_be_reflected_is_named() {
        let refused = |basis, order, axis, values: &mut [f32]| {
            reflect(basis, order, axis, values).unwrap_err().to_string()
        };
        assert!(refused(Basis::Spherical, 1, 3, &mut [0.0; 4]).contains("axis"));
        assert!(refused(Basis::Spherical, 1, 0, &mut [0.0; 3]).contains("4"));
        assert!(refused(Basis::Zernike, 1, 0, &mut [0.0, f32::NAN, 0.0, 0.0]).contains("1"));
        assert!(refused(Basis::Radius, 6, 0, &mut [0.0; 100]).contains("radius fit"));
    }
}
