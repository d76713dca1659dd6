//! The members of an archive to threads: it is read once through, since finding one member means passing all before it.

use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, PoisonError};

use rayon::ThreadPool;
use spectra_pointcloud::{ReadError, Shape};

use crate::load::{parse, unreadable};
use crate::tree::Tree;
use crate::{DatasetError, Item};

/// Bytes of members that may wait for a thread.
const WAITING: usize = 64 << 20;

/// What one member holds, or why it alone cannot be read.
pub(crate) struct Member(Result<Vec<u8>, ReadError>);

impl Member {
    /// The shape of the item that the member is.
    pub fn shape(self, item: &Item) -> Result<Shape, DatasetError> {
        match self.0 {
            Ok(bytes) => parse(item, &bytes),
            Err(error) => Err(unreadable(item, &error)),
        }
    }
}

/// Who makes something of members.
pub(crate) trait Taker: Sync {
    /// Whether a member is to be read.
    fn wanted(&self, source: &str) -> bool;
    /// The place of a member that was read, by which it is known from then on. Called on the thread that reads.
    fn take(&self, source: &str) -> Option<usize>;
    /// Makes something of it, on any thread.
    fn work(&self, place: usize, member: Member);
    /// Whether nothing more is to be read.
    fn ended(&self) -> bool;
}

/// Reads the archive once, on this thread, which must be none of `pool`, and lets the threads of `pool` work on what is wanted of
/// it. Says how many members were taken.
pub(crate) fn hand_out(
    tree: &Tree,
    taker: &impl Taker,
    pool: &ThreadPool,
) -> Result<usize, DatasetError> {
    let (mut taken, gate) = (0, &Gate::default());
    let wanted = |source: &str| taker.wanted(source);
    pool.in_place_scope(|scope| {
        tree.visit(&wanted, &mut |source, bytes| {
            let Some(place) = taker.take(source) else {
                return ControlFlow::Continue(());
            };
            taken += 1;
            let size = bytes.as_ref().map_or(0, Vec::len);
            gate.enter(size);
            scope.spawn(move |_| {
                taker.work(place, Member(bytes));
                gate.leave(size);
            });
            match taker.ended() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })
    })?;
    Ok(taken)
}

/// Lets in so many bytes at a time, and whatever comes alone.
#[derive(Default)]
struct Gate {
    inside: Mutex<usize>,
    left: Condvar,
}

impl Gate {
    /// Small files cost something too.
    fn cost(size: usize) -> usize {
        size.max(4096)
    }

    fn enter(&self, size: usize) {
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |inside: &mut usize| *inside > 0 && *inside + Self::cost(size) > WAITING;
        let waited = self.left.wait_while(inside, full);
        *waited.unwrap_or_else(PoisonError::into_inner) += Self::cost(size);
    }

    fn leave(&self, size: usize) {
        *self.inside.lock().unwrap_or_else(PoisonError::into_inner) -= Self::cost(size);
        self.left.notify_one();
    }
}
