//! Checks that the transforms share.

use crate::{Basis, Real, SpectralError};

pub fn check_length(
    what: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), SpectralError> {
    if expected == found {
        Ok(())
    } else {
        Err(SpectralError::Length {
            what,
            expected,
            found,
        })
    }
}

/// An order that the transforms of the basis have.
pub fn check_order(basis: Basis, order: usize) -> Result<(), SpectralError> {
    let (most, expected) = match basis {
        Basis::Zernike => (crate::zernike::MAX_ORDER, "at most 128"),
        Basis::Spherical => (crate::grid::MAX_DEGREE, "at most 4096"),
    };
    if order <= most {
        return Ok(());
    }
    Err(SpectralError::Order {
        expected,
        found: order,
    })
}

pub fn check_finite<T: Real>(what: &'static str, values: &[T]) -> Result<(), SpectralError> {
    // Zero times a value is zero unless the value is not finite; only then is its place looked for.
    if values.iter().map(|v| *v * T::ZERO).sum::<T>() == T::ZERO {
        return Ok(());
    }
    match values.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(SpectralError::NotFinite { what, index }),
        None => Ok(()),
    }
}

/// At least one point, and none with a NaN or an infinity.
pub fn check_points_finite<T: Real>(
    what: &'static str,
    points: &[[T; 3]],
) -> Result<(), SpectralError> {
    if points.is_empty() {
        return Err(SpectralError::Empty { what });
    }
    match points.iter().position(|p| !p.iter().all(|x| x.is_finite())) {
        Some(index) => Err(SpectralError::NotFinite { what, index }),
        None => Ok(()),
    }
}

/// Points of the unit ball, at least one.
pub fn check_points<T: Real>(points: &[[T; 3]]) -> Result<(), SpectralError> {
    check_points_finite("point", points)?;
    let limit = T::ONE + T::RADIUS_SLACK;
    for (index, [x, y, z]) in points.iter().copied().enumerate() {
        let r2 = x * x + y * y + z * z;
        // Squares may overflow to infinity, which is outside as well.
        if r2 > limit {
            return Err(SpectralError::OutsideBall {
                index,
                radius: r2.to_f64().sqrt(),
            });
        }
    }
    Ok(())
}
