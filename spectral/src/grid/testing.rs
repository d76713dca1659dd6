//! What the tests of grids share.

use std::f64::consts::PI;

use super::{Ring, SphereGrid};

pub fn own_rings() -> SphereGrid {
    let ring = |theta: f64, longitudes: usize, first: f64| Ring {
        theta,
        longitudes,
        first,
        weight: 0.1,
    };
    SphereGrid::from_rings(&[
        ring(0.0, 3, 0.2),
        ring(0.4, 9, 1.0),
        ring(0.4, 5, 0.0),
        ring(1.3, 40, -0.3),
        ring(PI - 0.4, 11, 0.7),
        ring(3.1, 1, 0.0),
    ])
    .unwrap()
}

/// Every kind of grid that holds degree `lmax`.
pub fn grids(lmax: usize) -> Vec<SphereGrid> {
    vec![
        SphereGrid::gauss_legendre(lmax).unwrap(),
        SphereGrid::gauss_legendre_sized(lmax + 4, 2 * lmax + 1).unwrap(),
        SphereGrid::driscoll_healy(lmax + 1).unwrap(),
        SphereGrid::equiangular(2 * lmax + 1, 2 * lmax + 3).unwrap(),
        SphereGrid::clenshaw_curtis(2 * lmax + 2, 2 * lmax + 1).unwrap(),
        SphereGrid::healpix(lmax / 2 + 1).unwrap(),
        own_rings(),
    ]
}

pub fn largest(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .fold(0.0, |worst, (a, b)| (a - b).abs().max(worst))
}

pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
