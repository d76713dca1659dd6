//! From 3D Zernike descriptors (Novotni and Klein, BioZernike, ZMPY3D, zernike3d) to this crate.
//!
//! # Conventions
//!
//! | | there | here |
//! |---|---|---|
//! | functions | Canterakis': `R_nl` with integral 1/3, harmonics of norm 1 (or 4 pi) | orthonormal in the unit ball |
//! | moments | with the factor `3 / (4 pi)` | without; theirs are `sqrt(3 / (4 pi))` times ours: [`Normalization::Canterakis`](crate::Normalization::Canterakis) |
//! | values | complex, Condon-Shortley phase; zernike3d: real with it, `(-1)^m` times ours | real, without; [`to_complex`](crate::Coefficients::to_complex) |
//! | order | 20; sums of geometric moments lose all digits above 30 | 128; recurrences, right to rounding |
//! | input | voxel grids | clouds, meshes (surface or solid, exact), voxel grids |
//!
//! # Descriptors
//!
//! ```
//! use spectra_spectral::{VoxelGrid, ZernikePlan, zernike_invariants};
//!
//! // A box of 8 x 4 x 4 cells in a grid of 16^3 that fills the cube around the unit ball.
//! let side = 16;
//! let full = |i: usize| {
//!     let [x, y, z] = [i / 256, i / 16 % 16, i % 16];
//!     (4..12).contains(&x) && (6..10).contains(&y) && (6..10).contains(&z)
//! };
//! let values: Vec<f64> = (0..side * side * side).map(|i| if full(i) { 1.0 } else { 0.0 }).collect();
//! let grid = VoxelGrid { values: &values, shape: [side; 3], cell: 2.0 / side as f64, nodes: 1 };
//! let plan = ZernikePlan::<f64>::new(20)?;
//! let moments = plan.voxel_moments(&grid)?;
//! let descriptor = zernike_invariants(20, &moments)?;
//! assert_eq!(descriptor.len(), 121);
//! // Theirs differ by the norm of the functions.
//! let canterakis = (3.0 / (4.0 * std::f64::consts::PI)).sqrt();
//! let volume = moments[0] * (4.0 * std::f64::consts::PI / 3.0).sqrt();
//! assert!((volume - 0.25).abs() < 1e-12);
//! assert!((canterakis * descriptor[0] - 3.0 / (4.0 * std::f64::consts::PI) * volume).abs() < 1e-12);
//! # Ok::<(), spectra_spectral::SpectralError>(())
//! ```
//!
//! `nodes` above 1 integrate over each cell instead of taking its middle, exactly from `(N + 2) / 2` on. Grids that are not
//! centred are moved by the caller: moments are about the origin, and the shape must lie in the unit ball.
//!
//! # Meshes
//!
//! [`surface_moments`](crate::ZernikePlan::surface_moments) and [`volume_moments`](crate::ZernikePlan::volume_moments) are exact integrals: no sampling,
//! no voxels. A reconstruction comes back as a mesh:
//!
//! ```
//! use spectra_spectral::{ZernikePlan, isosurface};
//!
//! let corner = |i: usize| [0, 1, 2].map(|k| if i >> k & 1 == 1 { 0.4 } else { -0.4 });
//! let cube: Vec<[f64; 3]> = (0..8).map(corner).collect();
//! let quads = [[0u32, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]];
//! let faces: Vec<[u32; 3]> = quads.iter().flat_map(|q| [[q[0], q[1], q[2]], [q[0], q[2], q[3]]]).collect();
//! let plan = ZernikePlan::<f64>::new(14)?;
//! let moments = plan.volume_moments(&cube, &faces)?;
//! let volume = moments[0] * (4.0 * std::f64::consts::PI / 3.0).sqrt();
//! assert!((volume - 0.512).abs() < 1e-14);
//! // Z_200 = sqrt(7 / 4 pi) (5 r^2 - 3) / 2, and the mean of r^2 over the cube is 3 * 0.4^2 / 3.
//! let second = (7.0 / (4.0 * std::f64::consts::PI)).sqrt() * (5.0 * 0.16 - 3.0) / 2.0 * 0.512;
//! assert!((moments[4] - second).abs() < 1e-14);
//! // The density is about 1 inside and 0 outside: the surface is where it is 1/2.
//! let density = plan.density_grid(&moments, 32)?;
//! let mesh = isosurface(&density, 32, 0.5)?;
//! let again = plan.volume_moments(&mesh.vertices, &mesh.faces)?;
//! assert!((again[0] / moments[0] - 1.0).abs() < 0.1);
//! # Ok::<(), spectra_spectral::SpectralError>(())
//! ```
//!
//! # What is called what
//!
//! | there | here |
//! |---|---|
//! | 3DZD, `F_nl`, norms | [`zernike_invariants`](crate::zernike_invariants) |
//! | invariants of zernike3d across orders | [`cross_order_products`](crate::cross_order_products) |
//! | Canterakis norms of ZMPY3D by alignment | [`Bispectrum`](crate::Bispectrum): complete in practice, and smooth |
//! | rotation by re-computing | [`Rotation`](crate::Rotation): exact on the moments, some hundred times cheaper |
//! | alignment about one axis | [`z_invariants`](crate::z_invariants) |
