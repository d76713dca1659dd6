//! A zip or tar of many shapes, read where it lies.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use spectra_pointcloud::{ArchiveKind, Limits, ReadError, Visit, archive_kind, visit_archive};

use crate::DatasetError;
use crate::tree::is_shape;

/// A compressed tar with no more bytes than this in its members is decoded once and kept, since finding a
/// member in it means decoding all before it.
const KEPT: usize = 256 << 20;

/// The members of an archive.
pub(crate) struct Archive {
    path: PathBuf,
    /// Names as in the archive of the files in it, by their plain names.
    names: BTreeMap<String, String>,
    /// Contents by plain names: of lists and tables, and of all shapes where `whole`.
    kept: BTreeMap<String, Vec<u8>>,
    whole: bool,
}

impl fmt::Debug for Archive {
    /// Without the contents of the members.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Archive({}, {} files)",
            self.path.display(),
            self.names.len()
        )
    }
}

/// Walks folders with `/` and from where they are, as a tree of files does.
fn plain(member: &str) -> String {
    let member = member.replace('\\', "/");
    let parts = member.split('/').filter(|part| !matches!(*part, "" | "."));
    parts.collect::<Vec<_>>().join("/")
}

fn is_list(name: &str) -> bool {
    let ending = name.rsplit('.').next().unwrap_or_default();
    !is_shape(name) && ["txt", "csv", "json"].contains(&ending)
}

impl Archive {
    /// Lists the archive at `path`; `None` if the file is none. A compressed tar is decoded for that.
    pub fn open(path: &Path) -> Result<Option<Self>, DatasetError> {
        let kind = archive_kind(path).map_err(|error| refused(path, error))?;
        let Some(kind) = kind else { return Ok(None) };
        let mut archive = Self {
            path: path.to_owned(),
            names: BTreeMap::new(),
            kept: BTreeMap::new(),
            whole: kind == ArchiveKind::CompressedTar,
        };
        archive.list(KEPT)?;
        Ok(Some(archive))
    }

    /// Takes in the names of all members, and of a compressed tar the shapes if they are at most so many bytes.
    fn list(&mut self, most: usize) -> Result<(), DatasetError> {
        let (whole, mut size, mut problem) = (Cell::new(self.whole), 0, None);
        let (mut names, mut kept) = (Vec::new(), BTreeMap::<String, Vec<u8>>::new());
        // The names of all members pass through the question whether they are wanted.
        let seen = RefCell::new(&mut names);
        let limits = Limits::default();
        let wanted = |member: &str| {
            seen.borrow_mut().push(member.to_owned());
            is_list(member) || whole.get() && is_shape(member)
        };
        let visited = visit_archive(&self.path, &limits, &wanted, &mut |member, bytes| {
            let bytes = match bytes {
                Ok(bytes) => bytes,
                Err(error) => {
                    problem = Some(error);
                    return ControlFlow::Break(());
                }
            };
            size += bytes.len();
            if size > most && whole.replace(false) {
                kept.retain(|name, _| is_list(name));
            }
            if whole.get() || is_list(member) {
                kept.insert(plain(member), bytes);
            }
            ControlFlow::Continue(())
        });
        visited.map_err(|error| refused(&self.path, error))?;
        if let Some(error) = problem {
            return Err(refused(&self.path, error));
        }
        self.whole = whole.get();
        self.kept = kept;
        for member in names {
            self.name(member)?;
        }
        Ok(())
    }

    fn name(&mut self, member: String) -> Result<(), DatasetError> {
        match self.names.entry(plain(&member)) {
            Entry::Vacant(place) => {
                place.insert(member);
                Ok(())
            }
            Entry::Occupied(_) => Err(DatasetError::Archive {
                path: self.path.clone(),
                message: format!("member `{member}` is there twice; unpack it first"),
            }),
        }
    }

    /// Plain names of all files, sorted.
    pub fn files(&self) -> impl Iterator<Item = &String> {
        self.names.keys()
    }

    /// The bytes of one file, or why it alone cannot be read.
    pub fn read(&self, name: &str) -> Result<Result<Vec<u8>, ReadError>, DatasetError> {
        if let Some(bytes) = self.kept.get(name) {
            return Ok(Ok(bytes.clone()));
        }
        let absent = |what: &str| {
            let error = std::io::Error::new(ErrorKind::NotFound, format!("`{name}` {what}"));
            DatasetError::io("read", &self.path, error)
        };
        let own = self.names.get(name);
        let own = own.ok_or_else(|| absent("is not in the archive"))?;
        let mut found = None;
        let wanted = |member: &str| member == own;
        visit_archive(&self.path, &Limits::default(), &wanted, &mut |_, bytes| {
            found = Some(bytes);
            ControlFlow::Break(())
        })
        .map_err(|error| refused(&self.path, error))?;
        found.ok_or_else(|| absent("is gone; the archive has changed"))
    }

    /// Hands the files whose plain names are `wanted` to `visit`: in the order of the archive, or sorted where they
    /// are kept.
    pub fn visit(
        &self,
        wanted: &dyn Fn(&str) -> bool,
        visit: &mut Visit,
    ) -> Result<(), DatasetError> {
        if self.whole {
            for (name, bytes) in &self.kept {
                if wanted(name) && visit(name, Ok(bytes.clone())).is_break() {
                    break;
                }
            }
            return Ok(());
        }
        visit_archive(
            &self.path,
            &Limits::default(),
            &|member| wanted(&plain(member)),
            &mut |member, bytes| visit(&plain(member), bytes),
        )
        .map_err(|error| refused(&self.path, error))
    }
}

/// The whole archive cannot be used.
fn refused(path: &Path, error: ReadError) -> DatasetError {
    match error {
        ReadError::Io { source, .. } => DatasetError::io("read", path, source),
        other => DatasetError::Archive {
            path: path.to_owned(),
            message: other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_have_plain_names() {
        assert_eq!(plain("./a//b/./c.off"), "a/b/c.off");
        assert_eq!(plain("a\\b.off"), "a/b.off");
    }

    #[test]
    fn of_a_large_compressed_tar_lists_alone_are_kept() {
        let mut builder = tar::Builder::new(Vec::new());
        let names = ["b.off", "a.csv", "labels.csv", "a.png", "c.off", "d.off"];
        for name in names {
            let mut header = tar::Header::new_gnu();
            header.set_size(8);
            header.set_cksum();
            builder
                .append_data(&mut header, name, &b"OFF 0 0 "[..])
                .unwrap();
        }
        let bytes = builder.into_inner().unwrap();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, &bytes).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar.gz");
        std::fs::write(&path, encoder.finish().unwrap()).unwrap();
        for (most, whole, kept) in [
            (
                100,
                true,
                &["a.csv", "b.off", "c.off", "d.off", "labels.csv"][..],
            ),
            (20, false, &["labels.csv"][..]),
        ] {
            let mut archive = Archive::open(&path).unwrap().unwrap();
            (archive.names, archive.kept) = (BTreeMap::new(), BTreeMap::new());
            archive.list(most).unwrap();
            assert_eq!(archive.whole, whole);
            assert!(archive.kept.keys().eq(kept));
            assert_eq!(archive.files().count(), names.len());
            assert_eq!(archive.read("d.off").unwrap().unwrap(), b"OFF 0 0 ");
        }
    }
}
