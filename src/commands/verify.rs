//! `spectra verify`: hashes, rows and ids of a store.

use crate::cli;
use crate::outcome::Outcome;

pub fn run(options: &cli::Verify) -> anyhow::Result<Outcome> {
    let report = spectra_datasets::verify(&options.path)?;
    for problem in &report.problems {
        println!("{problem}");
    }
    if !report.problems.is_empty() {
        anyhow::bail!(
            "{}: {} problems; delete the parts named above and run the same convert again",
            options.path.display(),
            report.problems.len()
        );
    }
    println!(
        "{}: {} parts, {} rows, all good",
        options.path.display(),
        report.parts,
        report.rows
    );
    Ok(Outcome::Done)
}
