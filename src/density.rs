//! Coefficients back to points, to look at.

use spectra_spectral::{Basis, SpectralError, ZernikePlan, radial_points};

/// Cells along each axis of the grid on which a density is evaluated.
const SIDE: usize = 40;

/// `count` points of the shape that `coefficients` describe: where the density is highest on a grid (Zernike), or on the
/// surface of the radius (spherical harmonics).
pub fn points(
    basis: Basis,
    order: usize,
    coefficients: &[f32],
    count: usize,
) -> Result<Vec<[f64; 3]>, SpectralError> {
    match basis {
        Basis::Spherical => {
            let coefficients: Vec<f64> = coefficients.iter().map(|c| f64::from(*c)).collect();
            radial_points(&coefficients, order, count)
        }
        Basis::Zernike => densest(order, coefficients, count),
    }
}

fn densest(
    order: usize,
    coefficients: &[f32],
    count: usize,
) -> Result<Vec<[f64; 3]>, SpectralError> {
    let at = |i: usize| (2 * i + 1) as f32 / SIDE as f32 - 1.0;
    let cells =
        (0..SIDE * SIDE * SIDE).map(|i| [at(i / (SIDE * SIDE)), at(i / SIDE % SIDE), at(i % SIDE)]);
    let cells: Vec<[f32; 3]> = cells
        .filter(|p| p.iter().map(|x| x * x).sum::<f32>() < 0.98)
        .collect();
    let density = ZernikePlan::<f32>::new(order)?.evaluate(coefficients, &cells)?;
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_unstable_by(|a, b| density[*b].total_cmp(&density[*a]));
    order.truncate(count);
    Ok(order.into_iter().map(|i| cells[i].map(f64::from)).collect())
}
