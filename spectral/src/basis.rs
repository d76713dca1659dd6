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
    /// `(N+1)(N+2)(N+3)/6` for Zernike, `(L+1)^2` for spherical harmonics.
    pub fn count(self, order: usize) -> usize {
        match self {
            Self::Zernike => (order + 1) * (order + 2) * (order + 3) / 6,
            Self::Spherical => (order + 1) * (order + 1),
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
