//! How long 100,000 samples of a mesh of 30,000 faces take: `cargo bench -p spectra-pointcloud --bench sampling`.

use std::time::Instant;

use spectra_pointcloud::{Mesh, random::stream, sample_surface};

fn main() {
    // A wavy sheet of 122 x 123 cells, 30,012 triangles.
    let (rows, columns) = (122u32, 123u32);
    let mut mesh = Mesh::default();
    for y in 0..=rows {
        for x in 0..=columns {
            let (x, y) = (f64::from(x), f64::from(y));
            mesh.vertices
                .push([x, y, (x * 0.3).sin() * (y * 0.2).cos()]);
        }
    }
    for y in 0..rows {
        for x in 0..columns {
            let a = y * (columns + 1) + x;
            let b = a + columns + 1;
            mesh.faces.extend([[a, a + 1, b], [a + 1, b + 1, b]]);
        }
    }
    let mut times: Vec<f64> = (0..50)
        .map(|item| {
            let start = Instant::now();
            let points = sample_surface(&mesh, 100_000, &mut stream(0, 0, item));
            assert!(points.is_ok_and(|points| points.len() == 100_000));
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{} faces, 100000 samples: median {:.1} ms of 50 runs",
        mesh.faces.len(),
        times[25]
    );
}
