//! Pairs A|B: side by side in one file, or in two folders under the same names.

use std::collections::BTreeMap;

use image::RgbImage;

use super::decode::{failure, read as read_picture};
use super::folder::pictures;
use super::{Found, ImageOptions, Picture, square};
use crate::tree::Tree;
use crate::{DatasetError, Failure, Split};

/// Where the two halves of a pair lie.
enum Source {
    Beside(String),
    Apart(String, String),
}

pub(super) fn read(tree: &Tree, options: &ImageOptions) -> Result<Found, DatasetError> {
    let mut found = Found::new("", 6, options);
    let sources = sources(tree, &mut found)?;
    found.read(&sources, |source| {
        let (Source::Beside(id) | Source::Apart(id, _)) = source;
        Ok(Picture {
            id: id.clone(),
            label: -1,
            pixels: one(tree, source, options.size)?,
        })
    });
    Ok(found)
}

/// The pairs of a tree, sorted by the path of A.
fn sources(tree: &Tree, found: &mut Found) -> Result<Vec<(Split, Source)>, DatasetError> {
    let files = pictures(tree)?;
    let sides: Vec<Option<Side>> = files.iter().map(|file| Side::of(file)).collect();
    if sides.iter().all(Option::is_none) {
        found.layout = "pairs side by side".into();
        let beside = |file: &&String| {
            let split = file.split('/').find_map(Split::from_name);
            (
                split.unwrap_or(Split::Train),
                Source::Beside((*file).clone()),
            )
        };
        return Ok(files.iter().map(beside).collect());
    }
    found.layout = "pairs in folders A and B".into();
    let mut pairs: BTreeMap<(Split, String), [Option<String>; 2]> = BTreeMap::new();
    for (file, side) in files.into_iter().zip(sides) {
        match side {
            Some(side) => {
                let pair = pairs.entry((side.split, side.name)).or_default();
                let place = &mut pair[usize::from(side.is_b)];
                match place {
                    None => *place = Some(file.clone()),
                    Some(first) => {
                        let message =
                            format!("has the name of {first}, which has its partner already");
                        found.skipped.push(failure(file, "pair", message));
                    }
                }
            }
            None => found.skipped.push(failure(
                file,
                "pair",
                "lies neither in a folder A nor in a folder B",
            )),
        }
    }
    let mut whole = Vec::new();
    for ((split, _name), pair) in pairs {
        match pair {
            [Some(a), Some(b)] => whole.push((split, Source::Apart(a, b))),
            [Some(alone), None] | [None, Some(alone)] => {
                let message = "has no partner of the same name in the other folder";
                found.skipped.push(failure(&alone, "pair", message));
            }
            [None, None] => {}
        }
    }
    Ok(whole)
}

/// Which half of which pair a file is.
struct Side {
    split: Split,
    is_b: bool,
    /// The path without the folder that tells A from B, and without the ending.
    name: String,
}

impl Side {
    fn of(file: &str) -> Option<Side> {
        let parts: Vec<&str> = file.split('/').collect();
        let (place, (split, is_b)) = parts[..parts.len() - 1]
            .iter()
            .enumerate()
            .find_map(|(i, folder)| Some((i, side_of_folder(folder)?)))?;
        let split = split
            .or_else(|| parts.iter().find_map(|part| Split::from_name(part)))
            .unwrap_or(Split::Train);
        let mut rest: Vec<&str> = parts;
        rest.remove(place);
        let name = rest.join("/");
        let name = name
            .rsplit_once('.')
            .map_or(name.as_str(), |(stem, _)| stem);
        Some(Side {
            split,
            is_b,
            name: name.to_owned(),
        })
    }
}

/// `A`, `B`, `trainA`, `test_B`: the split, if it names one, and whether it is B.
fn side_of_folder(folder: &str) -> Option<(Option<Split>, bool)> {
    let (stem, is_b) = match folder.strip_suffix('A') {
        Some(stem) => (stem, false),
        None => (folder.strip_suffix('B')?, true),
    };
    let stem = stem.trim_end_matches(['_', '-']);
    if stem.is_empty() {
        return Some((None, is_b));
    }
    Some((Some(Split::from_name(stem)?), is_b))
}

/// A and B as six planes.
fn one(tree: &Tree, source: &Source, size: usize) -> Result<Vec<u8>, Failure> {
    let (a, b) = match source {
        Source::Beside(file) => halves(&read_picture(tree, file)?, file)?,
        Source::Apart(a, b) => {
            let (left, right) = (read_picture(tree, a)?, read_picture(tree, b)?);
            if left.dimensions() != right.dimensions() {
                let message = format!(
                    "is {} x {}, but its partner {b} is {} x {}: expected the same size",
                    left.width(),
                    left.height(),
                    right.width(),
                    right.height()
                );
                return Err(failure(a, "pair", message));
            }
            (left, right)
        }
    };
    let mut planes = square(&a, size);
    planes.extend(square(&b, size));
    Ok(planes)
}

fn halves(picture: &RgbImage, file: &str) -> Result<(RgbImage, RgbImage), Failure> {
    let (width, height) = picture.dimensions();
    if width % 2 == 1 || width < height {
        let message = format!(
            "is {width} x {height}: expected A and B side by side, an even width of at least the height"
        );
        return Err(failure(file, "pair", message));
    }
    let half = |left| image::imageops::crop_imm(picture, left, 0, width / 2, height).to_image();
    Ok((half(0), half(width / 2)))
}
