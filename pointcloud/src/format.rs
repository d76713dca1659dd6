//! Which format a file is in.

use crate::read::{binvox, hdf5, obj, off, stl, table};

/// The formats that are read, with the extensions that their files usually have.
pub const FORMATS: &[(&str, &[&str])] = &[
    ("OFF", &["off"]),
    ("PLY", &["ply"]),
    ("OBJ", &["obj"]),
    ("STL", &["stl"]),
    ("PCD", &["pcd"]),
    ("NPY", &["npy"]),
    ("NPZ", &["npz"]),
    ("HDF5", &["h5", "hdf5"]),
    ("binvox", &["binvox"]),
    (
        "text table",
        &["xyz", "pts", "txt", "csv", "xyzn", "xyzrgb", "asc"],
    ),
];

/// The same list for messages.
pub(crate) const KNOWN: &str =
    "OFF, PLY, OBJ, STL, PCD, NPY, NPZ, HDF5, binvox, a table of numbers";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Off,
    Ply,
    Obj,
    Stl,
    Pcd,
    Npy,
    Npz,
    Hdf5,
    Binvox,
    Table,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::Ply => "PLY",
            Self::Obj => "OBJ",
            Self::Stl => "STL",
            Self::Pcd => "PCD",
            Self::Npy => "NPY",
            Self::Npz => "NPZ",
            Self::Hdf5 => "HDF5",
            Self::Binvox => "binvox",
            Self::Table => "text table",
        }
    }

    /// By content where it tells, else by name, else by what the text looks like.
    pub fn of(bytes: &[u8], name: &str) -> Option<Self> {
        Self::of_content(bytes)
            .or_else(|| Self::of_name(name))
            .or_else(|| Self::of_looks(bytes))
    }

    /// By what files of one format alone begin with.
    fn of_content(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x93NUMPY") {
            return Some(Self::Npy);
        }
        if crate::packed::is_zip(bytes) {
            return Some(Self::Npz);
        }
        if bytes.starts_with(hdf5::MAGIC) {
            return Some(Self::Hdf5);
        }
        if bytes.starts_with(binvox::MAGIC) {
            return Some(Self::Binvox);
        }
        if stl::is_binary(bytes) {
            return Some(Self::Stl);
        }
        let text = head(bytes);
        let first = crate::text::words(text).next()?;
        if first == b"ply" {
            return Some(Self::Ply);
        }
        if off::is_header(first) {
            return Some(Self::Off);
        }
        if stl::is_ascii(text) {
            return Some(Self::Stl);
        }
        let pcd = first == b".PCD" || first == b"VERSION" || text.starts_with(b"# .PCD");
        pcd.then_some(Self::Pcd)
    }

    fn of_name(name: &str) -> Option<Self> {
        match extension(name).as_str() {
            "off" => Some(Self::Off),
            "ply" => Some(Self::Ply),
            "obj" => Some(Self::Obj),
            "stl" => Some(Self::Stl),
            "pcd" => Some(Self::Pcd),
            "npy" => Some(Self::Npy),
            "npz" => Some(Self::Npz),
            "h5" | "hdf5" => Some(Self::Hdf5),
            "binvox" => Some(Self::Binvox),
            "xyz" | "pts" | "txt" | "csv" | "xyzn" | "xyzrgb" | "asc" => Some(Self::Table),
            _ => None,
        }
    }

    fn of_looks(bytes: &[u8]) -> Option<Self> {
        let text = head(bytes);
        if text.contains(&0) {
            return None;
        }
        if obj::is_obj(text) {
            return Some(Self::Obj);
        }
        table::is_table(text).then_some(Self::Table)
    }
}

/// The beginning of a text without its byte order mark.
fn head(bytes: &[u8]) -> &[u8] {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    &text[..text.len().min(4096)]
}

/// What follows the last dot of the file's name, in lower case; empty without one.
pub(crate) fn extension(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.rsplit_once('.')
        .map(|(_, ext)| ext.to_ascii_lowercase())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_comes_before_the_name() {
        let cases: [(&[u8], &str, Option<Format>); 10] = [
            (b"ply\nformat", "a.off", Some(Format::Ply)),
            (b"OFF490 518 0\n", "a.ply", Some(Format::Off)),
            (b"\x93NUMPY", "a.txt", Some(Format::Npy)),
            (b"# .PCD v0.7\n", "a", Some(Format::Pcd)),
            (b"# by hand\nv 1 2 3\n", "a", Some(Format::Obj)),
            (b"1,2,3\n", "a", Some(Format::Table)),
            (b"4 4 6\n", "A.OFF", Some(Format::Off)),
            (b"solid x\nfacet normal", "a", Some(Format::Stl)),
            (b"hello", "a.b/c", None),
            (b"\0\0\0", "a", None),
        ];
        for (bytes, name, format) in cases {
            assert_eq!(Format::of(bytes, name), format, "{name} {bytes:?}");
        }
    }
}
