//! Checkpoints: folders that appear whole, with hashes that tell a torn one and the identity of their run.
//!
//! Equal runs write equal files, but for the optimizers': their values are equal, in an order that burn draws anew.

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::store::{ModuleRecord, RecordError};
use burn::tensor::Bytes;
use serde::{Deserialize, Serialize};
use spectra_datasets::sync_folder;

use crate::ModelError;
use crate::algorithm::Cgml;
use crate::average::Average;
use crate::context::Adversary;
use crate::run::{to_json, write_whole};
use crate::variational::Inference;

const FOLDER: &str = "checkpoints";
const LATEST: &str = "latest";
const BEST: &str = "best";
const STATE: &str = "state.json";
/// Endings of folders that a kill may leave: one that is still being written, and one that is being removed.
const DRAFT: &str = "tmp";
const GONE: &str = "gone";

/// The checkpoints of one run.
pub(crate) struct Checkpoints {
    run: PathBuf,
    /// Tells checkpoints of this run from those of others.
    identity: String,
    /// How many of the newest are kept.
    keep: usize,
}

/// `state.json`: where training stands, and the hash of each file.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    step: u64,
    run: String,
    #[serde(flatten)]
    errors: Errors,
    blake3: Vec<(String, String)>,
}

/// How well a run does at a checkpoint; all are numbers.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Errors {
    /// Of completion, by which the best checkpoint is told.
    pub error: f64,
    /// Of the last batch.
    pub loss: f64,
    /// Of the first batch of the run; older checkpoints do not have it.
    #[serde(default)]
    pub first_loss: Option<f64>,
}

/// What a checkpoint that could be read gave, and those newer ones that could not.
pub(crate) struct Resumed {
    pub step: u64,
    pub cgml: Cgml,
    pub errors: Errors,
    /// One line for each damaged checkpoint that was passed over.
    pub passed_over: Vec<String>,
}

impl Checkpoints {
    pub(crate) fn new(run: &Path, identity: String, keep: usize) -> Checkpoints {
        Checkpoints {
            run: run.to_owned(),
            identity,
            keep: keep.max(1),
        }
    }

    fn folder_of(&self, step: u64) -> PathBuf {
        self.run.join(FOLDER).join(format!("step-{step:08}"))
    }

    /// Writes the checkpoint of `step`, points `latest` to it, and keeps the newest and that of the lowest error of completion.
    pub(crate) fn save(&self, step: u64, cgml: &Cgml, errors: Errors) -> Result<(), ModelError> {
        for left in self.leftovers()? {
            fs::remove_dir_all(&left).map_err(ModelError::io(&left))?;
        }
        let last = self.folder_of(step);
        let draft = last.with_extension(DRAFT);
        fs::create_dir_all(&draft).map_err(ModelError::io(&draft))?;
        let mut state = State {
            step,
            run: self.identity.clone(),
            errors,
            blake3: Vec::new(),
        };
        each_file(cgml, &mut |name, bytes| {
            let bytes = bytes.map_err(|error| ModelError::run(&draft, error.to_string()))?;
            write_whole(&draft.join(name), &bytes)?;
            let hash = blake3::hash(&bytes).to_string();
            state.blake3.push((name.to_owned(), hash));
            Ok(())
        })?;
        write_whole(&draft.join(STATE), &to_json(&state))?;
        if last.exists() {
            self.remove(step)?;
        }
        fs::rename(&draft, &last).map_err(ModelError::io(&last))?;
        sync_folder(&self.run.join(FOLDER)).map_err(ModelError::file)?;
        self.point(LATEST, step)?;
        self.prune(step)
    }

    /// Removes all checkpoints of this run before that of `step` but the newest and the best, which `best` then names.
    fn prune(&self, step: u64) -> Result<(), ModelError> {
        let own = self.own(step)?;
        let best = own.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        let best = best.map(|(best, _error)| *best);
        if let Some(best) = best {
            self.point(BEST, best)?;
        }
        for (old, _error) in own.into_iter().rev().skip(self.keep) {
            if Some(old) != best {
                self.remove(old)?;
            }
        }
        Ok(())
    }

    /// Takes a checkpoint's name from it before its files are removed: a kill leaves none that lacks some under its name.
    fn remove(&self, step: u64) -> Result<(), ModelError> {
        let folder = self.folder_of(step);
        let gone = folder.with_extension(GONE);
        fs::rename(&folder, &gone).map_err(ModelError::io(&folder))?;
        fs::remove_dir_all(&gone).map_err(ModelError::io(&gone))
    }

    /// Step and error of completion of each checkpoint of this run up to `last`, rising. Whatever is of a later step is what
    /// the resume to an earlier one passed over.
    pub(crate) fn own(&self, last: u64) -> Result<Vec<(u64, f64)>, ModelError> {
        let steps = self.steps()?.into_iter().filter(|step| *step <= last);
        let error_of = |step: u64| Some((step, self.own_state(step).ok()?.errors.error));
        Ok(steps.filter_map(error_of).collect())
    }

    /// Writes the name of a checkpoint into a file.
    fn point(&self, pointer: &str, step: u64) -> Result<(), ModelError> {
        let path = self.run.join(FOLDER).join(pointer);
        write_whole(&path, format!("step-{step:08}").as_bytes())
    }

    /// Steps of all finished checkpoints, rising.
    pub(crate) fn steps(&self) -> Result<Vec<u64>, ModelError> {
        let step = |path: &PathBuf| {
            let name = path.file_name()?.to_str()?;
            name.strip_prefix("step-")?.parse::<u64>().ok()
        };
        let mut steps: Vec<u64> = self.entries()?.iter().filter_map(step).collect();
        steps.sort_unstable();
        Ok(steps)
    }

    /// What lies in the folder of checkpoints, if there is one.
    fn entries(&self) -> Result<Vec<PathBuf>, ModelError> {
        let folder = self.run.join(FOLDER);
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let entries = fs::read_dir(&folder).map_err(ModelError::io(&folder))?;
        entries
            .map(|entry| Ok(entry.map_err(ModelError::io(&folder))?.path()))
            .collect()
    }

    /// Restores the newest checkpoint that is whole and of this run, passing over others. `None` if there is none at all.
    pub(crate) fn load_newest(&self, fresh: &Cgml) -> Result<Option<Resumed>, ModelError> {
        let mut passed_over = Vec::new();
        for step in self.steps()?.into_iter().rev() {
            match self.load(step, fresh.clone()) {
                Ok((cgml, errors)) => {
                    return Ok(Some(Resumed {
                        step,
                        cgml,
                        errors,
                        passed_over,
                    }));
                }
                Err(error) => passed_over.push(format!("checkpoint passed over: {error}")),
            }
        }
        match passed_over.into_iter().next() {
            None => Ok(None),
            Some(first) => Err(ModelError::run(
                &self.run,
                format!("no checkpoint can be read; {first}; start again in another folder"),
            )),
        }
    }

    fn state(&self, step: u64) -> Result<State, ModelError> {
        let path = self.folder_of(step).join(STATE);
        let text = fs::read(&path).map_err(ModelError::io(&path))?;
        serde_json::from_slice(&text)
            .map_err(|error| ModelError::run(&path, format!("damaged: {error}")))
    }

    /// The state of a checkpoint of this run.
    fn own_state(&self, step: u64) -> Result<State, ModelError> {
        let state = self.state(step)?;
        if state.run == self.identity && state.step == step {
            return Ok(state);
        }
        let message = "belongs to another run: its settings or data are not those of this folder";
        Err(ModelError::run(self.folder_of(step), message))
    }

    /// A file of a checkpoint, whose hash must be that in its state.
    fn read(&self, state: &State, name: &str) -> Result<Vec<u8>, ModelError> {
        let path = self.folder_of(state.step).join(name);
        let bytes = fs::read(&path).map_err(ModelError::io(&path))?;
        let hash = blake3::hash(&bytes).to_string();
        if state.blake3.iter().any(|(n, h)| n == name && *h == hash) {
            return Ok(bytes);
        }
        let message = "torn or changed: its hash is not the one in state.json";
        Err(ModelError::run(path, message))
    }

    /// The networks, and how well they do.
    fn load(&self, step: u64, fresh: Cgml) -> Result<(Cgml, Errors), ModelError> {
        let state = self.own_state(step)?;
        let read = |name: &str| Ok(Bytes::from_bytes_vec(self.read(&state, name)?));
        let cgml = restore(fresh, &read, |error| {
            ModelError::run(self.folder_of(step), error.to_string())
        })?;
        Ok((cgml, state.errors))
    }

    /// Fails where the checkpoint of `step` is torn, changed or of another run.
    pub(crate) fn check(&self, step: u64) -> Result<(), ModelError> {
        let state = self.own_state(step)?;
        for (name, _hash) in &state.blake3 {
            self.read(&state, name)?;
        }
        Ok(())
    }

    /// One line for each of `latest` and `best` that names no checkpoint.
    pub(crate) fn lost_names(&self) -> Vec<String> {
        let folder = self.run.join(FOLDER);
        let mut lost = Vec::new();
        for pointer in [LATEST, BEST] {
            let path = folder.join(pointer);
            let Ok(name) = fs::read_to_string(&path) else {
                continue;
            };
            if !folder.join(&name).join(STATE).exists() {
                lost.push(format!(
                    "{}: names {name:?}, which is not there",
                    path.display()
                ));
            }
        }
        lost
    }

    /// One line for each checkpoint whose writing or removal was interrupted.
    pub(crate) fn interrupted(&self) -> Result<Vec<String>, ModelError> {
        let message = "left by a process that was interrupted; the next checkpoint removes it";
        let told = |left: PathBuf| format!("{}: {message}", left.display());
        Ok(self.leftovers()?.into_iter().map(told).collect())
    }

    /// Folders of checkpoints whose writing or removal was interrupted, by name.
    fn leftovers(&self) -> Result<Vec<PathBuf>, ModelError> {
        // A file of such a name was left by the writing of `latest` or `best`, which removes it itself.
        let left = |path: &PathBuf| {
            let ending = path.extension();
            ending.is_some_and(|ending| ending == DRAFT || ending == GONE) && path.is_dir()
        };
        let mut found: Vec<PathBuf> = self.entries()?.into_iter().filter(left).collect();
        found.sort();
        Ok(found)
    }
}

/// Takes the name and the bytes of one file.
type Sink<'a> = dyn FnMut(&'static str, Result<Bytes, RecordError>) -> Result<(), ModelError> + 'a;

/// Makes the files of a checkpoint one by one: together they take as much memory as the networks and their optimizers.
fn each_file(cgml: &Cgml, sink: &mut Sink) -> Result<(), ModelError> {
    let optimizer = |optimizer: &ModuleOptimizer| optimizer.to_record().into_bytes();
    sink("generator.bpk", module_bytes(&cgml.generator))?;
    sink("walker.bpk", module_bytes(&cgml.walker))?;
    let (of_generator, of_walker) = (&cgml.generator_optimizer, &cgml.walker_optimizer);
    sink("generator-optimizer.bpk", optimizer(of_generator))?;
    sink("walker-optimizer.bpk", optimizer(of_walker))?;
    if let Some(average) = &cgml.average {
        sink("generator-average.bpk", module_bytes(&average.generator))?;
        sink("walker-average.bpk", module_bytes(&average.walker))?;
    }
    if let Some(adversary) = &cgml.adversary {
        sink("critic.bpk", module_bytes(&adversary.critic))?;
        sink("critic-optimizer.bpk", optimizer(&adversary.optimizer))?;
    }
    if let Some(inference) = &cgml.inference {
        sink("posterior.bpk", module_bytes(&inference.posterior))?;
        sink("posterior-optimizer.bpk", optimizer(&inference.optimizer))?;
    }
    Ok(())
}

fn module_bytes<M: Module>(module: &M) -> Result<Bytes, RecordError> {
    module.clone().into_record().into_bytes()
}

/// `fresh` with all that the files hold; the counterpart of [`each_file`].
fn restore(
    fresh: Cgml,
    read: &dyn Fn(&str) -> Result<Bytes, ModelError>,
    failed: impl Fn(RecordError) -> ModelError,
) -> Result<Cgml, ModelError> {
    fn module<M: Module>(module: M, bytes: Bytes) -> Result<M, RecordError> {
        module.try_load_record(ModuleRecord::from_bytes(bytes)?)
    }
    let optimizer =
        |optimizer: ModuleOptimizer, name: &str| -> Result<ModuleOptimizer, ModelError> {
            let record = OptimizerRecord::from_bytes(read(name)?).map_err(&failed)?;
            Ok(optimizer.load_record(record))
        };
    let average = match fresh.average {
        None => None,
        Some(Average { generator, walker }) => Some(Average {
            generator: module(generator, read("generator-average.bpk")?).map_err(&failed)?,
            walker: module(walker, read("walker-average.bpk")?).map_err(&failed)?,
        }),
    };
    let adversary = match fresh.adversary {
        None => None,
        Some(adversary) => Some(Adversary {
            critic: module(adversary.critic, read("critic.bpk")?).map_err(&failed)?,
            optimizer: optimizer(adversary.optimizer, "critic-optimizer.bpk")?,
        }),
    };
    let inference = match fresh.inference {
        None => None,
        Some(inference) => Some(Inference {
            posterior: module(inference.posterior, read("posterior.bpk")?).map_err(&failed)?,
            optimizer: optimizer(inference.optimizer, "posterior-optimizer.bpk")?,
        }),
    };
    Ok(Cgml {
        generator: module(fresh.generator, read("generator.bpk")?).map_err(&failed)?,
        walker: module(fresh.walker, read("walker.bpk")?).map_err(&failed)?,
        generator_optimizer: optimizer(fresh.generator_optimizer, "generator-optimizer.bpk")?,
        walker_optimizer: optimizer(fresh.walker_optimizer, "walker-optimizer.bpk")?,
        average,
        adversary,
        inference,
        precision: fresh.precision,
    })
}
