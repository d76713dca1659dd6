//! Checking a run folder: every checkpoint, the weights, the log.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::ModelError;
use crate::checkpoint::Checkpoints;
use crate::run::{CARD, INFO, METRICS, RunInfo, WEIGHTS, identity, load_config};

/// What [`verify_run`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RunReport {
    /// One line for each thing that is wrong; empty if all is well.
    pub problems: Vec<String>,
    /// One line for each thing that a killed process leaves and a resume cleans up.
    pub remarks: Vec<String>,
    /// Checkpoints, whole or not.
    pub checkpoints: usize,
    /// Whether training has ended and written its weights.
    pub finished: bool,
}

/// Reads a run folder as [`pretrain`](crate::pretrain) and its siblings write it: settings, the hash of every file of every
/// checkpoint and of the weights, names that point nowhere, lines of the log. Writes nothing.
///
/// # Errors
/// Where the folder holds no run, or its settings cannot be read; whatever is wrong besides is a problem in the report.
pub fn verify_run(run: &Path) -> Result<RunReport, ModelError> {
    let info = run.join(INFO);
    if !info.exists() {
        let message = "no run.json: not a run folder; make one with `spectra pretrain`";
        return Err(ModelError::run(run, message));
    }
    let mut report = RunReport::default();
    let problems = &mut report.problems;
    problems.extend(problem(load_config(run)));
    problems.extend(problem(check_info(run)));
    let checkpoints = Checkpoints::new(run, identity(run)?, 1);
    let steps = checkpoints.steps()?;
    report.checkpoints = steps.len();
    for step in steps {
        problems.extend(problem(checkpoints.check(step)));
    }
    problems.extend(checkpoints.lost_names());
    report.remarks = checkpoints.interrupted()?;
    report.finished = run.join(WEIGHTS).exists();
    if report.finished {
        problems.extend(problem(check_weights(run)));
    } else if report.checkpoints == 0 {
        let message = format!("{}: no checkpoint yet, and no weights", run.display());
        report.remarks.push(message);
    }
    check_log(run, &mut report)?;
    Ok(report)
}

fn problem<T>(result: Result<T, ModelError>) -> Option<String> {
    result.err().map(|error| error.to_string())
}

/// `run.json` is JSON, and where no task is named, what a spectral run needs.
fn check_info(run: &Path) -> Result<(), ModelError> {
    let path = run.join(INFO);
    let value = read_json(&path)?;
    match value.get("task") {
        Some(_other) => Ok(()),
        None => RunInfo::load(run).map(drop),
    }
}

/// The weights have the hash that their card names.
fn check_weights(run: &Path) -> Result<(), ModelError> {
    let (card, weights) = (run.join(CARD), run.join(WEIGHTS));
    let expected = read_json(&card)?;
    let expected = expected.pointer("/weights/blake3").and_then(Value::as_str);
    let bytes = fs::read(&weights).map_err(ModelError::io(&weights))?;
    if expected == Some(blake3::hash(&bytes).to_hex().as_str()) {
        return Ok(());
    }
    let message = "torn or changed: its hash is not the one in card.json; run the training again with --resume";
    Err(ModelError::run(weights, message))
}

/// Every line of the log is JSON; the last one may be torn, which a resume mends.
fn check_log(run: &Path, report: &mut RunReport) -> Result<(), ModelError> {
    let path = run.join(METRICS);
    if !path.exists() {
        return Ok(());
    }
    let text = fs::read(&path).map_err(ModelError::io(&path))?;
    let text = String::from_utf8_lossy(&text);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if serde_json::from_str::<Value>(line).is_ok() {
            continue;
        }
        let line_number = index + 1;
        match line.ends_with('\n') {
            true => report.problems.push(format!(
                "{}: line {line_number}: not a JSON object",
                path.display()
            )),
            false => report.remarks.push(format!(
                "{}: line {line_number}: cut off, as by a kill",
                path.display()
            )),
        }
    }
    Ok(())
}

fn read_json(path: &Path) -> Result<Value, ModelError> {
    let bytes = fs::read(path).map_err(ModelError::io(path))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| ModelError::run(path, format!("damaged: {error}")))
}
