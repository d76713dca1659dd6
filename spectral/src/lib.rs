//! Spherical harmonics and 3D Zernike transforms: exact, fast, dependable on its own.
