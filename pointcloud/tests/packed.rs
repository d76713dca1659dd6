//! Compressed files, archives and HDF5, made here in the forms that people have.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use spectra_pointcloud::{
    Limits, ReadError, Shape, read_bytes, read_hdf5_clouds, read_path, visit_archive,
};

const OFF: &[u8] = b"OFF 3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n";

fn read(bytes: &[u8]) -> Result<Shape, ReadError> {
    read_bytes(bytes, "a.off.gz", &Limits::default())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        // Written as it stands: the setter of paths refuses what these tests need.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *bytes).expect("memory");
    }
    builder.into_inner().expect("memory")
}

fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .expect("memory");
        writer.write_all(bytes).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

fn link() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder
        .append_link(&mut header, "way", "/etc")
        .expect("memory");
    builder.into_inner().expect("memory")
}

#[test]
fn one_shape_in_any_wrapping() {
    let tar = tar_of(&[
        ("d/.DS_Store", b"junk"),
        ("d/read.me", b"hello"),
        ("d/a.off", OFF),
    ]);
    let zip = zip_of(&[("__MACOSX/._a.off", b"OFF"), ("d/a.off", OFF)]);
    let wrapped = [
        gzip(OFF),
        tar.clone(),
        gzip(&tar),
        zip,
        gzip(&tar_of(&[("a.off.gz", &gzip(OFF))])),
    ];
    for bytes in wrapped {
        assert_eq!(read(&bytes).expect("valid").faces(), [[0, 1, 2]]);
    }
}

#[test]
fn xz_and_zstd() {
    // `printf 'OFF 1 0 0\n1 2 3\n' | xz` and `| zstd`.
    let xz = include_bytes!("fixtures/point.off.xz");
    let zst = include_bytes!("fixtures/point.off.zst");
    for bytes in [xz.as_slice(), zst] {
        assert_eq!(read(bytes).expect("valid").points(), [[1.0, 2.0, 3.0]]);
    }
}

#[test]
fn what_could_harm_is_refused() {
    let zeros = vec![b' '; 64 << 20];
    let four = gzip(&gzip(&gzip(&gzip(OFF))));
    let cases = [
        (tar_of(&[("../a.off", OFF)]), "refused-member", "`../a.off`"),
        (tar_of(&[("/a.off", OFF)]), "refused-member", "absolute"),
        (link(), "refused-member", "link"),
        (
            zip_of(&[("d/../../a.off", OFF)]),
            "refused-member",
            "out of the archive",
        ),
        (zip_of(&[("C:\\a.off", OFF)]), "refused-member", "absolute"),
        (gzip(&zeros), "limit", "unpacked bytes"),
        (zip_of(&[("a.off", &zeros)]), "limit", "unpacked bytes"),
        (four, "unsupported", "unpack it"),
        (
            zip_of(&[("a.off", OFF), ("b.off", OFF)]),
            "many-shapes",
            "2 shapes",
        ),
        (zip_of(&[("readme", b"hello")]), "empty", "no shapes"),
        (gzip(OFF)[..30].to_vec(), "corrupt", "gzip"),
        (zip_of(&[("a.off", OFF)])[..60].to_vec(), "corrupt", "zip"),
    ];
    for (bytes, kind, part) in cases {
        let error = read(&bytes).expect_err(part);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn members_are_visited_in_order() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let members: [(&str, &[u8]); 4] = [
        ("m/b.off", OFF),
        ("m/a.off", OFF),
        ("m/list.txt", b"a\nb\n"),
        ("m/c.off", OFF),
    ];
    let archives = [
        ("m.zip", zip_of(&members)),
        ("m.tar", tar_of(&members)),
        ("m.tar.gz", gzip(&tar_of(&members))),
    ];
    for (name, bytes) in archives {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).expect("writable");
        let mut seen = Vec::new();
        visit_archive(
            &path,
            &Limits::default(),
            &|name| name.ends_with(".off"),
            &mut |name, bytes| {
                assert_eq!(bytes, OFF);
                seen.push(name.to_owned());
                if name == "m/a.off" {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
        )
        .expect("valid");
        assert_eq!(seen, ["m/b.off", "m/a.off"], "{name}");
    }
    let plain = dir.path().join("plain.off");
    std::fs::write(&plain, OFF).expect("writable");
    let error = visit_archive(&plain, &Limits::default(), &|_| true, &mut |_, _| {
        ControlFlow::Continue(())
    });
    assert_eq!(error.expect_err("no archive").kind(), "syntax");
}

#[test]
fn hdf5_as_modelnet40_is_shared() {
    // Chunked and deflated, with labels (N, 1) of one byte, written by h5py.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/two_clouds.h5");
    let set = read_hdf5_clouds(&path, &Limits::default()).expect("valid");
    assert_eq!(set.labels, [7, 3]);
    assert_eq!(set.clouds.len(), 2);
    assert_eq!(set.clouds[1].points[3], [21.0, 22.0, 23.0]);
    assert_eq!(set.clouds[0].normals, Some(vec![[0.0, 0.0, 1.0]; 4]));
    assert_eq!(
        read_path(&path, &Limits::default())
            .expect_err("two")
            .kind(),
        "many-shapes"
    );

    let mut limits = Limits::default();
    limits.points = 7;
    assert_eq!(
        read_hdf5_clouds(&path, &limits).expect_err("eight").kind(),
        "limit"
    );
    let bytes = std::fs::read(&path).expect("readable");
    assert_eq!(read(&bytes[..200]).expect_err("short").kind(), "corrupt");
}
