//! The runs of `--run`: what they were trained for, and which may stand in one row.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use spectra_model::{Config, Distance, Objective};

use crate::commands::compare::settings;
use crate::outcome::Usage;

/// What the networks were trained for, as it stands in tables.
pub fn trained_for(config: &Config) -> &'static str {
    let algorithm = &config.algorithm;
    match (algorithm.objective, algorithm.error) {
        (Objective::Cgml, Distance::L1) => "cGML",
        (Objective::Cgml, Distance::Square) => "cGML on squares",
        (Objective::Cgml, Distance::Both) => "cGML on L1 + squares",
        (Objective::L1, Distance::L1) => "L1",
        (Objective::L1, Distance::Square) => "squares",
        (Objective::L1, Distance::Both) => "L1 + squares",
        (Objective::Context, _) => "context encoder",
        (Objective::Variational, _) => "CVAE",
    }
}

/// The mean and spread of a row are over seeds alone: refuses runs that differ in more, and one that is there twice.
pub fn refuse_unlike(runs: &[PathBuf]) -> anyhow::Result<()> {
    let Some((first, others)) = runs.split_first() else {
        return Ok(());
    };
    let read = |run: &Path| -> anyhow::Result<BTreeMap<String, String>> {
        let mut settings = settings(run)?;
        // How often a run is saved and told of changes nothing in it.
        settings.retain(|name, _value| !name.starts_with("output."));
        Ok(settings)
    };
    let expected = read(first)?;
    let mut seeds = vec![expected.get("seed").cloned()];
    for run in others {
        let found = read(run)?;
        let differences = differences(&expected, &found);
        if !differences.is_empty() {
            let message = format!(
                "--run: expected runs that differ in their seeds alone, as one row is made of them; {} has {}; give it by --beside \
                 for a row of its own",
                run.display(),
                differences.join(", ")
            );
            return Err(Usage(message).into());
        }
        let seed = found.get("seed").cloned();
        if seeds.contains(&seed) {
            let message = format!(
                "--run: {} has the seed and settings of one before it; expected runs of different seeds, over which the mean and \
                 the spread are taken",
                run.display()
            );
            return Err(Usage(message).into());
        }
        seeds.push(seed);
    }
    Ok(())
}

/// Every setting but the seed in which two runs differ, with both values.
fn differences(
    expected: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
) -> Vec<String> {
    let names: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    let value = |settings: &BTreeMap<String, String>, name: &String| {
        let value = settings.get(name).map(String::as_str);
        value.unwrap_or("nothing").to_owned()
    };
    let others = names.into_iter().filter(|&name| name != "seed");
    let unlike = others.filter(|&name| expected.get(name) != found.get(name));
    let told = |name| {
        format!(
            "{name} {} for {}",
            value(found, name),
            value(expected, name)
        )
    };
    unlike.map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_named_by_what_they_were_trained_for() {
        let mut config = Config::default();
        assert_eq!(trained_for(&config), "cGML");
        for (objective, name) in [
            (Objective::L1, "L1"),
            (Objective::Context, "context encoder"),
            (Objective::Variational, "CVAE"),
        ] {
            assert_eq!(trained_for(&config.baseline(objective)), name);
        }
        config.algorithm.error = Distance::Square;
        assert_eq!(trained_for(&config), "cGML on squares");
    }

    #[test]
    fn what_differs_is_told_and_a_seed_is_not() {
        let settings = |seed: &str, objective: &str| -> BTreeMap<String, String> {
            let pairs = [("seed", seed), ("algorithm.objective", objective)];
            pairs
                .map(|(name, value)| (name.into(), value.into()))
                .into()
        };
        let first = settings("0", "cgml");
        assert!(differences(&first, &settings("1", "cgml")).is_empty());
        assert_eq!(
            differences(&first, &settings("0", "l1")),
            ["algorithm.objective l1 for cgml"]
        );
    }
}
