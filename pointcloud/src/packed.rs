//! Archives read without unpacking them to disk.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::ops::ControlFlow;
use std::path::Path;

use zip::ZipArchive;

use crate::Limits;
use crate::compressed::{Packing, undecoded};
use crate::error::{At, ReadError};
use crate::input::Input;
use crate::limits::FREE_EXPANSION;
use crate::read::npz::unpack;

/// Whether bytes begin as a tar file does.
pub(crate) fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

pub(crate) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// The kinds of archive that [`visit_archive`] walks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveKind {
    /// A zip, whose members can be passed over without reading them.
    Zip,
    /// A bare tar, likewise.
    Tar,
    /// A tar inside gzip, xz or zstd, all of which has to be decoded to reach its end.
    CompressedTar,
}

/// What kind of archive a file is by its content; `None` where it is none.
///
/// # Errors
///
/// [`ReadError::Io`] where the file cannot be read.
pub fn archive_kind(path: &Path) -> Result<Option<ArchiveKind>, ReadError> {
    let io = |source| ReadError::Io {
        name: path.display().to_string(),
        source,
    };
    let mut head = Vec::new();
    let mut file = File::open(path).map_err(io)?;
    (&mut file).take(512).read_to_end(&mut head).map_err(io)?;
    let Some(packing) = Packing::of(&head) else {
        let tar = is_tar(&head).then_some(ArchiveKind::Tar);
        return Ok(if is_zip(&head) {
            Some(ArchiveKind::Zip)
        } else {
            tar
        });
    };
    file.rewind().map_err(io)?;
    let mut inner = Vec::new();
    // What does not decode is no archive; whoever reads it as a shape says what is wrong with it.
    let decoder = packing.decoder(BufReader::new(file));
    let decoded = decoder.take(512).read_to_end(&mut inner);
    Ok((decoded.is_ok() && is_tar(&inner)).then_some(ArchiveKind::CompressedTar))
}

/// What [`visit_archive`] calls with the name of a member and its bytes, or why it alone cannot be read.
pub type Visit<'a> = dyn FnMut(&str, Result<Vec<u8>, ReadError>) -> ControlFlow<()> + 'a;

/// Hands each file in a zip or tar archive whose name is `wanted` to `visit`, one after the other in the order
/// of the archive, until that breaks. Tar files may be compressed by gzip, xz or zstd. Nothing is written to
/// disk, and one member is in memory at a time. A member of a zip that is damaged is handed on as an error, and
/// the others follow.
///
/// Folders and the metadata of macOS (`__MACOSX`, `.DS_Store`, `._*`) are passed over. The archive is refused
/// by the name of the member where one is a link, or leads out of the archive (`..`, an absolute path).
/// [`Limits`] bound each member ([`bytes`](Limits::bytes)), their number, and how far the archive as a whole may
/// expand; [`Limits::bytes`] does not bound the archive itself.
///
/// # Errors
///
/// [`ReadError`] where the archive cannot be read, is damaged, or breaks one of these rules.
pub fn visit_archive(
    path: &Path,
    limits: &Limits,
    wanted: &dyn Fn(&str) -> bool,
    visit: &mut Visit,
) -> Result<(), ReadError> {
    let name = path.display().to_string();
    let io = |source| ReadError::Io {
        name: name.clone(),
        source,
    };
    let mut file = File::open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    let mut head = Vec::new();
    (&mut file).take(512).read_to_end(&mut head).map_err(io)?;
    file.rewind().map_err(io)?;
    let input = Input {
        bytes: &head,
        name: &name,
        format: "archive",
        limits,
    };
    let file = BufReader::with_capacity(1 << 16, file);
    if is_zip(&head) {
        let zip = Input {
            format: "zip",
            ..input
        };
        return visit_zip(&zip, file, &Budget::of(size, limits), wanted, visit);
    }
    let tar = Input {
        format: "tar",
        ..input
    };
    match Packing::of(&head) {
        Some(packing) => {
            let budget = Budget::of(size, limits);
            visit_tar(&tar, packing.decoder(file), &budget, wanted, visit)
        }
        None if is_tar(&head) => visit_tar(&tar, file, &Budget::new(u64::MAX), wanted, visit),
        None => Err(input.syntax(
            At::Byte(0),
            "a zip or tar archive",
            &String::from_utf8_lossy(&head[..head.len().min(16)]),
        )),
    }
}

/// The files in an archive that is in memory.
pub(crate) fn visit_bytes(input: &Input, visit: &mut Visit) -> Result<(), ReadError> {
    if is_zip(input.bytes) {
        let budget = Budget::of(input.bytes.len() as u64, input.limits);
        let file = Cursor::new(input.bytes);
        return visit_zip(input, file, &budget, &|_| true, visit);
    }
    let budget = Budget::new(u64::MAX);
    visit_tar(input, input.bytes, &budget, &|_| true, visit)
}

fn visit_zip(
    input: &Input,
    file: impl Read + Seek,
    budget: &Budget,
    wanted: &dyn Fn(&str) -> bool,
    visit: &mut Visit,
) -> Result<(), ReadError> {
    let damaged = |error: zip::result::ZipError| input.corrupt(At::File, error.to_string());
    let mut archive = ZipArchive::new(file).map_err(damaged)?;
    check_members(input, archive.len() as u64)?;
    for i in 0..archive.len() {
        // The directory alone tells which members are wanted: opening one reads from where it lies.
        let entry = archive.by_index_data(i).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.into_owned();
        check_name(input, &name, entry.is_symlink())?;
        if entry.is_dir() || is_metadata(&name) || !wanted(&name) {
            continue;
        }
        let limit = input.limits.expanded(entry.compressed_size());
        let within = within(input, &name);
        let bytes = match archive.by_index(i) {
            Ok(member) => unpack(&within, budget.cap(member), limit),
            Err(error) => Err(within.corrupt(At::File, error.to_string())),
        };
        budget.check(input)?;
        if let Err(bomb @ ReadError::Limit { .. }) = bytes {
            return Err(bomb);
        }
        if visit(&name, bytes).is_break() {
            break;
        }
    }
    Ok(())
}

/// How many bytes an archive as a whole may still expand to.
struct Budget {
    most: u64,
    left: Cell<Option<u64>>,
}

impl Budget {
    fn new(most: u64) -> Self {
        let left = Cell::new(Some(most));
        Self { most, left }
    }

    /// For a compressed archive of `size` bytes.
    fn of(size: u64, limits: &Limits) -> Self {
        let most = size.saturating_mul(limits.expansion);
        Self::new(most.saturating_add(FREE_EXPANSION))
    }

    /// A stream that fails where it leads beyond the budget.
    fn cap<R>(&self, stream: R) -> Capped<'_, R> {
        Capped {
            stream,
            budget: self,
        }
    }

    /// The error where a stream led beyond the budget.
    fn check(&self, input: &Input) -> Result<(), ReadError> {
        let found = match self.left.get() {
            Some(_) => 0,
            None => self.most.saturating_add(1),
        };
        input.within("unpacked bytes", found, self.most)
    }
}

struct Capped<'a, R> {
    stream: R,
    budget: &'a Budget,
}

impl<R: Read> Read for Capped<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(bytes)?;
        let left = self.budget.left.get();
        let left = left.and_then(|left| left.checked_sub(count as u64));
        self.budget.left.set(left);
        match left {
            Some(_) => Ok(count),
            None => Err(io::Error::other("too many bytes")),
        }
    }
}

fn visit_tar(
    input: &Input,
    stream: impl Read,
    budget: &Budget,
    wanted: &dyn Fn(&str) -> bool,
    visit: &mut Visit,
) -> Result<(), ReadError> {
    let walked = walk_tar(input, budget.cap(stream), wanted, visit);
    budget.check(input).and(walked)
}

fn walk_tar(
    input: &Input,
    stream: impl Read,
    wanted: &dyn Fn(&str) -> bool,
    visit: &mut Visit,
) -> Result<(), ReadError> {
    let damaged = |error: io::Error| undecoded(input, &error);
    let mut archive = tar::Archive::new(stream);
    for (i, entry) in archive.entries().map_err(damaged)?.enumerate() {
        check_members(input, i as u64 + 1)?;
        let entry = entry.map_err(damaged)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        check_name(input, &name, kind.is_symlink() || kind.is_hard_link())?;
        if !(kind.is_file() || kind.is_contiguous()) || is_metadata(&name) || !wanted(&name) {
            continue;
        }
        let size = entry.size();
        let bytes = unpack(&within(input, &name), entry, input.limits.bytes)?;
        if (bytes.len() as u64) < size {
            let found = format!("{} bytes", bytes.len());
            return Err(input.truncated(At::File, format!("{size} bytes of `{name}`"), found));
        }
        if visit(&name, Ok(bytes)).is_break() {
            break;
        }
    }
    Ok(())
}

fn check_members(input: &Input, found: u64) -> Result<(), ReadError> {
    let limit = input.limits.members;
    if found <= limit {
        return Ok(());
    }
    Err(ReadError::Limit {
        place: input.place(At::File),
        what: "members",
        limit,
        found,
    })
}

fn check_name(input: &Input, member: &str, link: bool) -> Result<(), ReadError> {
    let windows_drive = member.as_bytes().get(1) == Some(&b':');
    let why = if link {
        "it is a link"
    } else if member.starts_with(['/', '\\']) || windows_drive {
        "its path is absolute"
    } else if member.split(['/', '\\']).any(|part| part == "..") {
        "its path leads out of the archive"
    } else {
        return Ok(());
    };
    Err(ReadError::RefusedMember {
        place: input.place(At::File),
        member: member.to_owned(),
        why,
    })
}

fn is_metadata(member: &str) -> bool {
    let file = member.rsplit('/').next().unwrap_or(member);
    member.starts_with("__MACOSX/") || file == ".DS_Store" || file.starts_with("._")
}

/// The archive, with errors that name the member.
fn within<'a>(input: &Input<'a>, member: &'a str) -> Input<'a> {
    Input {
        name: member,
        ..*input
    }
}
