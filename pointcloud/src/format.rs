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
pub(crate) fn known() -> String {
    FORMATS
        .iter()
        .map(|(name, _)| *name)
        .collect::<Vec<_>>()
        .join(", ")
}

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
    /// In the order of [`FORMATS`].
    const ALL: [Self; FORMATS.len()] = [
        Self::Off,
        Self::Ply,
        Self::Obj,
        Self::Stl,
        Self::Pcd,
        Self::Npy,
        Self::Npz,
        Self::Hdf5,
        Self::Binvox,
        Self::Table,
    ];

    pub fn name(self) -> &'static str {
        FORMATS[self as usize].0
    }

    /// By content where it tells, else by name, else by what the text looks like.
    pub fn of(bytes: &[u8], name: &str) -> Option<Self> {
        Self::of_content(bytes)
            .or_else(|| Self::of_name(name))
            .or_else(|| Self::of_looks(bytes))
    }

    /// How surely bytes are a shape, the least most so: 0 by content or by the ending of a mesh or an array, 1 by
    /// numbers in columns, 2 by the ending of a table alone, which notes have as well.
    pub fn doubt(self, bytes: &[u8]) -> u8 {
        match self {
            Self::Table => 2 - u8::from(table::is_table(head(bytes))),
            _ => 0,
        }
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
        let ending = extension(name);
        let has = |(_, endings): &(&str, &[&str])| endings.contains(&ending.as_str());
        FORMATS.iter().position(has).map(|place| Self::ALL[place])
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
    let text = crate::text::unmarked(bytes);
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
    fn formats_stand_in_the_order_of_their_list() {
        for (place, format) in Format::ALL.into_iter().enumerate() {
            assert_eq!(format as usize, place);
            for ending in FORMATS[place].1 {
                assert_eq!(Format::of_name(&format!("a.{ending}")), Some(format));
            }
        }
        assert_eq!(Format::Hdf5.name(), "HDF5");
    }

    #[test]
    fn content_comes_before_the_name() {
        let cases: [(&[u8], &str, Option<Format>); 11] = [
            (b"ply\nformat", "a.off", Some(Format::Ply)),
            (b"OFF490 518 0\n", "a.ply", Some(Format::Off)),
            (b"\x93NUMPY", "a.txt", Some(Format::Npy)),
            (b"# .PCD v0.7\n", "a", Some(Format::Pcd)),
            (b"# by hand\nv 1 2 3\n", "a", Some(Format::Obj)),
            (b"1,2,3\n", "a", Some(Format::Table)),
            (b"4 4 6\n", "A.OFF", Some(Format::Off)),
            (b"solid x\nfacet normal", "a", Some(Format::Stl)),
            (b"hello", "a.b/c", None),
            (b"newmtl a\nNs 96\nKd 0.8 0.8 0.8\n", "a.mtl", None),
            (b"\0\0\0", "a", None),
        ];
        for (bytes, name, format) in cases {
            assert_eq!(Format::of(bytes, name), format, "{name} {bytes:?}");
        }
    }
}
