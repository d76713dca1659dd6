//! Compressed files, archives and HDF5, made here in the forms that people have.

mod seeds;

use std::io::Write;
use std::ops::ControlFlow;

use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use seeds::{gzip, tar_of, zip_of};
use spectra_pointcloud::{
    Limits, ReadError, Shape, archive_kind, read_bytes, read_hdf5_clouds, visit_archive,
};

const OFF: &[u8] = b"OFF 3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n";

fn read(bytes: &[u8]) -> Result<Shape, ReadError> {
    read_bytes(bytes, "a.off.gz", &Limits::default())
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

fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(0);
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).expect("memory");
    writer.write_all(bytes).expect("memory");
    writer.finish().expect("memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

#[test]
fn every_format_in_every_wrapping() {
    let limits = Limits::default();
    for (ending, bytes) in seeds::seeds() {
        let name = format!("a.{ending}");
        let plain = read_bytes(&bytes, &name, &limits);
        // Seeds that are archives themselves are wrapped once, as deep as archives are opened.
        let tar = tar_of(&[(&name, &bytes)]);
        let mut wrapped = vec![gzip(&bytes), zip_of(&[(&name, &bytes)]), tar.clone()];
        if !matches!(ending, "tar" | "gz" | "zip") {
            wrapped.extend([gzip(&tar), xz(&tar), zstd(&tar), xz(&bytes), zstd(&bytes)]);
        }
        for (way, packed) in wrapped.iter().enumerate() {
            match (&plain, read_bytes(packed, &format!("{name}.gz"), &limits)) {
                (Ok(expected), Ok(found)) => assert_eq!(*expected, found, "{name}, {way}"),
                (Err(expected), Err(found)) => assert_eq!(expected.kind(), found.kind()),
                (expected, found) => panic!("{name}, {way}: {found:?}, not {expected:?}"),
            }
        }
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
fn all_frames_of_a_zstd_file_are_read_and_those_to_skip_passed_over() {
    let skip: &[u8] = &[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    let frames = |bytes: &[u8]| {
        let (one, other) = bytes.split_at(bytes.len() / 3);
        [skip, &zstd(one), &zstd(b""), skip, &zstd(other), skip].concat()
    };
    assert_eq!(read(&frames(OFF)).expect("valid").faces(), [[0, 1, 2]]);
    let tar = frames(&tar_of(&[("a.off", OFF), ("b.off", OFF)]));
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("a.tar.zst");
    std::fs::write(&path, &tar).expect("writable");
    let kind = archive_kind(&path).expect("readable");
    assert_eq!(kind, Some(spectra_pointcloud::ArchiveKind::CompressedTar));
    let mut seen = 0;
    visit_archive(&path, &Limits::default(), &|_| true, &mut |_, bytes| {
        assert_eq!(bytes.expect("whole"), OFF);
        seen += 1;
        ControlFlow::Continue(())
    })
    .expect("valid");
    assert_eq!(seen, 2);
    for damaged in [
        [&zstd(OFF), &b"junk"[..]].concat(),
        [&zstd(OFF), &skip[..9]].concat(),
    ] {
        assert_eq!(read(&damaged).expect_err("damaged").kind(), "corrupt");
    }
}

#[test]
fn an_xz_dictionary_that_is_too_large_is_no_damage() {
    // The header alone tells it, as `xz --lzma2=dict=256MiB` writes it.
    let packed = include_bytes!("fixtures/dictionary.tar.xz");
    let error = read(packed).expect_err("too large");
    assert_eq!(error.kind(), "unsupported", "{error}");
    assert!(error.to_string().contains("`xz -9`"), "{error}");
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("a.tar.xz");
    std::fs::write(&path, packed).expect("writable");
    let error = visit_archive(&path, &Limits::default(), &|_| true, &mut |_, _| {
        ControlFlow::Continue(())
    });
    assert_eq!(error.expect_err("too large").kind(), "unsupported");
}

#[test]
fn all_members_of_a_gzip_file_are_read_and_what_follows_is_passed_over() {
    let (one, other) = OFF.split_at(OFF.len() / 3);
    let members = [gzip(one), gzip(b""), gzip(other)].concat();
    for junk in [&b""[..], b"\0\0\0\0", b"junk", b"\x1fjunk"] {
        let shape = read(&[&members, junk].concat()).expect("valid");
        assert_eq!(shape.faces(), [[0, 1, 2]], "{junk:?}");
    }
    let cut = &members[..members.len() - 9];
    assert_eq!(read(cut).expect_err("damaged").kind(), "corrupt");
    let header = &[&members, &b"\x1f\x8b\x08"[..]].concat();
    assert_eq!(read(header).expect_err("damaged").kind(), "corrupt");
}

#[test]
fn notes_and_materials_beside_a_shape_are_passed_over() {
    let obj: &[u8] = b"mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n";
    let mtl: &[u8] = b"newmtl a\nNs 96\nKa 1 1 1\nKd 0.6 0.6 0.6\n";
    let licence: &[u8] = b"You may use this model.\n";
    let table: &[u8] = b"1 2 3\n";
    for members in [
        [("a.obj", obj), ("a.mtl", mtl)],
        [("LICENSE.txt", licence), ("a.obj", obj)],
        [("points.txt", table), ("a.obj", obj)],
    ] {
        assert_eq!(read(&zip_of(&members)).expect("one").faces(), [[0, 1, 2]]);
    }
    let cloud = zip_of(&[("LICENSE.txt", licence), ("a.xyz", table)]);
    assert_eq!(read(&cloud).expect("one").points(), [[1.0, 2.0, 3.0]]);
    let two = zip_of(&[("a.txt", table), ("b.xyz", table), ("c.txt", licence)]);
    assert_eq!(read(&two).expect_err("two").kind(), "many-shapes");
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
        assert!(archive_kind(&path).expect("readable").is_some(), "{name}");
        let mut seen = Vec::new();
        visit_archive(
            &path,
            &Limits::default(),
            &|name| name.ends_with(".off"),
            &mut |name, bytes| {
                assert_eq!(bytes.expect("whole"), OFF);
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
    let bomb = dir.path().join("bomb.tar.gz");
    let spaces = vec![b' '; 64 << 20];
    std::fs::write(&bomb, gzip(&tar_of(&[("bomb.off", &spaces)]))).expect("writable");
    let error = visit_archive(&bomb, &Limits::default(), &|_| true, &mut |_, _| {
        ControlFlow::Continue(())
    });
    assert_eq!(error.expect_err("a bomb").kind(), "limit");
    let plain = dir.path().join("plain.off");
    std::fs::write(&plain, OFF).expect("writable");
    assert_eq!(archive_kind(&plain).expect("readable"), None);
    let packed = dir.path().join("plain.off.gz");
    std::fs::write(&packed, gzip(OFF)).expect("writable");
    assert_eq!(archive_kind(&packed).expect("readable"), None);
    let error = visit_archive(&plain, &Limits::default(), &|_| true, &mut |_, _| {
        ControlFlow::Continue(())
    });
    assert_eq!(error.expect_err("no archive").kind(), "syntax");
}

#[test]
fn members_of_a_zip_expand_within_one_limit() {
    // Each fits alone: any member may have 16 MiB.
    let spaces = vec![b' '; 12 << 20];
    let zip = zip_of(&[("a.txt", &spaces), ("b.txt", &spaces), ("c.txt", &spaces)]);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("a.zip");
    std::fs::write(&path, &zip).expect("writable");
    for (wanted, expected) in [("a", 1), ("", 1)] {
        let mut seen = 0;
        let wanted = |name: &str| name.starts_with(wanted);
        let result = visit_archive(&path, &Limits::default(), &wanted, &mut |_, bytes| {
            assert_eq!(bytes.expect("whole").len(), spaces.len());
            seen += 1;
            ControlFlow::Continue(())
        });
        assert_eq!(seen, expected);
        assert_eq!(result.is_err_and(|e| e.kind() == "limit"), wanted("b"));
    }
    assert_eq!(read(&zip).expect_err("a bomb").kind(), "limit");
}

#[test]
fn a_damaged_member_of_a_zip_costs_itself_alone() {
    let mut bytes = zip_of(&[("a.off", OFF), ("b.off", OFF)]);
    // The checksum in the central directory of the first.
    let at = bytes
        .windows(4)
        .position(|w| w == b"PK\x01\x02")
        .expect("a directory");
    bytes[at + 16] ^= 1;
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("a.zip");
    std::fs::write(&path, bytes).expect("writable");
    let mut kinds = Vec::new();
    visit_archive(&path, &Limits::default(), &|_| true, &mut |_, bytes| {
        kinds.push(bytes.map_or_else(|error| error.kind(), |_| "whole"));
        ControlFlow::Continue(())
    })
    .expect("an archive");
    assert_eq!(kinds, ["corrupt", "whole"]);

    // Its own header damaged: it alone cannot be opened, and where it is not wanted it is not looked at.
    let mut bytes = zip_of(&[("a.off", OFF), ("b.off", OFF)]);
    let at = bytes
        .windows(4)
        .rposition(|w| w == b"PK\x03\x04")
        .expect("a member");
    bytes[at] = b'X';
    std::fs::write(&path, bytes).expect("writable");
    for (wanted, expected) in [("", vec!["whole", "corrupt"]), ("a", vec!["whole"])] {
        let mut kinds = Vec::new();
        let wanted = |name: &str| name.starts_with(wanted);
        visit_archive(&path, &Limits::default(), &wanted, &mut |_, bytes| {
            kinds.push(bytes.map_or_else(|error| error.kind(), |_| "whole"));
            ControlFlow::Continue(())
        })
        .expect("an archive");
        assert_eq!(kinds, expected);
    }
}

#[test]
fn hdf5_as_modelnet40_is_shared() {
    // Chunked and deflated, with labels (N, 1) of one byte, written by h5py.
    let bytes = include_bytes!("fixtures/two_clouds.h5").as_slice();
    let set = read_hdf5_clouds(bytes, "a.h5", &Limits::default()).expect("valid");
    assert_eq!(set.labels, [7, 3]);
    assert_eq!(set.clouds.len(), 2);
    assert_eq!(set.clouds[1].points[3], [21.0, 22.0, 23.0]);
    assert_eq!(set.clouds[0].normals, Some(vec![[0.0, 0.0, 1.0]; 4]));
    assert_eq!(read(bytes).expect_err("two").kind(), "many-shapes");

    // Of many clouds one may be bad; a lone one is refused.
    let bytes_of_nan = include_bytes!("fixtures/nan.h5").as_slice();
    let set = read_hdf5_clouds(bytes_of_nan, "a.h5", &Limits::default()).expect("valid");
    assert!(set.clouds[0].points[2][1].is_nan());
    let error = read(bytes_of_nan).expect_err("not finite");
    assert_eq!(error.kind(), "not-finite");
    assert!(error.to_string().contains("point 2"), "{error}");

    let mut limits = Limits::default();
    limits.points = 7;
    assert_eq!(
        read_hdf5_clouds(bytes, "a.h5", &limits)
            .expect_err("eight")
            .kind(),
        "limit"
    );
    assert_eq!(read(&bytes[..200]).expect_err("short").kind(), "corrupt");
}

#[test]
fn hdf5_takes_no_memory_on_the_word_of_a_shape() {
    // 24,000 clouds of 2048 points of which none was written, in 1 kB.
    let bytes = include_bytes!("fixtures/unwritten.h5");
    let error = read_hdf5_clouds(bytes, "a.h5", &Limits::default()).expect_err("too large");
    assert_eq!(error.kind(), "limit");
    assert!(error.to_string().contains("h5repack"), "{error}");
    // Labels by the shape (2^32 + 1, 2^32, 1).
    let bytes = include_bytes!("fixtures/many_labels.h5");
    let error = read_hdf5_clouds(bytes, "a.h5", &Limits::default()).expect_err("too many");
    assert_eq!(error.kind(), "syntax", "{error}");
}
