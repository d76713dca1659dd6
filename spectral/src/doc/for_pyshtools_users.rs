//! From pyshtools, healpy and e3nn to this crate.
//!
//! # Conventions
//!
//! | | pyshtools | healpy | e3nn | here |
//! |---|---|---|---|---|
//! | values | real (or complex) | complex, m >= 0 | real | real |
//! | norm | 4 pi, Schmidt, ortho | ortho | integral, component, norm | ortho; [`Normalization`](crate::Normalization) converts |
//! | phase | none (`csphase=1`) | Condon-Shortley | none | none; [`to_complex`](crate::Coefficients::to_complex) has it |
//! | index | `[0 cos, 1 sin][l][m]` | `m (2L + 1 - m) / 2 + l` | `l l + l + m` | `l l + l + m` |
//! | polar axis | z | z | y | z |
//! | grids | rows from north to south, degrees | HEALPix rings | | rings from north to south: [`SphereGrid`](crate::SphereGrid) |
//! | angles | latitude and longitude in degrees | colatitude and longitude in radians | vectors | vectors; radians where there are angles |
//!
//! `Y_1,-1` is a positive multiple of y, `Y_10` of z, `Y_11` of x.
//!
//! # Coefficients
//!
//! `SHCoeffs.coeffs` with `normalization='4pi'`, flattened in C order, comes in and goes out like this:
//!
//! ```
//! use spectra_spectral::{Coefficients, Normalization};
//!
//! let lmax = 2;
//! let mut coeffs = vec![0.0; 2 * 3 * 3];
//! coeffs[0] = 1.0; // C_00 of the 4 pi norm: the constant function 1
//! coeffs[9 + 2 * 3 + 1] = 0.5; // S_21
//! let ours = Coefficients::from_pyshtools(lmax, Normalization::FourPi, &coeffs)?
//!     .normalized(Normalization::Orthonormal)?;
//! assert!((ours.values()[0] - (4.0 * std::f64::consts::PI).sqrt()).abs() < 1e-14);
//! let back = ours.normalized(Normalization::FourPi)?.to_pyshtools()?;
//! assert!((back[16] - 0.5).abs() < 1e-15);
//! # Ok::<(), spectra_spectral::SpectralError>(())
//! ```
//!
//! # What is called what
//!
//! | there | here |
//! |---|---|
//! | `SHGrid.expand()`, `SHExpandGLQ` | [`SphericalPlan::analysis`](crate::SphericalPlan::analysis) on [`SphereGrid::gauss_legendre`](crate::SphereGrid::gauss_legendre) |
//! | `SHCoeffs.expand()`, `MakeGridGLQ` | [`SphericalPlan::synthesis`](crate::SphericalPlan::synthesis); the plan is made once for a grid and a degree |
//! | `grid='DH'`, `SHExpandDH(sampling=1)` | [`SphereGrid::driscoll_healy`](crate::SphereGrid::driscoll_healy)`(lmax + 1)`: the same `2B x 2B` samples, the south pole left out |
//! | `grid='DH2', extend=True` | [`SphereGrid::clenshaw_curtis`](crate::SphereGrid::clenshaw_curtis) with both poles, but without the last meridian, which repeats the first |
//! | `SHExpandLSQ` | [`SphereFit`](crate::SphereFit): weights and a ridge, the factorised kernel kept for further data |
//! | `MakeGridPoint`, `SHCoeffs.expand(lat=, lon=)` | [`ScatteredPlan::evaluate`](crate::ScatteredPlan::evaluate), points as vectors |
//! | adjoints (`SHExpandGLQ` has none) | [`SphericalPlan::synthesis_adjoint_into`](crate::SphericalPlan::synthesis_adjoint_into), [`ScatteredPlan::adjoint`](crate::ScatteredPlan::adjoint) |
//! | `SHCoeffs.gradient()` | [`SphericalPlan::gradient`](crate::SphericalPlan::gradient): southward and eastward |
//! | `healpy.alm2map`, `map2alm(iter=3)` | [`SphereGrid::healpix`](crate::SphereGrid::healpix), [`SphericalPlan::analysis_iterated`](crate::SphericalPlan::analysis_iterated) |
//! | `ducc0.sht.adjoint_synthesis_general` | [`ScatteredPlan::adjoint`](crate::ScatteredPlan::adjoint) |
//! | `SHCoeffs.spectrum()` | [`power_spectrum`](crate::power_spectrum): sum over m, orthonormal, not divided by 2l+1; pyshtools' default divides by nothing either but uses the 4 pi norm, so it is `1 / (4 pi)` of ours |
//! | `SHCoeffs.rotate(alpha, beta, gamma)` | [`Rotation::from_euler_zyz`](crate::Rotation::from_euler_zyz): active, radians, `Rz(a) Ry(b) Rz(c)` |
//! | `SHCoeffs.pad(lmax)` | [`Coefficients::with_order`](crate::Coefficients::with_order) |
//! | `SHCoeffs.convert(normalization=...)` | [`Coefficients::normalized`](crate::Coefficients::normalized) |
//! | `spharm(lmax, theta, phi)` | [`harmonics`](crate::harmonics), of a direction; right at the poles, since the sine is not taken from the cosine |
//! | `healpy.rotate_alm` | [`Coefficients::from_healpy`](crate::Coefficients::from_healpy), then a rotation |
//! | `e3nn.o3.wigner_D` | [`Rotation::matrix`](crate::Rotation::matrix), to degree 512. Their polar axis is y: their x, y, z are our y, z, x, and their YXY angles our ZYZ angles |
//!
//! A field on a grid, to coefficients and back:
//!
//! ```
//! use spectra_spectral::{SphereGrid, SphericalPlan};
//!
//! let lmax = 15;
//! let plan = SphericalPlan::<f64>::new(SphereGrid::gauss_legendre(lmax)?, lmax)?;
//! // cos^2 of the colatitude is 1/3 and a zonal function of degree 2.
//! let field: Vec<f64> = plan.grid().angles().map(|(theta, _phi)| theta.cos().powi(2)).collect();
//! let a = plan.analysis(&field)?;
//! assert!((a[0] - (4.0 * std::f64::consts::PI).sqrt() / 3.0).abs() < 1e-14);
//! assert!(a.iter().enumerate().all(|(i, a)| i == 0 || i == 6 || a.abs() < 1e-14));
//! let back = plan.synthesis(&a)?;
//! assert!(back.iter().zip(&field).all(|(a, b)| (a - b).abs() < 1e-14));
//! # Ok::<(), spectra_spectral::SpectralError>(())
//! ```
//!
//! ```
//! use spectra_spectral::{Coefficients, Rotation, harmonics};
//!
//! // A function known by its coefficients, rotated so that what was at +z is at +x.
//! let mut a = harmonics(8, [0.0, 0.0, 1.0])?;
//! Rotation::from_euler_zyz(0.0, std::f64::consts::FRAC_PI_2, 0.0, 8).apply_spherical(&mut a)?;
//! let peak = harmonics(8, [1.0, 0.0, 0.0])?;
//! assert!(a.iter().zip(&peak).all(|(a, b)| (a - b).abs() < 1e-14));
//! let alm = Coefficients::new(spectra_spectral::Basis::Spherical, 8, a)?.to_healpy()?;
//! assert_eq!(alm.len(), 45);
//! # Ok::<(), spectra_spectral::SpectralError>(())
//! ```
