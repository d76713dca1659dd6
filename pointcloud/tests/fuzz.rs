//! A short run of damaged files through every reader; `cargo run --release --example fuzz -- COUNT` is a long one.

mod mutate;

use spectra_pointcloud::{Limits, read_bytes};

#[test]
fn seeds_are_valid() {
    for (name, bytes) in mutate::seeds() {
        match read_bytes(&bytes, &format!("a.{name}"), &Limits::default()) {
            Ok(_) => {}
            Err(error) => assert!(
                name == "h5" && error.kind() == "many-shapes",
                "{name}: {error}"
            ),
        }
    }
}

#[test]
fn damaged_files_never_panic() {
    let shapes = mutate::run(0, 20_000);
    // Files that are damaged beyond use would test the first line of each reader alone.
    assert!(shapes > 1_000, "only {shapes} were read");
}
