//! Sets of pictures, read into memory: MNIST's IDX files, CIFAR-10's binary batches, folders of JPEG and PNG,
//! and pairs A|B.
//!
//! Every picture is cut to its central square and resized to one side, 8 bits for each of 1 (IDX) or 3 (all others)
//! channels; a pair has six, A before B. A set takes `count x channels x side^2` bytes; while it is read, its IDX files
//! or a CIFAR batch lie in memory beside it. With a limit only the first ones are decoded, as
//! many as it takes.
//!
//! Splits are those of folder and file names (`train`, `test`, `t10k`, ...). Where there is only one, IDX files keep the
//! first four fifths for training and the rest for the test; of folders, every fifth picture in the order of the paths
//! is for the test.
//!
//! A file that cannot be used is passed over and stands in [`ImageSet::skipped`] with the reason; a set of which nothing
//! is left is an error.

mod cifar;
mod decode;
mod folder;
mod idx;
mod pairs;
#[cfg(test)]
mod tests;

use std::path::Path;

use image::RgbImage;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::tree::Tree;
use crate::{DatasetError, Failure, Split};

/// Largest IDX file or CIFAR batch, and largest picture file.
const FILE_LIMIT: u64 = 1 << 30;

/// Which part of each picture is taken, before it is cut to a square.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// All of it.
    #[default]
    Whole,
    /// The left half, as of CMP Facades' photograph and label map side by side.
    Left,
    /// The right half.
    Right,
}

/// How pictures are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageOptions {
    /// Side of every picture in memory, in pixels.
    pub size: usize,
    /// Part of each picture that is taken; IDX and CIFAR files are always taken whole.
    pub part: Part,
    /// Largest number of pictures of each split, the first ones; 0 for all.
    pub limit: usize,
}

impl Default for ImageOptions {
    fn default() -> Self {
        Self {
            size: 32,
            part: Part::Whole,
            limit: 0,
        }
    }
}

/// Pictures of one split, all of the same size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Images {
    /// Channels of each picture: 1 grey, 3 RGB, 6 a pair.
    pub channels: usize,
    /// Height and width.
    pub size: usize,
    /// `[pictures, channels, size, size]`, row by row.
    pub pixels: Vec<u8>,
    /// Class of each picture, an index into [`ImageSet::classes`]; -1 where there is none.
    pub labels: Vec<i32>,
    /// Name of each picture: its path inside the set, or `file#row`.
    pub ids: Vec<String>,
}

impl Images {
    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The pixels of one picture, `[channels, size, size]`.
    ///
    /// # Panics
    /// Panics if `index` is not below [`len`](Self::len).
    pub fn picture(&self, index: usize) -> &[u8] {
        let cells = self.channels * self.size * self.size;
        &self.pixels[index * cells..(index + 1) * cells]
    }

    /// blake3 of all pixels and ids, in their order: what a run was trained on.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.pixels);
        for id in &self.ids {
            hasher.update(id.as_bytes()).update(&[0]);
        }
        hasher.finalize().to_string()
    }

    /// At most `count` pictures, evenly spread over the set; 0 for all.
    pub fn spread(&self, count: usize) -> Images {
        if count == 0 || count >= self.len() {
            return self.clone();
        }
        let chosen: Vec<usize> = (0..count).map(|i| i * self.len() / count).collect();
        self.select(&chosen)
    }

    /// The first `count` pictures; 0 for all.
    pub fn first(&self, count: usize) -> Images {
        if count == 0 || count >= self.len() {
            return self.clone();
        }
        self.select(&(0..count).collect::<Vec<_>>())
    }

    fn select(&self, chosen: &[usize]) -> Images {
        Images {
            channels: self.channels,
            size: self.size,
            pixels: chosen
                .iter()
                .flat_map(|&i| self.picture(i).iter().copied())
                .collect(),
            labels: chosen.iter().map(|&i| self.labels[i]).collect(),
            ids: chosen.iter().map(|&i| self.ids[i].clone()).collect(),
        }
    }

    fn push(&mut self, picture: Picture) {
        self.pixels.extend_from_slice(&picture.pixels);
        self.labels.push(picture.label);
        self.ids.push(picture.id);
    }
}

/// A set of pictures in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSet {
    /// Name of the folder.
    pub name: String,
    /// What it was recognised as, and how it was split.
    pub layout: String,
    /// Part of each picture that was to be taken.
    pub part: Part,
    /// Names of the classes, sorted; empty if there are none.
    pub classes: Vec<String>,
    /// Pictures to learn from and to choose with.
    pub train: Images,
    /// Pictures for the final figures.
    pub test: Images,
    /// Files that could not be used, and why.
    pub skipped: Vec<Failure>,
}

impl ImageSet {
    /// Puts `count` training pictures, evenly spread, in the place of the test: what settings are chosen with. Does nothing
    /// for a `count` of 0.
    pub fn hold_out(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let all = self.train.len();
        let held = self.train.spread(count);
        let taken: std::collections::HashSet<usize> = (0..count).map(|i| i * all / count).collect();
        let kept: Vec<usize> = (0..all).filter(|i| !taken.contains(i)).collect();
        self.train = self.train.select(&kept);
        self.test = held;
    }
}

/// One picture on its way into a set.
struct Picture {
    id: String,
    label: i32,
    pixels: Vec<u8>,
}

/// What a reader found.
struct Found {
    layout: String,
    classes: Vec<String>,
    train: Images,
    /// All that is not for training.
    test: Images,
    skipped: Vec<Failure>,
    /// Most pictures of each of the two.
    limit: usize,
}

impl Found {
    fn new(layout: &str, channels: usize, options: &ImageOptions) -> Self {
        let empty = Images {
            channels,
            size: options.size,
            ..Images::default()
        };
        Self {
            layout: layout.to_owned(),
            classes: Vec::new(),
            train: empty.clone(),
            test: empty,
            skipped: Vec::new(),
            limit: match options.limit {
                0 => usize::MAX,
                limit => limit,
            },
        }
    }

    fn images(&mut self, split: Split) -> &mut Images {
        match split {
            Split::Train => &mut self.train,
            _ => &mut self.test,
        }
    }

    /// Whether one more picture of a split is within the limit.
    fn wants(&mut self, split: Split) -> bool {
        self.images(split).len() < self.limit
    }

    fn push(&mut self, split: Split, picture: Picture) {
        if self.wants(split) {
            self.images(split).push(picture);
        }
    }

    /// Room for so many pictures of a split, so that no half-full vector is copied to a larger one.
    fn expect(&mut self, split: Split, count: usize) {
        let count = count.min(self.limit);
        let images = self.images(split);
        let cells = images.channels * images.size * images.size;
        // What cannot be had at once may still be had bit by bit.
        images
            .pixels
            .try_reserve_exact(count.saturating_mul(cells))
            .ok();
    }

    /// Reads what `sources` name, several at a time, until the limit of each split is reached. Where all are for
    /// training, every fifth that can be read goes to the test.
    fn read<T: Sync>(
        &mut self,
        sources: &[(Split, T)],
        one: impl Fn(&T) -> Result<Picture, Failure> + Sync,
    ) {
        const BATCH: usize = 64;
        let fifths = sources.iter().all(|(split, _)| *split == Split::Train);
        let train = sources.iter().filter(|(split, _)| *split == Split::Train);
        let train = train.count() - if fifths { sources.len() / 5 } else { 0 };
        self.expect(Split::Train, train);
        self.expect(Split::Test, sources.len() - train);
        let mut place = 0;
        for batch in sources.chunks(BATCH) {
            if fifths && !self.wants(Split::Train) && !self.wants(Split::Test) {
                break;
            }
            let wanted: Vec<&(Split, T)> = batch
                .iter()
                .filter(|(split, _)| fifths || self.wants(*split))
                .collect();
            let read: Vec<_> = wanted.par_iter().map(|(_, source)| one(source)).collect();
            for ((split, _), picture) in wanted.into_iter().zip(read) {
                match picture {
                    Ok(picture) => {
                        place += 1;
                        let fifth = fifths && place % 5 == 0;
                        self.push(if fifth { Split::Test } else { *split }, picture);
                    }
                    Err(failure) => self.skipped.push(failure),
                }
            }
        }
        if fifths {
            self.layout.push_str(", every fifth for the test");
        }
    }
}

/// Opens a set of single pictures: a folder of IDX files, of CIFAR-10's binary batches, or of JPEG and PNG files, flat
/// or by class.
///
/// # Errors
/// A folder that does not exist or holds no picture, damaged IDX or CIFAR files, and a folder of pictures of which none
/// can be read.
///
/// # Panics
/// Panics if `options.size` is 0.
pub fn open_images(path: &Path, options: &ImageOptions) -> Result<ImageSet, DatasetError> {
    let tree = Tree::of_folder(path)?;
    let found = if tree.files.iter().any(|file| idx::is_images(file)) {
        idx::read(&tree, options)?
    } else if tree.files.iter().any(|file| cifar::is_batch(file)) {
        cifar::read(&tree, options)?
    } else {
        folder::read(&tree, options)?
    };
    finish(&tree, found, options)
}

/// Opens a set of pairs: pictures that show A and B side by side, or the folders `A` and `B` (or `trainA`, `trainB`,
/// `testA`, `testB`) with files of the same names.
///
/// # Errors
/// As [`open_images`]; a picture without its partner, of odd width or of another shape than its partner is passed over.
///
/// # Panics
/// Panics if `options.size` is 0.
pub fn open_pairs(path: &Path, options: &ImageOptions) -> Result<ImageSet, DatasetError> {
    let tree = Tree::of_folder(path)?;
    let found = pairs::read(&tree, options)?;
    finish(&tree, found, options)
}

/// Refuses a set without pictures to learn from.
fn finish(tree: &Tree, found: Found, options: &ImageOptions) -> Result<ImageSet, DatasetError> {
    if found.train.is_empty() {
        let reason = found.skipped.first().map_or_else(
            || "none is for training".to_owned(),
            |first| {
                format!(
                    "{} were passed over, the first, {}, because: {}",
                    found.skipped.len(),
                    first.id,
                    first.message
                )
            },
        );
        let message = format!("no picture could be used: {reason}");
        return Err(DatasetError::layout(&tree.top(), message));
    }
    Ok(ImageSet {
        name: tree.name(),
        layout: found.layout,
        part: options.part,
        classes: found.classes,
        train: found.train,
        test: found.test,
        skipped: found.skipped,
    })
}

/// The names of classes, sorted, and the label of each item.
fn number_classes(names: &[Option<String>]) -> (Vec<String>, Vec<i32>) {
    let mut classes: Vec<String> = names.iter().flatten().cloned().collect();
    classes.sort_unstable();
    classes.dedup();
    let number = |name: &Option<String>| {
        name.as_ref()
            .and_then(|name| classes.binary_search(name).ok())
            .map_or(-1, |class| class as i32)
    };
    let labels = names.iter().map(number).collect();
    (classes, labels)
}

/// The central square of a picture, resized to `size`, as planes `[3, size, size]`.
fn square(picture: &RgbImage, size: usize) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let side = width.min(height);
    let (left, top) = ((width - side) / 2, (height - side) / 2);
    let cut = image::imageops::crop_imm(picture, left, top, side, side).to_image();
    let cut = if side as usize == size {
        cut
    } else {
        let filter = image::imageops::FilterType::Triangle;
        image::imageops::resize(&cut, size as u32, size as u32, filter)
    };
    (0..3)
        .flat_map(|channel| cut.pixels().map(move |pixel| pixel.0[channel]))
        .collect()
}
