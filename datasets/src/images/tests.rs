//! Made files in every layout, damaged ones among them.

use std::fs;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgb, RgbImage, Rgba};
use tempfile::TempDir;

use super::*;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn options(size: usize) -> ImageOptions {
    ImageOptions {
        size,
        ..ImageOptions::default()
    }
}

/// Saves a picture of one colour; the ending decides the format.
fn save(path: &Path, width: u32, height: u32, color: [u8; 3]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    RgbImage::from_pixel(width, height, Rgb(color))
        .save(path)
        .unwrap();
}

fn idx(dims: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    dims.iter().for_each(|dim| bytes.extend(dim.to_be_bytes()));
    bytes.extend(values);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn idx_files_are_read_plain_and_gzipped_and_split_by_index_or_by_name() {
    let folder = folder();
    let pixels: Vec<u8> = (0..10 * 4 * 4).map(|i| (i % 251) as u8).collect();
    let images = idx(&[10, 4, 4], &pixels);
    let labels = idx(&[10], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    fs::write(
        folder.path().join("t10k-images-idx3-ubyte.gz"),
        gzip(&images),
    )
    .unwrap();
    fs::write(
        folder.path().join("t10k-labels-idx1-ubyte.gz"),
        gzip(&labels),
    )
    .unwrap();
    let set = open_images(folder.path(), &options(4)).unwrap();
    assert_eq!(
        (set.train.len(), set.test.len(), set.train.channels),
        (8, 2, 1)
    );
    assert_eq!(set.train.picture(1), &pixels[16..32]);
    assert_eq!(set.test.labels, [8, 9]);
    fs::write(folder.path().join("train-images-idx3-ubyte"), &images).unwrap();
    let set = open_images(folder.path(), &options(4)).unwrap();
    assert_eq!((set.train.len(), set.test.len()), (10, 10));
    assert_eq!((set.train.labels[3], set.test.labels[3]), (-1, 3));
    let few = ImageOptions {
        limit: 3,
        ..options(8)
    };
    let set = open_images(folder.path(), &few).unwrap();
    assert_eq!(
        (set.train.len(), set.test.len(), set.train.pixels.len()),
        (3, 3, 3 * 64)
    );
}

#[test]
fn held_out_pictures_take_the_place_of_the_test_and_are_trained_on_no_more() {
    let folder = folder();
    let images = idx(&[20, 2, 2], &(0..80).collect::<Vec<u8>>());
    fs::write(folder.path().join("t10k-images-idx3-ubyte"), &images).unwrap();
    let whole = open_images(folder.path(), &options(2)).unwrap();
    let mut set = whole.clone();
    set.hold_out(4);
    assert_eq!((set.train.len(), set.test.len()), (12, 4));
    assert_eq!(set.test.ids[1], whole.train.ids[4]);
    assert_eq!(set.test.picture(1), whole.train.picture(4));
    assert!(set.train.ids.iter().all(|id| !set.test.ids.contains(id)));
    assert!(set.test.ids.iter().all(|id| !whole.test.ids.contains(id)));
    set = whole.clone();
    set.hold_out(0);
    assert_eq!(set, whole);
}

#[test]
fn damaged_idx_files_are_named_with_what_was_expected() {
    let name = "t10k-images-idx3-ubyte";
    let whole = idx(&[2, 3, 3], &[7; 18]);
    let mut huge = whole.clone();
    huge[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
    let mut kind = whole.clone();
    kind[2] = 0x0d;
    let labels = idx(&[5], &[0; 5]);
    for (bytes, word) in [
        (whole[..20].to_vec(), "found 4 values"),
        (huge, "values of its header"),
        (kind, "00 00 08 03"),
        (whole[..9].to_vec(), "truncated"),
        (gzip(&whole)[..20].to_vec(), "gzip"),
        (whole, "5 labels for the 2 pictures"),
    ] {
        let folder = folder();
        fs::write(folder.path().join(name), bytes).unwrap();
        fs::write(folder.path().join("t10k-labels-idx1-ubyte"), &labels).unwrap();
        let message = open_images(folder.path(), &options(4))
            .unwrap_err()
            .to_string();
        assert!(
            message.contains(word) && message.contains("t10k"),
            "{message}"
        );
    }
}

#[test]
fn cifar_batches_are_read_and_bad_labels_passed_over() {
    let folder = folder();
    let record = |label: u8, value: u8| {
        let mut record = vec![label];
        record.extend([value; 1024].iter().chain(&[1; 1024]).chain(&[2; 1024]));
        record
    };
    let batch = [record(3, 200), record(77, 0), record(9, 100)].concat();
    fs::write(folder.path().join("data_batch_1.bin"), &batch).unwrap();
    fs::write(folder.path().join("test_batch.bin"), record(0, 5)).unwrap();
    let set = open_images(folder.path(), &options(32)).unwrap();
    assert_eq!(
        (set.train.labels.clone(), set.test.labels),
        (vec![3, 9], vec![0])
    );
    assert_eq!(set.classes[9], "truck");
    assert_eq!(set.train.picture(0)[..1024], [200; 1024]);
    assert_eq!(
        (set.skipped.len(), set.skipped[0].kind.as_str()),
        (1, "label")
    );
    let small = open_images(folder.path(), &options(16)).unwrap();
    assert_eq!(small.train.picture(0)[256..512], [1; 256]);
    fs::write(folder.path().join("test_batch.bin"), &batch[..4000]).unwrap();
    let message = open_images(folder.path(), &options(32))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("3073") && message.contains("4000"),
        "{message}"
    );
}

#[test]
fn folders_give_classes_and_splits_and_pictures_of_any_size_become_squares() {
    let folder = folder();
    for (path, width, height) in [
        ("train/cat/a.png", 40, 20),
        ("train/dog/b.jpg", 16, 16),
        ("test/dog/c.png", 9, 33),
        ("val/cat/d.PNG", 8, 8),
        ("train/notes.txt/x.png", 8, 8),
    ] {
        save(&folder.path().join(path), width, height, [250, 100, 10]);
    }
    let set = open_images(folder.path(), &options(16)).unwrap();
    assert_eq!(set.classes, ["cat", "dog", "notes.txt"]);
    assert_eq!((set.train.len(), set.test.len()), (3, 2));
    assert_eq!(set.train.channels, 3);
    assert!(set.train.picture(0)[..256].iter().all(|&red| red == 250));
    assert_eq!(set.test.labels, [1, 0]);

    let flat = tempfile::tempdir().unwrap();
    for number in 0..10 {
        save(
            &flat.path().join(format!("{number}.png")),
            8,
            8,
            [number; 3],
        );
    }
    let set = open_images(flat.path(), &options(8)).unwrap();
    assert_eq!(
        (set.train.len(), set.test.len(), set.classes.len()),
        (8, 2, 0)
    );
    assert_eq!(set.test.ids, ["4.png", "9.png"]);
    // No more is decoded than the limit takes: what follows may be damaged.
    for number in 10..200 {
        let path = flat.path().join(format!("9{number:03}.png"));
        fs::write(path, b"no picture").unwrap();
    }
    let few = ImageOptions {
        limit: 2,
        ..options(8)
    };
    let some = open_images(flat.path(), &few).unwrap();
    assert_eq!(
        (some.train.ids[1].as_str(), &some.test),
        ("1.png", &set.test)
    );
    assert!(some.skipped.len() < 64, "{}", some.skipped.len());
    assert!(set.layout.contains("every fifth"));
}

#[test]
fn odd_pixel_formats_are_converted() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    ImageBuffer::<Luma<u16>, _>::from_pixel(8, 8, Luma([32896]))
        .save(at("0-grey16.png"))
        .unwrap();
    GrayImage::from_pixel(8, 8, Luma([77]))
        .save(at("1-grey.jpg"))
        .unwrap();
    let clear = ImageBuffer::from_pixel(8, 8, Rgba([0u8, 0, 0, 0]));
    DynamicImage::ImageRgba8(clear)
        .save(at("2-clear.png"))
        .unwrap();
    fs::copy("tests/fixtures/cmyk.jpg", at("3-cmyk.jpg")).unwrap();
    let set = open_images(folder.path(), &options(8)).unwrap();
    assert_eq!(set.skipped, []);
    assert!(set.train.picture(0).iter().all(|&v| v == 128));
    assert!(set.train.picture(1).iter().all(|&v| v == 77));
    assert!(set.train.picture(2).iter().all(|&v| v == 255));
    let red = set.train.picture(3);
    assert!(
        red[..64].iter().all(|&v| v > 200) && red[64..].iter().all(|&v| v < 60),
        "{red:?}"
    );
}

#[test]
fn single_bad_files_are_passed_over_and_a_folder_of_them_is_refused() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    save(&at("good.jpg"), 64, 64, [9, 200, 30]);
    let noise = RgbImage::from_fn(64, 64, |x, y| Rgb([(x * y) as u8, (x * 7) as u8, y as u8]));
    noise.save(at("a.jpg")).unwrap();
    noise.save(at("b.png")).unwrap();
    for name in ["a.jpg", "b.png"] {
        let bytes = fs::read(at(name)).unwrap();
        fs::write(at(name), &bytes[..bytes.len() * 2 / 3]).unwrap();
    }
    fs::write(at("c.png"), b"").unwrap();
    fs::write(at("d.jpg"), b"GIF89a..........").unwrap();
    let mut wide = fs::read(at("b.png")).unwrap();
    // The width in the header of a PNG file; its checksum no longer fits either.
    wide[16..20].copy_from_slice(&2_000_000u32.to_be_bytes());
    fs::write(at("e.png"), wide).unwrap();
    let set = open_images(folder.path(), &options(32)).unwrap();
    assert_eq!(set.train.ids, ["good.jpg"]);
    let skipped: Vec<&str> = set
        .skipped
        .iter()
        .map(|failure| failure.id.as_str())
        .collect();
    assert_eq!(skipped, ["a.jpg", "b.png", "c.png", "d.jpg", "e.png"]);
    assert_eq!(set.skipped[0].kind, "truncated");
    assert!(set.skipped[2].message.contains("empty"));
    assert!(set.skipped[3].message.contains("JPEG or PNG"));

    let message = open_images(&at("good.jpg"), &options(32))
        .unwrap_err()
        .to_string();
    assert!(message.contains("not a directory"), "{message}");

    fs::remove_file(at("good.jpg")).unwrap();
    let message = open_images(folder.path(), &options(32))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("5 were passed over") && message.contains("a.jpg"),
        "{message}"
    );
    let empty = tempfile::tempdir().unwrap();
    let message = open_images(empty.path(), &options(32))
        .unwrap_err()
        .to_string();
    assert!(message.contains("an empty folder"), "{message}");
    fs::write(empty.path().join("x.txt"), b"hello").unwrap();
    assert!(open_images(empty.path(), &options(32)).is_err());
    assert!(open_images(&empty.path().join("none"), &options(32)).is_err());
}

#[test]
#[cfg(unix)]
fn a_link_that_leads_nowhere_is_one_bad_file() {
    let folder = folder();
    save(&folder.path().join("good.png"), 8, 8, [9; 3]);
    std::os::unix::fs::symlink("gone.png", folder.path().join("link.png")).unwrap();
    let set = open_images(folder.path(), &options(8)).unwrap();
    assert_eq!((set.train.len(), set.skipped.len()), (1, 1));
    assert_eq!(set.skipped[0].id, "link.png");
}

#[test]
fn pairs_are_read_side_by_side_and_from_two_folders() {
    let beside = folder();
    let mut picture = RgbImage::from_pixel(32, 16, Rgb([10, 10, 10]));
    for (x, _y, pixel) in picture.enumerate_pixels_mut() {
        *pixel = Rgb([if x < 16 { 10 } else { 200 }; 3]);
    }
    fs::create_dir_all(beside.path().join("train")).unwrap();
    picture.save(beside.path().join("train/1.png")).unwrap();
    save(&beside.path().join("train/2.png"), 33, 16, [0; 3]);
    save(&beside.path().join("train/3.png"), 16, 32, [0; 3]);
    save(&beside.path().join("test/1.png"), 32, 16, [0; 3]);
    let set = open_pairs(beside.path(), &options(16)).unwrap();
    assert_eq!(
        (set.train.len(), set.test.len(), set.train.channels),
        (1, 1, 6)
    );
    let pair = set.train.picture(0);
    assert!(pair[..768].iter().all(|&v| v == 10) && pair[768..].iter().all(|&v| v == 200));
    assert_eq!(set.skipped.len(), 2);
    assert!(set.skipped[0].message.contains("33 x 16"));

    let apart = folder();
    for (path, width) in [
        ("trainA/1.png", 16),
        ("trainB/1.jpg", 16),
        ("trainA/2.png", 16),
        ("trainB/2.png", 20),
        ("trainA/1.jpg", 16),
        ("trainA/3.png", 16),
        ("testA/1.png", 16),
        ("testB/1.png", 16),
        ("other/1.png", 16),
    ] {
        save(&apart.path().join(path), width, 16, [50; 3]);
    }
    let set = open_pairs(apart.path(), &options(16)).unwrap();
    assert_eq!((set.train.len(), set.test.len()), (1, 1));
    let messages: Vec<&str> = set
        .skipped
        .iter()
        .map(|failure| failure.message.as_str())
        .collect();
    assert_eq!(messages.len(), 4, "{messages:?}");
    for word in [
        "20 x 16",
        "no partner",
        "neither in a folder A",
        "the name of trainA/1",
    ] {
        assert!(
            messages.iter().any(|message| message.contains(word)),
            "{messages:?}"
        );
    }
}

#[test]
fn halves_are_cut_before_the_square() {
    let folder = folder();
    let picture = RgbImage::from_fn(32, 16, |x, _y| Rgb([if x < 16 { 10 } else { 200 }; 3]));
    picture.save(folder.path().join("1.png")).unwrap();
    for (part, value) in [(Part::Left, 10), (Part::Right, 200)] {
        let set = open_images(
            folder.path(),
            &ImageOptions {
                part,
                ..options(16)
            },
        )
        .unwrap();
        assert!(set.train.picture(0).iter().all(|&v| v == value));
    }
}

#[test]
fn the_sets_at_hand_have_their_known_sizes() {
    let root = std::env::var_os("SPECTRA_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        Into::into,
    );
    let path = root.join("data/mnist-t10k");
    if !path.exists() {
        eprintln!("skipped: {} absent", path.display());
        return;
    }
    let set = open_images(&path, &options(28)).unwrap();
    assert_eq!((set.train.len(), set.test.len()), (8000, 2000));
    // The first digits of the MNIST test set.
    assert_eq!(set.train.labels[..5], [7, 2, 1, 0, 4]);
    assert_eq!(set.classes.len(), 10);
}
