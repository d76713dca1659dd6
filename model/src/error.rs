//! What can go wrong in this crate, in words that say what to do next.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use spectra_datasets::DatasetError;

/// Every failure of configuration, training, checkpoints and inference.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A configuration file or a `key=value` that cannot be used.
    #[error("configuration {origin}: {message}")]
    Config {
        /// The file, preset or key the value came from.
        origin: String,
        /// What was expected and found.
        message: String,
    },
    /// A device that is not in this build or not in this machine.
    #[error("device '{name}': {message}")]
    Device {
        /// The name as the user gave it.
        name: String,
        /// What is missing and what to use instead.
        message: String,
    },
    /// Reading or writing a file failed.
    #[error("{path}: {source}{}", advice(source), path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A run folder, checkpoint or weight file whose content is not what it should be.
    #[error("{path}: {message}", path = path.display())]
    Run {
        /// The file or folder.
        path: PathBuf,
        /// What was expected and found, and what to do.
        message: String,
    },
    /// Input whose shape or values the model cannot take.
    #[error("{0}")]
    Input(String),
    /// Training ran into values that are no numbers, or a loss that explodes.
    #[error(
        "training diverged at step {step}: {message}; the last good checkpoint is {checkpoint}. \
         Lower train.learning_rate or algorithm.beta, or set train.clip to 1"
    )]
    Diverged {
        /// The optimisation step, counted from 1.
        step: u64,
        /// Which value, and how large.
        message: String,
        /// The newest checkpoint before the failure, or "none".
        checkpoint: String,
    },
    /// The store could not be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A transform or a map was given what it cannot take.
    #[error(transparent)]
    Spectral(#[from] spectra_spectral::SpectralError),
}

impl ModelError {
    /// Wraps an I/O failure with the path it happened at.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> ModelError {
        let path = path.into();
        move |source| ModelError::Io { path, source }
    }

    /// A refusal of the system from the functions that write files of data sets, with the advice for runs.
    pub(crate) fn file(error: DatasetError) -> ModelError {
        match error {
            DatasetError::Io { path, source, .. } => ModelError::Io { path, source },
            other => other.into(),
        }
    }

    /// A run-folder failure with a message.
    pub(crate) fn run(path: impl Into<PathBuf>, message: impl Into<String>) -> ModelError {
        ModelError::Run {
            path: path.into(),
            message: message.into(),
        }
    }
}

/// What a user can do about the refusals of the system that are not anyone's mistake.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "; free some space and run the same command with --resume: finished checkpoints are kept"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "; check the permissions, or choose another folder"
        }
        _ => "",
    }
}
