//! What is trained: Algorithm 1 and its baselines.

use serde::{Deserialize, Serialize};

/// What H and G are trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// Algorithm 1.
    #[default]
    Cgml,
    /// The same networks and error without z: with L1 the paper's first baseline.
    L1,
    /// The same networks without z, on squared error and against a critic: its second, the context encoder.
    Context,
    /// The same networks with a z that is sampled: a conditional variational autoencoder.
    #[serde(rename = "cvae")]
    Variational,
}

/// What an answer is from the truth, d of the paper's section 2, in the cells that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Distance {
    /// Mean absolute difference, the paper's.
    #[default]
    L1,
    /// Mean square, which draws answers to the mean where L1 draws them to the median.
    Square,
    /// L1 and `square` times the mean square: large errors count for more, answers stay sharp.
    Both,
}

/// Algorithm 1 of the paper (notes on each choice in the crate documentation).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlgorithmConfig {
    /// What H and G are trained on.
    pub objective: Objective,
    /// E, what z goes down and H and G are trained on, with or without z, searched for or sampled; the context encoder has its own.
    pub error: Distance,
    /// Weight of the mean square where the error is `both`.
    pub square: f64,
    /// l, the steps of z per batch.
    pub steps: usize,
    /// beta, the length of a z step along its gradient.
    pub beta: f64,
    /// Divide the gradient of each sample by its norm, so that beta is the length of every move.
    pub unit_gradient: bool,
    /// Updates of Z per batch, 1 to `steps`, over shares of the moves as equal as can be: `steps` is Algorithm 1 to the letter, 1 fits
    /// all moves at once.
    pub walker_updates: usize,
    /// alpha, the factor between a move's length and rho.
    pub alpha: f64,
    /// Use rho at inference (Eq. 4); without it z is replaced by Z's prediction.
    pub momentum: bool,
    /// Standard deviation of the noise on (h, z) in the consistency terms.
    pub noise: f64,
    /// Weight of the consistency term of G.
    pub consistency: f64,
    /// Weight of the consistency term of Z.
    pub walker_consistency: f64,
    /// Steps of Eq. 4 at inference.
    pub inference_steps: usize,
}

impl Default for AlgorithmConfig {
    fn default() -> Self {
        AlgorithmConfig {
            objective: Objective::Cgml,
            error: Distance::L1,
            square: 1.0,
            steps: 20,
            beta: 0.1,
            unit_gradient: false,
            walker_updates: 20,
            alpha: 1.0,
            momentum: true,
            noise: 1e-3,
            consistency: 0.1,
            walker_consistency: 0.1,
            inference_steps: 20,
        }
    }
}
