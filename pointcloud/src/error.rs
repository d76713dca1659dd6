//! What can go wrong, said so that it can be put right.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Where in a file something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The file as a whole.
    File,
    /// A line, counted from 1.
    Line(u64),
    /// A byte, counted from 0, after decompression.
    Byte(u64),
}

/// A file, its format, and a position in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The path or the name that the reader was given.
    pub name: String,
    /// The format as which it was read, such as `OFF`.
    pub format: &'static str,
    /// The line or byte.
    pub at: At,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.name, self.format)?;
        match self.at {
            At::File => f.write_str(")"),
            At::Line(line) => write!(f, ", line {line})"),
            At::Byte(byte) => write!(f, ", byte {byte})"),
        }
    }
}

/// Why a file could not be read. Each names the file, the place, what was expected and what was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The operating system refused.
    #[error("{name}: {source}")]
    Io {
        /// The path.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// Neither content nor name tells the format.
    #[error(
        "{name}: unknown format: expected one of {}, found {found}; \
         convert it to PLY or OBJ first",
        crate::format::known()
    )]
    UnknownFormat {
        /// The path or name.
        name: String,
        /// How the file starts.
        found: String,
    },
    /// The content breaks the rules of its format.
    #[error("{place}: expected {expected}, found {found}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the format asks for.
        expected: Cow<'static, str>,
        /// What is there.
        found: String,
    },
    /// The file ends before the data that its header promises.
    #[error("{place}: the file ends early: expected {expected}, found {found}; fetch it again")]
    Truncated {
        /// Where.
        place: Place,
        /// What was promised.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A face names a vertex that does not exist.
    #[error("{place}: vertex index {index} is out of range: the file has {count} vertices")]
    IndexOutOfRange {
        /// Where.
        place: Place,
        /// The index as the file writes it.
        index: i64,
        /// How many vertices there are.
        count: u64,
    },
    /// A coordinate is NaN or infinite.
    #[error("{place}: expected finite coordinates, found {found}; remove such points first")]
    NotFinite {
        /// Where.
        place: Place,
        /// The coordinate or the point.
        found: String,
    },
    /// There is no geometry in the file.
    #[error("{place}: holds {what}: there is no shape in it")]
    Empty {
        /// Where.
        place: Place,
        /// What is missing, such as "no vertices".
        what: &'static str,
    },
    /// The file exceeds a bound of [`Limits`](crate::Limits).
    #[error(
        "{place}: {found} {what} exceed the limit of {limit}; {}",
        remedy(what)
    )]
    Limit {
        /// Where.
        place: Place,
        /// What was counted.
        what: &'static str,
        /// The bound.
        limit: u64,
        /// What the file asks for; at least this where counting stopped early.
        found: u64,
    },
    /// Well formed, but of a kind that is not read.
    #[error("{place}: {what} is not supported; {advice}")]
    Unsupported {
        /// Where.
        place: Place,
        /// What was found.
        what: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// Compressed or packed data that does not decode.
    #[error("{place}: damaged: {what}; fetch it again")]
    Corrupt {
        /// Where.
        place: Place,
        /// What the decoder said.
        what: String,
    },
    /// An archive or an array that holds several shapes where one was asked for.
    #[error("{place}: holds {count} shapes where one was asked for; {advice}")]
    ManyShapes {
        /// Where.
        place: Place,
        /// How many.
        count: u64,
        /// How to get at one of them.
        advice: &'static str,
    },
    /// An archive member whose name or kind could write or point outside the archive.
    #[error("{place}: member `{member}` refused: {why}")]
    RefusedMember {
        /// The archive.
        place: Place,
        /// The name of the member.
        member: String,
        /// The rule it breaks.
        why: &'static str,
    },
    /// No archive member has the name.
    #[error("{place}: no member `{member}`")]
    MissingMember {
        /// The archive.
        place: Place,
        /// The name that was asked for.
        member: String,
    },
}

impl ReadError {
    /// A short word for tables of failures, stable across versions.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Io { .. } => "io",
            Self::UnknownFormat { .. } => "unknown-format",
            Self::Syntax { .. } => "syntax",
            Self::Truncated { .. } => "truncated",
            Self::IndexOutOfRange { .. } => "index-out-of-range",
            Self::NotFinite { .. } => "not-finite",
            Self::Empty { .. } => "empty",
            Self::Limit { .. } => "limit",
            Self::Unsupported { .. } => "unsupported",
            Self::Corrupt { .. } => "corrupt",
            Self::ManyShapes { .. } => "many-shapes",
            Self::RefusedMember { .. } => "refused-member",
            Self::MissingMember { .. } => "missing-member",
        }
    }
}

/// What brings a file within the limit of what was counted.
fn remedy(what: &str) -> &'static str {
    match what {
        "points" | "faces" => "thin it out first",
        "unpacked bytes" => "unpack it first if it is trusted",
        "unpacked bytes of an array" => {
            "write it again without compression, as `h5repack -f NONE` does, if it is trusted"
        }
        "unpacked numbers" => "save it with numpy.savez, which does not compress, if it is trusted",
        "members" => "unpack it, and read the folder",
        "bytes in one line" => "break its lines first, or save it in another format",
        _ => "split it first",
    }
}

/// Why a shape cannot be sampled or scaled.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// No points, or no faces where a surface is needed.
    #[error("the shape is empty: expected at least one {0}")]
    Empty(&'static str),
    /// Nothing was asked for.
    #[error("0 points were asked for: expected at least 1")]
    NoPoints,
    /// All faces together have no area.
    #[error("the surface has zero area: all {faces} faces are degenerate, so it cannot be sampled")]
    ZeroArea {
        /// How many faces there are.
        faces: usize,
    },
    /// All points coincide, or they spread too little or too far to be scaled.
    #[error(
        "all points lie within {radius} of their mean: expected an extent that can be scaled to 1"
    )]
    Degenerate {
        /// The largest distance from the mean.
        radius: f64,
    },
    /// A coordinate is NaN or infinite.
    #[error("point {index} is not finite: {point:?}")]
    NotFinite {
        /// Position of the first such point.
        index: usize,
        /// Its coordinates.
        point: [f64; 3],
    },
    /// A face names a vertex that does not exist.
    #[error("face {face} names vertex {index}: the mesh has {count} vertices")]
    IndexOutOfRange {
        /// Position of the first such face.
        face: usize,
        /// The index.
        index: u32,
        /// How many vertices there are.
        count: usize,
    },
}

impl ShapeError {
    /// A short word for tables of failures, stable across versions.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Empty(_) => "empty",
            Self::NoPoints => "no-points",
            Self::ZeroArea { .. } => "zero-area",
            Self::Degenerate { .. } => "degenerate",
            Self::NotFinite { .. } => "not-finite",
            Self::IndexOutOfRange { .. } => "index-out-of-range",
        }
    }
}

/// A file could not be written; what stood under its name before is untouched.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot write: {source}", path.display())]
pub struct WriteError {
    /// The path.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}
