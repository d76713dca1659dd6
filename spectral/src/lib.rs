//! Spherical harmonics and 3D Zernike transforms: exact, fast, dependable on its own.

mod basis;
mod check;
mod columns;
mod error;
pub mod grid;
pub mod invariants;
mod kernel;
mod legendre;
mod local;
mod maps;
mod radial;
mod real;
mod rotation;
mod scaler;
pub mod scattered;
mod simd;
#[cfg(test)]
mod testing;
pub mod zernike;

pub use basis::Basis;
pub use error::SpectralError;
pub use grid::{Ring, SphereGrid, SphericalPlan, SphericalScratch};
pub use invariants::{power_spectrum, z_invariants, zernike_invariants};
pub use legendre::{Legendre, harmonics, harmonics_into};
pub use local::{Axes, LocalPlan, MAX_LOCAL_ORDER, local_axes};
pub use maps::{MapKind, MapLayout};
pub use radial::{radial_points, spherical_from_cloud};
pub use real::Real;
pub use rotation::Rotation;
pub use scaler::Scaler;
pub use scattered::{ScatteredPlan, ScatteredScratch, SphereFit};
pub use zernike::{ZernikePlan, ZernikeScratch, simd_level, zernike_index};
