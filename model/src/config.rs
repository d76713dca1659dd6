//! The settings of a pre-training run: TOML files, presets and `key=value` changes.

use std::path::Path;

use serde::{Deserialize, Serialize};
use spectra_datasets::LocalOptions;

use crate::{ModelError, Precision};

const PRESETS: [(&str, &str); 6] = [
    ("tiny", include_str!("presets/tiny.toml")),
    ("local", include_str!("presets/local.toml")),
    ("small", include_str!("presets/small.toml")),
    ("paper", include_str!("presets/paper.toml")),
    ("digits", include_str!("presets/digits.toml")),
    ("pictures", include_str!("presets/pictures.toml")),
];

/// All settings of one run. Every key has a default, so a file names only what it changes.
///
/// ```
/// let mut config = spectra_model::Config::preset("tiny")?;
/// config.set("train.epochs", "3")?;
/// assert_eq!(config.train.epochs, 3);
/// assert!(config.set("train.epoch", "3").is_err());
/// # Ok::<(), spectra_model::ModelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Seed of the initial weights, the order of the items, masks, noise, rotations and latents.
    pub seed: u64,
    /// What of the spectral map enters the network.
    pub map: MapConfig,
    /// Shape of the networks H, G and Z.
    pub network: NetworkConfig,
    /// What is hidden or disturbed in the input.
    pub corrupt: CorruptConfig,
    /// Changes to the clean map before it is corrupted.
    pub augment: AugmentConfig,
    /// Algorithm 1 of the paper.
    pub algorithm: AlgorithmConfig,
    /// Optimisation.
    pub train: TrainConfig,
    /// Checkpoints and logs.
    pub output: OutputConfig,
}

/// What of the spectral map enters the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MapConfig {
    /// Arrangement of the coefficients in the 2D map: `flat`, `square` (spherical harmonics only)
    /// or `shell` (Zernike only); or `local`, whose rows are neighbourhoods of the store's points.
    pub layout: String,
    /// Highest degree used; 0 keeps all that the store holds.
    pub order: usize,
    /// Rows of `local` that H sees of each item in training; of frozen features it sees all.
    pub visible: usize,
    /// Rows of `local` that G is asked for in training.
    pub queries: usize,
    /// The neighbourhoods of `local`.
    pub local: LocalOptions,
}

/// The layout whose rows are neighbourhoods.
pub(crate) const LOCAL: &str = "local";

impl Default for MapConfig {
    fn default() -> Self {
        MapConfig {
            layout: "flat".into(),
            order: 0,
            visible: 48,
            queries: 24,
            local: LocalOptions::default(),
        }
    }
}

/// Which family of networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkKind {
    /// Residual multi-layer perceptron over all map cells; the one for CPUs.
    Dense,
    /// The paper's context-encoder stack of 4x4 stride-2 convolutions.
    Conv,
    /// Layers that all rows of a local map share, pooled; the one for `map.layout = "local"`.
    Set,
}

/// Shape of the networks H, G and Z.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConfig {
    /// Family of H and G.
    pub kind: NetworkKind,
    /// Hidden width of `dense` and `set`.
    pub width: usize,
    /// Residual blocks of `dense` and `set`, in H (for `set` before and after the context each) and in G.
    pub depth: usize,
    /// Size of the bottleneck h of `dense` and `set`; `conv` has channels x 4 x 4.
    pub bottleneck: usize,
    /// Output channels of the convolutions of H, from the map inwards; G mirrors them.
    pub channels: Vec<usize>,
    /// U-Net skip connections from H to G (`conv` only).
    pub skips: bool,
    /// Dimension of the latent z, which lives on the unit sphere of that space.
    pub latent: usize,
    /// Hidden widths of the walker Z.
    pub walker: Vec<usize>,
    /// Largest singular value of each matrix and kernel of G and Z, kept by spectral normalisation; 0 leaves them free, and
    /// the consistency terms alone hold the Lipschitz constants.
    pub spectral_norm: f64,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        NetworkConfig {
            kind: NetworkKind::Dense,
            width: 1024,
            depth: 2,
            bottleneck: 512,
            channels: vec![64, 128, 256, 512],
            skips: true,
            latent: 10,
            walker: vec![256, 256],
            spectral_norm: 0.0,
        }
    }
}

/// What is hidden or disturbed in the input. The three shapes are drawn with the given weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorruptConfig {
    /// Weight of rectangles of the map (the paper's masks).
    pub block: f64,
    /// Weight of bands of neighbouring degrees.
    pub band: f64,
    /// Weight of random sets of cells.
    pub scatter: f64,
    /// Smallest and largest side of a rectangle, as a fraction of the map's side.
    pub side: [f64; 2],
    /// Smallest and largest fraction of cells in a band or a random set.
    pub fraction: [f64; 2],
    /// Probability that the region is disturbed by Gaussian noise instead of hidden.
    pub noise: f64,
    /// Smallest and largest standard deviation of that noise, in map units.
    pub sigma: [f64; 2],
    /// Probability of each degree to be hidden as a whole, besides the region.
    pub degree_dropout: f64,
    /// Weight of the loss on cells that were left alone, against 1 on the corrupted ones.
    pub outside: f64,
}

impl Default for CorruptConfig {
    fn default() -> Self {
        CorruptConfig {
            block: 1.0,
            band: 0.0,
            scatter: 0.0,
            side: [0.2, 0.45],
            fraction: [0.2, 0.6],
            noise: 0.5,
            sigma: [0.1, 0.5],
            degree_dropout: 0.0,
            outside: 0.0,
        }
    }
}

/// How shapes are rotated while training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RotateKind {
    /// As the data set gives them.
    None,
    /// By a random angle about the data set's up axis.
    Gravity,
    /// By a random rotation of space.
    So3,
}

/// Changes to the clean map before it is corrupted; the target changes with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentConfig {
    /// Rotations, applied exactly to the coefficients.
    pub rotate: RotateKind,
    /// Largest angle of a `gravity` rotation in degrees; 180 covers the circle.
    pub angle: f64,
    /// Standard deviation of Gaussian jitter of every map cell, in map units.
    pub jitter: f64,
    /// Take the moments of a random part of each item's points anew in every epoch, at least this share of them; 0 takes
    /// the coefficients of the store. Zernike stores with points only.
    pub resample: f64,
}

impl Default for AugmentConfig {
    fn default() -> Self {
        AugmentConfig {
            rotate: RotateKind::None,
            angle: 180.0,
            jitter: 0.0,
            resample: 0.0,
        }
    }
}

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
}

/// Algorithm 1 of the paper (notes on each choice in the crate documentation).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlgorithmConfig {
    /// What H and G are trained on.
    pub objective: Objective,
    /// E, what z goes down and H and G are trained on, with or without z; the context encoder has its own.
    pub error: Distance,
    /// l, the steps of z per batch.
    pub steps: usize,
    /// beta, the length of a z step along its gradient.
    pub beta: f64,
    /// Divide the gradient of each sample by its norm, so that beta is the length of every move.
    pub unit_gradient: bool,
    /// Updates of Z per batch: `steps` is Algorithm 1 to the letter, 1 fits all moves at once.
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
    /// Stop when a logged error exceeds this many times the first one; 0 stops only at values that are no numbers.
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

impl Config {
    /// A named preset: `tiny` (minutes on two cores), `local` (the same on local maps), `small` (an hour) or `paper` (the
    /// paper's networks; wants a GPU); for tasks on pictures `digits` and `pictures`.
    pub fn preset(name: &str) -> Result<Config, ModelError> {
        let found = PRESETS.iter().find(|(known, _)| *known == name);
        let Some((_, text)) = found else {
            let known: Vec<_> = PRESETS.iter().map(|(name, _)| *name).collect();
            return Err(error(
                name,
                format!("no such preset; there are {}", known.join(", ")),
            ));
        };
        Self::parse(text, &format!("preset {name}"))
    }

    /// Gives the convolutions as many levels as pictures of this side need for a bottleneck of 4 x 4: each has twice the
    /// channels of the one before, from the first that is set, up to 512. Does nothing to dense networks.
    pub fn set_side(&mut self, side: usize) {
        let Some(&first) = self.network.channels.first() else {
            return;
        };
        if self.network.kind == NetworkKind::Conv {
            let levels = (side / 4).max(2).ilog2();
            self.network.channels = (0..levels)
                .map(|level| (first << level).min(512.max(first)))
                .collect();
        }
    }

    /// The same settings for a baseline: no steps of z, none of Z, no consistency.
    pub fn baseline(&self, objective: Objective) -> Config {
        let mut config = self.clone();
        config.algorithm = AlgorithmConfig {
            objective,
            steps: 0,
            walker_updates: 0,
            consistency: 0.0,
            inference_steps: 0,
            ..config.algorithm
        };
        config
    }

    /// Reads a TOML file. Keys that are not settings are refused by name.
    pub fn load(path: &Path) -> Result<Config, ModelError> {
        let text = std::fs::read_to_string(path).map_err(ModelError::io(path))?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads TOML text; `origin` names it in errors.
    pub fn parse(text: &str, origin: &str) -> Result<Config, ModelError> {
        let config: Config = toml::from_str(text).map_err(|e| error(origin, e.to_string()))?;
        config.check(origin)?;
        Ok(config)
    }

    /// Changes one setting, named by its path, to a value written as in TOML (strings may go
    /// without quotes). The configuration is unchanged when this fails.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ModelError> {
        let origin = format!("{key}={value}");
        let mut table = toml::Table::try_from(&*self).map_err(|e| error(&origin, e.to_string()))?;
        let slot = find(&mut table, key)
            .ok_or_else(|| error(key, format!("no such setting{}", suggestion(self, key))))?;
        *slot = parse_value(value, slot).map_err(|message| error(&origin, message))?;
        let config: Config = table
            .try_into()
            .map_err(|e| error(&origin, e.to_string()))?;
        config.check(&origin)?;
        *self = config;
        Ok(())
    }

    /// All settings as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("a configuration holds only numbers, strings and lists")
    }

    /// Refuses values that no network or schedule can be built from.
    fn check(&self, origin: &str) -> Result<(), ModelError> {
        let refuse = |key: &str, message: &str| Err(error(origin, format!("{key} {message}")));
        if self.train.batch == 0 {
            return refuse("train.batch", "must be at least 1");
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
        if self.map.visible == 0 || self.map.queries == 0 {
            return refuse("map.visible and map.queries", "must be at least 1");
        }
        if self.network.walker.contains(&0) {
            return refuse("network.walker", "must list positive widths");
        }
        if self.algorithm.walker_updates > self.algorithm.steps {
            return refuse(
                "algorithm.walker_updates",
                "must not exceed algorithm.steps",
            );
        }
        for (key, [low, high], limit) in [
            ("corrupt.side", self.corrupt.side, 1.0),
            ("corrupt.fraction", self.corrupt.fraction, 1.0),
            ("corrupt.sigma", self.corrupt.sigma, f64::INFINITY),
        ] {
            if !(0.0 <= low && low <= high && high <= limit) {
                return refuse(
                    key,
                    "must be [low, high] with 0 <= low <= high (<= 1 for fractions)",
                );
            }
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
            ("corrupt.noise", self.corrupt.noise, 1.0),
            ("corrupt.outside", self.corrupt.outside, f64::MAX),
            ("corrupt.degree_dropout", self.corrupt.degree_dropout, 1.0),
            ("augment.jitter", self.augment.jitter, f64::MAX),
            ("augment.resample", self.augment.resample, 1.0),
            ("augment.angle", self.augment.angle, 180.0),
            ("algorithm.noise", self.algorithm.noise, f64::MAX),
            ("algorithm.beta", self.algorithm.beta, f64::MAX),
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

fn error(origin: &str, message: impl Into<String>) -> ModelError {
    ModelError::Config {
        origin: origin.into(),
        message: message.into(),
    }
}

/// The value at a dotted path, if there is one and it is no table.
fn find<'t>(table: &'t mut toml::Table, key: &str) -> Option<&'t mut toml::Value> {
    let (head, rest) = key.split_once('.').unzip();
    match (head, rest) {
        (Some(head), Some(rest)) => find(table.get_mut(head)?.as_table_mut()?, rest),
        _ => table.get_mut(key).filter(|value| !value.is_table()),
    }
}

/// Reads `text` as the type of `like`: integers serve as floats, bare words as strings.
fn parse_value(text: &str, like: &toml::Value) -> Result<toml::Value, String> {
    if like.is_str() {
        return Ok(toml::Value::String(text.trim_matches('"').to_owned()));
    }
    let document = format!("value = {text}");
    let mut table: toml::Table = document
        .parse()
        .map_err(|_ignored: toml::de::Error| format!("expected a {}", like.type_str()))?;
    let value = table
        .remove("value")
        .ok_or_else(|| format!("expected a {}", like.type_str()))?;
    match (&value, like) {
        (toml::Value::Integer(i), toml::Value::Float(_)) => Ok(toml::Value::Float(*i as f64)),
        _ if value.same_type(like) => Ok(value),
        _ => Err(format!(
            "expected a {}, found a {}",
            like.type_str(),
            value.type_str()
        )),
    }
}

/// Names the settings that end like the one asked for, or the sections.
fn suggestion(config: &Config, key: &str) -> String {
    let Ok(table) = toml::Table::try_from(config) else {
        return String::new();
    };
    let wanted = key.rsplit('.').next().unwrap_or(key);
    let mut near = Vec::new();
    let mut all = Vec::new();
    for (section, value) in &table {
        match value.as_table() {
            None => {}
            Some(inner) => {
                for name in inner.keys() {
                    let path = format!("{section}.{name}");
                    if name.contains(wanted) || wanted.contains(name.as_str()) {
                        near.push(path.clone());
                    }
                    if key.split('.').next() == Some(section) {
                        all.push(path);
                    }
                }
            }
        }
    }
    match (near.is_empty(), all.is_empty()) {
        (false, _) => format!("; did you mean {}?", near.join(" or ")),
        (true, false) => format!("; there are {}", all.join(", ")),
        (true, true) => {
            let names: Vec<_> = table.keys().cloned().collect();
            format!("; the sections are {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_load_and_survive_a_round_trip() {
        for (name, _) in PRESETS {
            let config = Config::preset(name).unwrap();
            assert_eq!(
                Config::parse(&config.to_toml(), "round trip").unwrap(),
                config
            );
        }
    }

    #[test]
    fn a_larger_side_adds_levels_and_a_baseline_has_no_steps_of_z() {
        let mut config = Config::preset("pictures").unwrap();
        for (side, channels) in [
            (32, vec![8, 16, 32]),
            (64, vec![8, 16, 32, 64]),
            (256, vec![8, 16, 32, 64, 128, 256]),
        ] {
            config.set_side(side);
            assert_eq!(config.network.channels, channels);
        }
        let baseline = config.baseline(Objective::L1);
        assert_eq!(baseline.network, config.network);
        assert_eq!(baseline.algorithm.steps, 0);
        assert_eq!(
            Config::parse(&baseline.to_toml(), "baseline").unwrap(),
            baseline
        );
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        let message = Config::parse("[train]\nepoch = 3\n", "x.toml")
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("epoch") && message.contains("x.toml"),
            "{message}"
        );
        let mut config = Config::default();
        let message = config.set("train.epoch", "3").unwrap_err().to_string();
        assert!(message.contains("train.epochs"), "{message}");
        let message = config.set("nothing", "3").unwrap_err().to_string();
        assert!(message.contains("algorithm"), "{message}");
    }

    #[test]
    fn bfloat16_is_refused_where_it_is_not_implemented() {
        for (key, value) in [
            ("network.spectral_norm", "1"),
            ("algorithm.objective", "context"),
            ("algorithm.objective", "cvae"),
        ] {
            let mut config = Config::default();
            config.set(key, value).unwrap();
            let message = config.set("train.precision", "bf16").unwrap_err();
            assert!(message.to_string().contains("needs train.precision f32"));
        }
    }

    #[test]
    fn values_take_the_type_of_the_setting() {
        let mut config = Config::default();
        config.set("train.learning_rate", "1").unwrap();
        config.set("map.layout", "shell").unwrap();
        config.set("network.kind", "conv").unwrap();
        config.set("network.channels", "[8, 16]").unwrap();
        assert_eq!(config.train.learning_rate, 1.0);
        assert_eq!(config.map.layout, "shell");
        assert_eq!(config.network.channels, [8, 16]);
        let before = config.clone();
        for (key, value) in [
            ("train.epochs", "many"),
            ("train.epochs", "1.5"),
            ("train.batch", "0"),
            ("network.kind", "tree"),
            ("corrupt.side", "[0.5, 0.2]"),
            ("train.precision", "f16"),
            ("train", "3"),
        ] {
            assert!(config.set(key, value).is_err(), "{key}={value}");
        }
        assert_eq!(config, before);
    }
}
