//! `spectra doctor`: what this machine and build can do.

use crate::cli;
use crate::outcome::{Outcome, say};

pub fn run(_options: &cli::Doctor) -> anyhow::Result<Outcome> {
    say!("spectra   {}", env!("CARGO_PKG_VERSION"));
    say!("threads   {}", rayon::current_num_threads());
    say!("simd      {}", spectra_spectral::simd_level());
    for device in spectra_model::devices() {
        say!("device    {device}");
    }
    match std::env::var_os("SPECTRA_DATA") {
        Some(root) => {
            for name in ["modelnet10", "modelnet40"] {
                match spectra_datasets::find(name, root.as_ref()) {
                    Ok(dataset) => say!("data      {name}: {} items", dataset.items.len()),
                    Err(error) => say!("data      {name}: {error}"),
                }
            }
        }
        None => say!("data      SPECTRA_DATA is not set; pass --data instead"),
    }
    Ok(Outcome::Done)
}
