//! Coefficients back to a mesh, to look at and to compare.

use spectra_pointcloud::Mesh;
use spectra_spectral::{Basis, SpectralError, reconstruct_surface};

/// The surface that the first coefficients of `row`, up to `order`, describe, from a grid of `side^3` cells.
pub fn mesh<'a>(
    basis: Basis,
    order: usize,
    row: impl IntoIterator<Item = &'a f32>,
    side: usize,
) -> Result<Mesh, SpectralError> {
    let kept: Vec<f32> = row.into_iter().take(basis.count(order)).copied().collect();
    let surface = reconstruct_surface(basis, order, &kept, side)?;
    Ok(Mesh {
        vertices: surface.vertices,
        faces: surface.faces,
    })
}
