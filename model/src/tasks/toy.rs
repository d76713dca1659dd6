//! The paper's section 4: y = +4(x, x^2, x^3) or -4(x, x^2, x^3), each with probability one half.
//!
//! The smallest task with two answers to one question, and both are known: a regression that averages them gives 0.

use std::path::Path;

use rand::RngExt;
use serde_json::{Value, json};
use spectra_pointcloud::random::stream;

use super::{HostBatch, Task};
use crate::config::Config;
use crate::nets::Sizes;
use crate::networks::Networks;
use crate::run::{RunFolder, to_json};
use crate::train::{TrainObserver, TrainSummary, train};
use crate::{ModelError, device};

/// The name that run folders and cards give it.
pub(crate) const NAME: &str = "toy";
/// Samples that count as one epoch.
const SAMPLES: usize = 6400;
const SIZES: Sizes = Sizes {
    input: [1, 1, 1],
    target: [3, 1, 1],
};

/// The positive answer at `x`; the other is its negative.
pub fn mode(x: f32) -> [f32; 3] {
    [4.0 * x, 4.0 * x * x, 4.0 * x * x * x]
}

/// Trains the toy task in the folder `run`; see [`pretrain`](crate::pretrain) for `resume` and the failures.
pub fn train_toy(
    run: &Path,
    config: &Config,
    device: &str,
    resume: bool,
    observer: &dyn TrainObserver,
) -> Result<TrainSummary, ModelError> {
    let device = device::open(device)?;
    let folder = RunFolder::open(run, config, resume)?;
    train(&folder, &Toy { seed: config.seed }, &device, observer)
}

struct Toy {
    seed: u64,
}

impl Task for Toy {
    fn name(&self) -> &'static str {
        NAME
    }

    fn len(&self) -> usize {
        SAMPLES
    }

    fn sizes(&self) -> Sizes {
        SIZES
    }

    fn batch(&self, epoch: u64, items: &[usize]) -> Result<HostBatch, ModelError> {
        let mut batch = HostBatch::zeros(items.len(), SIZES);
        batch.weight.fill(1.0);
        for (row, item) in items.iter().enumerate() {
            let mut rng = stream(self.seed, epoch, *item as u64);
            let x: f32 = rng.random();
            let sign = if rng.random::<bool>() { 1.0 } else { -1.0 };
            batch.input[row] = x;
            for (target, value) in batch.target[3 * row..].iter_mut().zip(mode(x)) {
                *target = sign * value;
            }
        }
        Ok(batch)
    }

    fn unread(&self) -> &'static [&'static str] {
        &["map", "corrupt", "augment"]
    }

    fn info(&self) -> Vec<u8> {
        to_json(&json!({"version": 1, "task": NAME}))
    }

    fn card(&self) -> Value {
        json!({"formula": "y = +-4 (x, x^2, x^3), x uniform in [0, 1)", "samples_per_epoch": SAMPLES})
    }
}

/// Trained networks of the toy task.
#[derive(Debug)]
pub struct ToyModel(Networks);

/// Answers to one list of x, one for each.
#[derive(Debug, Clone, PartialEq)]
pub struct ToyAnswers {
    /// y.
    pub outputs: Vec<[f32; 3]>,
    /// The length rho that Z gives to the next step of the walk.
    pub rho: Vec<f32>,
}

impl ToyModel {
    /// Loads a finished run of [`train_toy`].
    pub fn load(run: &Path, device: &str) -> Result<ToyModel, ModelError> {
        Ok(ToyModel(Networks::load(run, SIZES, device)?))
    }

    /// An answer for each of `xs`: z starts at random, a function of (`seed`, index), and takes `steps` steps of Eq. 4, or
    /// without `momentum` moves to Z's prediction itself.
    pub fn answer(
        &self,
        xs: &[f32],
        seed: u64,
        steps: usize,
        momentum: bool,
    ) -> Result<ToyAnswers, ModelError> {
        let (outputs, rho) = self.0.walked(xs, seed, steps, momentum)?;
        let outputs = outputs.as_chunks::<3>().0.to_vec();
        Ok(ToyAnswers { outputs, rho })
    }
}

/// How outputs lie to the two answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToyScore {
    /// Mean absolute difference of a coordinate to the nearer answer.
    pub error: f64,
    /// Share of outputs whose nearer answer is the positive one.
    pub positive: f64,
    /// Share of phantoms: outputs that lie nearer to 0 than to either answer.
    pub phantoms: f64,
    /// Mean absolute coordinate of the outputs over that of the answers: 0 is collapse, 1 is right.
    pub size: f64,
}

/// Scores `outputs` at `xs`. The sign is only asked where the answers are apart, x > 0.4.
pub fn score(xs: &[f32], outputs: &[[f32; 3]]) -> ToyScore {
    let distance = |a: [f32; 3], b: [f32; 3]| -> f64 {
        let sum: f32 = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum();
        f64::from(sum) / 3.0
    };
    let (mut error, mut size, mut full) = (0.0, 0.0, 0.0);
    let (mut apart, mut positive, mut phantoms) = (0.0, 0.0, 0.0);
    for (x, output) in xs.iter().zip(outputs) {
        let right = mode(*x);
        let (plus, minus) = (
            distance(*output, right),
            distance(*output, right.map(|y| -y)),
        );
        let zero = distance(*output, [0.0; 3]);
        error += plus.min(minus);
        size += zero;
        full += distance(right, [0.0; 3]);
        if *x > 0.4 {
            apart += 1.0;
            positive += f64::from(u8::from(plus < minus));
            phantoms += f64::from(u8::from(zero < plus.min(minus)));
        }
    }
    ToyScore {
        error: error / xs.len() as f64,
        positive: positive / apart,
        phantoms: phantoms / apart,
        size: size / full,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_tell_modes_phantoms_and_collapse() {
        let xs: Vec<f32> = (0..100).map(|i| i as f32 / 100.0).collect();
        let signed: Vec<[f32; 3]> = xs
            .iter()
            .enumerate()
            .map(|(i, x)| mode(*x).map(|y| if i % 4 == 0 { y } else { -y }))
            .collect();
        let right = score(&xs, &signed);
        assert!(right.error == 0.0 && right.phantoms == 0.0 && right.size == 1.0);
        assert!((right.positive - 0.25).abs() < 0.02, "{right:?}");
        let collapsed = score(&xs, &vec![[0.0; 3]; xs.len()]);
        assert!(collapsed.phantoms == 1.0 && collapsed.size == 0.0 && collapsed.error > 1.0);
    }

    #[test]
    fn both_answers_are_drawn_alike() {
        let batch = Toy { seed: 3 }
            .batch(1, &(0..1000).collect::<Vec<_>>())
            .unwrap();
        let positive = batch.target.chunks_exact(3).filter(|y| y[0] > 0.0).count();
        assert!((450..550).contains(&positive), "{positive}");
        for (x, y) in batch.input.iter().zip(batch.target.chunks_exact(3)) {
            assert_eq!(y[2].abs(), mode(*x)[2]);
        }
    }
}
