//! Clouds per second on one core: `cargo bench -p spectra-spectral --bench zernike`.

use std::hint::black_box;
use std::time::Instant;

use spectra_spectral::{Real, ZernikePlan};

fn cloud<T: Real>() -> Vec<[T; 3]> {
    let coordinate = |i: usize, axis: usize| {
        let share = ((i * [7919, 104_729, 1_299_709][axis] + 17) % 65_521) as f64 / 65_521.0;
        T::from_f64((2.0 * share - 1.0) * 0.56)
    };
    (0..2048)
        .map(|i| std::array::from_fn(|axis| coordinate(i, axis)))
        .collect()
}

fn measure<T: Real>(name: &str, order: usize) {
    let plan = ZernikePlan::<T>::new(order).expect("an order in range");
    let (points, mut scratch) = (cloud::<T>(), plan.scratch());
    let mut out = vec![T::ZERO; plan.count()];
    let mut times: Vec<f64> = (0..200)
        .map(|_| {
            let start = Instant::now();
            plan.moments_into(black_box(&points), None, &mut scratch, &mut out)
                .expect("a good cloud");
            black_box(&out);
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{name},{order},{:.0},{:.0}",
        1.0 / times[100],
        1.0 / times[0]
    );
}

fn main() {
    println!("type,order,clouds_per_second_median,clouds_per_second_best");
    for order in [10, 16, 20, 31] {
        measure::<f64>("f64", order);
        measure::<f32>("f32", order);
    }
}
