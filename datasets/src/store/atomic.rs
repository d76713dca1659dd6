//! Files that appear whole under their final name, or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use tempfile::Builder;

use crate::DatasetError;

/// Ending of files that are still being written; a killed run leaves them behind.
const TEMPORARY: &str = ".tmp";

/// Whether a file could be made beside `path` now, as [`write_whole`] does: hours of work should not end in a folder that cannot be
/// written.
///
/// # Errors
/// What the file system refuses, with the path.
pub fn check_writable(path: &Path) -> Result<(), DatasetError> {
    let fail = |source| DatasetError::io("write", path, source);
    tempfile::tempfile_in(folder_of(path)).map_err(fail)?;
    Ok(())
}

/// Writes `bytes` to a temporary sibling, syncs it, renames it to `path`, and syncs the folder, so
/// that neither a kill nor a power cut leaves half a file under the final name.
///
/// # Errors
/// What the file system refuses, with the path.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), DatasetError> {
    let fail = |source| DatasetError::io("write", path, source);
    let (folder, prefix) = (folder_of(path), prefix_of(path));
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(TEMPORARY);
    // Temporary files are private by default; the final one follows the user's umask.
    #[cfg(unix)]
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    #[cfg(unix)]
    builder.permissions(permissions);
    let mut file = builder.tempfile_in(folder).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    sync_folder(folder)
}

/// As [`write_whole`], and removes what killed runs left of this file: for folders in which no one else is writing it.
///
/// # Errors
/// As [`write_whole`].
pub fn replace_whole(path: &Path, bytes: &[u8]) -> Result<(), DatasetError> {
    remove_leftovers(path)?;
    write_whole(path, bytes)
}

/// The folder that a file is in.
fn folder_of(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    parent.unwrap_or(Path::new("."))
}

/// How the names of the temporary siblings of a file begin.
fn prefix_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!(".{name}.")
}

/// Makes renames inside `folder` durable. Only Unix lets a folder be opened for that.
///
/// # Errors
/// What the file system refuses, with the path.
pub fn sync_folder(folder: &Path) -> Result<(), DatasetError> {
    if cfg!(unix) {
        let fail = |source| DatasetError::io("sync", folder, source);
        File::open(folder).map_err(fail)?.sync_all().map_err(fail)?;
    }
    Ok(())
}

/// Removes the temporary siblings that killed runs left of a file.
fn remove_leftovers(path: &Path) -> Result<(), DatasetError> {
    let (folder, prefix) = (folder_of(path), prefix_of(path));
    for entry in fs::read_dir(folder).map_err(|source| DatasetError::io("list", folder, source))? {
        let entry = entry.map_err(|source| DatasetError::io("list", folder, source))?;
        let found = entry.file_name();
        let found = found.to_string_lossy();
        if found.starts_with(&prefix) && found.ends_with(TEMPORARY) {
            let path = entry.path();
            fs::remove_file(&path).map_err(|source| DatasetError::io("remove", &path, source))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_a_file_whole_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_whole(&path, b"first").unwrap();
        write_whole(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn removes_only_the_leftovers_of_the_named_file() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".a.csv.x1.tmp", ".b.csv.x1.tmp", "a.csv"] {
            fs::write(folder.path().join(name), b"").unwrap();
        }
        replace_whole(&folder.path().join("a.csv"), b"new").unwrap();
        assert!(!folder.path().join(".a.csv.x1.tmp").exists());
        assert!(folder.path().join(".b.csv.x1.tmp").exists());
        assert_eq!(fs::read(folder.path().join("a.csv")).unwrap(), b"new");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = write_whole(Path::new("/nowhere/at/all/a.json"), b"").unwrap_err();
        assert!(
            error.to_string().contains("/nowhere/at/all/a.json"),
            "{error}"
        );
    }
}
