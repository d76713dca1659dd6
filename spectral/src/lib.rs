//! Spherical harmonics and 3D Zernike transforms: exact, fast, dependable on its own.

mod basis;
mod error;

pub use basis::Basis;
pub use error::SpectralError;
