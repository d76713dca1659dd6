//! Audits a data set or a store and prints the report as JSON: `audit SRC|STORE`.
//!
//! The command `spectra data audit` does the same with progress, and in words.

use std::error::Error;
use std::path::PathBuf;

use spectra_datasets::{DatasetKind, Store, audit_dataset, audit_store, open};

fn main() -> Result<(), Box<dyn Error>> {
    let source = std::env::args()
        .nth(1)
        .map(PathBuf::from)
        .ok_or("usage: audit SRC|STORE")?;
    let report = if source.join("manifest.json").exists() {
        audit_store(&Store::open(&source)?, &())?
    } else {
        audit_dataset(&open(&source, DatasetKind::Auto)?, &())?
    };
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}
