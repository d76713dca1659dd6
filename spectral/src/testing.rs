//! Reading the reference values that tests compare with.

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
        println!("skipped: {} absent", path.display());
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
