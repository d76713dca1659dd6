//! A short run of damaged files through every reader; `cargo run --release --example fuzz -- COUNT` is a long one.

mod mutate;

use spectra_pointcloud::{Limits, read_bytes, read_voxels_npz};

#[global_allocator]
static HEAP: mutate::Counting = mutate::Counting;

#[test]
fn seeds_are_valid() {
    for (name, bytes) in mutate::seeds() {
        match read_bytes(&bytes, &format!("a.{name}"), &Limits::default()) {
            Ok(_) => {}
            Err(error) if name == "npz" => {
                assert_eq!(error.kind(), "many-shapes");
                let set = read_voxels_npz(&bytes, "a.npz", &Limits::default()).expect("grids");
                assert_eq!(set.test.cells(0), Some(&[0, 3][..]));
                assert_eq!(set.test.cells(1), Some(&[3][..]));
            }
            Err(error) => assert!(
                name == "h5" && error.kind() == "many-shapes",
                "{name}: {error}"
            ),
        }
    }
}

#[test]
fn damaged_files_never_panic_nor_take_more_than_their_share() {
    let outcome = mutate::run(0, 20_000);
    // Files that are damaged beyond use would test the first line of each reader alone.
    assert!(outcome.shapes > 1_000, "only {outcome:?}");
    assert!(outcome.heap.0 > 1000, "memory is not counted: {outcome:?}");
}
