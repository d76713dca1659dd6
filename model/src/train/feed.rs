//! What a step takes, prepared beside the step before it.

use std::iter::from_fn;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};
use spectra_pointcloud::random::stream;

use crate::tasks::{HostBatch, Task, first_latent};
use crate::{Config, ModelError};

/// Latents of training are drawn from epochs above this, apart from what tasks draw for the same item.
const LATENTS: u64 = 1 << 63;
/// Batches that wait for their step, besides the one in the making.
const AHEAD: usize = 1;

/// All that one step takes, on the host: a pure function of the seed and the step.
pub(crate) struct Prepared {
    /// Epoch of the step, from 1.
    pub epoch: u64,
    /// The items of the batch, row by row.
    pub items: Vec<usize>,
    pub batch: HostBatch,
    /// Where z starts: unit rows `[rows, latent]`.
    pub latent: Vec<f32>,
    /// Disturbance of (h, z), `[rows, features + latent]`.
    pub noise: Vec<f32>,
}

/// Prepares the steps of a run in turn.
pub(crate) struct Feed<'a> {
    pub task: &'a dyn Task,
    pub config: &'a Config,
    /// Steps of an epoch, and of the run.
    pub per_epoch: u64,
    pub steps: u64,
    /// Values in (h, z).
    pub width: usize,
}

impl Feed<'_> {
    /// Runs `train` on the batches of the steps from `first` on, which a thread prepares ahead of it.
    pub(crate) fn run<R>(
        &self,
        first: u64,
        train: impl FnOnce(&mut dyn Iterator<Item = Result<Prepared, ModelError>>) -> R,
    ) -> R {
        let (sender, receiver) = sync_channel(AHEAD);
        thread::scope(|scope| {
            let preparing = scope.spawn(move || self.prepare_all(first, &sender));
            let result = train(&mut from_fn(|| next(&receiver)));
            // The thread ends at its next batch, which nobody takes.
            drop(receiver);
            while !preparing.is_finished() {
                help();
            }
            result
        })
    }

    /// Sends every step from `first` on, until one fails or nobody listens.
    fn prepare_all(&self, first: u64, sender: &SyncSender<Result<Prepared, ModelError>>) {
        let mut order = (0, Vec::new());
        for step in first..self.steps {
            let epoch = step / self.per_epoch + 1;
            if order.0 != epoch {
                order = (epoch, permutation(self.config.seed, epoch, self.task.len()));
            }
            let prepared = self.prepare(step, epoch, &order.1);
            let failed = prepared.is_err();
            if sender.send(prepared).is_err() || failed {
                return;
            }
        }
    }

    fn prepare(&self, step: u64, epoch: u64, order: &[usize]) -> Result<Prepared, ModelError> {
        let batch = self.config.train.batch;
        let from = (step % self.per_epoch) as usize * batch;
        let items = &order[from..(from + batch).min(order.len())];
        Ok(Prepared {
            epoch,
            items: items.to_vec(),
            batch: self.task.batch(epoch, items)?,
            latent: latents(self.config, epoch, items),
            noise: noise(self.config, step, items.len() * self.width),
        })
    }
}

/// The next batch; none after the last.
fn next(receiver: &Receiver<Result<Prepared, ModelError>>) -> Option<Result<Prepared, ModelError>> {
    loop {
        match receiver.try_recv() {
            Ok(prepared) => return Some(prepared),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => help(),
        }
    }
}

/// Waits a moment for the other thread. A worker of the thread pool must not simply sleep: batches are made in that
/// pool, and where it has one worker, nobody else makes them.
fn help() {
    if rayon::yield_now() != Some(rayon::Yield::Executed) {
        thread::sleep(Duration::from_micros(100));
    }
}

/// The order of `len` items in one epoch.
pub(crate) fn permutation(seed: u64, epoch: u64, len: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.shuffle(&mut stream(seed, epoch, u64::MAX));
    order
}

/// Where z starts for each of `items`: unit rows `[items, width]`.
fn latents(config: &Config, epoch: u64, items: &[usize]) -> Vec<f32> {
    let width = config.network.latent;
    let mut latents = vec![0.0; items.len() * width];
    for (z, item) in latents.chunks_exact_mut(width).zip(items) {
        let mut rng = stream(config.seed, LATENTS | epoch, *item as u64);
        first_latent(config.algorithm.objective, &mut rng, z);
    }
    latents
}

/// The disturbances of one step.
fn noise(config: &Config, step: u64, count: usize) -> Vec<f32> {
    let mut rng = stream(config.seed, step, u64::MAX - 1);
    let sigma = config.algorithm.noise as f32;
    (0..count)
        .map(|_value| {
            let normal: f32 = StandardNormal.sample(&mut rng);
            sigma * normal
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::Sizes;
    use serde_json::Value;

    #[test]
    fn what_is_drawn_depends_on_seed_epoch_and_items_alone() {
        let config = Config {
            seed: 1,
            ..Config::default()
        };
        let whole = latents(&config, 2, &[3, 7, 11]);
        assert_eq!(whole[10..20], latents(&config, 2, &[7]));
        assert_ne!(latents(&config, 3, &[7]), latents(&config, 2, &[7]));
        for z in whole.chunks_exact(10) {
            assert!((z.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-5);
        }
        assert_eq!(permutation(1, 4, 40), permutation(1, 4, 40));
        assert_ne!(permutation(1, 4, 40), permutation(1, 5, 40));
    }

    /// Items whose input is their number, and whose third epoch cannot be read.
    struct Numbers;

    impl Task for Numbers {
        fn name(&self) -> &'static str {
            "numbers"
        }

        fn len(&self) -> usize {
            5
        }

        fn sizes(&self) -> Sizes {
            Sizes {
                input: [1, 1, 1],
                target: [1, 1, 1],
            }
        }

        fn batch(&self, epoch: u64, items: &[usize]) -> Result<HostBatch, ModelError> {
            if epoch == 3 {
                return Err(ModelError::Input("unreadable".into()));
            }
            let mut batch = HostBatch::zeros(items.len(), self.sizes());
            for (value, item) in batch.input.iter_mut().zip(items) {
                *value = *item as f32;
            }
            Ok(batch)
        }

        fn info(&self) -> Vec<u8> {
            Vec::new()
        }

        fn card(&self) -> Value {
            Value::Null
        }
    }

    #[test]
    fn every_step_gets_its_batch_wherever_training_starts_and_failures_arrive() {
        let mut config = Config::default();
        config.train.batch = 2;
        let feed = Feed {
            task: &Numbers,
            config: &config,
            per_epoch: 3,
            steps: 12,
            width: 4,
        };
        let from = |first: u64| -> Vec<Option<Prepared>> {
            feed.run(first, |batches| batches.map(Result::ok).collect())
        };
        let whole = from(0);
        // Two epochs of three steps, then the failure, and nothing after it.
        assert_eq!(whole.len(), 7);
        assert!(whole[..6].iter().all(Option::is_some) && whole[6].is_none());
        for (late, all) in from(4).iter().flatten().zip(whole[4..].iter().flatten()) {
            assert_eq!((late.epoch, &late.items), (all.epoch, &all.items));
            assert_eq!((&late.latent, &late.noise), (&all.latent, &all.noise));
            assert_eq!(late.batch.input, all.batch.input);
        }
        let mut first: Vec<f32> = Vec::new();
        for step in whole[..3].iter().flatten() {
            first.extend(&step.batch.input);
        }
        first.sort_by(f32::total_cmp);
        assert_eq!(first, [0.0, 1.0, 2.0, 3.0, 4.0]);
        // One who stops early leaves nothing running.
        assert!(feed.run(0, |batches| batches.next().is_some()));
    }
}
