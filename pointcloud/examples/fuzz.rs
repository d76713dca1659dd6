//! Damaged files through every reader: `cargo run --release --example fuzz -- COUNT [FIRST]`.
//!
//! Each file is a pure function of its number, which a panic names. Ends with an error where a file of at most
//! 1 MiB takes more than two seconds.

#[path = "../tests/mutate/mod.rs"]
mod mutate;

use std::process::ExitCode;
use std::time::Instant;

#[global_allocator]
static HEAP: mutate::Counting = mutate::Counting;

/// Seconds that the largest file of a run may take.
const LONGEST: f64 = 2.0;

fn main() -> ExitCode {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|word| word.parse::<u64>().unwrap_or(0));
    let count = arguments.next().unwrap_or(100_000);
    let first = arguments.next().unwrap_or(0);
    let start = Instant::now();
    let outcome = mutate::run(first, count);
    // What else runs on the machine may have had a share in the slowest.
    let (seconds, number) = outcome.slowest;
    let again = (0..3).map(|_| mutate::run(number, 1).slowest.0);
    let slowest = again.fold(seconds, f64::min);
    println!(
        "{count} files from {first} in {:.0} s, {} read as shapes, no panic",
        start.elapsed().as_secs_f64(),
        outcome.shapes,
    );
    println!(
        "most memory {} bytes (file {}), slowest {slowest:.3} s (file {number})",
        outcome.heap.0, outcome.heap.1
    );
    if slowest > LONGEST {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
