//! What can go wrong between a folder of shapes and a store, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use spectra_pointcloud::WriteError;
use spectra_spectral::SpectralError;

/// Errors of data sets and stores. Each names the file or folder, what was found and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The file system refused.
    #[error("cannot {action} {}: {source}{}", path.display(), advice(source))]
    Io {
        /// What was being done, as a verb: `read`, `write`, `create`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No layout fits what lies there.
    #[error("{}: not recognised as a data set: {found}; expected {expected}", path.display())]
    NotRecognised {
        /// The folder or archive.
        path: PathBuf,
        /// What lies there, in a few words.
        found: String,
        /// What would have been recognised.
        expected: String,
    },
    /// A named data set is not under the given root.
    #[error("no data set `{name}` under {}: looked for {looked}; give its path instead", root.display())]
    NotFound {
        /// The name asked for.
        name: String,
        /// Where it was looked for.
        root: PathBuf,
        /// The names tried.
        looked: String,
    },
    /// A class folder without a single shape.
    #[error("{}: class folder `{class}` holds no shape; remove the folder or restore its files", path.display())]
    EmptyClass {
        /// The data set.
        path: PathBuf,
        /// The class (or class and split) that is empty.
        class: String,
    },
    /// The layout is known but a part of it is missing or wrong.
    #[error("{}: {message}", path.display())]
    Layout {
        /// The file or folder at fault.
        path: PathBuf,
        /// What is wrong and what to do.
        message: String,
    },
    /// A line of a list, table or taxonomy cannot be used.
    #[error("{}:{line}: {message}", path.display())]
    Line {
        /// The list file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What is wrong, expected and found.
        message: String,
    },
    /// An archive that is damaged or that must not be trusted.
    #[error("{}: {message}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// One item cannot be used; the others can.
    #[error("{id}: {message}")]
    Item {
        /// The item.
        id: String,
        /// Short kebab-case kind, for tables: `truncated`, `not-finite`, `empty`, ...
        kind: String,
        /// What is wrong with it.
        message: String,
    },
    /// An option outside what it admits.
    #[error("{what}: expected {expected}, found {found}")]
    Value {
        /// Which option.
        what: &'static str,
        /// What it admits.
        expected: &'static str,
        /// What was given.
        found: String,
    },
    /// Another process is writing this store.
    #[error("{}: another convert is writing this store; wait for it to end, or choose another folder", path.display())]
    Locked {
        /// The store.
        path: PathBuf,
    },
    /// The folder holds something else than the store to be written.
    #[error("{}: {message}; choose another folder, or remove this one", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
        /// What it holds and how that differs.
        message: String,
    },
    /// A store of a format version that this version does not read.
    #[error(
        "{}: store format version {found}, this program reads version {expected}; convert the data set again, or use the program that wrote it",
        path.display()
    )]
    Version {
        /// The manifest.
        path: PathBuf,
        /// The version in the file.
        found: u64,
        /// The version of this program.
        expected: u64,
    },
    /// A store that is not finished.
    #[error("{}: the store is not finished: {message}", path.display())]
    Unfinished {
        /// The store.
        path: PathBuf,
        /// What is missing and what to do.
        message: String,
    },
    /// A file of a store that does not hold what it must.
    #[error("{}: damaged: {message}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, expected and found.
        message: String,
    },
    /// The observer asked to stop; finished parts are kept.
    #[error(
        "stopped: {finished} of {parts} parts are finished and kept; run the same command to go on"
    )]
    Stopped {
        /// Parts that are finished.
        finished: usize,
        /// Parts to be made.
        parts: usize,
    },
    /// A shape could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The transform refused its order.
    #[error(transparent)]
    Spectral(#[from] SpectralError),
}

impl DatasetError {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn layout(path: &Path, message: impl Into<String>) -> Self {
        Self::Layout {
            path: path.to_owned(),
            message: message.into(),
        }
    }

    pub(crate) fn damaged(path: &Path, message: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            message: message.into(),
        }
    }

    pub(crate) fn line(path: &Path, line: usize, message: impl Into<String>) -> Self {
        Self::Line {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

/// What a user can do about the I/O errors that are not anyone's mistake.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "; free some space and run the same command again: finished parts are kept"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; check the permissions, or choose another folder"
        }
        _ => "",
    }
}
