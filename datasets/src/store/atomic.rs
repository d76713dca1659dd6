//! Files that appear whole under their final name, or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use tempfile::Builder;

use crate::DatasetError;

/// Ending of files that are still being written; a killed run leaves them behind.
pub(crate) const TEMPORARY: &str = ".tmp";

/// Writes `bytes` to a temporary sibling, syncs it, renames it to `path`, and syncs the folder, so
/// that neither a kill nor a power cut leaves half a file under the final name.
///
/// # Errors
/// What the file system refuses, with the path.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), DatasetError> {
    let fail = |source| DatasetError::io("write", path, source);
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    let folder = parent.unwrap_or(Path::new("."));
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy())
        .unwrap_or_default();
    let prefix = format!(".{name}.");
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

/// Makes renames inside `folder` durable. Only Unix lets a folder be opened for that.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), DatasetError> {
    if cfg!(unix) {
        let fail = |source| DatasetError::io("sync", folder, source);
        File::open(folder).map_err(fail)?.sync_all().map_err(fail)?;
    }
    Ok(())
}

/// Removes what killed runs left of the file `name` in `folder`.
pub(crate) fn remove_leftovers(folder: &Path, name: &str) -> Result<(), DatasetError> {
    let prefix = format!(".{name}.");
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
        remove_leftovers(folder.path(), "a.csv").unwrap();
        assert!(!folder.path().join(".a.csv.x1.tmp").exists());
        assert!(folder.path().join(".b.csv.x1.tmp").exists());
        assert!(folder.path().join("a.csv").exists());
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
