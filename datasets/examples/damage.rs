//! Damaged stores: `cargo run --release -p spectra-datasets --example damage -- COUNT [FIRST]`.
//!
//! Each damage is a pure function of its number, which a panic names.
#![allow(clippy::unwrap_used)]

#[path = "../tests/harm/mod.rs"]
mod harm;

use std::time::Instant;

#[global_allocator]
static HEAP: harm::Counting = harm::Counting;

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|word| word.parse::<u64>().unwrap_or(0));
    let count = arguments.next().unwrap_or(10_000);
    let first = arguments.next().unwrap_or(0);
    let start = Instant::now();
    let silent = harm::run(first, count);
    println!(
        "{count} damaged stores from {first} in {:.0} s, {silent} of them in words that nothing depends on, no panic",
        start.elapsed().as_secs_f64()
    );
}
