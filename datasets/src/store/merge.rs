//! Shards to one store.

use std::fs;
use std::path::{Path, PathBuf};

use super::atomic::write_whole;
use super::lock::Lock;
use super::manifest::{Failure, MANIFEST, Manifest, Plan};
use super::part::{self, Finished};
use super::verify::FAILURES;
use crate::DatasetError;

/// Joins folders that were written by `convert` with shards of the same plan into the store `out`.
///
/// Parts are copied whole and checked; a part that lies in several folders is taken once. The result
/// is byte for byte what one run without shards writes. `out` may be one of the folders. Shards may have been made from
/// copies of the data set under several names; the manifest has that of the first, or of `out` where it is a store.
///
/// # Errors
/// Folders of different plans, and parts that are missing or damaged everywhere.
pub fn merge<P: AsRef<Path>>(shards: &[P], out: &Path) -> Result<Manifest, DatasetError> {
    let mut plan = common_plan(shards)?;
    if let Some(manifest) = Manifest::read(out)?
        && manifest.plan.nameless() == plan.nameless()
    {
        plan = manifest.plan;
    }
    prepare(out, &plan)?;
    let lock = Lock::take(out, (0, 1))?;
    let mut missing = Vec::new();
    for index in 0..plan.part_count() {
        if part::finished(out, &plan, index)?.is_none() && !fetch(shards, out, &plan, index)? {
            missing.push(plan.part_name(index));
        }
    }
    if let Some(first) = missing.first() {
        let message = format!(
            "{} of {} parts are in none of the shards, the first {first}; run their shards",
            missing.len(),
            plan.part_count()
        );
        return Err(DatasetError::Unfinished {
            path: out.to_owned(),
            message,
        });
    }
    let manifest = finish(out, &plan)?.ok_or_else(|| DatasetError::Unfinished {
        path: out.to_owned(),
        message: "parts vanished while they were merged".to_owned(),
    })?;
    lock.release();
    Ok(manifest)
}

fn common_plan<P: AsRef<Path>>(shards: &[P]) -> Result<Plan, DatasetError> {
    let mut common: Option<Plan> = None;
    for shard in shards {
        let shard = shard.as_ref();
        let manifest = Manifest::read(shard)?.ok_or_else(|| {
            DatasetError::layout(
                shard,
                format!("no {MANIFEST}: not a store or a shard of one"),
            )
        })?;
        let Some(plan) = &common else {
            common = Some(manifest.plan);
            continue;
        };
        if let Some(difference) = plan.nameless().difference(&manifest.plan.nameless()) {
            let message = format!("not a shard of the same store as the first: {difference}");
            return Err(DatasetError::layout(shard, message));
        }
    }
    common.ok_or_else(|| DatasetError::Value {
        what: "shards",
        expected: "at least one folder",
        found: "none".to_owned(),
    })
}

/// Copies a part from the first shard that has it whole.
fn fetch<P: AsRef<Path>>(
    shards: &[P],
    out: &Path,
    plan: &Plan,
    index: usize,
) -> Result<bool, DatasetError> {
    for shard in shards {
        let shard = shard.as_ref();
        if part::finished(shard, plan, index)?.is_none() {
            continue;
        }
        for ending in ["csv", "safetensors"] {
            let name = format!("{}.{ending}", plan.part_name(index));
            let from: PathBuf = shard.join(&name);
            let bytes = fs::read(&from).map_err(|e| DatasetError::io("read", &from, e))?;
            write_whole(&out.join(&name), &bytes)?;
        }
        return Ok(true);
    }
    Ok(false)
}

/// Makes the folder of a store and its first manifest, or checks that what is there fits the plan.
pub(crate) fn prepare(out: &Path, plan: &Plan) -> Result<(), DatasetError> {
    fs::create_dir_all(out).map_err(|e| DatasetError::io("create", out, e))?;
    let occupied = |message: String| DatasetError::Occupied {
        path: out.to_owned(),
        message,
    };
    if let Some(manifest) = Manifest::read(out)? {
        return match manifest.plan.difference(plan) {
            Some(difference) => Err(occupied(format!("holds another store: {difference}"))),
            None => Ok(()),
        };
    }
    let fail = |source| DatasetError::io("list", out, source);
    for entry in fs::read_dir(out).map_err(fail)? {
        let name = entry
            .map_err(fail)?
            .file_name()
            .to_string_lossy()
            .into_owned();
        if !name.starts_with('.') && name != MANIFEST {
            return Err(occupied(format!("holds `{name}` and no store")));
        }
    }
    Manifest::begin(plan.clone()).write(out)
}

/// Writes the last manifest and the table of failures if all parts are there; `None` if not.
pub(crate) fn finish(out: &Path, plan: &Plan) -> Result<Option<Manifest>, DatasetError> {
    let mut manifest = Manifest {
        finished: true,
        ..Manifest::begin(plan.clone())
    };
    // Whether all are there costs a look, whether they are whole their bytes: of many shards one alone pays for that.
    if !(0..plan.part_count()).all(|index| part::is_there(out, plan, index)) {
        return Ok(None);
    }
    for index in 0..plan.part_count() {
        let Some(finished) = part::finished(out, plan, index)? else {
            return Ok(None);
        };
        add(&mut manifest, finished)?;
    }
    write_whole(&out.join(FAILURES), &failure_table(&manifest.failures))?;
    manifest.write(out)?;
    Ok(Some(manifest))
}

fn add(manifest: &mut Manifest, finished: Finished) -> Result<(), DatasetError> {
    manifest.failures.extend(finished.failures());
    for line in finished.lines.iter().filter(|line| line.is_row()) {
        *manifest.splits.entry(line.split.parse()?).or_default() += 1;
    }
    manifest.parts.push(finished.part);
    Ok(())
}

/// `failures.csv` as it must be.
pub(crate) fn failure_table(failures: &[Failure]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(["id", "kind", "message"])
        .expect("memory takes all bytes");
    for Failure { id, kind, message } in failures {
        writer
            .write_record([id, kind, message])
            .expect("memory takes all bytes");
    }
    writer.into_inner().expect("memory takes all bytes")
}
