//! The settings of a pre-training run: TOML files, presets and `key=value` changes.

mod algorithm;
mod check;
mod data;
mod network;
mod settings;
mod training;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub use self::algorithm::{AlgorithmConfig, Distance, Objective};
pub(crate) use self::data::LOCAL;
pub use self::data::{AugmentConfig, CorruptConfig, MapConfig, RotateKind, ScalingKind};
pub use self::network::{NetworkConfig, NetworkKind, Upsample};
use self::settings::{find, leaves, overlay, parse_value, suggestion};
pub use self::training::{OutputConfig, TrainConfig};
use crate::ModelError;

/// Why a configuration always becomes TOML.
const PLAIN: &str = "a configuration holds only numbers, strings and lists";

const PRESETS: [(&str, &str); 7] = [
    ("tiny", include_str!("../presets/tiny.toml")),
    ("local", include_str!("../presets/local.toml")),
    ("small", include_str!("../presets/small.toml")),
    ("paper", include_str!("../presets/paper.toml")),
    ("digits", include_str!("../presets/digits.toml")),
    ("pictures", include_str!("../presets/pictures.toml")),
    ("toy", include_str!("../presets/toy.toml")),
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

impl Config {
    /// A named preset: `tiny` (minutes on two cores), `local` (the same on local maps), `small` (an hour) or `paper` (the
    /// paper's networks; wants a GPU); for tasks on pictures `digits` and `pictures`; `toy` for the paper's section 4.
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

    /// The settings that training goes by: where the objective searches for no z, those of its [`baseline`](Self::baseline). Fails where
    /// nothing can be built from them.
    pub(crate) fn for_training(&self) -> Result<Config, ModelError> {
        let config = match self.algorithm.objective {
            Objective::Cgml => self.clone(),
            objective => self.baseline(objective),
        };
        config.check("settings")?;
        Ok(config)
    }

    /// Refuses settings at or below the paths `unread` that stand as in no preset: the task would not read what was changed there.
    pub(crate) fn refuse_unread(&self, task: &str, unread: &[&str]) -> Result<(), ModelError> {
        let is_unread = |phrase: &String| unread.iter().any(|path| phrase.starts_with(path));
        let changes = |base: Config| -> Vec<String> {
            let changes = base.differences(self).into_iter();
            changes.filter(is_unread).collect()
        };
        let presets = PRESETS.iter().map(|(name, _text)| Config::preset(name));
        let bases: Vec<Config> = presets.collect::<Result<_, _>>()?;
        let fewest = bases.into_iter().map(changes).min_by_key(Vec::len);
        match fewest.filter(|changes| !changes.is_empty()) {
            None => Ok(()),
            Some(changes) => Err(error(
                "settings",
                format!(
                    "the task {task} does not read what is changed here, leave it out: {}",
                    changes.join(", ")
                ),
            )),
        }
    }

    /// Reads a TOML file. Keys that are not settings are refused by name.
    pub fn load(path: &Path) -> Result<Config, ModelError> {
        let text = std::fs::read_to_string(path).map_err(ModelError::io(path))?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads TOML text; `origin` names it in errors. Where it begins with `preset = "…"`, it is what changes in that preset, else in the
    /// defaults.
    pub fn parse(text: &str, origin: &str) -> Result<Config, ModelError> {
        let wrong = |e: toml::de::Error| error(origin, e.to_string());
        let mut changes: toml::Table = toml::from_str(text).map_err(wrong)?;
        let config: Config = match changes.remove("preset") {
            None => toml::from_str(text).map_err(wrong)?,
            Some(toml::Value::String(name)) => {
                let base = Self::preset(&name).map_err(|e| error(origin, e.to_string()))?;
                let mut table =
                    toml::Table::try_from(&base).map_err(|e| error(origin, e.to_string()))?;
                overlay(&mut table, changes);
                table.try_into().map_err(wrong)?
            }
            Some(_) => return Err(error(origin, "preset must be the name of one, in quotes")),
        };
        config.check(origin)?;
        Ok(config)
    }

    /// Changes one setting, named by its path, to a value written as in TOML (strings may go
    /// without quotes). The configuration is unchanged when this fails.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ModelError> {
        self.set_all([(key, value)])
    }

    /// Makes all changes, each as [`set`](Self::set) does, and only then asks whether the settings go together, so that their order
    /// does not matter.
    pub fn set_all<'c>(
        &mut self,
        changes: impl IntoIterator<Item = (&'c str, &'c str)>,
    ) -> Result<(), ModelError> {
        let (mut config, mut origins) = (self.clone(), Vec::new());
        for (key, value) in changes {
            let origin = format!("{key}={value}");
            config = config.changed(key, value, &origin)?;
            origins.push(origin);
        }
        config.check(&origins.join(" "))?;
        *self = config;
        Ok(())
    }

    /// With one setting of another value, which is of the right type and no more.
    fn changed(&self, key: &str, value: &str, origin: &str) -> Result<Config, ModelError> {
        let mut table = toml::Table::try_from(self).map_err(|e| error(origin, e.to_string()))?;
        let slot = find(&mut table, key)
            .ok_or_else(|| error(key, format!("no such setting{}", suggestion(self, key))))?;
        *slot = parse_value(value, slot).map_err(|message| error(origin, message))?;
        table.try_into().map_err(|e| error(origin, e.to_string()))
    }

    /// All settings as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect(PLAIN)
    }

    /// The path and value of every setting. All configurations have the same paths in the same order.
    fn leaves(&self) -> Vec<(String, toml::Value)> {
        leaves(&toml::Table::try_from(self).expect(PLAIN), "")
    }

    /// A phrase for each setting that `found` has otherwise: its path and both values.
    pub(crate) fn differences(&self, found: &Config) -> Vec<String> {
        let pairs = self.leaves().into_iter().zip(found.leaves());
        pairs
            .filter(|(expected, found)| expected != found)
            .map(|((key, expected), (_key, found))| {
                format!("{key}: expected {expected}, found {found}")
            })
            .collect()
    }
}

fn error(origin: &str, message: impl Into<String>) -> ModelError {
    ModelError::Config {
        origin: origin.into(),
        message: message.into(),
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
    fn the_files_of_the_documents_differ_from_their_presets_by_what_they_say() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        let pages = [docs.clone(), docs.join("experiments")].map(|folder| {
            let entries = std::fs::read_dir(folder).unwrap();
            let paths = entries.map(|entry| entry.unwrap().path());
            let pages = paths.filter(|path| path.extension().is_some_and(|e| e == "md"));
            pages.map(|page| read(&page)).collect::<String>()
        });
        let pages = pages.concat();
        let mut files = 0;
        for entry in std::fs::read_dir(docs.join("configs")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let mut said: toml::Table = read(&path).parse().unwrap();
            let preset = said.remove("preset").unwrap();
            let preset = Config::preset(preset.as_str().unwrap()).unwrap();
            let (before, after) = (preset.leaves(), Config::load(&path).unwrap().leaves());
            let differ = before.iter().zip(&after).filter(|(a, b)| a != b);
            let differ: Vec<_> = differ.map(|(_before, after)| after.clone()).collect();
            let mut said = leaves(&said, "");
            said.sort_by(|a, b| a.0.cmp(&b.0));
            assert_eq!(said, differ, "{name}");
            assert!(
                pages.contains(&format!("configs/{name}")),
                "{name} has no row"
            );
            files += 1;
        }
        for named in pages.split("--config docs/").skip(1) {
            let named = named.split_whitespace().next().unwrap();
            assert!(docs.join(named).is_file(), "{named}");
        }
        assert!(files > 0);
    }

    #[test]
    fn a_file_may_change_a_preset_and_nothing_else() {
        let text =
            "preset = \"local\"\n[map.local]\ncentres = 7\n[corrupt]\nfraction = [0.1, 0.2]\n";
        let config = Config::parse(text, "x.toml").unwrap();
        let mut expected = Config::preset("local").unwrap();
        expected.map.local.centres = 7;
        expected.corrupt.fraction = [0.1, 0.2];
        assert_eq!(config, expected);
        for (text, named) in [
            ("preset = \"tine\"", "tine"),
            ("preset = 3", "in quotes"),
            ("preset = \"tiny\"\n[train]\nepoch = 3", "epoch"),
            ("preset = \"tiny\"\n[train]\nepochs = \"x\"", "epochs"),
            ("preset = \"tiny\"\n[train]\nbatch = 0", "train.batch"),
            ("[train]\npreset = \"tiny\"", "preset"),
        ] {
            let message = Config::parse(text, "x.toml").unwrap_err().to_string();
            assert!(
                message.contains("x.toml") && message.contains(named),
                "{message}"
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
    fn changes_that_go_together_may_come_in_any_order() {
        let changes = [("algorithm.walker_updates", "6"), ("algorithm.steps", "6")];
        let mut config = Config::preset("tiny").unwrap();
        let before = config.clone();
        assert!(config.set(changes[0].0, changes[0].1).is_err());
        config.set_all(changes).unwrap();
        assert_eq!(
            (config.algorithm.walker_updates, config.algorithm.steps),
            (6, 6)
        );
        let mut other = before.clone();
        other.set_all([changes[1], changes[0]]).unwrap();
        assert_eq!(other, config);
        for (wrong, named) in [
            (("algorithm.walker_updates", "0"), "walker_updates"),
            (("train.epoch", "1"), "train.epochs"),
            (("network.kind", "tree"), "network.kind=tree"),
        ] {
            let message = other.set_all([changes[0], wrong]).unwrap_err().to_string();
            assert!(message.contains(named), "{message}");
            assert_eq!(other, config);
        }
    }

    #[test]
    fn changes_to_what_a_task_does_not_read_are_refused_and_presets_are_not() {
        for (name, _text) in PRESETS {
            let mut config = Config::preset(name).unwrap();
            let unread = ["map", "corrupt"];
            config.refuse_unread("toy", &unread).unwrap();
            config.train.epochs += 1;
            config.augment.jitter = 0.125;
            config.refuse_unread("toy", &unread).unwrap();
            config.map.order = 3;
            let refused = config.refuse_unread("toy", &unread).unwrap_err();
            let message = refused.to_string();
            assert!(
                message.contains("toy") && message.contains("map.order: expected"),
                "{message}"
            );
            assert!(
                !message.contains("jitter") && !message.contains("corrupt"),
                "{message}"
            );
        }
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
            ("train.epochs", "0"),
            ("algorithm.alpha", "nan"),
            ("algorithm.consistency", "-0.1"),
            ("algorithm.walker_consistency", "inf"),
            ("network.kind", "tree"),
            ("corrupt.side", "[0.5, 0.2]"),
            ("corrupt.sigma", "[0.0, inf]"),
            ("train.precision", "f16"),
            ("train", "3"),
        ] {
            assert!(config.set(key, value).is_err(), "{key}={value}");
        }
        assert_eq!(config, before);
    }
}
