//! Milliseconds for one rotation, one core, f64: `cargo bench -p spectra-spectral --bench rotation [-- spherical DEGREE REPEATS]`.
//!
//! With words it prints one size as rows `job,type,milliseconds`, the best of the repeats: `benches/peers/rotation.py` runs this beside
//! the peers.

use std::hint::black_box;
use std::time::Instant;

use spectra_spectral::{Basis, Rotation, RotationScratch};

/// Median and least milliseconds of `work`.
fn milliseconds(runs: usize, mut work: impl FnMut()) -> (f64, f64) {
    work();
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times[runs / 2], times[0])
}

fn rotation(degree: usize) -> Rotation {
    Rotation::from_euler_zyz(0.3, 1.1, -2.0, degree)
}

/// All degrees up to `degree`.
fn spherical(degree: usize, runs: usize, scratch: &mut RotationScratch) -> (f64, f64) {
    let rotation = rotation(degree);
    let mut values: Vec<f64> = (0..Basis::Spherical.count(degree))
        .map(|i| (i * 7919 % 101) as f64)
        .collect();
    milliseconds(runs, || {
        rotation
            .apply_spherical_with(black_box(&mut values), scratch)
            .expect("lengths fit");
    })
}

/// All shells of all degrees up to `order`.
fn zernike(order: usize, runs: usize, scratch: &mut RotationScratch) -> (f64, f64) {
    let rotation = rotation(order);
    let mut values = vec![0.5f64; Basis::Zernike.count(order)];
    milliseconds(runs, || {
        rotation
            .apply_zernike_with(order, black_box(&mut values), scratch)
            .expect("lengths fit");
    })
}

fn all(scratch: &mut RotationScratch) {
    println!("what,degree,ms_median,ms_best");
    for degree in [20, 31, 63, 255] {
        let (median, best) = spherical(degree, 301, scratch);
        println!("spherical,{degree},{median:.4},{best:.4}");
    }
    for order in [16, 20, 31] {
        let (median, best) = zernike(order, 301, scratch);
        println!("zernike,{order},{median:.4},{best:.4}");
        let (median, best) = milliseconds(301, || {
            black_box(rotation(black_box(order)));
        });
        println!("making it,{order},{median:.4},{best:.4}");
    }
}

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let number = |i: usize| words.get(i).and_then(|word| word.parse::<usize>().ok());
    let mut scratch = RotationScratch::default();
    match (words.first().map(String::as_str), number(1)) {
        (Some("spherical"), Some(degree)) => {
            println!("job,type,milliseconds");
            let (_, best) = spherical(degree, number(2).unwrap_or(100), &mut scratch);
            println!("rotation,f64,{best:.5}");
        }
        _ => all(&mut scratch),
    }
}
