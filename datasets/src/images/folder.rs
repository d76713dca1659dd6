//! Folders of JPEG and PNG files: flat, by class, by split, or both in either order.

use super::decode::{failure, is_picture, read as read_picture};
use super::{Found, ImageOptions, Part, Picture, number_classes, square};
use crate::tree::Tree;
use crate::{DatasetError, Failure, Split};

const EXPECTED: &str = "*.jpg or *.png, <class>/*, {train,test}/* or {train,test}/<class>/*; MNIST's *-images-idx3-ubyte \
    or CIFAR-10's data_batch_*.bin";

pub(super) fn read(tree: &Tree, options: &ImageOptions) -> Result<Found, DatasetError> {
    let files = pictures(tree)?;
    let places: Vec<(Split, Option<String>)> = files.iter().map(|file| place(file)).collect();
    let names: Vec<Option<String>> = places.iter().map(|(_split, class)| class.clone()).collect();
    let (classes, labels) = number_classes(&names);
    let layout = match classes.len() {
        0 => "pictures".to_owned(),
        count => format!("pictures of {count} classes"),
    };
    let splits = places.into_iter().map(|(split, _class)| split);
    let sources: Vec<(Split, (&String, i32))> = splits.zip(files.into_iter().zip(labels)).collect();
    let mut found = Found::new(&layout, 3, options);
    found.classes = classes;
    found.read(&sources, |&(file, label)| {
        Ok(Picture {
            id: file.clone(),
            label,
            pixels: one(tree, file, options)?,
        })
    });
    Ok(found)
}

/// The files of a tree that are pictures by their names; at least one.
pub(super) fn pictures(tree: &Tree) -> Result<Vec<&String>, DatasetError> {
    let files: Vec<&String> = tree.files.iter().filter(|file| is_picture(file)).collect();
    if files.is_empty() {
        return Err(DatasetError::NotRecognised {
            path: tree.top(),
            found: match tree.files.len() {
                0 => "an empty folder".into(),
                count => format!("{count} files, none of them a picture"),
            },
            expected: EXPECTED.into(),
        });
    }
    Ok(files)
}

/// Split and class of a picture, from the folders it lies in. `val` is not for training.
fn place(file: &str) -> (Split, Option<String>) {
    let mut folders: Vec<&str> = file.split('/').collect();
    folders.pop();
    let split = folders.iter().find_map(|folder| Split::from_name(folder));
    let class = folders
        .iter()
        .rfind(|folder| Split::from_name(folder).is_none())
        .map(|folder| (*folder).to_owned());
    (split.unwrap_or(Split::Train), class)
}

fn one(tree: &Tree, file: &str, options: &ImageOptions) -> Result<Vec<u8>, Failure> {
    let picture = read_picture(tree, file)?;
    let (width, height) = picture.dimensions();
    let part = match options.part {
        Part::Whole => picture,
        _ if width < 2 => {
            return Err(failure(file, "size", "too narrow to have two halves"));
        }
        Part::Left => image::imageops::crop_imm(&picture, 0, 0, width / 2, height).to_image(),
        Part::Right => {
            let half = width / 2;
            image::imageops::crop_imm(&picture, width - half, 0, half, height).to_image()
        }
    };
    Ok(square(&part, options.size))
}
