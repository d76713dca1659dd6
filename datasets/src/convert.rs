//! A data set to a store: part by part, in parallel inside a part.

mod stream;

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use spectra_pointcloud::Shape;
use spectra_spectral::Basis;

use crate::store::lock::Lock;
use crate::store::manifest::{Plan, Transform};
use crate::store::merge::{finish, prepare};
use crate::store::part::{self, Finished, Outcome};
use crate::transform::Transformer;
use crate::{Dataset, DatasetError, Failure, Item};

/// Far above what clouds can bear; rows of 1.4 million coefficients.
const MAX_ORDER: usize = 200;

/// What to compute and how to go about it. The first four and `keep_points` decide what the rows are;
/// `rows_per_part` how they are filed; the others change nothing in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvertOptions {
    /// Family of functions. Default Zernike.
    pub basis: Basis,
    /// Highest order `N` or degree `L`. Default 16.
    pub order: usize,
    /// Samples of a mesh, and most points of a cloud. Default 2,048.
    pub points: usize,
    /// Seed of the sampling. Default 0.
    pub seed: u64,
    /// Keep the sampled points beside the coefficients. Default true.
    pub keep_points: bool,
    /// Items in a part; a part is what is lost at worst when a run is killed. Default 512.
    pub rows_per_part: usize,
    /// `(i, n)`: of every `n` parts only the `i`-th, from 0. Default `(0, 1)`: all.
    pub shard: (usize, usize),
    /// Threads; 0 is one for each core. Default 0.
    pub jobs: usize,
    /// Only so many items, spread evenly over the sorted list so that all classes have some. Default all.
    pub limit: Option<usize>,
    /// End at the first item that fails instead of recording it. Default false.
    pub strict: bool,
}

impl Default for ConvertOptions {
    fn default() -> Self {
        Self {
            basis: Basis::Zernike,
            order: 16,
            points: 2048,
            seed: 0,
            keep_points: true,
            rows_per_part: 512,
            shard: (0, 1),
            jobs: 0,
            limit: None,
            strict: false,
        }
    }
}

impl ConvertOptions {
    fn check(&self) -> Result<(), DatasetError> {
        let wrong = |what, expected, found: String| DatasetError::Value {
            what,
            expected,
            found,
        };
        if self.points == 0 || self.points > 1 << 24 {
            return Err(wrong("points", "1 to 16,777,216", self.points.to_string()));
        }
        if self.rows_per_part == 0 {
            return Err(wrong("rows per part", "at least 1", "0".to_owned()));
        }
        if self.limit == Some(0) {
            return Err(wrong("limit", "at least 1", "0".to_owned()));
        }
        if self.order > MAX_ORDER {
            return Err(wrong("order", "at most 200", self.order.to_string()));
        }
        let (index, count) = self.shard;
        if index >= count {
            return Err(wrong(
                "shard",
                "i/n with i below n",
                format!("{index}/{count}"),
            ));
        }
        Ok(())
    }
}

/// Hears of progress and may end the work. Called from several threads.
pub trait Observer: Sync {
    /// `done` of the `total` items of this run are finished, reused or failed.
    fn item_done(&self, done: usize, total: usize) {
        let _ = (done, total);
    }

    /// True to stop: the part being made is given up, finished ones are kept.
    fn should_stop(&self) -> bool {
        false
    }
}

/// Hears nothing and never stops.
impl Observer for () {}

/// What a conversion did. With shards, of this shard alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConvertSummary {
    /// Rows made by this run.
    pub done: usize,
    /// Rows that an earlier run had made.
    pub reused: usize,
    /// Items that failed, now or in an earlier run.
    pub failed: Vec<Failure>,
    /// True if all parts of all shards are there and the store can be opened.
    pub finished: bool,
}

/// Converts `dataset` into the store in the folder `out`, or goes on with it.
///
/// Parts are made one after the other, the items of a part in parallel, so memory holds one part
/// (512 x 28 KiB by default) whatever the size of the data set. An archive is read once through, its items in
/// parallel as they come, and again only where its order scatters the items of parts so widely that more than
/// 256 MiB of rows would have to wait. A part appears under its name when
/// it is whole; parts that are there already, checked by their hashes, are not made again, unless a source of theirs was
/// changed later. An item that cannot be read or normalised is recorded with kind and message, and the others go on. The
/// same data set and options give the same bytes for any number of threads, shards and interruptions.
///
/// # Errors
/// Options out of range, a folder that holds something else or is being written by another process,
/// a full disk or any other refusal of the system, a source that vanished, a stop asked for by the
/// observer; with `strict` the first item that fails. Finished parts are kept in every case.
pub fn convert(
    dataset: &Dataset,
    out: &Path,
    options: &ConvertOptions,
    observer: &dyn Observer,
) -> Result<ConvertSummary, DatasetError> {
    options.check()?;
    let transformer = Transformer::new(options.basis, options.order, options.points, options.seed)?;
    let chosen = choose(dataset.items.len(), options.limit);
    let items: Vec<&Item> = chosen.iter().map(|&index| &dataset.items[index]).collect();
    let plan = Plan::new(dataset, &items, &transform(options));
    let pool = pool(options.jobs)?;
    prepare(out, &plan)?;
    let lock = Lock::take(out, options.shard)?;
    let run = Run {
        dataset,
        out,
        options,
        observer,
        plan: &plan,
        pool: &pool,
        chosen: &chosen,
        items: &items,
        transformer: &transformer,
    };
    let summary = run.all();
    lock.release();
    summary
}

/// So many threads of their own; 0 takes every core.
pub(crate) fn pool(threads: usize) -> Result<rayon::ThreadPool, DatasetError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|e| DatasetError::Value {
            what: "jobs",
            expected: "threads to be had",
            found: e.to_string(),
        })
}

fn transform(options: &ConvertOptions) -> Transform {
    Transform {
        basis: options.basis,
        order: options.order,
        points: options.points,
        seed: options.seed,
        keep_points: options.keep_points,
        rows_per_part: options.rows_per_part,
    }
}

/// Indices of `limit` items spread evenly over `count`.
fn choose(count: usize, limit: Option<usize>) -> Vec<usize> {
    match limit {
        Some(limit) if limit < count => {
            let place = |i: usize| (i as u128 * count as u128 / limit as u128) as usize;
            (0..limit).map(place).collect()
        }
        _ => (0..count).collect(),
    }
}

/// One call of [`convert`], past its checks.
struct Run<'a> {
    dataset: &'a Dataset,
    out: &'a Path,
    options: &'a ConvertOptions,
    observer: &'a dyn Observer,
    plan: &'a Plan,
    pool: &'a rayon::ThreadPool,
    transformer: &'a Transformer,
    /// Indices of the items into the data set.
    chosen: &'a [usize],
    items: &'a [&'a Item],
}

/// What has been done so far.
#[derive(Default)]
struct Tally {
    done: usize,
    reused: usize,
    /// By part.
    failed: BTreeMap<usize, Vec<Failure>>,
}

impl Tally {
    fn add(&mut self, index: usize, finished: &Finished) {
        self.failed.insert(index, finished.failures().collect());
    }

    /// How many parts are finished.
    fn parts(&self) -> usize {
        self.failed.len()
    }
}

impl Run<'_> {
    fn all(&self) -> Result<ConvertSummary, DatasetError> {
        let (shard, shards) = self.options.shard;
        let parts: Vec<usize> = (shard..self.plan.part_count()).step_by(shards).collect();
        let total = parts.iter().map(|&part| self.plan.range(part).len()).sum();
        let progress = Progress {
            observer: self.observer,
            total,
            done: AtomicUsize::new(0),
        };
        let (mut tally, mut pending) = (Tally::default(), Vec::new());
        for &index in &parts {
            let finished = match self.is_outdated(index) {
                true => None,
                false => part::finished(self.out, self.plan, index)?,
            };
            let Some(finished) = finished else {
                pending.push(index);
                continue;
            };
            self.strictly(&finished)?;
            progress.add(finished.lines.len());
            tally.reused += finished.part.rows;
            tally.add(index, &finished);
        }
        let whole = match self.dataset.is_streamed() {
            true => stream::make(self, &pending, &progress, &mut tally)?,
            false => self.make(&pending, &progress, &mut tally)?,
        };
        if !whole {
            return Err(DatasetError::Stopped {
                finished: tally.parts(),
                parts: parts.len(),
            });
        }
        Ok(ConvertSummary {
            done: tally.done,
            reused: tally.reused,
            failed: tally.failed.into_values().flatten().collect(),
            finished: finish(self.out, self.plan)?.is_some(),
        })
    }

    /// Whether a source of a part was changed after the part was written.
    fn is_outdated(&self, index: usize) -> bool {
        let Some(written) = part::written(self.out, self.plan, index) else {
            return false;
        };
        let changed = |item: &&Item| self.dataset.changed(item);
        let mut changed = self.items[self.plan.range(index)]
            .iter()
            .filter_map(changed);
        changed.any(|changed| changed > written)
    }

    /// With `strict`, a failure that an earlier run recorded ends this one too.
    fn strictly(&self, finished: &Finished) -> Result<(), DatasetError> {
        match finished.failures().next() {
            Some(Failure { id, kind, message }) if self.options.strict => {
                Err(DatasetError::Item { id, kind, message })
            }
            _ => Ok(()),
        }
    }

    /// Makes parts one after the other; false if the observer stopped it.
    fn make(
        &self,
        pending: &[usize],
        progress: &Progress<'_>,
        tally: &mut Tally,
    ) -> Result<bool, DatasetError> {
        for &index in pending {
            let outcomes = self.pool.install(|| self.outcomes(index, progress))?;
            let Some(outcomes) = outcomes else {
                return Ok(false);
            };
            let made = self.write(index, &outcomes)?;
            tally.done += made.part.rows;
            tally.add(index, &made);
        }
        Ok(true)
    }

    fn write(&self, index: usize, outcomes: &[Outcome]) -> Result<Finished, DatasetError> {
        let items = &self.items[self.plan.range(index)];
        part::write(self.out, self.plan, index, items, outcomes)
    }

    /// Converts the items of a part; `None` if the observer stopped it.
    fn outcomes(
        &self,
        index: usize,
        progress: &Progress<'_>,
    ) -> Result<Option<Vec<Outcome>>, DatasetError> {
        self.chosen[self.plan.range(index)]
            .par_iter()
            .map(|&item| {
                if self.observer.should_stop() {
                    return Ok(None);
                }
                let shape = || self.dataset.load(item);
                let outcome = self.outcome(&self.dataset.items[item], shape)?;
                progress.add(1);
                Ok(Some(outcome))
            })
            .collect()
    }

    /// What becomes of an item whose shape `load` gives.
    fn outcome(
        &self,
        item: &Item,
        load: impl FnOnce() -> Result<Shape, DatasetError>,
    ) -> Result<Outcome, DatasetError> {
        // A defect in a reader must cost one object, not the forty thousand around it.
        let made = panic::catch_unwind(AssertUnwindSafe(|| {
            self.transformer.row(&item.id, &load()?)
        }));
        let error = match made {
            Ok(Ok(row)) => return Ok(Outcome::Row(row)),
            Ok(Err(error)) => error,
            Err(_) => DatasetError::Item {
                id: item.id.clone(),
                kind: "internal".to_owned(),
                message: "a defect of this program; please report it with the file".to_owned(),
            },
        };
        match error {
            DatasetError::Item { kind, message, .. } if !self.options.strict => {
                Ok(Outcome::Failed { kind, message })
            }
            error => Err(error),
        }
    }
}

struct Progress<'a> {
    observer: &'a dyn Observer,
    total: usize,
    done: AtomicUsize,
}

impl Progress<'_> {
    fn add(&self, count: usize) {
        let done = self.done.fetch_add(count, Ordering::Relaxed) + count;
        self.observer.item_done(done, self.total);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_spread_over_the_list() {
        assert_eq!(choose(10, Some(4)), [0, 2, 5, 7]);
        assert_eq!(choose(3, Some(9)), [0, 1, 2]);
        assert_eq!(choose(3, None), [0, 1, 2]);
    }
}
