//! Event files that TensorBoard reads: records with checksums, each one message of three protobuf types.
//!
//! Record: length (u64), masked CRC-32C of it, the message, masked CRC-32C of that; all little endian. Messages and field
//! numbers are those of TensorFlow's `event.proto` and `summary.proto`.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::ModelError;

const FOLDER: &str = "events";

/// One event file of a run, open for writing.
pub(crate) struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// Starts a new file in the run's folder `events`. TensorBoard then drops what earlier files say of steps after `step`.
    pub(crate) fn begin(run: &Path, step: u64) -> Result<EventFile, ModelError> {
        let folder = run.join(FOLDER);
        fs::create_dir_all(&folder).map_err(ModelError::io(&folder))?;
        let (path, file) = create(&folder)?;
        let mut events = EventFile { path, file };
        events.write(0, &bytes_field(3, b"brain.Event:2"))?;
        // A session log of status START.
        events.write(step + 1, &bytes_field(7, &varint_field(1, 1)))?;
        Ok(events)
    }

    /// Writes scalars of one step.
    pub(crate) fn scalars(&mut self, step: u64, scalars: &[(&str, f64)]) -> Result<(), ModelError> {
        let mut summary = Vec::new();
        for (tag, value) in scalars {
            let mut one = bytes_field(1, tag.as_bytes());
            one.push(2 << 3 | 5);
            one.extend((*value as f32).to_le_bytes());
            summary.extend(bytes_field(1, &one));
        }
        self.write(step, &bytes_field(5, &summary))
    }

    /// Writes a picture, PNG bytes of `width` x `height` RGB pixels.
    pub(crate) fn picture(
        &mut self,
        step: u64,
        tag: &str,
        [width, height]: [u32; 2],
        png: &[u8],
    ) -> Result<(), ModelError> {
        let mut image = varint_field(1, u64::from(height));
        image.extend(varint_field(2, u64::from(width)));
        image.extend(varint_field(3, 3));
        image.extend(bytes_field(4, png));
        let mut value = bytes_field(1, tag.as_bytes());
        value.extend(bytes_field(4, &image));
        self.write(step, &bytes_field(5, &bytes_field(1, &value)))
    }

    /// Writes one event: the time, the step and `content`.
    fn write(&mut self, step: u64, content: &[u8]) -> Result<(), ModelError> {
        let mut event = vec![1 << 3 | 1];
        event.extend(now().to_le_bytes());
        event.extend(varint_field(2, step));
        event.extend(content);
        self.file
            .write_all(&record(&event))
            .map_err(ModelError::io(&self.path))
    }
}

/// A file of a name that is not taken, in the form that TensorBoard looks for.
fn create(folder: &Path) -> Result<(PathBuf, File), ModelError> {
    let seconds = now() as u64;
    for number in 0..=u16::MAX {
        let path = folder.join(format!(
            "events.out.tfevents.{seconds:010}.spectra.{number}"
        ));
        match File::create_new(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(ModelError::Io {
                    path,
                    source: error,
                });
            }
        }
    }
    Err(ModelError::run(folder, "no free name for an event file"))
}

/// Seconds since 1970: a time stamp for people, of no effect on training.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn varint_field(number: u64, value: u64) -> Vec<u8> {
    let mut field = varint(number << 3);
    field.extend(varint(value));
    field
}

fn bytes_field(number: u64, content: &[u8]) -> Vec<u8> {
    let mut field = varint(number << 3 | 2);
    field.extend(varint(content.len() as u64));
    field.extend(content);
    field
}

fn record(message: &[u8]) -> Vec<u8> {
    let length = (message.len() as u64).to_le_bytes();
    let mut record = length.to_vec();
    record.extend(masked_crc(&length).to_le_bytes());
    record.extend(message);
    record.extend(masked_crc(message).to_le_bytes());
    record
}

/// CRC-32C, turned and shifted as the format asks, so that sums of sums stay apart.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32 with Castagnoli's polynomial.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _bit| {
            (crc >> 1) ^ ((crc & 1) * 0x82f6_3b78)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_fields_are_those_of_the_format() {
        // Check value of CRC-32C, and the vector of 32 zeros in RFC 3720, B.4.
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(varint(300), [0xac, 0x02]);
        assert_eq!(bytes_field(2, b"testing"), *b"\x12\x07testing");
    }

    #[test]
    fn records_follow_each_other_and_files_never_overwrite() {
        let folder = tempfile::tempdir().unwrap();
        let mut events = EventFile::begin(folder.path(), 0).unwrap();
        events.scalars(7, &[("loss", 0.5)]).unwrap();
        let second = EventFile::begin(folder.path(), 7).unwrap();
        assert_ne!(events.path, second.path);
        let bytes = fs::read(&events.path).unwrap();
        let (mut at, mut messages) = (0, Vec::new());
        while at < bytes.len() {
            let length = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
            let message = &bytes[at + 12..at + 12 + length];
            let sum = u32::from_le_bytes(bytes[at + 12 + length..][..4].try_into().unwrap());
            assert_eq!(sum, masked_crc(message));
            messages.push(message);
            at += 16 + length;
        }
        assert_eq!(messages.len(), 3);
        assert!(messages[2].windows(4).any(|part| part == b"loss"));
        assert!(
            messages[2]
                .windows(4)
                .any(|part| part == 0.5_f32.to_le_bytes())
        );
    }
}
