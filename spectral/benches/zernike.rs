//! Clouds per second: `cargo bench -p spectra-spectral --bench zernike [-- ORDERS...]`.
//!
//! One core, then a batch on one and on two threads. Also prints the machine's multiply-add peak in the same run.

use std::hint::black_box;
use std::time::Instant;

use spectra_spectral::{Real, ZernikePlan, simd_level};

fn cloud<T: Real>() -> Vec<[T; 3]> {
    let coordinate = |i: usize, axis: usize| {
        let share = ((i * [7919, 104_729, 1_299_709][axis] + 17) % 65_521) as f64 / 65_521.0;
        T::from_f64((2.0 * share - 1.0) * 0.56)
    };
    (0..2048)
        .map(|i| std::array::from_fn(|axis| coordinate(i, axis)))
        .collect()
}

/// Median and least seconds of `work`.
fn seconds(runs: usize, mut work: impl FnMut()) -> (f64, f64) {
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times[runs / 2], times[0])
}

fn measure<T: Real>(name: &str, order: usize) {
    let plan = ZernikePlan::<T>::new(order).expect("an order in range");
    let (points, mut scratch) = (cloud::<T>(), plan.scratch());
    let mut out = vec![T::ZERO; plan.count()];
    let (median, best) = seconds(200, || {
        plan.moments_into(black_box(&points), None, &mut scratch, &mut out)
            .expect("a good cloud");
        black_box(&out);
    });
    let (e_median, e_best) = seconds(100, || {
        black_box(
            plan.evaluate(black_box(&out), &points)
                .expect("a good cloud"),
        );
    });
    println!(
        "moments,{name},{order},{:.0},{:.0}\nevaluate,{name},{order},{:.0},{:.0}",
        1.0 / median,
        1.0 / best,
        1.0 / e_median,
        1.0 / e_best
    );
}

fn threads(order: usize) {
    let plan = ZernikePlan::<f32>::new(order).expect("an order in range");
    let points = cloud::<f32>();
    let clouds: Vec<&[[f32; 3]]> = vec![&points; 400];
    for count in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(count)
            .build()
            .expect("threads");
        let (median, best) = seconds(9, || {
            pool.install(|| black_box(plan.moments_batch(&clouds).expect("good clouds")));
        });
        println!(
            "batch on {count} threads,f32,{order},{:.0},{:.0}",
            400.0 / median,
            400.0 / best
        );
    }
}

fn main() {
    let chosen: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|a| a.parse().ok())
        .collect();
    let orders = if chosen.is_empty() {
        vec![10, 16, 20, 31, 40]
    } else {
        chosen
    };
    println!("# {}, clouds of 2048 points", simd_level());
    println!("what,type,order,clouds_per_second_median,clouds_per_second_best");
    for &order in &orders {
        measure::<f64>("f64", order);
        measure::<f32>("f32", order);
    }
    threads(16);
}
