//! Training: the loop around Algorithm 1, the same for every task.

mod evaluate;
mod events;
mod feed;
mod metrics;
mod report;
mod resident;
mod schedule;
mod trainer;

pub(crate) use self::feed::{Feed, permutation};
pub use self::metrics::training_curve;
pub(crate) use self::schedule::rate_factor;
pub(crate) use self::trainer::train;

/// Where training stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainProgress {
    /// Steps done.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// Weighted L1 error of the last batch that was read back.
    pub loss: f64,
}

/// Hears of progress and may end training, which then writes a checkpoint.
pub trait TrainObserver {
    /// Called after every step that reads its losses back.
    fn progress(&self, progress: &TrainProgress) {
        let _ = progress;
    }

    /// One line for the user, such as a damaged checkpoint that was passed over.
    fn warn(&self, message: &str) {
        let _ = message;
    }

    /// True to stop after the present step.
    fn should_stop(&self) -> bool {
        false
    }
}

/// Hears nothing and never stops.
impl TrainObserver for () {}

/// How training ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainSummary {
    /// Steps done, also those before a resume.
    pub step: u64,
    /// Mean weighted L1 error of the last logged batch.
    pub loss: f64,
    /// Whether all steps are done and the weights are written.
    pub finished: bool,
}
