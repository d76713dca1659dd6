//! `spectra verify`: hashes, rows and ids of a store; checkpoints and weights of a run.

use crate::cli;
use crate::outcome::{Outcome, say};

pub fn run(options: &cli::Verify) -> anyhow::Result<Outcome> {
    match options.path.join("run.json").exists() {
        true => verify_run(options),
        false => verify_store(options),
    }
}

fn verify_store(options: &cli::Verify) -> anyhow::Result<Outcome> {
    let report = spectra_datasets::verify(&options.path)?;
    for problem in &report.problems {
        say!("{problem}");
    }
    if !report.problems.is_empty() {
        anyhow::bail!(
            "{}: {} problems; delete the parts named above and run the same convert again",
            options.path.display(),
            report.problems.len()
        );
    }
    say!(
        "{}: {} parts, {} rows, all good",
        options.path.display(),
        report.parts,
        report.rows
    );
    Ok(Outcome::Done)
}

fn verify_run(options: &cli::Verify) -> anyhow::Result<Outcome> {
    let report = spectra_model::verify_run(&options.path)?;
    for line in report.problems.iter().chain(&report.remarks) {
        say!("{line}");
    }
    if !report.problems.is_empty() {
        anyhow::bail!(
            "{}: {} problems; `spectra pretrain --resume` passes over checkpoints that are not whole",
            options.path.display(),
            report.problems.len()
        );
    }
    say!(
        "{}: {} checkpoints, {}, all good",
        options.path.display(),
        report.checkpoints,
        match report.finished {
            true => "weights",
            false => "not finished",
        }
    );
    Ok(Outcome::Done)
}
