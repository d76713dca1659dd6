//! The two families of basis functions.

use std::fmt;
use std::str::FromStr;

use crate::SpectralError;
use crate::check::check_order;
use crate::compat::RADIUS_TERMS;

/// A family of orthonormal functions: in the unit ball or on the unit sphere; and a fit that is kept for comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// 3D Zernike functions `Z_nlm` in the unit ball, flat order `n`, `l`, `m`.
    Zernike,
    /// Real spherical harmonics `Y_lm` on the unit sphere, flat index `l * l + l + m`.
    Spherical,
    /// The coefficients of the paper's authors, [`compat::radius_fit`](crate::compat::radius_fit), in their order; of order 6 alone. No
    /// expansion of a function: all that turns, inverts or sums up coefficients refuses them.
    Radius,
}

impl Basis {
    /// Number of coefficients up to and including `order`:
    /// `(N+1)(N+2)(N+3)/6` for Zernike, `(L+1)^2` for spherical harmonics, always 100 for the radius. Saturates, so that no order whatever
    /// makes a small count.
    pub fn count(self, order: usize) -> usize {
        let product = |factors: &[usize]| {
            let grown = factors.iter().map(|by| order.saturating_add(*by));
            grown.fold(1, usize::saturating_mul)
        };
        match self {
            Self::Zernike => product(&[1, 2, 3]) / 6,
            Self::Spherical => product(&[1, 1]),
            Self::Radius => RADIUS_TERMS,
        }
    }

    /// Refuses an order that the transforms of the basis do not have.
    ///
    /// # Errors
    /// [`SpectralError::Order`] above 128 for Zernike functions and 4096 for spherical harmonics, and for all but 6 for radius fits.
    pub fn check_order(self, order: usize) -> Result<(), SpectralError> {
        check_order(self, order)
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zernike => "zernike",
            Self::Spherical => "spherical",
            Self::Radius => "radius",
        })
    }
}

impl FromStr for Basis {
    type Err = SpectralError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "zernike" => Ok(Self::Zernike),
            "spherical" => Ok(Self::Spherical),
            "radius" => Ok(Self::Radius),
            other => Err(SpectralError::Value {
                what: "basis",
                expected: "`zernike`, `spherical` or `radius`",
                found: format!("`{other}`"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Bispectrum, Coefficients, MapKind, MapLayout, Rotation, harmonics, power_spectrum,
        reconstruct_surface, zernike_invariants,
    };

    #[test]
    fn radius_fits_are_laid_out_and_nothing_else() {
        let layout = MapLayout::new(MapKind::Flat, Basis::Radius, 6).unwrap();
        assert_eq!((layout.shape(), layout.count()), ([1, 10, 10], 100));
        for kind in [MapKind::Square, MapKind::Shell] {
            assert!(MapLayout::new(kind, Basis::Radius, 6).is_err());
        }
        assert_eq!("radius".parse::<Basis>().unwrap(), Basis::Radius);
        let mut fit = vec![0.1f32; 100];
        let messages = [
            Coefficients::from_slice(Basis::Radius, 6, &fit).unwrap_err(),
            reconstruct_surface(Basis::Radius, 6, &fit, 16).unwrap_err(),
            Rotation::from_euler_zyz(0.1, 0.2, 0.3, 6)
                .apply(Basis::Radius, 6, &mut fit)
                .unwrap_err(),
        ];
        for message in messages.map(|error| error.to_string()) {
            assert!(message.contains("a radius fit neither turns"), "{message}");
        }
        assert!(Bispectrum::of_degrees(Basis::Radius, 4).is_err());
    }

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
        assert!(Basis::Radius.check_order(6).is_ok());
        assert!(Basis::Radius.check_order(5).is_err() && Basis::Radius.check_order(7).is_err());
        assert!(harmonics(usize::MAX, [1.0, 0.0, 0.0]).is_err());
        assert!(zernike_invariants(usize::MAX, &[1.0f64]).is_err());
        assert!(zernike_invariants(0, &[f64::NAN]).is_err());
        assert!(power_spectrum::<f64>(&[]).is_err());
    }
}
