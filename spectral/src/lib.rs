//! Spherical harmonics and 3D Zernike transforms: exact, fast, dependable on its own.

mod basis;
mod error;
mod real;
pub mod zernike;

pub use basis::Basis;
pub use error::SpectralError;
pub use real::Real;
pub use zernike::{ZernikePlan, ZernikeScratch, zernike_index};
