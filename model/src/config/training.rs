//! Optimisation, and what is written while training.

use serde::{Deserialize, Serialize};

use crate::Precision;

/// Optimisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the training items.
    pub epochs: usize,
    /// Items per step; the last batch of an epoch may be smaller.
    pub batch: usize,
    /// `f32`, or `bf16` for products and activations in bfloat16 where the device has it; weights stay f32.
    pub precision: Precision,
    /// Adam's rate for H and G.
    pub learning_rate: f64,
    /// Adam's rate for Z.
    pub walker_rate: f64,
    /// Decoupled weight decay on matrices and kernels (not on biases and norms).
    pub weight_decay: f64,
    /// Steps over which the rates rise from zero.
    pub warmup: u64,
    /// Let the rates fall to `final_rate` times their value along a half cosine.
    pub cosine: bool,
    /// Fraction of the rates at the end of the cosine.
    pub final_rate: f64,
    /// Largest global norm of the gradient of H and G; 0 does not clip.
    pub clip: f64,
    /// Evaluate, and at the end write, moving averages of the weights that keep this share of themselves at every step,
    /// such as 0.999; 0 takes the weights as they are.
    pub average: f64,
    /// Stop when a logged error exceeds this many times the first one of the run; 0 stops only at values that are no numbers.
    pub explode: f64,
}

impl Default for TrainConfig {
    fn default() -> Self {
        TrainConfig {
            epochs: 100,
            batch: 64,
            precision: Precision::F32,
            learning_rate: 1e-4,
            walker_rate: 1e-4,
            weight_decay: 0.0,
            warmup: 0,
            cosine: false,
            final_rate: 0.0,
            clip: 0.0,
            average: 0.0,
            explode: 100.0,
        }
    }
}

/// Checkpoints and logs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutputConfig {
    /// Steps between checkpoints; 0 writes one at the end of every epoch.
    pub checkpoint_every: u64,
    /// Checkpoints kept, newest first; the one with the lowest error of completion is kept besides.
    pub keep: usize,
    /// Steps between lines of `metrics.jsonl`.
    pub log_every: u64,
    /// How often in a run completions are drawn and the slow diagnostics measured (the oracle walk, Lipschitz constants),
    /// evenly spread over its checkpoints; 0 never.
    pub diagnostics: u64,
}

impl Default for OutputConfig {
    fn default() -> Self {
        OutputConfig {
            checkpoint_every: 0,
            keep: 2,
            log_every: 20,
            diagnostics: 10,
        }
    }
}
