//! Guides for those who come from other programs. Each example is compiled and run with the tests.

pub mod for_pyshtools_users;
pub mod for_zernike_users;
