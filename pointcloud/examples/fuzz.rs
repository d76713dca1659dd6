//! Damaged files through every reader: `cargo run --release --example fuzz -- COUNT [FIRST]`.
//!
//! Each file is a pure function of its number, which a panic names. Says the rate and the slowest thousand.

#[path = "../tests/mutate/mod.rs"]
mod mutate;

use std::time::Instant;

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|word| word.parse::<u64>().unwrap_or(0));
    let count = arguments.next().unwrap_or(100_000);
    let first = arguments.next().unwrap_or(0);
    let (start, mut shapes, mut slowest) = (Instant::now(), 0, (0.0, 0));
    for block in 0..count.div_ceil(1000) {
        let began = Instant::now();
        let from = first + block * 1000;
        shapes += mutate::run(from, 1000.min(count - block * 1000));
        let seconds = began.elapsed().as_secs_f64();
        if seconds > slowest.0 {
            slowest = (seconds, from);
        }
    }
    println!(
        "{count} files in {:.1} s, {shapes} read as shapes",
        start.elapsed().as_secs_f64()
    );
    println!(
        "the slowest thousand took {:.2} s, from file {}",
        slowest.0, slowest.1
    );
}
