//! The run folder: what it was trained on and how.
//!
//! `config.toml` (all settings), `run.json` ([`RunInfo`]), `metrics.jsonl` (one JSON object per line), `events/` (the same for
//! TensorBoard), `samples/` (pictures), `checkpoints/step-…/` with `latest` naming the newest and `best` the one with the lowest
//! error, and at the end `model.safetensors` with `card.json`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use spectra_datasets::Store;
use spectra_spectral::{Basis, MapKind, MapLayout};

use crate::local::LocalInfo;
use crate::maps::Maps;
use crate::scaling::Scaling;
use crate::{Config, ModelError};

pub(crate) const CONFIG: &str = "config.toml";
pub(crate) const INFO: &str = "run.json";
pub(crate) const METRICS: &str = "metrics.jsonl";
pub(crate) const WEIGHTS: &str = "model.safetensors";
pub(crate) const CARD: &str = "card.json";
const LOCK: &str = "lock";
const VERSION: u64 = 1;

/// What a run was trained on: enough to transform new shapes in the same way and to refuse others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Version of the run folder's format.
    pub version: u64,
    /// Name of the data set.
    pub dataset: String,
    /// What the coefficients of the store are: see [`spectra_datasets::Plan::fingerprint`].
    pub fingerprint: String,
    /// Hash of the list of items of the store.
    pub items: String,
    /// Training rows.
    pub rows: usize,
    /// Basis of the store.
    pub basis: Basis,
    /// Order of the store.
    pub order: usize,
    /// Points sampled from each shape.
    pub points: usize,
    /// Seed of that sampling.
    pub sampling_seed: u64,
    /// Axis that points up in the data set.
    pub up_axis: String,
    /// What the networks see of a shape.
    #[serde(flatten)]
    pub map: RunMap,
}

/// What the networks of a run see of a shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RunMap {
    /// A map of all of its coefficients.
    Global(GlobalInfo),
    /// A map whose rows are neighbourhoods of its points.
    Local(LocalInfo),
}

/// What a run remembers of its global maps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GlobalInfo {
    /// Highest order that enters the map, at most the store's.
    pub map_order: usize,
    /// Arrangement of the map.
    pub layout: MapKind,
    /// Scaling, fitted on the training rows.
    pub scaler: Scaling,
}

impl RunInfo {
    pub(crate) fn new(store: &Store, rows: usize, map: RunMap) -> RunInfo {
        let manifest = store.manifest();
        RunInfo {
            version: VERSION,
            dataset: manifest.dataset.clone(),
            fingerprint: manifest.fingerprint(),
            items: manifest.items_blake3.clone(),
            rows,
            basis: manifest.basis,
            order: manifest.order,
            points: manifest.points,
            sampling_seed: manifest.seed,
            up_axis: manifest.up_axis.clone(),
            map,
        }
    }

    /// Reads `run.json` of a run folder. Fails where there is none, it is damaged, or another version wrote it.
    pub fn load(run: &Path) -> Result<RunInfo, ModelError> {
        let path = run.join(INFO);
        let value = read_info(run)?;
        if let Some(task) = task_of(&value) {
            let message =
                format!("a run of the task {task}; expected one made by `spectra pretrain`");
            return Err(ModelError::run(path, message));
        }
        let version = value.get("version").and_then(Value::as_u64);
        if version.is_some_and(|version| version != VERSION) {
            let message = format!(
                "run of format version {}; this program reads version {VERSION}",
                version.unwrap_or(0)
            );
            return Err(ModelError::run(path, message));
        }
        serde_json::from_value(value)
            .map_err(|error| ModelError::run(path, format!("damaged: {error}")))
    }

    /// Refuses a store whose coefficients mean something else than those of the run.
    pub fn check_store(&self, store: &Store) -> Result<(), ModelError> {
        let found = store.manifest().fingerprint();
        if found == self.fingerprint {
            return Ok(());
        }
        let manifest = store.manifest();
        let message = format!(
            "this store was made otherwise than the run's: expected {} of order {}, {} points, seed {}; found {} of order {}, \
             {} points, seed {}; convert the data again with the first",
            self.basis,
            self.order,
            self.points,
            self.sampling_seed,
            manifest.basis,
            manifest.order,
            manifest.points,
            manifest.seed
        );
        Err(ModelError::run(store.path(), message))
    }

    /// Its global maps; a run on local ones has none.
    pub(crate) fn maps(&self, run: &Path) -> Result<Maps, ModelError> {
        let RunMap::Global(map) = &self.map else {
            let message = "a run on local maps; what it makes comes of points, not of coefficients";
            return Err(ModelError::run(run, message));
        };
        Ok(Maps {
            basis: self.basis,
            order: map.map_order,
            layout: MapLayout::new(map.layout, self.basis, map.map_order)?,
            scaler: map.scaler.clone(),
        })
    }
}

/// Reads `run.json` of a run of any task. Fails where there is none or it is damaged.
pub(crate) fn read_info(run: &Path) -> Result<Value, ModelError> {
    let path = run.join(INFO);
    if !path.exists() {
        let message = "no run.json: not a run folder; make one with `spectra pretrain`";
        return Err(ModelError::run(run, message));
    }
    let bytes = fs::read(&path).map_err(ModelError::io(&path))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| ModelError::run(path, format!("damaged: {error}")))
}

/// The task that `run.json` names; those made by `spectra pretrain` name none.
pub(crate) fn task_of(info: &Value) -> Option<&str> {
    info.get("task").and_then(Value::as_str)
}

/// Reads the settings of a run.
pub(crate) fn load_config(run: &Path) -> Result<Config, ModelError> {
    Config::load(&run.join(CONFIG))
}

/// Whether the folder holds a run, finished or not.
fn has_begun(run: &Path) -> bool {
    run.join(INFO).exists()
}

impl Config {
    /// The settings that the run in this folder was begun with; `None` where there is no run.
    pub fn of_run(run: &Path) -> Result<Option<Config>, ModelError> {
        has_begun(run).then(|| load_config(run)).transpose()
    }
}

/// A hash of settings and data, by which checkpoints know their run.
pub(crate) fn identity(run: &Path) -> Result<String, ModelError> {
    let mut hasher = blake3::Hasher::new();
    for name in [CONFIG, INFO] {
        let path = run.join(name);
        hasher.update(&fs::read(&path).map_err(ModelError::io(&path))?);
    }
    Ok(hasher.finalize().to_string())
}

/// A run folder that this process trains in, held against a second trainer until dropped.
pub(crate) struct RunFolder {
    path: PathBuf,
    config: Config,
    begun: bool,
    #[allow(dead_code, reason = "the lock lives as long as the open file")]
    lock: File,
}

impl RunFolder {
    /// Makes and locks the folder. Fails on settings that nothing can be trained by; a folder that holds a run is refused unless it is
    /// resumed, under the settings that it was begun with.
    pub(crate) fn open(
        path: &Path,
        config: &Config,
        resume: bool,
    ) -> Result<RunFolder, ModelError> {
        let config = config.for_training()?;
        let begun = has_begun(path);
        if begun && !resume {
            return Err(ModelError::run(
                path,
                "holds a run already; add --resume to go on with it, or choose another folder",
            ));
        }
        let folder = RunFolder {
            path: path.to_owned(),
            config,
            begun,
            lock: lock(path)?,
        };
        folder.check_config()?;
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The settings that the run goes by.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Whether the folder held a run when it was opened.
    pub(crate) fn begun(&self) -> bool {
        self.begun
    }

    /// Refuses to go on with a run under other settings than those it was begun with.
    fn check_config(&self) -> Result<(), ModelError> {
        let differences = match self.begun {
            true => load_config(&self.path)?.differences(&self.config),
            false => Vec::new(),
        };
        if differences.is_empty() {
            return Ok(());
        }
        let message = format!(
            "the run was begun with other settings: {}; leave these options out to go on with it, or start a new run \
             in another folder with -o",
            differences.join(", ")
        );
        Err(ModelError::run(&self.path, message))
    }

    /// See [`identity`]. The run must have begun.
    pub(crate) fn identity(&self) -> Result<String, ModelError> {
        identity(&self.path)
    }

    /// Writes `config.toml` and `run.json` of a fresh run; refuses to go on with a run of other data.
    pub(crate) fn begin(&self, info: &[u8]) -> Result<(), ModelError> {
        let path = self.path.join(INFO);
        if !self.begun {
            write_whole(&self.path.join(CONFIG), self.config.to_toml().as_bytes())?;
            return write_whole(&path, info);
        }
        let saved = fs::read(&path).map_err(ModelError::io(&path))?;
        if saved != info {
            let message = "the run was begun with other data or another task; give it the same, or choose another folder";
            return Err(ModelError::run(path, message));
        }
        Ok(())
    }
}

fn lock(run: &Path) -> Result<File, ModelError> {
    fs::create_dir_all(run).map_err(ModelError::io(run))?;
    let path = run.join(LOCK);
    let file = File::create(&path).map_err(ModelError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(ModelError::run(
            run,
            "another process is training in this folder; wait for it or choose another folder",
        )),
        Err(fs::TryLockError::Error(source)) => Err(ModelError::Io { path, source }),
    }
}

/// Writes a file of a run whole; the run's lock keeps others from writing it. See [`spectra_datasets::replace_whole`].
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ModelError> {
    spectra_datasets::replace_whole(path, bytes).map_err(ModelError::file)
}

pub(crate) fn to_json<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes =
        serde_json::to_vec_pretty(value).expect("these types hold only numbers, strings and lists");
    bytes.push(b'\n');
    bytes
}
