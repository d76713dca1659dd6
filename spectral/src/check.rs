//! Checks that the transforms share.

use crate::{Real, SpectralError};

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
