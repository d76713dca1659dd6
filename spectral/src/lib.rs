//! Spherical harmonics and 3D Zernike transforms: exact, fast, dependable on its own.

mod basis;
mod check;
pub mod coefficients;
pub mod compat;
mod error;
pub mod invariants;
mod isosurface;
mod legendre;
mod local;
mod maps;
mod quadrature;
mod radial;
mod real;
pub mod rotation;
mod scaler;
mod simd;
#[cfg(test)]
mod testing;
pub mod zernike;

pub use basis::Basis;
pub use coefficients::{Coefficients, Normalization};
pub use error::SpectralError;
pub use invariants::{
    Bispectrum, Shell, cross_order_products, power_spectrum, z_invariants, zernike_invariants,
};
pub use isosurface::{TriangleMesh, isosurface};
pub use legendre::{Legendre, harmonics, harmonics_into};
pub use local::{Axes, LocalPlan, MAX_LOCAL_ORDER, local_axes};
pub use maps::{MapKind, MapLayout};
pub use radial::{radial_points, spherical_from_cloud};
pub use real::Real;
pub use rotation::{Rotation, RotationScratch};
pub use scaler::Scaler;
pub use simd::simd_level;
pub use zernike::{
    CloudGradient, LocalMoments, VoxelGrid, ZernikePlan, ZernikeScratch, zernike_index,
};
