//! The items of a data set, measured where they lie.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use spectra_pointcloud::Shape;

use super::measure::{Measure, Measured};
use crate::convert::pool;
use crate::members::{Member, Taker, hand_out};
use crate::{Dataset, DatasetError, Failure, Observer};

/// Items of files of their own that are measured at a time, so that the threads keep within few files of many shapes: a part of a data
/// set, as a conversion takes it.
const BATCH: usize = 512;

type Outcome = Result<Measured, Failure>;

/// What each item is, or why it cannot be used; of an archive in one pass.
pub(super) fn measured(
    dataset: &Dataset,
    observer: &dyn Observer,
) -> Result<Vec<Outcome>, DatasetError> {
    let work = Work {
        dataset,
        measure: Measure::new()?,
        observer,
        done: AtomicUsize::new(0),
    };
    match dataset.is_streamed() {
        true => work.archive(),
        false => work.folder(),
    }
}

struct Work<'a> {
    dataset: &'a Dataset,
    measure: Measure,
    observer: &'a dyn Observer,
    done: AtomicUsize,
}

impl Work<'_> {
    fn one(
        &self,
        index: usize,
        shape: impl FnOnce() -> Result<Shape, DatasetError>,
    ) -> Result<Outcome, DatasetError> {
        if self.observer.should_stop() {
            return Err(DatasetError::Stopped {
                finished: 0,
                parts: 1,
            });
        }
        let item = &self.dataset.items[index];
        let measured = shape().and_then(|shape| self.measure.shape(item, &shape));
        let count = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.observer.item_done(count, self.dataset.items.len());
        match measured {
            Ok(measured) => Ok(Ok(measured)),
            Err(DatasetError::Item { id, kind, message }) => Ok(Err(Failure { id, kind, message })),
            Err(error) => Err(error),
        }
    }

    fn load(&self, index: usize) -> Result<Outcome, DatasetError> {
        self.one(index, || self.dataset.load(index))
    }

    fn folder(&self) -> Result<Vec<Outcome>, DatasetError> {
        let all: Vec<usize> = (0..self.dataset.items.len()).collect();
        let mut results = Vec::with_capacity(all.len());
        for batch in all.chunks(BATCH) {
            let measured = batch.par_iter().map(|&index| self.load(index));
            results.extend(measured.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(results)
    }

    fn archive(&self) -> Result<Vec<Outcome>, DatasetError> {
        let items = &self.dataset.items;
        let places = items.iter().enumerate();
        let pass = Pass {
            work: self,
            places: places.map(|(i, item)| (item.source.as_str(), i)).collect(),
            results: items.iter().map(|_| OnceLock::new()).collect(),
            error: OnceLock::new(),
        };
        // This thread may be of the global pool, and whoever reads waits for the others.
        hand_out(&self.dataset.tree, &pass, &pool(0)?)?;
        if let Some(error) = pass.error.into_inner() {
            return Err(error);
        }
        // What a list names and the archive does not hold fails by its name.
        let results = pass.results.into_iter().enumerate();
        let outcome = |(index, found): (usize, OnceLock<Outcome>)| {
            found.into_inner().map_or_else(|| self.load(index), Ok)
        };
        results.map(outcome).collect()
    }
}

/// One pass over an archive.
struct Pass<'a> {
    work: &'a Work<'a>,
    /// The place of each source among the items.
    places: HashMap<&'a str, usize>,
    results: Vec<OnceLock<Outcome>>,
    /// The first error that concerns more than its item.
    error: OnceLock<DatasetError>,
}

impl Taker for Pass<'_> {
    fn wanted(&self, source: &str) -> bool {
        self.places.contains_key(source)
    }

    fn take(&self, source: &str) -> Option<usize> {
        self.places.get(source).copied()
    }

    fn work(&self, place: usize, member: Member) {
        let item = &self.work.dataset.items[place];
        // A member that is there twice counts once.
        let _set = match self.work.one(place, || member.shape(item)) {
            Ok(outcome) => self.results[place].set(outcome).is_ok(),
            Err(error) => self.error.set(error).is_ok(),
        };
    }

    fn ended(&self) -> bool {
        self.work.observer.should_stop() || self.error.get().is_some()
    }
}
