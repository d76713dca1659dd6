//! Damaged files by the million: seeds of every format, and what is done to them.

mod heap;
#[path = "../seeds/mod.rs"]
mod seeds;

use std::time::Instant;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use spectra_pointcloud::{
    Limits, ReadError, random, read_bytes, read_hdf5_clouds, read_voxels_npz,
};

pub use heap::Counting;
use heap::peak_of;
pub use seeds::seeds;

/// Words that have broken readers before.
const WORDS: [&[u8]; 16] = [
    b"-1",
    b"0",
    b"4294967295",
    b"4294967296",
    b"9223372036854775808",
    b"18446744073709551615",
    b"1e999",
    b"nan",
    b"-0",
    b"\n",
    b"\r",
    b"#",
    b"\\\n",
    b"3.0",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
];

fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    (rng.next_u64() % n.max(1) as u64) as usize
}

/// Does one to eight things to a file: flips, overwrites, inserts, removes, repeats, cuts, joins.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], rng: &mut ChaCha8Rng) {
    for _ in 0..=below(rng, 8) {
        let (at, end) = (below(rng, bytes.len()), below(rng, bytes.len() + 1));
        let (from, to) = (at.min(end), at.max(end));
        match below(rng, 9) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << below(rng, 8),
            1 if !bytes.is_empty() => bytes[at] = rng.next_u64() as u8,
            2 | 3 => {
                let word = WORDS[below(rng, WORDS.len())];
                bytes.splice(at..at, word.iter().copied());
            }
            4 => {
                let word = WORDS[below(rng, WORDS.len())];
                let end = (at + word.len()).min(bytes.len());
                bytes.splice(at..end, word.iter().copied());
            }
            5 => drop(bytes.drain(from..to.min(from + 16))),
            6 if bytes.len() < 1 << 16 => bytes.extend_from_within(from..to),
            7 => bytes.truncate(end),
            8 => bytes
                .splice(at..at, other[..below(rng, other.len() + 1)].iter().copied())
                .for_each(drop),
            _ => {}
        }
    }
}

/// What a run of damaged files showed.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many were read as shapes all the same.
    pub shapes: u64,
    /// The most bytes that reading one held on the heap, and its number.
    pub heap: (usize, u64),
    /// The longest time that reading one took in seconds, and its number.
    pub slowest: (f64, u64),
}

/// The limits of a run, so tight that what ignores them is seen.
fn limits() -> Limits {
    let mut limits = Limits::default();
    (limits.points, limits.faces, limits.bytes) = (100_000, 100_000, 4 << 20);
    limits
}

/// What a reader may hold under [`limits`]: unpacked bytes and their numbers as `f64`, some decoders' windows.
const HEAP: usize = 64 << 20;

/// Damaged file number `number`: its name and its bytes.
fn file(number: u64, seeds: &[(&'static str, Vec<u8>)]) -> (&'static str, Vec<u8>) {
    let mut rng = random::stream(0, 0, number);
    let (name, seed) = &seeds[below(&mut rng, seeds.len())];
    let (_, other) = &seeds[below(&mut rng, seeds.len())];
    let mut bytes = seed.clone();
    mutate(&mut bytes, other, &mut rng);
    // Now and then a large file, of one part again and again, in which what is not linear shows.
    if rng.next_u64().is_multiple_of(2000) && !bytes.is_empty() {
        let from = below(&mut rng, bytes.len());
        while bytes.len() < 1 << 20 {
            bytes.extend_from_within(from..bytes.len().min(from + (1 << 18)));
        }
        bytes.truncate(1 << 20);
    }
    // Now and then the name says another format than the content.
    let (wrong, _) = &seeds[below(&mut rng, seeds.len())];
    let name = if rng.next_u64().is_multiple_of(8) {
        wrong
    } else {
        name
    };
    (name, bytes)
}

/// All readers that take such a file; whether it was read as a shape.
fn read(name: &str, bytes: &[u8], limits: &Limits) -> bool {
    let file = format!("a.{name}");
    match name {
        "h5" => assert_said(read_hdf5_clouds(bytes, &file, limits).err()),
        "npz" => assert_said(read_voxels_npz(bytes, &file, limits).err()),
        _ => {}
    }
    match read_bytes(bytes, &file, limits) {
        Ok(shape) => {
            let count = shape.points().len();
            let finite = |p: &[f64; 3]| p.iter().all(|x| x.is_finite());
            assert!(shape.points().iter().all(finite));
            let mut corners = shape.faces().iter().flatten();
            assert!(corners.all(|&v| (v as usize) < count));
            true
        }
        Err(error) => {
            assert_said(Some(error));
            false
        }
    }
}

fn assert_said(error: Option<ReadError>) {
    let error = error.map(|error| (error.kind(), error.to_string()));
    assert!(error.is_none_or(|(kind, text)| !kind.is_empty() && !text.is_empty()));
}

/// Reads `count` damaged files, from number `first` on. Panics, naming the number, where a reader panics, gives
/// what it must not, or holds more memory than its limits admit.
pub fn run(first: u64, count: u64) -> Outcome {
    let (seeds, limits) = (seeds(), limits());
    let mut outcome = Outcome::default();
    for number in first..first + count {
        let (name, bytes) = file(number, &seeds);
        let start = Instant::now();
        let (read, heap) = peak_of(|| std::panic::catch_unwind(|| read(name, &bytes, &limits)));
        let seconds = start.elapsed().as_secs_f64();
        let what = || format!("file {number}, a.{name}, of {} bytes", bytes.len());
        outcome.shapes += u64::from(read.unwrap_or_else(|_| panic!("{}", what())));
        assert!(heap <= HEAP, "{} took {heap} bytes", what());
        outcome.heap = outcome.heap.max((heap, number));
        if seconds > outcome.slowest.0 {
            outcome.slowest = (seconds, number);
        }
    }
    outcome
}
