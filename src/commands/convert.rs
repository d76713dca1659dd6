//! `spectra convert`: shapes to a store of coefficients.

use std::collections::BTreeMap;

use spectra_datasets::{ConvertOptions, ConvertSummary, Observer};

use super::transform::check_order;
use crate::cli;
use crate::outcome::{Outcome, Usage, say, tell};
use crate::progress::{Progress, stop_requested};

/// Shows a conversion's progress and passes Ctrl-C on.
pub struct Watch<'a>(pub &'a Progress);

impl Observer for Watch<'_> {
    fn item_done(&self, done: usize, total: usize) {
        self.0.set(done, total, "");
    }

    fn should_stop(&self) -> bool {
        stop_requested()
    }
}

pub fn run(options: &cli::Convert, quiet: bool) -> anyhow::Result<Outcome> {
    let mut dataset = spectra_datasets::open(&options.source, options.dataset)?;
    if let Some(up) = &options.up {
        dataset.up_axis.clone_from(up);
    }
    if !quiet {
        tell!(
            "{}: {} items, {} classes, layout {}",
            dataset.name,
            dataset.items.len(),
            dataset.classes.len(),
            dataset.layout
        );
        if let Some(whole) = &dataset.completeness {
            tell!("{}: {whole}", dataset.name);
        }
        for note in &dataset.notes {
            tell!("note: {note}");
        }
        if dataset.up_axis == "unknown" {
            tell!(
                "note: which axis of the shapes is up is not known; z is taken for it unless --up says otherwise"
            );
        }
    }
    let progress = Progress::stoppable("convert", quiet);
    let summary = spectra_datasets::convert(
        &dataset,
        &options.output,
        &convert_options(options)?,
        &Watch(&progress),
    )?;
    progress.finish(&format!("{} items", summary.done + summary.reused));
    tell(options, &summary)
}

fn convert_options(options: &cli::Convert) -> anyhow::Result<ConvertOptions> {
    let (basis, order) = (options.transform.basis(), options.transform.order());
    check_order(basis, order)?;
    Ok(ConvertOptions {
        basis,
        order,
        points: options.transform.points(),
        seed: options.transform.seed(),
        shard: options.shard.as_deref().map_or(Ok((0, 1)), parse_shard)?,
        jobs: options.jobs,
        limit: options.limit,
        strict: options.strict,
        keep_points: !options.no_points,
        ..ConvertOptions::default()
    })
}

fn parse_shard(text: &str) -> anyhow::Result<(usize, usize)> {
    let wrong = || {
        Usage(format!(
            "--shard {text}: expected I/N with I below N, such as 0/8"
        ))
    };
    let (index, count) = text.split_once('/').ok_or_else(wrong)?;
    let index: usize = index.parse().map_err(|_error| wrong())?;
    let count: usize = count.parse().map_err(|_error| wrong())?;
    if index >= count {
        return Err(wrong().into());
    }
    Ok((index, count))
}

/// How many items failed for each kind of reason.
fn kinds(summary: &ConvertSummary) -> BTreeMap<&str, usize> {
    let mut kinds = BTreeMap::new();
    for failure in &summary.failed {
        *kinds.entry(failure.kind.as_str()).or_default() += 1;
    }
    kinds
}

fn tell(options: &cli::Convert, summary: &ConvertSummary) -> anyhow::Result<Outcome> {
    if options.json {
        say!(
            "{}",
            serde_json::json!({
                "store": options.output,
                "done": summary.done,
                "reused": summary.reused,
                "failed": summary.failed.len(),
                "failures": kinds(summary),
            })
        );
    } else {
        say!(
            "{}: {} converted, {} reused, {} failed",
            options.output.display(),
            summary.done,
            summary.reused,
            summary.failed.len()
        );
    }
    for failure in summary.failed.iter().take(10) {
        tell!("skipped {}: {}", failure.id, failure.message);
    }
    if summary.failed.len() > 10 {
        tell!("… and {} more", summary.failed.len() - 10);
    }
    if !summary.failed.is_empty() {
        tell!("failed items by kind, all of them named in failures.csv of the finished store:");
        for (kind, count) in kinds(summary) {
            tell!("{count:8} {kind}");
        }
    }
    if stop_requested() {
        anyhow::bail!("stopped: give the same command again to go on");
    }
    if summary.done + summary.reused == 0 && !summary.failed.is_empty() {
        anyhow::bail!("{}: no item could be converted", options.output.display());
    }
    Ok(if summary.failed.is_empty() {
        Outcome::Done
    } else {
        Outcome::SomeFailed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_checked() {
        assert_eq!(parse_shard("3/8").unwrap(), (3, 8));
        for wrong in ["8/8", "1", "a/2", "1/", "-1/3"] {
            assert!(parse_shard(wrong).is_err(), "{wrong}");
        }
    }
}
