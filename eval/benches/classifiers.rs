//! Time and memory of each classifier with its hyper-parameters chosen inside train, on made-up features of a real size.
//!
//! `cargo bench -p spectra-eval --bench classifiers -- [train test columns classes]`, by default ModelNet40's 9,843 and
//! 2,468 objects, 2,048 columns and 40 classes.

use std::time::Instant;

use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use spectra_eval::{Classifier, FeatureSet, Labels, Protocol, evaluate};

/// Dimensions in which classes differ; the rest is noise.
const USEFUL: usize = 60;

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let [train, test, columns, classes] = numbers[..] else {
        return run(9843, 2468, 2048, 40);
    };
    run(train, test, columns, classes);
}

fn run(train: usize, test: usize, columns: usize, classes: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut noise = move || (0..3).map(|_| rng.random::<f32>() - 0.5).sum::<f32>();
    let centres = Array2::from_shape_simple_fn((classes, columns), &mut noise);
    let mut draw = |count: usize| {
        Array2::from_shape_fn((count, columns), |(i, j)| {
            let centre = if j < USEFUL {
                0.7 * centres[[i % classes, j]]
            } else {
                0.0
            };
            centre + noise()
        })
    };
    let set = FeatureSet {
        name: "made up".into(),
        train: draw(train),
        test: draw(test),
    };
    let labels = Labels {
        train: (0..train).map(|i| i % classes).collect(),
        test: (0..test).map(|i| i % classes).collect(),
        classes: (0..classes).map(|class| class.to_string()).collect(),
    };
    println!("{train} + {test} rows, {columns} columns, {classes} classes");
    for classifier in [
        Classifier::Knn(1),
        Classifier::Ridge,
        Classifier::Svm,
        Classifier::Softmax,
    ] {
        let (start, before) = (Instant::now(), processor_seconds());
        let rows = evaluate(
            std::slice::from_ref(&set),
            &labels,
            &[classifier],
            &Protocol::default(),
        );
        let seconds = start.elapsed().as_secs_f64();
        match rows {
            Ok(rows) => println!(
                "{:8} {seconds:7.1} s wall, {:7.1} s of processor time, accuracy {:.2} %, {}",
                classifier.name(),
                processor_seconds() - before,
                100.0 * rows[0].accuracy_mean,
                rows[0].chosen
            ),
            Err(error) => println!("{}: {error}", classifier.name()),
        }
    }
    println!("peak memory {:.2} GiB", peak_bytes() / f64::from(1 << 30));
}

/// User and system time of this process so far, from Linux's accounts; 0 where there are none.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = text
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |i: usize| {
        fields
            .get(i)
            .and_then(|f| f.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / 100.0
}

fn peak_bytes() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmHWM"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    1024.0 * kilobytes.unwrap_or(0.0)
}
