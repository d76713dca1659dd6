//! `spectra data`: what is in a data set.

use std::collections::{BTreeMap, BTreeSet};

use spectra_datasets::{AuditReport, NearPair, Range, Split, Store, Twin};

use super::convert::Watch;
use crate::cli;
use crate::outcome::{Outcome, say};
use crate::progress::Progress;

/// How many of a list are named; JSON has them all.
const NAMED: usize = 10;

/// Audits a data set or a store.
pub fn audit(options: &cli::Audit, quiet: bool) -> anyhow::Result<Outcome> {
    let progress = Progress::start("audit", quiet);
    let watch = Watch(&progress);
    let report = if options.source.join("manifest.json").exists() {
        spectra_datasets::audit_store(&Store::open(&options.source)?, &watch)?
    } else {
        let dataset = spectra_datasets::open(&options.source, options.dataset)?;
        spectra_datasets::audit_dataset(&dataset, &watch)?
    };
    progress.finish(&format!("{} items", report.items));
    if options.json {
        say!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(Outcome::Done);
    }
    counts(&report)?;
    items(&report)?;
    exact(&report)?;
    near(&report)?;
    Ok(Outcome::Done)
}

fn counts(report: &AuditReport) -> anyhow::Result<()> {
    say!("{}: {} items\n", report.dataset, report.items);
    say!("{:28} {:>7} {:>7} {:>7}", "class", "train", "test", "val");
    let mut all = [0; 3];
    for (class, counts) in &report.classes {
        let class = if class.is_empty() {
            "(no class)"
        } else {
            class
        };
        say!("{class:28} {:7} {:7} {:7}", counts[0], counts[1], counts[2]);
        all.iter_mut()
            .zip(counts)
            .for_each(|(sum, count)| *sum += count);
    }
    say!("{:28} {:7} {:7} {:7}", "all", all[0], all[1], all[2]);
    if let Some(whole) = &report.completeness {
        say!("against the official set: {whole}");
    }
    Ok(())
}

fn items(report: &AuditReport) -> anyhow::Result<()> {
    say!("\nranges: least, median, most");
    range("points", &report.points)?;
    if let Some(faces) = &report.faces {
        range("faces of meshes", faces)?;
    }
    range("radius around the mean", &report.radius)?;
    range("mean from origin, in radii", &report.offset)?;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for failure in &report.failures {
        *kinds.entry(&failure.kind).or_default() += 1;
    }
    say!("\nitems that cannot be used: {}", report.failures.len());
    for (kind, count) in kinds {
        say!("{count:8} {kind}");
    }
    named(
        "flat items (thickness below 0.001 of the extent)",
        &report.flat,
    )?;
    named("items with half of their points repeated", &report.repeated)
}

fn range(name: &str, range: &Range) -> anyhow::Result<()> {
    let Range {
        least,
        median,
        most,
    } = range;
    say!("{name:28} {least:10.4} {median:10.4} {most:10.4}");
    Ok(())
}

fn named(what: &str, ids: &[String]) -> anyhow::Result<()> {
    say!("{what}: {}", ids.len());
    for id in ids.iter().take(NAMED) {
        say!("         {id}");
    }
    Ok(())
}

fn exact(report: &AuditReport) -> anyhow::Result<()> {
    let spans = |group: &[Twin]| group.iter().any(|twin| twin.split != group[0].split);
    let members: usize = report.exact.iter().map(Vec::len).sum();
    let across = report.exact.iter().filter(|group| spans(group)).count();
    say!(
        "\nexact duplicates: {members} items in {} groups, {across} of these across splits",
        report.exact.len()
    );
    for group in report.exact.iter().take(NAMED) {
        let names: Vec<String> = group.iter().take(6).map(shown).collect();
        say!(
            "         {}{}",
            names.join(", "),
            if group.len() > 6 { ", …" } else { "" }
        );
    }
    Ok(())
}

fn near(report: &AuditReport) -> anyhow::Result<()> {
    let near = &report.near;
    say!(
        "\nnear duplicates: rotation invariants to order {} within {:.4}, the 95th percentile of how far a second \
         sampling of the same object lies (measured on halves of each item's points)",
        near.order,
        near.threshold
    );
    say!(
        "items with one in their own split: {}",
        by_split(&near.within)
    );
    say!(
        "items with one in another split: {}",
        by_split(&near.across)
    );
    for (times, counts) in &near.sensitivity {
        say!(
            "         at {times} times the threshold: {}",
            by_split(counts)
        );
    }
    let apart = |pair: &&NearPair| pair.item.split != pair.neighbour.split;
    let across: Vec<&NearPair> = near.pairs.iter().filter(apart).collect();
    same_pose(&across, near.pose_threshold)?;
    let pairs = near.pairs.iter();
    let mixed = pairs.filter(|pair| pair.item.class != pair.neighbour.class);
    let mixed: BTreeSet<&str> = mixed.map(|pair| pair.item.id.as_str()).collect();
    say!(
        "items whose near duplicate has another class: {}",
        mixed.len()
    );
    nearest(across)
}

fn by_split(counts: &BTreeMap<Split, usize>) -> String {
    let words = counts
        .iter()
        .map(|(split, count)| format!("{count} {split}"));
    words.collect::<Vec<_>>().join(", ")
}

/// How many items of each split have a near duplicate across splits that is not turned.
fn same_pose(across: &[&NearPair], threshold: f64) -> anyhow::Result<()> {
    let count = |split: Split| {
        let posed = |pair: &&&NearPair| pair.same_pose && pair.item.split == split;
        let ids = across
            .iter()
            .filter(posed)
            .map(|pair| pair.item.id.as_str());
        ids.collect::<BTreeSet<_>>().len()
    };
    say!(
        "of those, in the same pose (moments within {threshold:.4}): {} train, {} test, {} val",
        count(Split::Train),
        count(Split::Test),
        count(Split::Val)
    );
    Ok(())
}

fn nearest(mut across: Vec<&NearPair>) -> anyhow::Result<()> {
    across.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    // Two items that are nearest to each other are told once.
    let mut told = BTreeSet::new();
    across.retain(|pair| {
        let (a, b) = (pair.item.id.as_str(), pair.neighbour.id.as_str());
        told.insert((a.min(b), a.max(b)))
    });
    say!("nearest across splits:");
    for pair in across.iter().take(NAMED) {
        let pose = if pair.same_pose { ", same pose" } else { "" };
        say!(
            "{:8.4} {} and {}{pose}",
            pair.distance,
            shown(&pair.item),
            shown(&pair.neighbour)
        );
    }
    Ok(())
}

fn shown(twin: &Twin) -> String {
    format!("{} ({})", twin.id, twin.split)
}
