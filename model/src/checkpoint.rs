//! Checkpoints: folders that appear whole, with hashes that tell a torn one.
//!
//! Equal runs write equal files, but for the optimizers': their values are equal, in an order that burn draws anew.

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::store::ModuleRecord;
use burn::tensor::Bytes;
use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::algorithm::Cgml;
use crate::context::Adversary;
use crate::run::{to_json, write_whole};

const FOLDER: &str = "checkpoints";
const LATEST: &str = "latest";
const STATE: &str = "state.json";
const FILES: [&str; 4] = [
    "generator.bpk",
    "walker.bpk",
    "generator-optimizer.bpk",
    "walker-optimizer.bpk",
];
/// Further files of runs that have a critic.
const CRITIC: [&str; 2] = ["critic.bpk", "critic-optimizer.bpk"];

fn files(cgml: &Cgml) -> impl Iterator<Item = &'static str> {
    let critic = cgml.adversary.iter().flat_map(|_adversary| CRITIC);
    FILES.into_iter().chain(critic)
}

/// `state.json`: where training stands, and the hash of each file.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    step: u64,
    blake3: Vec<(String, String)>,
}

fn folder_of(run: &Path, step: u64) -> PathBuf {
    run.join(FOLDER).join(format!("step-{step:08}"))
}

/// Writes the checkpoint of `step`, points `latest` to it and keeps the newest `keep`.
pub(crate) fn save(run: &Path, step: u64, cgml: &Cgml, keep: usize) -> Result<(), ModelError> {
    let last = folder_of(run, step);
    let draft = last.with_extension("tmp");
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(ModelError::io(&draft))?;
    }
    fs::create_dir_all(&draft).map_err(ModelError::io(&draft))?;
    let failed = |error: burn::store::RecordError| ModelError::run(&draft, error.to_string());
    let mut contents = vec![
        cgml.generator
            .clone()
            .into_record()
            .into_bytes()
            .map_err(failed)?,
        cgml.walker
            .clone()
            .into_record()
            .into_bytes()
            .map_err(failed)?,
        cgml.generator_optimizer
            .to_record()
            .into_bytes()
            .map_err(failed)?,
        cgml.walker_optimizer
            .to_record()
            .into_bytes()
            .map_err(failed)?,
    ];
    if let Some(adversary) = &cgml.adversary {
        let critic = adversary.critic.clone().into_record();
        contents.push(critic.into_bytes().map_err(failed)?);
        contents.push(
            adversary
                .optimizer
                .to_record()
                .into_bytes()
                .map_err(failed)?,
        );
    }
    let mut state = State {
        step,
        blake3: Vec::new(),
    };
    for (name, bytes) in files(cgml).zip(&contents) {
        write_whole(&draft.join(name), bytes)?;
        state
            .blake3
            .push((name.to_owned(), blake3::hash(bytes).to_string()));
    }
    write_whole(&draft.join(STATE), &to_json(&state))?;
    if last.exists() {
        fs::remove_dir_all(&last).map_err(ModelError::io(&last))?;
    }
    fs::rename(&draft, &last).map_err(ModelError::io(&last))?;
    let name = last
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    write_whole(&run.join(FOLDER).join(LATEST), name.as_bytes())?;
    for old in steps(run)?.into_iter().rev().skip(keep.max(1)) {
        let folder = folder_of(run, old);
        fs::remove_dir_all(&folder).map_err(ModelError::io(&folder))?;
    }
    Ok(())
}

/// Steps of all finished checkpoints, rising.
pub(crate) fn steps(run: &Path) -> Result<Vec<u64>, ModelError> {
    let folder = run.join(FOLDER);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut steps = Vec::new();
    for entry in fs::read_dir(&folder).map_err(ModelError::io(&folder))? {
        let entry = entry.map_err(ModelError::io(&folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        steps.extend(
            name.strip_prefix("step-")
                .and_then(|step| step.parse::<u64>().ok()),
        );
    }
    steps.sort_unstable();
    Ok(steps)
}

/// What a checkpoint that could be read gave, and those newer ones that could not.
pub(crate) struct Resumed {
    pub step: u64,
    pub cgml: Cgml,
    /// One line for each damaged checkpoint that was passed over.
    pub passed_over: Vec<String>,
}

/// Restores the newest checkpoint that is whole, passing over torn ones. `None` if there is none at all.
pub(crate) fn load_newest(run: &Path, fresh: &Cgml) -> Result<Option<Resumed>, ModelError> {
    let mut passed_over = Vec::new();
    for step in steps(run)?.into_iter().rev() {
        match load(&folder_of(run, step), step, fresh.clone()) {
            Ok(cgml) => {
                return Ok(Some(Resumed {
                    step,
                    cgml,
                    passed_over,
                }));
            }
            Err(error) => passed_over.push(format!("checkpoint passed over: {error}")),
        }
    }
    match passed_over.into_iter().next() {
        None => Ok(None),
        Some(first) => Err(ModelError::run(
            run,
            format!("no checkpoint can be read; {first}; start again in another folder"),
        )),
    }
}

fn load(folder: &Path, step: u64, fresh: Cgml) -> Result<Cgml, ModelError> {
    let path = folder.join(STATE);
    let text = fs::read(&path).map_err(ModelError::io(&path))?;
    let state: State = serde_json::from_slice(&text)
        .map_err(|error| ModelError::run(&path, format!("damaged: {error}")))?;
    let mut contents = Vec::new();
    for name in files(&fresh) {
        let path = folder.join(name);
        let bytes = fs::read(&path).map_err(ModelError::io(&path))?;
        let hash = blake3::hash(&bytes).to_string();
        if state.step != step || !state.blake3.iter().any(|(n, h)| n == name && *h == hash) {
            return Err(ModelError::run(
                &path,
                "torn or changed: its hash is not the one in state.json",
            ));
        }
        contents.push(Bytes::from_bytes_vec(bytes));
    }
    let failed = |error: burn::store::RecordError| ModelError::run(folder, error.to_string());
    let mut contents = contents.into_iter();
    let mut next = || contents.next().expect("one content was read for each file");
    let generator = fresh
        .generator
        .try_load_record(ModuleRecord::from_bytes(next()).map_err(failed)?)
        .map_err(failed)?;
    let walker = fresh
        .walker
        .try_load_record(ModuleRecord::from_bytes(next()).map_err(failed)?)
        .map_err(failed)?;
    let restore =
        |optimizer: ModuleOptimizer, bytes: Bytes| -> Result<ModuleOptimizer, ModelError> {
            Ok(optimizer.load_record(OptimizerRecord::from_bytes(bytes).map_err(failed)?))
        };
    let generator_optimizer = restore(fresh.generator_optimizer, next())?;
    let walker_optimizer = restore(fresh.walker_optimizer, next())?;
    let adversary = match fresh.adversary {
        None => None,
        Some(Adversary { critic, optimizer }) => Some(Adversary {
            critic: critic
                .try_load_record(ModuleRecord::from_bytes(next()).map_err(failed)?)
                .map_err(failed)?,
            optimizer: restore(optimizer, next())?,
        }),
    };
    Ok(Cgml {
        generator,
        walker,
        generator_optimizer,
        walker_optimizer,
        adversary,
    })
}
