//! The `spectra` command: parses, wires the crates together, prints. No science here.

mod cli;
mod commands;
mod figure;
mod gallery;
mod outcome;
mod picture;
mod progress;
mod surface;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = match cli::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return outcome::usage(&error),
    };
    outcome::exit_code(commands::run(arguments))
}
