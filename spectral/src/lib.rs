//! Spherical harmonics and 3D Zernike transforms: exact, fast, dependable on its own.
//!
//! ```
//! use spectra_spectral::{Rotation, ZernikePlan, zernike_invariants};
//!
//! // A cloud in the unit ball: moments with respect to all functions up to order 12.
//! let cloud = [[0.5, 0.1, -0.3], [-0.2, 0.6, 0.1], [0.0, -0.4, 0.7]];
//! let plan = ZernikePlan::<f64>::new(12)?;
//! let mut moments = plan.moments(&cloud, None)?;
//! assert_eq!(moments.len(), 455);
//!
//! // Rotated without going back to the points; norms do not change.
//! let norms = zernike_invariants(&moments, 12)?;
//! Rotation::from_euler_zyz(0.2, 1.0, -0.4, 12).apply_zernike(12, &mut moments)?;
//! let turned = zernike_invariants(&moments, 12)?;
//! assert!(norms.iter().zip(&turned).all(|(a, b)| (a - b).abs() < 1e-12));
//!
//! // The density that the moments describe, on a grid.
//! let density = plan.density_grid(&moments, 16)?;
//! assert_eq!(density.len(), 16 * 16 * 16);
//! # Ok::<(), spectra_spectral::SpectralError>(())
//! ```
//!
//! Users of other programs start at [`doc::for_pyshtools_users`] or [`doc::for_zernike_users`].
//!
//! # Normalisation
//!
//! All functions are real and orthonormal: the integral of the square of each `Y_lm` over the sphere is 1, and that of
//! `Z_nlm = R_nl(r) Y_lm` over the unit ball, with `R_nl = sqrt(2n+3) r^l P_k^(0, l+1/2)(2r^2 - 1)`, `k = (n-l)/2`. Moments of a
//! cloud are sums with its weights, which are 1/P where none are given; moments of meshes and grids are integrals, not divided by area or
//! volume. [`Coefficients`] converts to other norms.
//!
//! # Phase
//!
//! No Condon-Shortley phase: `Y_lm = sqrt2 (-1)^m Re Y_l^m` and `Y_l,-m = sqrt2 (-1)^m Im Y_l^m` for m > 0, where `Y_l^m` is the complex harmonic that has
//! it. `Y_1,-1`, `Y_10`, `Y_11` are positive multiples of y, z, x.
//!
//! # Order
//!
//! Spherical: index `l * l + l + m`, `(L+1)^2` values. Zernike: n ascending, then l of n's parity, then m from -l to l,
//! `(N+1)(N+2)(N+3)/6` values: [`zernike_index`]. A lower order is a prefix of a higher one.
//!
//! # Axes
//!
//! Colatitude from +z, azimuth `atan2(y, x)`, right-handed. Rotations are active and turn column vectors: `x' = R x`,
//! `R = Rz(a) Ry(b) Rz(c)`. Grids of cells run `[x, y, z]`, z fastest.
//!
//! # Units
//!
//! Angles in radians. Points of Zernike transforms lie in the unit ball; others are refused, never clipped.
//!
//! # Accuracy
//!
//! Against 60-digit values: `Z_nlm` within `1e-14 (n + 10) sqrt(2n + 3)` in f64 to n = 100, moments of clouds within 1e-12 of the largest, in f32
//! within 1e-5; harmonics within `1e-15 l` at degree l, at the poles too; rotations within 1e-13 to degree 128. The naive sums
//! that the fast ones are tested against stay in the crate: [`zernike::naive`], [`rotation::naive`].
//!
//! # Cost
//!
//! Each item states its own. Plans own tables of kilobytes and are cheap to clone; where a method takes scratch, it allocates nothing. SIMD is
//! chosen when a plan is made: AVX-512, AVX2 with FMA, NEON or scalar code, [`simd_level`]; they differ by rounding alone.
//!
//! # Threads
//!
//! Plans are immutable, `Send` and `Sync`. Methods named `batch`, and those on meshes, use the current rayon pool; results are the same bits at any
//! number of threads. All others run on the caller's thread.

mod basis;
mod check;
pub mod coefficients;
mod columns;
pub mod compat;
pub mod doc;
mod error;
pub mod grid;
pub mod invariants;
mod isosurface;
mod kernel;
mod legendre;
mod local;
mod maps;
mod quadrature;
mod radial;
mod real;
pub mod rotation;
mod scaler;
pub mod scattered;
mod simd;
mod surface;
#[cfg(test)]
mod testing;
pub mod zernike;

pub use basis::Basis;
pub use coefficients::{Coefficients, Normalization};
pub use error::SpectralError;
pub use grid::{Ring, SphereGrid, SphericalPlan, SphericalScratch};
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
pub use scattered::{ScatteredPlan, ScatteredScratch, SphereFit};
pub use simd::simd_level;
pub use surface::reconstruct_surface;
pub use zernike::{
    CloudGradient, LocalMoments, VoxelGrid, ZernikePlan, ZernikeScratch, zernike_index,
};
