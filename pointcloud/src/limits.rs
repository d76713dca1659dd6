//! How much a reader may take in.

/// Upper bounds that every reader keeps to, so that no file, however made, exhausts the machine.
///
/// The defaults admit every file of the data sets in use and stop what is plainly broken or hostile.
/// A file beyond one of them gives [`ReadError::Limit`](crate::ReadError::Limit), which names the bound.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one file, before and after decompression. Default 1 GiB.
    pub bytes: u64,
    /// Vertices or points of one shape. Default 50 million.
    pub points: u64,
    /// Triangles of one shape, after polygons are cut. Default 50 million.
    pub faces: u64,
    /// Bytes in one line of a text format. Default 1 MiB.
    pub line: u64,
    /// How many times larger than its compressed form data may become, beyond a first 16 MiB that any
    /// input may fill. Default 200.
    pub expansion: u64,
    /// Members in an archive. Default 10 million.
    pub members: u64,
}

/// Decompressed bytes that are always admitted, whatever the ratio: small files compress without bound.
pub(crate) const FREE_EXPANSION: u64 = 16 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 1 << 30,
            points: 50_000_000,
            faces: 50_000_000,
            line: 1 << 20,
            expansion: 200,
            members: 10_000_000,
        }
    }
}

impl Limits {
    /// How many bytes `compressed` bytes may expand to.
    pub(crate) fn expanded(&self, compressed: u64) -> u64 {
        compressed
            .saturating_mul(self.expansion)
            .saturating_add(FREE_EXPANSION)
            .min(self.bytes)
    }
}
