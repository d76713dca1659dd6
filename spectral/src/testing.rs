//! The reference values that tests compare with, and what several of them check.

use std::path::PathBuf;

/// The text of a reference file under `oracles`; `None`, said plainly, where it is not there.
pub(crate) fn oracle(name: &str) -> Option<String> {
    let shared = std::env::var_os("SPECTRA_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let path = shared.join("oracles").join(name);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("skipped: {} absent", path.display());
    }
    text
}

/// The rows of a CSV file of numbers, without its header. Numbers below the range read as zero.
pub(crate) fn csv_rows(text: &str) -> impl Iterator<Item = Vec<f64>> + '_ {
    text.lines().skip(1).map(|line| {
        line.split(',')
            .map(|field| field.parse().expect("oracles hold numbers"))
            .collect()
    })
}

/// Reproducible values in [-1, 1): splitmix64 of the position.
pub(crate) fn noise(count: usize, seed: u64) -> Vec<f64> {
    (0..count as u64)
        .map(|i| {
            let mut z = (seed << 32)
                .wrapping_add(i + 1)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        })
        .collect()
}

/// Holds what 2, 3 and 8 threads make of a computation against what one thread does.
pub(crate) fn assert_same_at_any_threads<T: PartialEq + Send>(run: impl Fn() -> T + Sync) {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(&run)
    };
    let expected = on(1);
    for threads in [2, 3, 8] {
        assert!(on(threads) == expected, "{threads} threads");
    }
}
