//! The `spectra` command.
fn main() {}
