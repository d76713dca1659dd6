//! The `spectra` command: parses, wires the crates together, prints. No science here.

mod cli;
mod commands;
mod density;
mod figure;
mod gallery;
mod outcome;
mod picture;
mod progress;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    spectra_model::keep_freed_memory();
    let arguments = match cli::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return outcome::usage(&error),
    };
    outcome::exit_code(commands::run(arguments))
}
