//! Trainings with labels: some to choose by, one to keep.

use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};

use super::network::Classifier;
use super::objects::Objects;
use super::{Labelled, Start, Supervised, SupervisedOptions, Supervision};
use crate::ModelError;
use crate::adam::adam_w;
use crate::clip::clip_global_norm;
use crate::config::TrainConfig;
use crate::encoder::to_host;
use crate::train::{TrainObserver, TrainProgress, permutation, rate_factor};

/// Steps of a training, at least.
const LEAST_STEPS: usize = 200;
/// Numbers of epochs to choose from, about.
const POINTS: usize = 20;
/// Steps between two losses that are read back.
const READ_EVERY: u64 = 8;
/// Objects that pass H at once when they are classified.
const BLOCK: usize = 64;

/// One choice and its training.
pub(super) struct Fit<'a> {
    pub(super) supervision: &'a Supervision,
    pub(super) start: Start,
    pub(super) labelled: Labelled<'a>,
    pub(super) options: &'a SupervisedOptions,
}

/// How held-out objects fared.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
struct Score {
    right: usize,
    /// Sum of the logarithms of what the network gave to their classes.
    likelihood: f64,
}

/// A learning rate, a number of epochs, and how they did.
struct Choice {
    rate: f64,
    epochs: usize,
    score: Score,
}

impl Fit<'_> {
    /// Chooses, trains on all labelled objects, and classifies the test objects.
    pub(super) fn run(
        &self,
        observer: &dyn TrainObserver,
    ) -> Result<Option<Supervised>, ModelError> {
        let mut meter = Meter {
            observer,
            step: 0,
            steps: self.steps(),
        };
        let Some(choice) = self.choose(&mut meter)? else {
            return Ok(None);
        };
        let all: Vec<usize> = (0..self.labelled.objects.len()).collect();
        let until = (choice.rate, choice.epochs);
        let Some(network) = self.train(&all, until, &mut meter, &mut |_epoch, _network| Ok(()))?
        else {
            return Ok(None);
        };
        let test: Vec<usize> = (0..self.supervision.test.len()).collect();
        let likelihoods = self.likelihoods(&network, &self.supervision.test, &test)?;
        let rows = likelihoods.chunks_exact(self.labelled.classes);
        let held: usize = self.labelled.held_out.iter().map(Vec::len).sum();
        Ok(Some(Supervised {
            predicted: rows.map(likeliest).collect(),
            features: network.features(),
            rate: choice.rate,
            epochs: choice.epochs,
            most_epochs: self.epochs(),
            held_out: choice.score.right as f64 / held as f64,
        }))
    }

    /// Epochs that the schedule of each training spans.
    fn epochs(&self) -> usize {
        let steps = self.per_epoch(self.labelled.objects.len());
        self.options.epochs.max(LEAST_STEPS.div_ceil(steps.max(1)))
    }

    fn per_epoch(&self, objects: usize) -> usize {
        objects.div_ceil(self.supervision.config.train.batch)
    }

    /// Steps of all trainings.
    fn steps(&self) -> u64 {
        let all = self.labelled.objects.len();
        let parts = self.labelled.held_out.iter();
        let choosing: usize = parts.map(|part| self.per_epoch(all - part.len())).sum();
        let whole = self.per_epoch(all);
        ((self.options.rates.len() * choosing + whole) * self.epochs()) as u64
    }

    /// The rate and the number of epochs that do best on held-out objects; the earlier of equals.
    fn choose(&self, meter: &mut Meter) -> Result<Option<Choice>, ModelError> {
        let mut best: Option<Choice> = None;
        for share in &self.options.rates {
            let rate = share * self.supervision.config.train.learning_rate;
            let mut scores: Vec<(usize, Score)> = Vec::new();
            for held in self.labelled.held_out {
                let Some(found) = self.scores(held, rate, meter)? else {
                    return Ok(None);
                };
                scores.resize(found.len(), (0, Score::default()));
                for (sum, (epoch, score)) in scores.iter_mut().zip(found) {
                    sum.0 = epoch;
                    sum.1.right += score.right;
                    sum.1.likelihood += score.likelihood;
                }
            }
            for (epochs, score) in scores {
                if best.as_ref().is_none_or(|best| score > best.score) {
                    best = Some(Choice {
                        rate,
                        epochs,
                        score,
                    });
                }
            }
        }
        Ok(best)
    }

    /// How the objects at positions `held` fare as a training on the others goes on: after how many epochs, and how.
    fn scores(
        &self,
        held: &[usize],
        rate: f64,
        meter: &mut Meter,
    ) -> Result<Option<Vec<(usize, Score)>>, ModelError> {
        let mut learn: Vec<usize> = (0..self.labelled.objects.len()).collect();
        learn.retain(|position| !held.contains(position));
        let every = self.epochs().div_ceil(POINTS);
        let mut scores = Vec::new();
        let trained = self.train(
            &learn,
            (rate, self.epochs()),
            meter,
            &mut |epoch, network| {
                if epoch.is_multiple_of(every) || epoch == self.epochs() {
                    scores.push((epoch, self.score(network, held)?));
                }
                Ok(())
            },
        )?;
        Ok(trained.map(|_network| scores))
    }

    fn score(&self, network: &Classifier, held: &[usize]) -> Result<Score, ModelError> {
        let items: Vec<usize> = held.iter().map(|&i| self.labelled.objects[i]).collect();
        let likelihoods = self.likelihoods(network, &self.supervision.train, &items)?;
        let rows = likelihoods.chunks_exact(self.labelled.classes);
        let mut score = Score::default();
        for (row, &position) in rows.zip(held) {
            let class = self.labelled.labels[position];
            score.right += usize::from(likeliest(row) == class);
            score.likelihood += f64::from(row[class]);
        }
        Ok(score)
    }

    /// Trains on the objects at `positions` for some epochs at a rate, and shows `after` the network after each.
    fn train(
        &self,
        positions: &[usize],
        (rate, epochs): (f64, usize),
        meter: &mut Meter,
        after: &mut dyn FnMut(usize, &Classifier) -> Result<(), ModelError>,
    ) -> Result<Option<Classifier>, ModelError> {
        let Supervision {
            config, networks, ..
        } = self.supervision;
        let (seed, batch) = (self.options.seed, config.train.batch);
        let per_epoch = self.per_epoch(positions.len());
        let steps = (per_epoch * self.epochs()) as u64;
        let schedule = TrainConfig {
            warmup: config.train.warmup.min(steps / 10),
            ..config.train.clone()
        };
        let mut network = networks.begin(self.start, self.labelled.classes, seed)?;
        let mut optimizer = adam_w(config.train.weight_decay);
        for epoch in 1..=epochs {
            let order = permutation(seed, epoch as u64, positions.len());
            for (number, part) in order.chunks(batch).enumerate() {
                let chosen: Vec<usize> = part.iter().map(|&i| positions[i]).collect();
                let step = ((epoch - 1) * per_epoch + number) as u64;
                let rate = rate * rate_factor(&schedule, step, steps);
                let loss;
                (network, loss) = self.step(network, &mut optimizer, epoch, &chosen, rate)?;
                if !meter.passed(&loss)? {
                    return Ok(None);
                }
            }
            after(epoch, &network)?;
        }
        Ok(Some(network))
    }

    /// One step of Adam on the cross-entropy of the objects at `positions`.
    fn step(
        &self,
        network: Classifier,
        optimizer: &mut ModuleOptimizer,
        epoch: usize,
        positions: &[usize],
        rate: f64,
    ) -> Result<(Classifier, Tensor<1>), ModelError> {
        let Supervision {
            train, augmenter, ..
        } = self.supervision;
        let items: Vec<usize> = positions
            .iter()
            .map(|&i| self.labelled.objects[i])
            .collect();
        let device = self.supervision.device.clone().autodiff();
        let inputs = train.drawn(augmenter, (self.options.seed, epoch as u64), &items)?;
        let logits = network.logits(put(inputs, items.len(), &device));
        let targets = put(self.targets(positions), items.len(), &device);
        let loss = (log_softmax(logits, 1) * targets).sum_dim(1).mean().neg();
        let value = loss.clone().inner();
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        let clip = self.supervision.config.train.clip;
        let gradients = clip_global_norm(gradients, &network, clip);
        Ok((optimizer.step(rate, network, gradients), value))
    }

    /// Smoothed classes, `[positions, classes]`.
    fn targets(&self, positions: &[usize]) -> Vec<f32> {
        let classes = self.labelled.classes;
        let smoothing = self.options.smoothing as f32;
        let mut targets = vec![smoothing / classes as f32; positions.len() * classes];
        for (row, &position) in targets.chunks_exact_mut(classes).zip(positions) {
            row[self.labelled.labels[position]] += 1.0 - smoothing;
        }
        targets
    }

    /// Logarithms of what the network gives to each class of `items`, `[items, classes]`.
    fn likelihoods(
        &self,
        network: &Classifier,
        objects: &Objects,
        items: &[usize],
    ) -> Result<Vec<f32>, ModelError> {
        let network = network.valid();
        let mut likelihoods = Vec::with_capacity(items.len() * self.labelled.classes);
        let alike = items.chunk_by(|&a, &b| objects.rows(a) == objects.rows(b));
        for block in alike.flat_map(|alike| alike.chunks(BLOCK)) {
            let inputs = put(
                objects.inputs(block)?,
                block.len(),
                &self.supervision.device,
            );
            likelihoods.extend(to_host(log_softmax(network.logits(inputs), 1))?);
        }
        Ok(likelihoods)
    }
}

fn put(values: Vec<f32>, rows: usize, device: &Device) -> Tensor<2> {
    let shape = [rows, values.len() / rows];
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Position of the largest value, the first of equals.
fn likeliest(row: &[f32]) -> usize {
    let mut best = 0;
    for (class, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = class;
        }
    }
    best
}

/// Counts steps, and reads losses now and then.
struct Meter<'o> {
    observer: &'o dyn TrainObserver,
    step: u64,
    steps: u64,
}

impl Meter<'_> {
    /// Whether to go on after a step with this loss.
    fn passed(&mut self, loss: &Tensor<1>) -> Result<bool, ModelError> {
        self.step += 1;
        if self.step.is_multiple_of(READ_EVERY) || self.step == self.steps {
            let loss = f64::from(to_host(loss.clone())?[0]);
            if !loss.is_finite() {
                return Err(ModelError::Diverged {
                    step: self.step,
                    message: format!("the cross-entropy is {loss}"),
                    checkpoint: "none".into(),
                });
            }
            self.observer.progress(&TrainProgress {
                step: self.step,
                steps: self.steps,
                loss,
            });
        }
        Ok(!self.observer.should_stop())
    }
}
