//! `spectra compare`: several runs in one table, with the settings in which they differ.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};
use spectra_model::{AnyRun, Config, training_curve};

use crate::cli;
use crate::outcome::{Outcome, say};

/// What one run folder says.
struct Found {
    run: PathBuf,
    /// See [`settings`].
    settings: BTreeMap<String, String>,
    /// Step and error of the last line of the log, where there is one.
    last: Option<(u64, f64)>,
    finished: bool,
}

pub fn run(options: &cli::Compare) -> anyhow::Result<Outcome> {
    let mut found = Vec::new();
    for folder in &options.runs {
        for run in runs_in(folder)? {
            found.push(read(&run)?);
        }
    }
    let differing = differing(&found);
    if options.json {
        let rows: Vec<Value> = found
            .iter()
            .map(|found| as_json(found, &differing))
            .collect();
        say!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        say!("{}", table(&found, &differing));
    }
    Ok(Outcome::Done)
}

/// The run that the folder is; or, where it only holds runs, as that of `spectra train toy` does, those.
fn runs_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut runs = Vec::new();
    if folder.is_dir() && !is_run(folder) {
        let place = || folder.display().to_string();
        for entry in std::fs::read_dir(folder).with_context(place)? {
            runs.push(entry.with_context(place)?.path());
        }
        runs.retain(|path| is_run(path));
        runs.sort();
    }
    if runs.is_empty() {
        runs.push(folder.to_owned());
    }
    Ok(runs)
}

fn is_run(folder: &Path) -> bool {
    folder.join("run.json").exists()
}

/// Every setting of a run by its dotted path, its task and its data.
pub fn settings(run: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let info = AnyRun::load(run)?;
    let config = Config::load(&run.join("config.toml"))?;
    let mut settings = BTreeMap::new();
    flatten("", &serde_json::to_value(config)?, &mut settings);
    task_and_data(&info, &mut settings)?;
    Ok(settings)
}

fn read(run: &Path) -> anyhow::Result<Found> {
    Ok(Found {
        run: run.to_owned(),
        settings: settings(run)?,
        last: training_curve(run)?.pop(),
        finished: run.join("model.safetensors").exists(),
    })
}

/// What was learnt, of which data.
fn task_and_data(info: &AnyRun, settings: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    settings.insert("task".into(), info.task().into());
    match info {
        AnyRun::Maps(info) => {
            settings.insert("data".into(), info.dataset.clone());
            settings.insert("data.rows".into(), info.rows.to_string());
            settings.insert("data.transform".into(), info.fingerprint.clone());
        }
        AnyRun::Pictures(info) => {
            let mut task = serde_json::to_value(&info.kind)?;
            // Its name, which is told already.
            task.as_object_mut().and_then(|task| task.remove("task"));
            flatten("task", &task, settings);
            settings.insert("data".into(), info.dataset.clone());
            let data = json!({"rows": info.rows, "size": info.size, "part": info.part});
            flatten("data", &data, settings);
        }
        AnyRun::Toy => {}
    }
    Ok(())
}

fn flatten(path: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    let Value::Object(map) = value else {
        into.insert(path.to_owned(), value.to_string());
        return;
    };
    for (key, value) in map {
        let inner = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        flatten(&inner, value, into);
    }
}

/// Settings that are not the same in all runs.
fn differing(found: &[Found]) -> Vec<String> {
    let mut names: Vec<String> = found
        .iter()
        .flat_map(|f| f.settings.keys().cloned())
        .collect();
    names.sort();
    names.dedup();
    names.retain(|name| {
        found
            .iter()
            .any(|f| f.settings.get(name) != found[0].settings.get(name))
    });
    names
}

fn as_json(found: &Found, differing: &[String]) -> Value {
    let settings: BTreeMap<&String, Option<&String>> = differing
        .iter()
        .map(|name| (name, found.settings.get(name)))
        .collect();
    json!({
        "run": found.run,
        "finished": found.finished,
        "step": found.last.map(|last| last.0),
        "error": found.last.map(|last| last.1),
        "settings": settings,
    })
}

/// One line for each run; columns are as wide as they need.
fn table(found: &[Found], differing: &[String]) -> String {
    let mut rows = vec![vec!["run".to_owned(), "steps".into(), "error".into()]];
    rows[0].extend(differing.iter().cloned());
    for one in found {
        let (step, error) = match one.last {
            Some((step, error)) => (step.to_string(), format!("{error:.4}")),
            None => ("-".into(), "-".into()),
        };
        let step = if one.finished {
            step
        } else {
            format!("{step} (unfinished)")
        };
        let mut row = vec![one.run.display().to_string(), step, error];
        let value = |name: &String| {
            one.settings
                .get(name)
                .cloned()
                .unwrap_or_else(|| "-".into())
        };
        row.extend(differing.iter().map(value));
        rows.push(row);
    }
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(seed: &str) -> Found {
        let setting = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        Found {
            run: "runs/a".into(),
            settings: [("seed", seed), ("train.batch", "64")].map(setting).into(),
            last: Some((9, 0.25)),
            finished: true,
        }
    }

    #[test]
    fn only_what_differs_is_shown() {
        let found = [one("1"), one("2")];
        assert_eq!(differing(&found), ["seed"]);
        let text = table(&found, &differing(&found));
        assert_eq!(
            text,
            "run     steps  error   seed\nruns/a  9      0.2500  1\nruns/a  9      0.2500  2"
        );
        let json = as_json(&found[1], &differing(&found));
        assert_eq!(
            (json["step"].as_u64(), json["settings"]["seed"].as_str()),
            (Some(9), Some("2"))
        );
    }

    #[test]
    fn tables_become_dotted_paths() {
        let mut flat = BTreeMap::new();
        flatten("", &json!({"a": {"b": [1, 2]}, "c": "x"}), &mut flat);
        assert_eq!(flat["a.b"], "[1,2]");
        assert_eq!(flat["c"], "\"x\"");
    }
}
