//! Gauss-Legendre quadrature on intervals.

use crate::grid::quadrature::gauss_legendre as over_colatitude;

/// `count` nodes on [-1, 1], the largest first, with their weights: exact to degree `2 count - 1`.
pub(crate) fn gauss_legendre(count: usize) -> Vec<(f64, f64)> {
    let rule = over_colatitude(count).into_iter();
    rule.map(|(theta, weight)| (theta.cos(), weight)).collect()
}
