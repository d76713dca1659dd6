//! One writer at a time.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::DatasetError;

/// Name of the lock file in a store that is being written.
pub(crate) const LOCK: &str = ".lock";

/// Holds the right to write into a store. The system drops it when the process ends, however it
/// ends, so a killed run never blocks the next one.
#[derive(Debug)]
pub(crate) struct Lock {
    files: Vec<(PathBuf, File)>,
}

impl Lock {
    /// Takes the store for a whole run (`shard` = `(0, 1)`), or one shard of it: shards with
    /// different numbers may write into the same folder at once, a whole run excludes them all.
    pub(crate) fn take(folder: &Path, shard: (usize, usize)) -> Result<Self, DatasetError> {
        let whole = folder.join(LOCK);
        if shard.1 == 1 {
            return Ok(Self {
                files: vec![(whole.clone(), locked(folder, &whole, false)?)],
            });
        }
        let own = folder.join(format!("{LOCK}-{:05}-of-{:05}", shard.0, shard.1));
        Ok(Self {
            files: vec![
                (own.clone(), locked(folder, &own, false)?),
                (whole.clone(), locked(folder, &whole, true)?),
            ],
        })
    }

    /// Gives the store back and removes the lock files that no one else holds. Whoever opened one in
    /// between finds the work done: the caller has written everything before.
    pub(crate) fn release(self) {
        for (path, file) in self.files {
            // A shared lock is only removed by the last holder, who can make it exclusive.
            let alone = file.unlock().is_ok() && file.try_lock().is_ok();
            if alone {
                // A lock file that stays is harmless, so a failure here is no one's concern.
                fs::remove_file(&path).ok();
            }
        }
    }
}

fn locked(folder: &Path, path: &Path, shared: bool) -> Result<File, DatasetError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|source| DatasetError::io("create", path, source))?;
    let taken = if shared {
        file.try_lock_shared()
    } else {
        file.try_lock()
    };
    match taken {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(DatasetError::Locked {
            path: folder.to_owned(),
        }),
        // Some network file systems have no locks: work goes on without one, since parts are
        // written whole and the same bytes come out whoever writes them.
        Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {
            Ok(file)
        }
        Err(TryLockError::Error(source)) => Err(DatasetError::io("lock", path, source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_run_excludes_everyone() {
        let folder = tempfile::tempdir().unwrap();
        let held = Lock::take(folder.path(), (0, 1)).unwrap();
        for shard in [(0, 1), (1, 3)] {
            let error = Lock::take(folder.path(), shard).unwrap_err();
            assert!(matches!(error, DatasetError::Locked { .. }), "{error}");
        }
        held.release();
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "only the shard's own lock"
        );
        Lock::take(folder.path(), (0, 1)).unwrap();
    }

    #[test]
    fn shards_share_a_folder_but_not_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path(), (0, 3)).unwrap();
        let second = Lock::take(folder.path(), (1, 3)).unwrap();
        assert!(Lock::take(folder.path(), (1, 3)).is_err());
        assert!(Lock::take(folder.path(), (0, 1)).is_err());
        first.release();
        second.release();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
