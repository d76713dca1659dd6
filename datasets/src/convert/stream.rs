//! The items of an archive to parts, in the order in which the archive holds them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use spectra_pointcloud::Shape;

use super::{Progress, Run, Tally};
use crate::DatasetError;
use crate::members::{Member, Taker, hand_out};
use crate::store::part::{Finished, Outcome};

/// Bytes of rows that may wait for the others of their part.
const OPEN: usize = 256 << 20;

/// A part that is being made.
struct Open {
    outcomes: Vec<Option<Outcome>>,
    /// Which of its items have been read.
    taken: Vec<bool>,
    left: usize,
}

/// What the threads share.
struct State {
    /// Parts that are begun and not finished.
    open: BTreeMap<usize, Open>,
    /// Parts that are not begun.
    pending: BTreeSet<usize>,
    made: Vec<(usize, Finished)>,
    error: Option<DatasetError>,
}

/// Makes the parts that are pending in as few passes over the archive as their rows in memory allow: one if the
/// archive is anywhere near sorted. False if the observer stopped it.
pub(super) fn make(
    run: &Run<'_>,
    pending: &[usize],
    progress: &Progress<'_>,
    tally: &mut Tally,
) -> Result<bool, DatasetError> {
    let all = || pending.iter().flat_map(|&part| run.plan.range(part));
    let source = |place: usize| run.items[place].source.as_str();
    let places = all().map(|place| (source(place), place)).collect();
    let absent = all().filter(|&place| !run.dataset.tree.has(source(place)));
    let state = State {
        open: BTreeMap::new(),
        pending: pending.iter().copied().collect(),
        made: Vec::new(),
        error: None,
    };
    let work = Work {
        run,
        progress,
        places,
        absent: absent.collect(),
        capacity: capacity(run),
        state: Mutex::new(state),
    };
    loop {
        let read = work.pass()?;
        let mut state = work.lock();
        for (index, finished) in state.made.drain(..) {
            tally.done += finished.part.rows;
            tally.add(index, &finished);
        }
        if let Some(error) = state.error.take() {
            return Err(error);
        }
        if state.open.is_empty() && state.pending.is_empty() {
            return Ok(true);
        }
        if run.observer.should_stop() {
            return Ok(false);
        }
        if read == 0 {
            let path = run.dataset.tree.top();
            return Err(DatasetError::layout(
                &path,
                "the archive has changed while it was read",
            ));
        }
    }
}

/// How many parts may be open at once.
fn capacity(run: &Run<'_>) -> usize {
    let points = if run.plan.keep_points {
        run.plan.points * 12
    } else {
        0
    };
    let row = run.plan.coefficients * 4 + points;
    (OPEN / row.saturating_mul(run.plan.rows_per_part)).max(1)
}

struct Work<'a> {
    run: &'a Run<'a>,
    progress: &'a Progress<'a>,
    /// The place of each source among the items.
    places: HashMap<&'a str, usize>,
    /// Those that the archive does not hold.
    absent: Vec<usize>,
    capacity: usize,
    state: Mutex<State>,
}

impl Work<'_> {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the archive once, on this thread, and converts what it holds on those of the pool. Says how many
    /// items it took.
    fn pass(&self) -> Result<usize, DatasetError> {
        let mut read = hand_out(&self.run.dataset.tree, self, self.run.pool)?;
        // What a list names and the archive does not hold fails by its name.
        for &place in &self.absent {
            if self.wanted(&self.run.items[place].source) {
                read += 1;
                self.mark(place);
                self.convert(place, || self.run.dataset.load(self.run.chosen[place]));
            }
        }
        Ok(read)
    }

    /// The part of a place, and the place in it.
    fn part(&self, place: usize) -> (usize, usize) {
        let rows = self.run.plan.rows_per_part;
        (place / rows, place % rows)
    }

    fn mark(&self, place: usize) {
        let (index, at) = self.part(place);
        if let Some(open) = self.lock().open.get_mut(&index) {
            open.taken[at] = true;
        }
    }

    fn convert(&self, place: usize, load: impl FnOnce() -> Result<Shape, DatasetError>) {
        if self.ended() {
            return;
        }
        let item = self.run.items[place];
        let done = self.run.outcome(item, load).and_then(|outcome| {
            self.progress.add(1);
            self.put(place, outcome)
        });
        if let Err(error) = done {
            self.lock().error.get_or_insert(error);
        }
    }

    /// Files an outcome, and writes the part if it was the last of it.
    fn put(&self, place: usize, outcome: Outcome) -> Result<(), DatasetError> {
        let (index, at) = self.part(place);
        let mut state = self.lock();
        let Some(open) = state.open.get_mut(&index) else {
            return Ok(());
        };
        open.outcomes[at] = Some(outcome);
        open.left -= 1;
        if open.left > 0 {
            return Ok(());
        }
        let full = state.open.remove(&index);
        drop(state);
        let outcomes: Vec<Outcome> = full
            .into_iter()
            .flat_map(|open| open.outcomes)
            .flatten()
            .collect();
        let finished = self.run.write(index, &outcomes)?;
        self.lock().made.push((index, finished));
        Ok(())
    }
}

impl Taker for Work<'_> {
    /// Begins the part of the file if there is room for one more.
    fn wanted(&self, source: &str) -> bool {
        let Some(&place) = self.places.get(source) else {
            return false;
        };
        let (index, at) = self.part(place);
        let mut state = self.lock();
        if let Some(open) = state.open.get(&index) {
            return !open.taken[at];
        }
        if state.open.len() >= self.capacity || !state.pending.remove(&index) {
            return false;
        }
        let items = self.run.plan.range(index).len();
        let open = Open {
            outcomes: (0..items).map(|_| None).collect(),
            taken: vec![false; items],
            left: items,
        };
        state.open.insert(index, open);
        true
    }

    fn take(&self, source: &str) -> Option<usize> {
        let place = *self.places.get(source)?;
        self.mark(place);
        Some(place)
    }

    fn work(&self, place: usize, member: Member) {
        self.convert(place, || member.shape(self.run.items[place]));
    }

    fn ended(&self) -> bool {
        self.run.observer.should_stop() || self.lock().error.is_some()
    }
}
