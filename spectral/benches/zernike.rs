//! Clouds per second: `cargo bench -p spectra-spectral --bench zernike [-- ORDERS...]`.
//!
//! One core, then a batch on one and on two threads. With the words `moments ORDER REPEATS` it prints one order as rows
//! `job,type,milliseconds`, the best of the repeats: `benches/peers/zernike.py` runs this beside the peers.

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

fn moments<T: Real>(plan: &ZernikePlan<T>, runs: usize) -> (f64, f64) {
    let (points, mut scratch) = (cloud::<T>(), plan.scratch());
    let mut out = vec![T::ZERO; plan.count()];
    seconds(runs, || {
        plan.moments_into(black_box(&points), None, &mut out, &mut scratch)
            .expect("a good cloud");
        black_box(&out);
    })
}

fn row<T: Real>(name: &str, order: usize, runs: usize) {
    let plan = ZernikePlan::<T>::new(order).expect("an order in range");
    let (_, best) = moments(&plan, runs);
    println!("moments,{name},{:.5}", best * 1e3);
}

fn measure<T: Real>(name: &str, order: usize) {
    let plan = ZernikePlan::<T>::new(order).expect("an order in range");
    let (median, best) = moments(&plan, 200);
    let points = cloud::<T>();
    let out = plan.moments(&points, None).expect("a good cloud");
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
    let words: Vec<String> = std::env::args().skip(1).collect();
    let chosen: Vec<usize> = words.iter().filter_map(|a| a.parse().ok()).collect();
    if words.iter().any(|word| word == "moments") {
        let (order, runs) = (
            chosen.first().copied().unwrap_or(16),
            chosen.get(1).copied().unwrap_or(100),
        );
        println!("job,type,milliseconds");
        row::<f64>("f64", order, runs);
        row::<f32>("f32", order, runs);
        return;
    }
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
