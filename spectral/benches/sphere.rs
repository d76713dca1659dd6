//! Grid and scattered transforms, as CSV: `cargo bench -p spectra-spectral --bench sphere -- grid 255`.
//!
//! `grid LMAX [REPEATS]` and `scattered LMAX POINTS [REPEATS]` print `job,type,milliseconds`, one line
//! for each job, the best of the repeats; one thread. `benches/peers` runs this beside the peers.

use std::hint::black_box;
use std::time::Instant;

use spectra_spectral::scattered::Method;
use spectra_spectral::{Real, ScatteredPlan, SphereGrid, SphericalPlan};

fn noise<T: Real>(count: usize) -> Vec<T> {
    let share = |i: usize| ((i * 7919 + 17) % 65_521) as f64 / 65_521.0;
    (0..count)
        .map(|i| T::from_f64(2.0 * share(i) - 1.0))
        .collect()
}

fn best(repeats: usize, mut job: impl FnMut()) -> f64 {
    let times = (0..repeats).map(|_| {
        let start = Instant::now();
        job();
        start.elapsed().as_secs_f64() * 1e3
    });
    times.fold(f64::INFINITY, f64::min)
}

fn grid<T: Real>(name: &str, lmax: usize, repeats: usize) {
    let start = Instant::now();
    let grid = SphereGrid::gauss_legendre(lmax).expect("a size in range");
    let plan = SphericalPlan::<T>::new(grid, lmax).expect("a degree in range");
    println!("plan,{name},{:.4}", start.elapsed().as_secs_f64() * 1e3);
    println!("plan MB,{name},{:.3}", plan.bytes() as f64 / 1e6);
    let mut scratch = plan.scratch();
    let mut a = noise::<T>(plan.count());
    let mut field = vec![T::ZERO; plan.grid().len()];
    let time = best(repeats, || {
        plan.synthesis_into(black_box(&a), &mut field, &mut scratch)
            .expect("a good set");
    });
    println!("synthesis,{name},{time:.5}");
    let time = best(repeats, || {
        plan.analysis_into(black_box(&field), &mut a, &mut scratch)
            .expect("a good field");
    });
    println!("analysis,{name},{time:.5}");
    black_box(&a);
}

fn scattered<T: Real>(name: &str, lmax: usize, count: usize, repeats: usize) {
    let coordinates = noise::<T>(3 * count);
    let points: Vec<[T; 3]> = coordinates.chunks(3).map(|p| [p[0], p[1], p[2]]).collect();
    let weights = vec![T::from_f64(1.0 / count as f64); count];
    let error = if name == "f64" { 1e-12 } else { 2e-6 };
    for (way, method) in [
        ("auto", Method::Auto),
        ("direct", Method::Direct),
        ("fast", Method::Fast { error }),
    ] {
        let Ok(plan) = ScatteredPlan::<T>::with_method(lmax, method) else {
            continue;
        };
        let mut scratch = plan.scratch();
        let mut a = vec![T::ZERO; plan.count()];
        let mut values = vec![T::ZERO; count];
        let time = best(repeats, || {
            plan.adjoint_into(black_box(&points), Some(&weights), &mut a, &mut scratch)
                .expect("a good cloud");
        });
        println!("adjoint,{name} {way},{time:.5}");
        let time = best(repeats, || {
            plan.evaluate_into(black_box(&a), &points, &mut values, &mut scratch)
                .expect("a good cloud");
        });
        println!("evaluate,{name} {way},{time:.5}");
        black_box(&values);
    }
}

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let number = |i: usize| words.get(i).and_then(|word| word.parse::<usize>().ok());
    println!("job,type,milliseconds");
    match (words.first().map(String::as_str), number(1)) {
        (Some("grid"), Some(lmax)) => {
            let repeats = number(2).unwrap_or(10);
            grid::<f64>("f64", lmax, repeats);
            grid::<f32>("f32", lmax, repeats);
        }
        (Some("scattered"), Some(lmax)) => {
            let (count, repeats) = (number(2).unwrap_or(2048), number(3).unwrap_or(10));
            scattered::<f64>("f64", lmax, count, repeats);
            scattered::<f32>("f32", lmax, count, repeats);
        }
        _ => {
            for lmax in [15, 31, 63] {
                println!("# 2048 points, lmax {lmax}");
                scattered::<f64>("f64", lmax, 2048, 20);
                scattered::<f32>("f32", lmax, 2048, 20);
            }
            for lmax in [63, 255] {
                println!("# lmax {lmax}");
                grid::<f64>("f64", lmax, 20);
                grid::<f32>("f32", lmax, 20);
            }
        }
    }
}
