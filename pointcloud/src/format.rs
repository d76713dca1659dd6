//! Which format a file is in.

/// The formats that are read, with the names their files usually have.
pub const FORMATS: &[(&str, &[&str])] = &[
    ("OFF", &["off"]),
    ("PLY", &["ply"]),
    ("PCD", &["pcd"]),
    ("NPY", &["npy"]),
    ("NPZ", &["npz"]),
];

/// The same list for messages.
pub(crate) const KNOWN: &str = "OFF, PLY, PCD, NPY, NPZ";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Off,
    Ply,
    Pcd,
    Npy,
    Npz,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::Ply => "PLY",
            Self::Pcd => "PCD",
            Self::Npy => "NPY",
            Self::Npz => "NPZ",
        }
    }

    /// By content where it tells, else by name.
    pub fn of(bytes: &[u8], name: &str) -> Option<Self> {
        Self::of_content(bytes).or_else(|| Self::of_name(name))
    }

    fn of_content(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x93NUMPY") {
            return Some(Self::Npy);
        }
        if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
            return Some(Self::Npz);
        }
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut words = crate::text::words(&text[..text.len().min(4096)]);
        let first = words.next()?;
        if first == b"ply" {
            return Some(Self::Ply);
        }
        if crate::read::off::is_header(first) {
            return Some(Self::Off);
        }
        let pcd = first == b".PCD" || first == b"VERSION" || text.starts_with(b"# .PCD");
        pcd.then_some(Self::Pcd)
    }

    fn of_name(name: &str) -> Option<Self> {
        match extension(name).as_str() {
            "off" => Some(Self::Off),
            "ply" => Some(Self::Ply),
            "pcd" => Some(Self::Pcd),
            "npy" => Some(Self::Npy),
            "npz" => Some(Self::Npz),
            _ => None,
        }
    }
}

/// What follows the last dot of the file's name, in lower case; empty without one.
pub(crate) fn extension(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.rsplit_once('.')
        .map(|(_, ext)| ext.to_ascii_lowercase())
        .unwrap_or_default()
}
