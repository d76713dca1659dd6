//! The files of a data set: their names, and their bytes when asked for.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::time::Duration;
use std::time::SystemTime;

use spectra_pointcloud::{FORMATS, Limits, Visit};
use walkdir::WalkDir;

use crate::archive::Archive;
use crate::load::unreadable;
use crate::store::manifest::is_store;
use crate::{DatasetError, Item, Split};

/// Text files of these names are about the data, not part of it.
const NOT_SHAPES: [&str; 13] = [
    "readme",
    "license",
    "licence",
    "labels",
    "filelist",
    "files",
    "names",
    "train",
    "test",
    "val",
    "split",
    "splits",
    "synsetoffset2category",
];

/// Largest list, table or taxonomy that is read.
const TEXT_LIMIT: u64 = 1 << 30;

/// Names of files and folders below a root, sorted; nothing is opened until [`Tree::read`].
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    /// Folders between `root` and the data: `ModelNet10/` if the root holds nothing else.
    prefix: String,
    /// Paths of files relative to root and prefix, `/` between folders, sorted.
    pub files: Vec<String>,
    /// Paths of folders likewise.
    pub folders: BTreeSet<String>,
    /// The archive that `root` is, if it is one.
    archive: Option<Archive>,
}

impl Tree {
    /// Lists a folder. Hidden files and what archivers leave behind are passed over, links to
    /// folders are followed, and a chain of lone folders at the top is walked down. Spectral stores are passed over, so that
    /// one may be written beside the shapes. A link that leads nowhere is listed as a file, so that it is that one item
    /// which cannot be read.
    pub fn of_folder(root: &Path) -> Result<Self, DatasetError> {
        if root.is_file() {
            let error = io::Error::from(ErrorKind::NotADirectory);
            return Err(DatasetError::io("list", root, error));
        }
        let mut tree = Self {
            root: root.to_owned(),
            prefix: String::new(),
            files: Vec::new(),
            folders: BTreeSet::new(),
            archive: None,
        };
        let walk = WalkDir::new(root)
            .min_depth(1)
            .follow_links(true)
            .into_iter()
            .filter_entry(|entry| {
                let store = entry.file_type().is_dir() && is_store(entry.path());
                !store && !is_hidden(&entry.file_name().to_string_lossy())
            });
        for entry in walk {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(root).to_owned();
                    if path != root && path.is_symlink() && !path.exists() {
                        tree.files.push(relative(root, &path)?);
                        continue;
                    }
                    return Err(DatasetError::io("list", &path, error.into()));
                }
            };
            let name = relative(root, entry.path())?;
            if entry.file_type().is_dir() {
                tree.folders.insert(name);
            } else if entry.file_type().is_file() {
                tree.files.push(name);
            }
        }
        tree.files.sort_unstable();
        tree.descend();
        Ok(tree)
    }

    /// A data set in one file.
    pub fn of_file(path: &Path) -> Result<Self, DatasetError> {
        let root = path.parent().unwrap_or(path).to_owned();
        let name = path.file_name().unwrap_or(path.as_os_str());
        let file = relative(Path::new(""), Path::new(name))?;
        Ok(Self {
            root,
            prefix: String::new(),
            files: vec![file],
            folders: BTreeSet::new(),
            archive: None,
        })
    }

    /// The files of an archive, seen as the folder that it unpacks to.
    pub fn of_archive(root: &Path, archive: Archive) -> Self {
        let shown = |file: &&String| !file.split('/').any(is_hidden);
        let files: Vec<String> = archive.files().filter(shown).cloned().collect();
        let mut folders = BTreeSet::new();
        for file in &files {
            let slashes = file.match_indices('/');
            folders.extend(slashes.map(|(at, _)| file[..at].to_owned()));
        }
        let mut tree = Self {
            root: root.to_owned(),
            prefix: String::new(),
            files,
            folders,
            archive: Some(archive),
        };
        tree.descend();
        tree
    }

    /// Whether the files lie in an archive.
    pub fn is_archive(&self) -> bool {
        self.archive.is_some()
    }

    /// Hands the files of an archive that are `wanted` to `visit`, in one pass; none where it is a folder.
    pub fn visit(
        &self,
        wanted: &dyn Fn(&str) -> bool,
        visit: &mut Visit,
    ) -> Result<(), DatasetError> {
        let Some(archive) = &self.archive else {
            return Ok(());
        };
        let own = |name: &str| name.strip_prefix(&self.prefix).map(str::to_owned);
        archive.visit(
            &|name| own(name).is_some_and(|name| wanted(&name)),
            &mut |name, bytes| match own(name) {
                Some(name) => visit(&name, bytes),
                None => ControlFlow::Continue(()),
            },
        )
    }

    /// Walks down while there is one folder and no file.
    fn descend(&mut self) {
        loop {
            let mut tops = self.folders.iter().filter(|folder| !folder.contains('/'));
            let (Some(only), None) = (tops.next(), tops.next()) else {
                return;
            };
            let step = format!("{only}/");
            let mut inside = self
                .folders
                .iter()
                .filter_map(|folder| folder.strip_prefix(&step));
            // A lone class is a class: its folders are splits or models, not classes.
            let is_class = inside
                .clone()
                .any(|folder| Split::from_name(folder).is_some())
                && !inside.clone().any(|folder| folder.contains('/'));
            if is_synset(only)
                || is_class
                || inside.next().is_none()
                || self.files.iter().any(|file| !file.starts_with(&step))
            {
                return;
            }
            self.prefix.push_str(&step);
            let cut = |path: &String| path.strip_prefix(&step).map(str::to_owned);
            self.files = self.files.iter().filter_map(cut).collect();
            self.folders = self.folders.iter().filter_map(cut).collect();
        }
    }

    /// The folder in which the data really begins, for messages.
    pub fn top(&self) -> PathBuf {
        self.root.join(&self.prefix)
    }

    /// What the data set is called if nothing else tells: the name of its folder, or of the archive without its
    /// endings.
    pub fn name(&self) -> String {
        let top = self.top();
        let top = top.canonicalize().unwrap_or(top);
        let name = top
            .file_name()
            .map_or_else(|| "data".into(), |name| name.to_string_lossy().into_owned());
        if self.archive.is_none() || !self.prefix.is_empty() {
            return name;
        }
        let endings = [".gz", ".xz", ".zst", ".tgz", ".txz", ".tar", ".zip"];
        let cut = |name: &str| {
            endings
                .iter()
                .find_map(|e| name.strip_suffix(e).map(str::to_owned))
        };
        let once = cut(&name).unwrap_or(name);
        cut(&once).unwrap_or(once)
    }

    /// True if there is a file of this name.
    pub fn has(&self, file: &str) -> bool {
        self.files
            .binary_search_by(|found| found.as_str().cmp(file))
            .is_ok()
    }

    /// The bytes of a file of at most `limit` bytes.
    pub fn read(&self, file: &str, limit: u64) -> Result<Vec<u8>, DatasetError> {
        let path = self.path(file);
        let fail = |source| DatasetError::io("read", &path, source);
        if let Some(archive) = &self.archive {
            let read = archive.read(&format!("{}{file}", self.prefix))?;
            return read.map_err(|error| DatasetError::Archive {
                path: path.clone(),
                message: error.to_string(),
            });
        }
        let opened = File::open(&path).map_err(fail)?;
        let mut bytes = Vec::new();
        // One byte more tells a file at the limit from one beyond it, even if it grows meanwhile.
        opened
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(fail)?;
        if bytes.len() as u64 > limit {
            let message = format!("more than the limit of {limit} bytes");
            return Err(fail(io::Error::new(ErrorKind::FileTooLarge, message)));
        }
        Ok(bytes)
    }

    /// The bytes of a file that an item lies in. What concerns this file alone is an error of the item.
    pub fn read_for(&self, item: &Item, file: &str) -> Result<Vec<u8>, DatasetError> {
        let read = match &self.archive {
            Some(archive) => archive.read(&format!("{}{file}", self.prefix)),
            None => self.read(file, Limits::default().bytes).map(Ok),
        };
        read.map_err(|error| self.of_item(item, error))?
            .map_err(|error| unreadable(item, &error))
    }

    /// A file as text; what is not UTF-8 is replaced, since names and numbers are ASCII.
    pub fn text(&self, file: &str) -> Result<String, DatasetError> {
        Ok(String::from_utf8_lossy(&self.read(file, TEXT_LIMIT)?).into_owned())
    }

    /// Where a file lies, for messages.
    pub fn path(&self, file: &str) -> PathBuf {
        self.top().join(file)
    }

    /// When a file was last changed, of what lies in an archive the archive; `None` where the system does not say.
    pub fn changed(&self, file: &str) -> Option<SystemTime> {
        let path = match self.is_archive() {
            true => self.root.clone(),
            false => self.path(file),
        };
        fs::metadata(path).ok().and_then(|found| changed(&found))
    }

    /// An error of one file concerns its item, one of the disk or the whole folder everyone.
    fn of_item(&self, item: &Item, error: DatasetError) -> DatasetError {
        let DatasetError::Io {
            action,
            path,
            source,
        } = error
        else {
            return error;
        };
        let kind = match source.kind() {
            ErrorKind::NotFound if self.vanished() => {
                let path = self.top();
                return DatasetError::Io {
                    action,
                    path,
                    source,
                };
            }
            ErrorKind::NotFound => "missing",
            ErrorKind::PermissionDenied => "permission",
            ErrorKind::IsADirectory | ErrorKind::InvalidInput => "io",
            ErrorKind::FileTooLarge => "limit",
            _ => {
                return DatasetError::Io {
                    action,
                    path,
                    source,
                };
            }
        };
        let message = format!("{}: {}", item.source, source);
        DatasetError::Item {
            id: item.id.clone(),
            kind: kind.to_owned(),
            message,
        }
    }

    /// Whether the whole data set is gone, rather than one file of it.
    fn vanished(&self) -> bool {
        let top = if self.is_archive() {
            self.root.clone()
        } else {
            self.top()
        };
        matches!(fs::metadata(top), Err(error) if error.kind() == ErrorKind::NotFound)
    }
}

/// When the file under a name became what it is. Archivers and copies keep the time of the content, which may also lie
/// in the future; that of the entry is the system's own.
#[cfg(unix)]
fn changed(found: &Metadata) -> Option<SystemTime> {
    use std::os::unix::fs::MetadataExt;
    let seconds = u64::try_from(found.ctime()).ok()?;
    let nanoseconds = u32::try_from(found.ctime_nsec()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds))
}

#[cfg(not(unix))]
fn changed(found: &Metadata) -> Option<SystemTime> {
    found.modified().ok()
}

/// True for a WordNet offset as ShapeNet writes it: eight digits, with leading zeros.
pub(crate) fn is_synset(name: &str) -> bool {
    name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_hidden(name: &str) -> bool {
    name.starts_with('.') || name == "__MACOSX" || name == "Thumbs.db" || name == "desktop.ini"
}

fn relative(root: &Path, path: &Path) -> Result<String, DatasetError> {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let mut name = String::new();
    for part in inside.components() {
        let part = part.as_os_str().to_str().ok_or_else(|| {
            DatasetError::layout(
                path,
                "the name is not valid UTF-8; rename it, then try again",
            )
        })?;
        if !name.is_empty() {
            name.push('/');
        }
        name.push_str(part);
    }
    Ok(name)
}

/// True if the name of a file says that it holds a shape.
pub(crate) fn is_shape(file: &str) -> bool {
    let (stem, ending) = split_ending(file);
    if matches!(ending.as_str(), "txt" | "csv") {
        let name = stem.rsplit('/').next().unwrap_or(stem).to_ascii_lowercase();
        return !NOT_SHAPES
            .iter()
            .any(|word| name == *word || name.ends_with(&format!("_{word}")));
    }
    FORMATS
        .iter()
        .any(|(_format, endings)| endings.contains(&ending.as_str()))
}

/// A path without the ending of its format, and that ending in lower case without that of a compression:
/// `a/b.OFF.gz` is `a/b` and `off`.
pub(crate) fn split_ending(file: &str) -> (&str, String) {
    let packed = |ending: &&str| {
        let at = file.len().checked_sub(ending.len());
        at.is_some_and(|at| file.is_char_boundary(at) && file[at..].eq_ignore_ascii_case(ending))
    };
    let plain = [".gz", ".xz", ".zst"]
        .iter()
        .find(|ending| packed(ending))
        .map_or(file, |ending| &file[..file.len() - ending.len()]);
    match plain.rfind('.') {
        Some(dot) if !plain[dot..].contains('/') && dot > 0 => {
            (&plain[..dot], plain[dot + 1..].to_ascii_lowercase())
        }
        _ => (plain, String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_cut_once_and_gzip_is_looked_through() {
        assert_eq!(split_ending("a/b.OFF.gz"), ("a/b", "off".into()));
        assert_eq!(split_ending("a/b.ply.zst"), ("a/b", "ply".into()));
        assert_eq!(split_ending("a/b.off.XZ"), ("a/b", "off".into()));
        assert_eq!(split_ending("a.b/c"), ("a.b/c", String::new()));
        assert_eq!(
            split_ending("v1.2/x_0001.ply"),
            ("v1.2/x_0001", "ply".into())
        );
        assert_eq!(split_ending("é"), ("é", String::new()));
    }

    #[test]
    fn lists_and_notes_are_not_shapes() {
        for file in [
            "README.txt",
            "modelnet40_train.txt",
            "a/labels.csv",
            "x.mtl",
            "x",
            "a.json",
        ] {
            assert!(!is_shape(file), "{file}");
        }
        for file in ["a/chair_0001.txt", "b.OFF", "c.ply.gz", "x/points.csv"] {
            assert!(is_shape(file), "{file}");
        }
        for ending in FORMATS.iter().flat_map(|(_format, endings)| *endings) {
            assert!(is_shape(&format!("a.{ending}.xz")), "{ending}");
        }
    }

    #[test]
    fn a_lone_folder_is_walked_down_and_hidden_files_are_not_seen() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("data/ModelNet10/chair/train");
        fs::create_dir_all(&deep).unwrap();
        fs::create_dir_all(folder.path().join("data/ModelNet10/sofa")).unwrap();
        fs::create_dir_all(folder.path().join("__MACOSX/data")).unwrap();
        fs::write(deep.join("chair_0001.off"), b"OFF").unwrap();
        fs::write(deep.join(".DS_Store"), b"").unwrap();
        let store = folder.path().join("data/m10.spectra");
        fs::create_dir_all(&store).unwrap();
        fs::write(store.join("part-00000-of-00001.csv"), b"id\n").unwrap();
        let manifest = b"{\n  \"format\": \"spectra-store\",\n  \"version\": 1\n}\n";
        fs::write(store.join("manifest.json"), manifest).unwrap();
        let tree = Tree::of_folder(folder.path()).unwrap();
        assert_eq!(tree.files, ["chair/train/chair_0001.off"]);
        assert_eq!(
            tree.folders.iter().collect::<Vec<_>>(),
            ["chair", "chair/train", "sofa"]
        );
        assert_eq!(tree.name(), "ModelNet10");
        assert!(tree.has("chair/train/chair_0001.off"));
        assert_eq!(tree.text("chair/train/chair_0001.off").unwrap(), "OFF");
    }
}
