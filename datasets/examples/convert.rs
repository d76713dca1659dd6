//! Converts a folder of shapes: `convert SRC STORE [ORDER] [ROWS_PER_PART] [I/N]`.
//!
//! The command `spectra convert` does the same with more options and progress.

use std::error::Error;
use std::path::PathBuf;

use spectra_datasets::{ConvertOptions, DatasetKind, convert, open};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, out, rest @ ..] = arguments.as_slice() else {
        return Err("usage: convert SRC STORE [ORDER] [ROWS_PER_PART] [I/N]".into());
    };
    let mut options = ConvertOptions::default();
    if let Some(order) = rest.first() {
        options.order = order.parse()?;
    }
    if let Some(rows) = rest.get(1) {
        options.rows_per_part = rows.parse()?;
    }
    if let Some((index, count)) = rest.get(2).and_then(|shard| shard.split_once('/')) {
        options.shard = (index.parse()?, count.parse()?);
    }
    let dataset = open(&PathBuf::from(source), DatasetKind::Auto)?;
    let summary = convert(&dataset, &PathBuf::from(out), &options, &())?;
    println!(
        "{} ({}): {} converted, {} reused, {} failed",
        dataset.name,
        dataset.layout,
        summary.done,
        summary.reused,
        summary.failed.len()
    );
    Ok(())
}
