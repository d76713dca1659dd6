//! Telling formats by content first, by name second.

use crate::read::{npz, off};
use crate::text::words;

/// The formats, for messages.
pub(crate) const KNOWN: &str = "OFF, PLY, PCD, NPY, NPZ";

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Off,
    Ply,
    Pcd,
    Npy,
    Npz,
}

impl Format {
    /// The format of `bytes`, or of a file with this name where the content does not say.
    pub fn detect(bytes: &[u8], name: &str) -> Option<Format> {
        Format::by_content(bytes).or_else(|| Format::by_name(name))
    }

    fn by_content(bytes: &[u8]) -> Option<Format> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if bytes.starts_with(b"\x93NUMPY") {
            return Some(Format::Npy);
        }
        if bytes.starts_with(npz::MAGIC) {
            return Some(Format::Npz);
        }
        if bytes.starts_with(b"ply") && bytes.get(3).is_some_and(u8::is_ascii_whitespace) {
            return Some(Format::Ply);
        }
        let head = &bytes[..bytes.len().min(4096)];
        let mut lines = head.split(|b| *b == b'\n' || *b == b'\r');
        let mut first =
            lines.find_map(|line| words(line).next().filter(|word| !word.starts_with(b"#")));
        if head.starts_with(b"# .PCD")
            || first.is_some_and(|word| word == b"VERSION" || word == b"FIELDS")
        {
            return Some(Format::Pcd);
        }
        first
            .take_if(|word| off::is_header(word))
            .map(|_word| Format::Off)
    }

    fn by_name(name: &str) -> Option<Format> {
        let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
        Some(match extension.as_str() {
            "off" => Format::Off,
            "ply" => Format::Ply,
            "pcd" => Format::Pcd,
            "npy" => Format::Npy,
            "npz" => Format::Npz,
            _ => return None,
        })
    }

    /// The name of the format in messages.
    pub fn title(self) -> &'static str {
        match self {
            Format::Off => "OFF",
            Format::Ply => "PLY",
            Format::Pcd => "PCD",
            Format::Npy => "NPY",
            Format::Npz => "NPZ",
        }
    }
}
