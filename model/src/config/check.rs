//! Which settings make sense.

use super::{Config, NetworkKind, Objective, error};
use crate::nets::HEADS;
use crate::{ModelError, Precision};

impl Config {
    /// Refuses values that no network or schedule can be built from.
    pub(super) fn check(&self, origin: &str) -> Result<(), ModelError> {
        let refuse = |key: &str, message: &str| Err(error(origin, format!("{key} {message}")));
        if self.train.epochs == 0 || self.train.batch == 0 {
            return refuse("train.epochs and train.batch", "must be at least 1");
        }
        if self.network.latent < 2 {
            return refuse("network.latent", "must be at least 2: z lives on a sphere");
        }
        let conv = self.network.kind == NetworkKind::Conv;
        if !conv && (self.network.width == 0 || self.network.bottleneck == 0) {
            return refuse("network.width and network.bottleneck", "must be at least 1");
        }
        if conv && (self.network.channels.is_empty() || self.network.channels.contains(&0)) {
            return refuse("network.channels", "must list at least one positive number");
        }
        if self.network.kind == NetworkKind::Set && !self.network.bottleneck.is_multiple_of(2) {
            return refuse(
                "network.bottleneck",
                "must be even: half are means, half are maxima",
            );
        }
        if self.network.attention > 0 && !self.network.width.is_multiple_of(HEADS) {
            let message = format!("must be a multiple of {HEADS}, the heads of attention");
            return refuse("network.width", &message);
        }
        if self.map.visible == 0 || self.map.queries == 0 {
            return refuse("map.visible and map.queries", "must be at least 1");
        }
        if self.network.walker.contains(&0) {
            return refuse("network.walker", "must list positive widths");
        }
        let walked = self.algorithm.objective == Objective::Cgml;
        let (updates, steps) = (self.algorithm.walker_updates, self.algorithm.steps);
        if walked && (updates > steps || (updates == 0 && steps > 0)) {
            return refuse(
                "algorithm.walker_updates",
                "must be at least 1 and not exceed algorithm.steps",
            );
        }
        for (key, [low, high], limit) in [
            ("corrupt.side", self.corrupt.side, 1.0),
            ("corrupt.fraction", self.corrupt.fraction, 1.0),
            ("corrupt.sigma", self.corrupt.sigma, f64::MAX),
        ] {
            if !(0.0 <= low && low <= high && high <= limit) {
                return refuse(
                    key,
                    "must be [low, high] with 0 <= low <= high (<= 1 for fractions)",
                );
            }
        }
        if !self.corrupt.fill.is_finite() {
            return refuse("corrupt.fill", "must be a finite number");
        }
        if self.train.precision == Precision::Bf16 {
            if self.network.spectral_norm > 0.0 {
                return refuse("network.spectral_norm", "needs train.precision f32");
            }
            let objective = self.algorithm.objective;
            if matches!(objective, Objective::Context | Objective::Variational) {
                return refuse("algorithm.objective", "needs train.precision f32");
            }
        }
        let kinds = [self.corrupt.block, self.corrupt.band, self.corrupt.scatter];
        if kinds.iter().any(|w| !(*w >= 0.0 && w.is_finite())) || kinds.iter().sum::<f64>() <= 0.0 {
            return refuse(
                "corrupt.block, band, scatter",
                "must be weights >= 0, not all 0",
            );
        }
        for (key, value, limit) in [
            ("corrupt.corner", self.corrupt.corner, 1.0),
            ("corrupt.noise", self.corrupt.noise, 1.0),
            ("corrupt.outside", self.corrupt.outside, f64::MAX),
            ("corrupt.degree_dropout", self.corrupt.degree_dropout, 1.0),
            ("augment.jitter", self.augment.jitter, f64::MAX),
            ("augment.resample", self.augment.resample, 1.0),
            ("augment.angle", self.augment.angle, 180.0),
            ("algorithm.noise", self.algorithm.noise, f64::MAX),
            ("algorithm.beta", self.algorithm.beta, f64::MAX),
            ("algorithm.alpha", self.algorithm.alpha, f64::MAX),
            (
                "algorithm.consistency",
                self.algorithm.consistency,
                f64::MAX,
            ),
            (
                "algorithm.walker_consistency",
                self.algorithm.walker_consistency,
                f64::MAX,
            ),
            ("algorithm.square", self.algorithm.square, f64::MAX),
            ("train.learning_rate", self.train.learning_rate, f64::MAX),
            ("train.walker_rate", self.train.walker_rate, f64::MAX),
            (
                "network.spectral_norm",
                self.network.spectral_norm,
                f64::MAX,
            ),
            ("train.weight_decay", self.train.weight_decay, f64::MAX),
            ("train.final_rate", self.train.final_rate, 1.0),
            ("train.clip", self.train.clip, f64::MAX),
            ("train.average", self.train.average, 0.999_999),
            ("train.explode", self.train.explode, f64::MAX),
        ] {
            if !(0.0..=limit).contains(&value) {
                return refuse(key, &format!("must lie in 0..={limit}, found {value}"));
            }
        }
        Ok(())
    }
}
