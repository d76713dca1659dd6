//! How learning rates change over a run.

use crate::config::TrainConfig;

/// The share of the full rates at `step`: a linear rise, then constant or a half cosine.
pub(crate) fn rate_factor(config: &TrainConfig, step: u64, steps: u64) -> f64 {
    if step < config.warmup {
        return (step + 1) as f64 / config.warmup as f64;
    }
    if !config.cosine {
        return 1.0;
    }
    let done = (step - config.warmup) as f64 / (steps.saturating_sub(config.warmup)).max(1) as f64;
    let wave = 0.5 * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos());
    config.final_rate + (1.0 - config.final_rate) * wave
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_rise_in_a_line_and_fall_along_a_half_cosine() {
        let config = TrainConfig {
            warmup: 10,
            cosine: true,
            final_rate: 0.1,
            ..TrainConfig::default()
        };
        let at = |step| rate_factor(&config, step, 110);
        assert_eq!([at(0), at(4), at(9), at(10)], [0.1, 0.5, 1.0, 1.0]);
        assert!((at(60) - 0.55).abs() < 1e-12);
        assert!((at(110) - 0.1).abs() < 1e-12);
        let constant = TrainConfig {
            cosine: false,
            ..config
        };
        assert_eq!(rate_factor(&constant, 100, 110), 1.0);
    }
}
