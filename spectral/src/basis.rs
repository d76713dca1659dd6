//! The two families of basis functions.

use std::fmt;
use std::str::FromStr;

use crate::SpectralError;

/// A family of orthonormal functions: in the unit ball or on the unit sphere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// 3D Zernike functions `Z_nlm` in the unit ball, flat order `n`, `l`, `m`.
    Zernike,
    /// Real spherical harmonics `Y_lm` on the unit sphere, flat index `l * l + l + m`.
    Spherical,
}

impl Basis {
    /// Number of coefficients up to and including `order`:
    /// `(N+1)(N+2)(N+3)/6` for Zernike, `(L+1)^2` for spherical harmonics. Saturates, so that no order whatever makes a small count.
    pub fn count(self, order: usize) -> usize {
        let product = |factors: &[usize]| {
            let grown = factors.iter().map(|by| order.saturating_add(*by));
            grown.fold(1, usize::saturating_mul)
        };
        match self {
            Self::Zernike => product(&[1, 2, 3]) / 6,
            Self::Spherical => product(&[1, 1]),
        }
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zernike => "zernike",
            Self::Spherical => "spherical",
        })
    }
}

impl FromStr for Basis {
    type Err = SpectralError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "zernike" => Ok(Self::Zernike),
            "spherical" => Ok(Self::Spherical),
            other => Err(SpectralError::Value {
                what: "basis",
                expected: "`zernike` or `spherical`",
                found: format!("`{other}`"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MapKind, MapLayout, harmonics, power_spectrum, zernike_invariants};

    #[test]
    fn orders_beyond_reason_are_errors() {
        assert_eq!(
            (Basis::Zernike.count(20), Basis::Spherical.count(20)),
            (1771, 441)
        );
        for basis in [Basis::Zernike, Basis::Spherical] {
            assert!(basis.count(usize::MAX) > usize::MAX / 8);
            assert!(MapLayout::new(MapKind::Flat, basis, usize::MAX).is_err());
            assert!(MapLayout::new(MapKind::Flat, basis, 5000).is_err());
        }
        assert!(harmonics(usize::MAX, [1.0, 0.0, 0.0]).is_err());
        assert!(zernike_invariants(&[1.0f64], usize::MAX).is_err());
        assert!(zernike_invariants(&[f64::NAN], 0).is_err());
        assert!(power_spectrum::<f64>(&[]).is_empty());
    }
}
