//! Grids of rings of equal colatitude.

use std::f64::consts::PI;
use std::sync::Arc;

use super::quadrature::{clenshaw_curtis, driscoll_healy, fejer, gauss_legendre};
use crate::SpectralError;

/// Most rings, and most longitudes of a ring, that a grid may have.
pub const MAX_RING: usize = 32_768;

/// Samples on one circle of latitude, eastward and equally spaced over the whole circle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ring {
    /// Colatitude from +z in radians, in `[0, pi]`.
    pub theta: f64,
    /// Number of samples; at least 1.
    pub longitudes: usize,
    /// Azimuth of the first sample in radians.
    pub first: f64,
    /// Solid angle that each sample stands for in a quadrature; all of them sum to `4 pi`.
    pub weight: f64,
}

/// What a grid was made as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GridKind {
    /// Nodes of Gauss and Legendre in `cos theta`.
    GaussLegendre,
    /// `theta_j = pi j / 2B`, `phi_k = pi k / B`.
    DriscollHealy,
    /// `theta_j = pi (j + 1/2) / rings`: no samples at the poles.
    Equiangular,
    /// `theta_j = pi j / (rings - 1)`: samples at both poles.
    ClenshawCurtis,
    /// Pixels of equal area in ring order.
    Healpix,
    /// The caller's own.
    Rings,
}

/// Where a field on the sphere is sampled: rings from first to last, each from west to east.
///
/// A field is a slice with one value for each sample, ring after ring. Angles are radians: theta from
/// +z, phi from +x towards +y. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SphereGrid {
    kind: GridKind,
    rings: Arc<[Ring]>,
    samples: usize,
    band: Option<usize>,
}

impl SphereGrid {
    /// The smallest usual Gauss-Legendre grid for degrees up to `lmax`: `lmax + 1` rings of
    /// `2 lmax + 2` longitudes, first at phi = 0.
    ///
    /// # Errors
    /// [`SpectralError::Value`] for a degree of [`MAX_RING`]` / 2` and more.
    pub fn gauss_legendre(lmax: usize) -> Result<Self, SpectralError> {
        if lmax >= MAX_RING / 2 {
            return Err(bad_size("degree of a grid", "at most 16383", lmax));
        }
        Self::gauss_legendre_sized(lmax + 1, 2 * lmax + 2)
    }

    /// A Gauss-Legendre grid of any size. Analysis is exact to degree
    /// `min(rings - 1, (longitudes - 1) / 2)`.
    ///
    /// # Errors
    /// [`SpectralError::Value`] for a size of 0 or above [`MAX_RING`].
    pub fn gauss_legendre_sized(rings: usize, longitudes: usize) -> Result<Self, SpectralError> {
        check_size(rings, 1, longitudes)?;
        let band = (rings - 1).min((longitudes - 1) / 2);
        Ok(Self::equal(
            GridKind::GaussLegendre,
            gauss_legendre(rings),
            longitudes,
            band,
        ))
    }

    /// The grid of Driscoll and Healy (1994): `2B x 2B`, `theta_j = pi j / 2B` from the north pole on
    /// (the south pole is left out), `phi_k = pi k / B`. Analysis is exact to degree `B - 1`.
    ///
    /// # Errors
    /// [`SpectralError::Value`] for a bandwidth of 0 or above [`MAX_RING`]` / 2`.
    pub fn driscoll_healy(bandwidth: usize) -> Result<Self, SpectralError> {
        if !(1..=MAX_RING / 2).contains(&bandwidth) {
            return Err(bad_size("bandwidth", "1 to 16384", bandwidth));
        }
        let size = 2 * bandwidth;
        Ok(Self::equal(
            GridKind::DriscollHealy,
            driscoll_healy(size),
            size,
            bandwidth - 1,
        ))
    }

    /// Equal angles without the poles (Fejer's first rule), `theta_j = pi (j + 1/2) / rings`. Analysis
    /// is exact to degree `min((rings - 1) / 2, (longitudes - 1) / 2)`.
    ///
    /// # Errors
    /// [`SpectralError::Value`] for a size of 0 or above [`MAX_RING`].
    pub fn equiangular(rings: usize, longitudes: usize) -> Result<Self, SpectralError> {
        check_size(rings, 1, longitudes)?;
        let band = ((rings - 1) / 2).min((longitudes - 1) / 2);
        Ok(Self::equal(
            GridKind::Equiangular,
            fejer(rings),
            longitudes,
            band,
        ))
    }

    /// Equal angles with both poles (Clenshaw and Curtis' rule), `theta_j = pi j / (rings - 1)`: the
    /// latitude-longitude grid of atlases. Analysis is exact to degree
    /// `min((rings - 1) / 2, (longitudes - 1) / 2)`.
    ///
    /// # Errors
    /// [`SpectralError::Value`] for fewer than 2 rings, no longitudes, or more than [`MAX_RING`].
    pub fn clenshaw_curtis(rings: usize, longitudes: usize) -> Result<Self, SpectralError> {
        check_size(rings, 2, longitudes)?;
        let band = ((rings - 1) / 2).min((longitudes - 1) / 2);
        let rule = clenshaw_curtis(rings);
        Ok(Self::equal(
            GridKind::ClenshawCurtis,
            rule,
            longitudes,
            band,
        ))
    }

    /// The `12 nside^2` pixel centres of HEALPix in ring order (Gorski et al. 2005, section 5), each of
    /// weight `4 pi / (12 nside^2)`. Analysis by this quadrature is approximate:
    /// see [`SphericalPlan::analysis_iterated`](super::SphericalPlan::analysis_iterated).
    ///
    /// # Errors
    /// [`SpectralError::Value`] for `nside` of 0 or above [`MAX_RING`]` / 4`.
    pub fn healpix(nside: usize) -> Result<Self, SpectralError> {
        if !(1..=MAX_RING / 4).contains(&nside) {
            return Err(bad_size("nside", "1 to 8192", nside));
        }
        let weight = PI / (3 * nside * nside) as f64;
        let rings: Vec<Ring> = (1..4 * nside)
            .map(|i| healpix_ring(nside, i, weight))
            .collect();
        Ok(Self::new(GridKind::Healpix, rings, None))
    }

    /// The caller's own rings with the caller's weights; azimuths of a turn and more are reduced. Synthesis and the adjoints are exact on any
    /// rings; analysis is the weighted sum, as good as the weights are.
    ///
    /// # Errors
    /// [`SpectralError::Empty`] without a ring, [`SpectralError::NotFinite`] and
    /// [`SpectralError::Value`] for a ring with a bad angle, weight or size.
    pub fn from_rings(rings: &[Ring]) -> Result<Self, SpectralError> {
        if rings.is_empty() {
            return Err(SpectralError::Empty { what: "rings" });
        }
        for (index, ring) in rings.iter().enumerate() {
            if ![ring.theta, ring.first, ring.weight]
                .iter()
                .all(|v| v.is_finite())
            {
                return Err(SpectralError::NotFinite {
                    what: "ring",
                    index,
                });
            }
            if !(0.0..=PI).contains(&ring.theta) {
                return Err(SpectralError::Value {
                    what: "colatitude of a ring",
                    expected: "0 to pi radians",
                    found: ring.theta.to_string(),
                });
            }
            check_size(rings.len(), 1, ring.longitudes)?;
        }
        // Multiples of a huge angle would be infinite; what is less than a turn stays as it is.
        let reduced = |ring: &Ring| Ring {
            first: ring.first % (2.0 * PI),
            ..*ring
        };
        let rings = rings.iter().map(reduced).collect();
        Ok(Self::new(GridKind::Rings, rings, None))
    }

    fn equal(kind: GridKind, rule: Vec<(f64, f64)>, longitudes: usize, band: usize) -> Self {
        let ring = |(theta, weight): (f64, f64)| Ring {
            theta,
            longitudes,
            first: 0.0,
            weight: weight * 2.0 * PI / longitudes as f64,
        };
        Self::new(kind, rule.into_iter().map(ring).collect(), Some(band))
    }

    fn new(kind: GridKind, rings: Vec<Ring>, band: Option<usize>) -> Self {
        let samples = rings.iter().map(|ring| ring.longitudes).sum();
        Self {
            kind,
            rings: rings.into(),
            samples,
            band,
        }
    }

    /// What the grid was made as.
    pub fn kind(&self) -> GridKind {
        self.kind
    }

    /// The rings in the order of the samples.
    pub fn rings(&self) -> &[Ring] {
        &self.rings
    }

    /// Number of samples: the length of a field.
    pub fn len(&self) -> usize {
        self.samples
    }

    /// Never: a grid has at least one sample.
    pub fn is_empty(&self) -> bool {
        self.samples == 0
    }

    /// The largest degree for which the quadrature is exact; `None` for HEALPix and the caller's rings.
    pub fn band_limit(&self) -> Option<usize> {
        self.band
    }

    /// `(theta, phi)` of every sample, in order.
    pub fn angles(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.rings.iter().flat_map(|ring| {
            let step = 2.0 * PI / ring.longitudes as f64;
            (0..ring.longitudes).map(move |k| (ring.theta, ring.first + step * k as f64))
        })
    }
}

fn check_size(rings: usize, least: usize, longitudes: usize) -> Result<(), SpectralError> {
    for (what, least, found) in [("rings", least, rings), ("longitudes", 1, longitudes)] {
        if !(least..=MAX_RING).contains(&found) {
            let expected = "at least 1 (2 with both poles) and at most 32768";
            return Err(bad_size(what, expected, found));
        }
    }
    Ok(())
}

fn bad_size(what: &'static str, expected: &'static str, found: usize) -> SpectralError {
    SpectralError::Value {
        what,
        expected,
        found: found.to_string(),
    }
}

/// Ring `i` of `1 ..= 4 nside - 1` from north.
fn healpix_ring(nside: usize, i: usize, weight: f64) -> Ring {
    let north = i.min(4 * nside - i);
    let n = nside as f64;
    let (longitudes, first, theta) = if north < nside {
        // z = 1 - i^2 / (3 nside^2): the angle from its half, which keeps digits near the pole.
        let theta = 2.0 * (north as f64 / (6f64.sqrt() * n)).asin();
        (4 * north, PI / (4 * north) as f64, theta)
    } else {
        let first = if (north + nside).is_multiple_of(2) {
            PI / (4.0 * n)
        } else {
            0.0
        };
        (
            4 * nside,
            first,
            ((4 * nside - 2 * north) as f64 / (3.0 * n)).acos(),
        )
    };
    let theta = if i == north { theta } else { PI - theta };
    Ring {
        theta,
        longitudes,
        first,
        weight,
    }
}
