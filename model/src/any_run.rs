//! What a run folder says of itself, whichever task it was trained on.

use std::path::Path;

use crate::run::{read_info, task_of};
use crate::tasks::toy;
use crate::{ModelError, PictureInfo, RunInfo, RunMap};

/// `run.json` of a run of any task.
#[derive(Debug, Clone, PartialEq)]
pub enum AnyRun {
    /// On the maps of a store, by `spectra pretrain`.
    Maps(RunInfo),
    /// On pictures.
    Pictures(PictureInfo),
    /// The toy, which makes its data itself.
    Toy,
}

impl AnyRun {
    /// Reads `run.json` of a run folder. Fails where there is none, it is damaged, or its task is not known.
    pub fn load(run: &Path) -> Result<AnyRun, ModelError> {
        Ok(match task_of(&read_info(run)?) {
            None => AnyRun::Maps(RunInfo::load(run)?),
            Some(toy::NAME) => AnyRun::Toy,
            Some(_other) => AnyRun::Pictures(PictureInfo::load(run)?),
        })
    }

    /// The name of the task, as `card.json` has it.
    pub fn task(&self) -> &'static str {
        match self {
            AnyRun::Maps(info) => match info.map {
                RunMap::Global(_) => "spectral",
                RunMap::Local(_) => "local",
            },
            AnyRun::Pictures(info) => info.kind.name(),
            AnyRun::Toy => toy::NAME,
        }
    }
}
