//! Zernike moments from sums of monomials.

use nalgebra::DMatrix;

use crate::{SpectralError, ZernikePlan};

/// How each monomial x^a y^b z^c of degree 1..=order follows from one of a degree less.
pub(super) fn monomials(order: usize) -> Vec<(usize, usize)> {
    let mut known = vec![[0usize; 3]];
    let mut steps = Vec::new();
    for degree in 1..=order {
        for a in (0..=degree).rev() {
            for b in (0..=degree - a).rev() {
                let powers = [a, b, degree - a - b];
                let axis = powers.iter().position(|&p| p > 0).unwrap_or(0);
                let mut parent = powers;
                parent[axis] -= 1;
                let place = known.iter().position(|&p| p == parent).unwrap_or(0);
                steps.push((place, axis));
                known.push(powers);
            }
        }
    }
    steps
}

/// The matrix from monomials to Zernike functions divided by the constant one: both span the polynomials of the order, so
/// values at enough points decide it.
pub(super) fn zernike_from_monomials(
    order: usize,
    steps: &[(usize, usize)],
) -> Result<Vec<f32>, SpectralError> {
    let plan = ZernikePlan::<f64>::new(order)?;
    let count = plan.count();
    let samples = 4 * count + 8;
    let mut powers = DMatrix::<f64>::zeros(samples, count);
    let mut functions = DMatrix::<f64>::zeros(samples, count);
    for i in 0..samples {
        // A spiral through the ball: no polynomial of the order vanishes on it.
        let share = (i as f64 + 0.5) / samples as f64;
        let (height, turn) = (1.0 - 2.0 * (share * 7.0).fract(), 2.4 * i as f64);
        let (radius, flat) = (share.cbrt(), (1.0 - height * height).max(0.0).sqrt());
        let point = [flat * turn.cos(), flat * turn.sin(), height].map(|x| radius * x);
        powers[(i, 0)] = 1.0;
        for (m, &(parent, axis)) in steps.iter().enumerate() {
            powers[(i, m + 1)] = powers[(i, parent)] * point[axis];
        }
        for (k, value) in plan.functions(point)?.into_iter().enumerate() {
            functions[(i, k)] = value;
        }
    }
    let constant = functions[(0, 0)];
    let solved = powers.svd(true, true).solve(&functions, 1e-14);
    let solved = solved.map_err(|message| SpectralError::Value {
        what: "the fit of monomials",
        expected: "a full rank",
        found: message.to_owned(),
    })?;
    // solved[(monomial, function)] lies column by column.
    Ok(solved
        .transpose()
        .iter()
        .map(|value| (value / constant) as f32)
        .collect())
}
