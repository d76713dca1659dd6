//! `spectra store`: work on stores.

use crate::cli;
use crate::outcome::{Outcome, say};

/// Joins shards.
pub fn merge(options: &cli::Merge) -> anyhow::Result<Outcome> {
    let manifest = spectra_datasets::merge(&options.shards, &options.output)?;
    let (rows, failed) = (manifest.rows(), manifest.failures.len());
    if options.json {
        let summary = serde_json::json!({
            "store": options.output,
            "parts": manifest.parts.len(),
            "rows": rows,
            "failed": failed,
        });
        say!("{summary}");
    } else {
        say!(
            "{}: {} parts, {rows} rows, {failed} failed",
            options.output.display(),
            manifest.parts.len()
        );
    }
    Ok(Outcome::Done)
}
