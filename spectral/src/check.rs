//! Checks that the transforms share.

use crate::compat::RADIUS_ORDER;
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
    let (least, most, expected) = match basis {
        Basis::Zernike => (0, crate::zernike::MAX_ORDER, "at most 128"),
        Basis::Spherical => (0, crate::grid::MAX_DEGREE, "at most 4096"),
        Basis::Radius => (RADIUS_ORDER, RADIUS_ORDER, "6, the only one of radius fits"),
    };
    if (least..=most).contains(&order) {
        return Ok(());
    }
    Err(SpectralError::Order {
        expected,
        found: order,
    })
}

/// For a scratch whose sizes are not those of the plan.
pub fn foreign_scratch() -> SpectralError {
    SpectralError::Value {
        what: "scratch",
        expected: "one made by this plan",
        found: "one of another plan".into(),
    }
}

/// What expansions can do and fits cannot.
pub fn no_expansion(what: &'static str) -> SpectralError {
    SpectralError::Value {
        what,
        expected: "coefficients of zernike or spherical functions: a radius fit neither turns nor goes back to a shape",
        found: Basis::Radius.to_string(),
    }
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
