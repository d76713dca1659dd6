//! `spectra doctor`: what this machine and build can do.

use crate::cli;
use crate::outcome::Outcome;

pub fn run(_options: &cli::Doctor) -> anyhow::Result<Outcome> {
    println!("spectra   {}", env!("CARGO_PKG_VERSION"));
    println!("threads   {}", rayon::current_num_threads());
    println!("simd      {}", spectra_spectral::simd_level());
    for device in spectra_model::devices() {
        println!("device    {device}");
    }
    match std::env::var_os("SPECTRA_DATA") {
        Some(root) => {
            for name in ["modelnet10", "modelnet40"] {
                match spectra_datasets::find(name, root.as_ref()) {
                    Ok(dataset) => println!("data      {name}: {} items", dataset.items.len()),
                    Err(error) => println!("data      {name}: {error}"),
                }
            }
        }
        None => println!("data      SPECTRA_DATA is not set; pass --data instead"),
    }
    Ok(Outcome::Done)
}
