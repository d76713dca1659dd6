//! The `spectra` command: parses, wires the crates together, prints. No science here.
#![deny(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "println! and eprintln! panic where nobody reads any more; say! and tell! of outcome.rs do not"
)]

mod cli;
mod commands;
mod figure;
mod frozen;
mod gallery;
mod outcome;
mod picture;
mod progress;
mod surface;

use std::process::ExitCode;

/// Stack of a worker in bytes: as much as a main thread has.
const STACK: usize = 8 << 20;

/// The command runs on a worker of the thread pool, where small parallel loops begin at once; from outside each would wait
/// until a worker has woken up.
fn main() -> ExitCode {
    spectra_model::keep_freed_memory();
    let arguments = match cli::parse(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => return outcome::usage(&error),
    };
    // Fails only where there is a pool already, and then that one serves.
    let _existing = rayon::ThreadPoolBuilder::new()
        .stack_size(STACK)
        .build_global();
    let mut code = ExitCode::SUCCESS;
    rayon::scope(|_scope| code = outcome::exit_code(commands::run(arguments)));
    code
}
