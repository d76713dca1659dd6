//! `metrics.jsonl`: one JSON object for each logged step.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::ModelError;
use crate::run::{METRICS, write_whole};

/// The log of a run, open for appending.
pub(crate) struct MetricsLog {
    path: PathBuf,
    file: File,
}

impl MetricsLog {
    /// Opens the log and drops lines newer than `step`, the checkpoint that training goes on from.
    pub(crate) fn open(run: &Path, step: u64) -> Result<MetricsLog, ModelError> {
        let path = run.join(METRICS);
        if path.exists() {
            let bytes = fs::read(&path).map_err(ModelError::io(&path))?;
            let kept: String = String::from_utf8_lossy(&bytes)
                .split_inclusive('\n')
                .filter(|line| step_of(line).is_some_and(|at| at <= step))
                .collect();
            write_whole(&path, kept.as_bytes())?;
        }
        let file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(ModelError::io(&path))?;
        Ok(MetricsLog { path, file })
    }

    /// Appends one line.
    pub(crate) fn write(&mut self, line: &Value) -> Result<(), ModelError> {
        writeln!(self.file, "{line}").map_err(ModelError::io(&self.path))
    }
}

/// (step, error) of each line of a run's log that tells of both; none where there is no log. Bytes that are no text and lines
/// that are torn are passed over.
pub fn training_curve(run: &Path) -> Result<Vec<(u64, f64)>, ModelError> {
    let path = run.join(METRICS);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(ModelError::io(&path))?,
    };
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().filter_map(step_and_error).collect())
}

fn step_and_error(line: &str) -> Option<(u64, f64)> {
    let value: Value = serde_json::from_str(line).ok()?;
    Some((value.get("step")?.as_u64()?, value.get("error")?.as_f64()?))
}

fn step_of(line: &str) -> Option<u64> {
    let value: Value = serde_json::from_str(line).ok()?;
    value.get("step")?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_resumed_log_has_no_line_twice() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = MetricsLog::open(folder.path(), 0).unwrap();
        for step in 1..=4 {
            log.write(&json!({"step": step})).unwrap();
        }
        log.file
            .write_all(b"\xff\xfe\n{\"step\": 5, \"torn")
            .unwrap();
        let mut log = MetricsLog::open(folder.path(), 2).unwrap();
        log.write(&json!({"step": 3})).unwrap();
        let text = fs::read_to_string(folder.path().join(METRICS)).unwrap();
        assert_eq!(text, "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n");
    }

    #[test]
    fn a_log_that_is_missing_or_damaged_gives_what_there_is_of_the_curve() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(training_curve(folder.path()).unwrap(), []);
        let log = b"{\"step\": 3, \"error\": 0.5}\n\xff\xfe\n{\"step\": 6, \"evaluation\": {}}\n\
            {\"step\": 9, \"error\": 0.25}\n{\"step\": 12, \"err";
        fs::write(folder.path().join(METRICS), log).unwrap();
        assert_eq!(
            training_curve(folder.path()).unwrap(),
            [(3, 0.5), (9, 0.25)]
        );
    }
}
