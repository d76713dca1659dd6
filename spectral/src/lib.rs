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
//! let norms = zernike_invariants(12, &moments)?;
//! Rotation::from_euler_zyz(0.2, 1.0, -0.4, 12).apply_zernike(12, &mut moments)?;
//! let turned = zernike_invariants(12, &moments)?;
//! assert!(norms.iter().zip(&turned).all(|(a, b)| (a - b).abs() < 1e-12));
//!
//! // The density that the moments describe, on a grid.
//! let density = plan.density_grid(&moments, 16)?;
//! assert_eq!(density.len(), 16 * 16 * 16);
//! # Ok::<(), spectra_spectral::SpectralError>(())
//! ```
//!
//! | from | to spherical coefficients and back | to Zernike moments and back |
//! |---|---|---|
//! | a field on a grid of the sphere | [`SphericalPlan`] on a [`SphereGrid`] | |
//! | values or weights at scattered directions | [`ScatteredPlan`]; least squares by [`SphereFit`] | |
//! | a weighted cloud in the unit ball | the outer radius: [`spherical_from_cloud`] | [`ZernikePlan::moments`] |
//! | voxels, meshes | | [`ZernikePlan::voxel_moments`], [`ZernikePlan::surface_moments`], [`ZernikePlan::volume_moments`] |
//!
//! Users of other programs start at [`doc::for_pyshtools_users`] or [`doc::for_zernike_users`].
//!
//! # Normalisation
//!
//! All functions are real and orthonormal: the integral of the square of each `Y_lm` over the sphere is 1, and that of
//! `Z_nlm = R_nl(r) Y_lm` over the unit ball, with `R_nl = sqrt(2n+3) r^l P_k^(0, l+1/2)(2r^2 - 1)`, `k = (n-l)/2`. Moments of a
//! cloud are sums with its weights, which are 1/P where none are given, and so are the sums of [`ScatteredPlan::adjoint`] over scattered
//! directions; moments of meshes and voxels are integrals, not divided by area or volume. On a grid of the sphere, synthesis evaluates the series
//! and analysis is the integral over the sphere by the weights of the grid, which add up to 4 pi: a field of ones has `a_00 = sqrt(4 pi)`.
//! Adjoints are plain transposes, without weights. [`Coefficients`] converts to other norms.
//!
//! # Phase
//!
//! No Condon-Shortley phase: `Y_lm = sqrt2 (-1)^m Re Y_l^m` and `Y_l,-m = sqrt2 (-1)^m Im Y_l^m` for m > 0, where `Y_l^m` is the complex harmonic that has
//! it. `Y_1,-1`, `Y_10`, `Y_11` are positive multiples of y, z, x. Complex fields on grids have coefficients of the complex harmonics,
//! with that phase, in the same order.
//!
//! # Order
//!
//! Spherical: index `l * l + l + m`, `(L+1)^2` values. Zernike: n ascending, then l of n's parity, then m from -l to l,
//! `(N+1)(N+2)(N+3)/6` values: [`zernike_index`]. A lower order is a prefix of a higher one. A field on a grid is a slice with one value for
//! each sample, ring after ring from the north, each ring eastward; batches are one field, or one set of coefficients, after the other.
//!
//! # Axes
//!
//! Colatitude from +z, azimuth `atan2(y, x)`, right-handed. Rotations are active and turn column vectors: `x' = R x`,
//! `R = Rz(a) Ry(b) Rz(c)`. Grids of cells run `[x, y, z]`, z fastest. Gradients on the sphere are `[southward, eastward]`: along growing
//! colatitude and growing azimuth.
//!
//! # Units
//!
//! Angles in radians; colatitude is never called latitude. Points of Zernike transforms lie in the unit ball; others are refused, never clipped.
//! Scattered points and directions may have any length but zero; only their direction counts. Gradients are per radian on the unit sphere.
//!
//! # Accuracy
//!
//! Against 60-digit values:
//!
//! | | f64 | f32, at the input as rounded |
//! |---|---|---|
//! | a function `Z_nlm` | `1e-14 (n + 10) sqrt(2n + 3)`, to n = 100 | 1e-5 of its largest value, `sqrt((2n + 3)(2l + 1) / 4 pi)`, to n = 30 |
//! | moments of a cloud, the largest taken as 1 | 1e-12 | 1e-5, the rounding of the points included, at any number of points |
//! | a harmonic by [`harmonics`] | `1e-15 l` of its largest value, at the poles too | |
//! | a harmonic by direct [`ScatteredPlan`] sums | `2e-15 l`; within 2.5 degrees of a pole `4e-16 l^2`, looser than [`harmonics`] | of its largest value, for l from 8 on: `4e-7 l`; within 12 degrees of a pole `1e-7 l^2` |
//! | scattered sums by the fast way | the error asked for, 1e-13 to 1e-2 of the Euclidean norm of the result, but not below `1e-15 lmax` | the same |
//! | grids, synthesis and analysis | `5e-15 lmax` for coefficients of size 1 | the last place of f32: arithmetic is f64 |
//! | rotations | 1e-13 to degree 128 | the last places of f32: arithmetic is f64 |
//!
//! The naive sums that the fast ones are tested against stay in the crate: [`grid::naive`], [`scattered::naive`], [`zernike::naive`],
//! [`rotation::naive`].
//!
//! # Cost
//!
//! Each item states its own: O(lmax^3) for a grid, O(points lmax^2) for direct sums over points, O(points + lmax^3) for fast ones, O(points N^3) for
//! Zernike moments, O(lmax^3) for a rotation. Plans are cheap to clone; they own kilobytes, and those of grids and fast sums about `20 lmax^2` bytes: the methods `bytes` tell.
//! Where a method takes scratch, it allocates nothing. SIMD is chosen when a plan is made, by [`Rotation`] and [`LocalPlan`] when they are used: AVX-512, AVX2 with FMA, NEON or scalar code, [`simd_level`]; they differ by rounding alone.
//!
//! # Threads
//!
//! Plans are immutable, `Send` and `Sync`. Methods whose names end in `batch`, those on meshes and grids of cells, [`isosurface`],
//! [`reconstruct_surface`] and [`spherical_from_cloud`] use the current rayon pool; results are the same bits at any number of threads. All others run on the caller's thread.

#![warn(clippy::missing_errors_doc)]

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
mod kernels;
mod legendre;
mod local;
mod maps;
mod quadrature;
mod radial;
mod real;
mod reflection;
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
pub use grid::{
    ComplexScratch, GridKind, Iterated, Ring, SphereGrid, SphericalPlan, SphericalScratch,
};
pub use invariants::{
    Bispectrum, Shell, cross_order_products, power_spectrum, z_invariants, zernike_invariants,
};
pub use isosurface::{TriangleMesh, isosurface};
pub use legendre::{Legendre, harmonics, harmonics_into};
pub use local::{Axes, LocalPlan, MAX_LOCAL_ORDER, local_axes, upright_axes};
pub use maps::{MapKind, MapLayout};
pub use radial::{radial_points, spherical_from_cloud};
pub use real::Real;
pub use reflection::reflect;
pub use rotation::{Rotation, RotationScratch};
pub use scaler::Scaler;
pub use scattered::{Method, ScatteredPlan, ScatteredScratch, SphereFit};
pub use simd::simd_level;
pub use surface::reconstruct_surface;
pub use zernike::{
    CloudGradient, GradientScratch, VoxelGrid, ZernikePlan, ZernikeScratch, zernike_index,
};

/// What signatures of this crate name from others, in the versions that it is built with.
pub use {nalgebra, ndarray, rustfft::num_complex::Complex};
