//! Files inside gzip, xz or zstd.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::error::{At, ReadError};
use crate::input::Input;
use crate::read::npz::unpack;

/// The dictionary that an xz file may ask for; `xz -9` asks for 64 MiB.
const XZ_MEMORY_KIB: u32 = 256 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Gzip,
    Xz,
    Zstd,
}

impl Packing {
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            // A file may begin with a frame that is to be skipped, as those of pzstd do.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        }
    }

    pub fn decoder<'a>(self, packed: impl BufRead + 'a) -> Box<dyn Read + 'a> {
        match self {
            Self::Gzip => Box::new(Members {
                decoder: Some(GzDecoder::new(packed)),
            }),
            Self::Xz => Box::new(XzReader::new_mem_limit(packed, true, XZ_MEMORY_KIB)),
            Self::Zstd => Box::new(Frames {
                packed,
                decoder: FrameDecoder::new(),
            }),
        }
    }

    /// What is in a compressed file, within the limits.
    pub fn unpack(self, input: &Input) -> Result<Vec<u8>, ReadError> {
        unpack(
            input,
            self.decoder(input.bytes),
            input.limits.expanded(input.bytes.len() as u64),
        )
    }
}

/// Why a decoder gave up.
pub(crate) fn undecoded(input: &Input, error: &io::Error) -> ReadError {
    match error.kind() {
        // The bound given to xz; an error of the system has no message of its own.
        io::ErrorKind::OutOfMemory if error.get_ref().is_some() => input.unsupported(
            At::File,
            "xz with a dictionary of 256 MiB or more",
            "unpack it first, or pack it again with `xz -9`",
        ),
        _ => input.corrupt(At::File, error.to_string()),
    }
}

/// All members of a gzip file. What follows them without being one is passed over, as gzip does.
struct Members<R> {
    decoder: Option<GzDecoder<R>>,
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let count = decoder.read(bytes)?;
            if count > 0 || bytes.is_empty() {
                return Ok(count);
            }
            let more = is_member(decoder.get_mut().fill_buf()?);
            let ended = self.decoder.take().filter(|_| more);
            self.decoder = ended.map(|decoder| GzDecoder::new(decoder.into_inner()));
        }
        Ok(0)
    }
}

/// Whether bytes begin as a member of a gzip file; a lone byte may be all that a buffer holds of it.
fn is_member(bytes: &[u8]) -> bool {
    bytes == [0x1f] || bytes.starts_with(&[0x1f, 0x8b])
}

/// All frames of a zstd file, which the decoder takes one at a time.
struct Frames<R> {
    packed: R,
    decoder: FrameDecoder,
}

impl<R: BufRead> Frames<R> {
    /// Begins the next frame, or passes over it; false at the end of the file.
    fn next(&mut self) -> io::Result<bool> {
        if self.packed.fill_buf()?.is_empty() {
            return Ok(false);
        }
        let length = match self.decoder.reset(&mut self.packed) {
            Ok(()) => return Ok(true),
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => u64::from(length),
            Err(error) => return Err(io::Error::other(error)),
        };
        let skipped = io::copy(&mut (&mut self.packed).take(length), &mut io::sink())?;
        if skipped < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(true)
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while self.decoder.can_collect() == 0 {
            if !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                let decoded = self.decoder.decode_blocks(&mut self.packed, one);
                decoded.map_err(io::Error::other)?;
            } else if !self.next()? {
                return Ok(0);
            }
        }
        self.decoder.read(bytes)
    }
}

/// The name of what is in a compressed file.
pub(crate) fn inner_name(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, "tgz" | "txz" | "tzst")) => format!("{stem}.tar"),
        Some((stem, "gz" | "xz" | "zst" | "GZ")) => stem.to_owned(),
        _ => name.to_owned(),
    }
}
