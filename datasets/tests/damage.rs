//! Damage of any kind to any file of a store is an error or a problem, never a panic. A short run;
//! `cargo run --release -p spectra-datasets --example damage -- COUNT` is a long one.
#![allow(clippy::unwrap_used)]

mod harm;

#[global_allocator]
static HEAP: harm::Counting = harm::Counting;

#[test]
fn no_damage_is_read_as_data_or_ends_the_program() {
    let silent = harm::run(0, 400);
    println!("400 damaged stores, {silent} of them in words that nothing depends on");
}
