//! Milliseconds for one rotation: `cargo bench -p spectra-spectral --bench rotation`. One core.

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

fn main() {
    println!("what,degree,ms_median,ms_best");
    let mut scratch = RotationScratch::default();
    for degree in [20, 31, 63, 255] {
        let start = Instant::now();
        let rotation = Rotation::from_euler_zyz(0.3, 1.1, -2.0, degree);
        let mut values: Vec<f64> = (0..Basis::Spherical.count(degree))
            .map(|i| (i * 7919 % 101) as f64)
            .collect();
        rotation
            .apply_spherical_with(&mut values, &mut scratch)
            .expect("lengths fit");
        let first = start.elapsed().as_secs_f64() * 1e3;
        println!("first use,{degree},{first:.4},{first:.4}");
        let (median, best) = milliseconds(301, || {
            rotation
                .apply_spherical_with(black_box(&mut values), &mut scratch)
                .expect("lengths fit");
        });
        println!("spherical,{degree},{median:.4},{best:.4}");
    }
    for order in [16, 20, 31] {
        let rotation = Rotation::from_euler_zyz(0.3, 1.1, -2.0, order);
        let mut values = vec![0.5f64; Basis::Zernike.count(order)];
        let (median, best) = milliseconds(301, || {
            rotation
                .apply_zernike_with(order, black_box(&mut values), &mut scratch)
                .expect("lengths fit");
        });
        println!("zernike,{order},{median:.4},{best:.4}");
        let (median, best) = milliseconds(301, || {
            black_box(Rotation::from_euler_zyz(black_box(0.3), 1.1, -2.0, order));
        });
        println!("making it,{order},{median:.4},{best:.4}");
    }
}
