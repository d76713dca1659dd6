//! Files and folders of results: refused before the work, written after it.

use std::path::Path;

use anyhow::Context;
use spectra_datasets::{check_writable, write_whole};
use spectra_eval::Report;

use crate::cli;
use crate::outcome::Usage;

/// Minutes of work should not end in a path that cannot be written.
pub fn refuse_unwritable(options: &cli::Eval) -> anyhow::Result<()> {
    for path in [&options.json, &options.report].into_iter().flatten() {
        refuse_folder(path)?;
        check_writable(path)?;
    }
    for folder in [&options.figures, &options.images.pictures] {
        let Some(folder) = folder else { continue };
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        check_writable(&folder.join("figure"))?;
    }
    Ok(())
}

fn refuse_folder(path: &Path) -> anyhow::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    if path.is_dir() || parent.is_some_and(|parent| !parent.is_dir()) {
        let message = format!("{}: not a file that can be written", path.display());
        return Err(Usage(message).into());
    }
    Ok(())
}

pub fn write_figures(folder: Option<&Path>, report: &Report) -> anyhow::Result<()> {
    let Some(folder) = folder else { return Ok(()) };
    for (name, bytes) in report.figures() {
        write_whole(&folder.join(name), &bytes)?;
    }
    Ok(())
}

pub fn write(path: Option<&Path>, text: &str) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    Ok(write_whole(path, text.as_bytes())?)
}
