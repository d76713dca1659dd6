//! Says what is in the files that are named: `cargo run --example inspect -- FILE…`

use std::path::Path;

use spectra_pointcloud::{Limits, read_path};

fn main() {
    for name in std::env::args().skip(1) {
        match read_path(Path::new(&name), &Limits::default()) {
            Ok(shape) => {
                println!(
                    "{name}: {} points, {} faces",
                    shape.points().len(),
                    shape.faces().len()
                );
            }
            Err(error) => println!("{} [{}]", error, error.kind()),
        }
    }
}
