//! Data sets inside archives give the store that the folder gives, without unpacking.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use spectra_datasets::{
    ConvertOptions, Dataset, DatasetError, DatasetKind, audit_dataset, convert, find, open,
};

/// Files of a small data set, one of them damaged: name and content.
fn members() -> Vec<(String, String)> {
    let mut members = vec![("set/read.me".to_owned(), "hello".to_owned())];
    for (class, split, numbers) in [
        ("box", "train", 0..9),
        ("box", "test", 9..13),
        ("cup", "train", 0..8),
    ] {
        for number in numbers {
            let points = (0..12).map(|i| format!("{i} {} {}\n", i * number % 7, (i * i) % 5));
            let text = format!("OFF\n12 0 0\n{}", points.collect::<String>());
            members.push((format!("set/{class}/{split}/{class}_{number}.off"), text));
        }
    }
    members.push((
        "set/cup/train/cup_bad.off".to_owned(),
        "OFF\n3 1".to_owned(),
    ));
    members
}

fn tar(members: &[(String, String)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, text) in members {
        let mut header = tar::Header::new_gnu();
        // Written as it stands: the setter of paths refuses what these tests need.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip(members: &[(String, String)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in members {
        writer
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn dataset(path: &Path) -> Dataset {
    open(path, DatasetKind::Auto).unwrap()
}

fn options() -> ConvertOptions {
    ConvertOptions {
        order: 3,
        points: 8,
        rows_per_part: 5,
        ..ConvertOptions::default()
    }
}

/// The files of the store that a source gives.
fn store(source: &Path, options: &ConvertOptions) -> BTreeMap<PathBuf, Vec<u8>> {
    let out = tempfile::tempdir().unwrap();
    let summary = convert(&dataset(source), out.path(), options, &()).unwrap();
    assert_eq!((summary.done, summary.failed.len()), (21, 1));
    let entries = fs::read_dir(out.path())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap()))
        .collect()
}

fn unpacked(folder: &Path) -> PathBuf {
    for (name, text) in members() {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder.join("set")
}

#[test]
fn an_archive_gives_the_bytes_of_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let expected = store(&unpacked(folder.path()), &options());
    let mut backwards = members();
    backwards.reverse();
    let archives = [
        write(folder.path(), "a.zip", &zip(&backwards)),
        write(folder.path(), "a.tar", &tar(&backwards)),
        write(folder.path(), "a.tgz", &gzip(&tar(&backwards))),
    ];
    for archive in &archives {
        for jobs in [1, 3] {
            let options = ConvertOptions { jobs, ..options() };
            let found = store(archive, &options);
            assert!(found == expected, "{}, {jobs} threads", archive.display());
        }
    }
}

#[test]
fn rows_that_cannot_all_wait_take_more_passes_and_give_the_same() {
    let folder = tempfile::tempdir().unwrap();
    // Rows that could be so large admit one open part at a time; the archive deals items out to all parts in turn.
    let options = ConvertOptions {
        points: 1 << 24,
        ..options()
    };
    let expected = store(&unpacked(folder.path()), &options);
    let mut dealt = members();
    dealt.sort_by_key(|(name, _)| blake3::hash(name.as_bytes()).as_bytes().to_owned());
    let archive = write(folder.path(), "a.tar", &tar(&dealt));
    assert!(store(&archive, &options) == expected);
}

#[test]
fn shapes_and_lists_are_read_from_archives() {
    let folder = tempfile::tempdir().unwrap();
    let mut members: Vec<_> = members()
        .into_iter()
        .map(|(name, text)| (name.replace("/train/", "/").replace("/test/", "/"), text))
        .collect();
    members.push((
        "set/labels.csv".to_owned(),
        "file,split\nbox/box_0,test\n".to_owned(),
    ));
    for bytes in [zip(&members), gzip(&tar(&members))] {
        let dataset = dataset(&write(folder.path(), "a", &bytes));
        assert_eq!((dataset.name.as_str(), dataset.classes.len()), ("set", 2));
        let place = dataset
            .items
            .iter()
            .position(|item| item.id == "box/box_0")
            .unwrap();
        assert_eq!(dataset.items[place].split.to_string(), "test");
        assert_eq!(dataset.load(place).unwrap().points().len(), 12);
    }
}

#[test]
fn what_a_list_names_and_an_archive_does_not_hold_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let members = [
        ("bed/bed_0002.txt", "0 0 0\n1 0 0\n0 1 0\n"),
        ("modelnet40_train.txt", "bed_0001\nbed_0002\n"),
        ("modelnet40_test.txt", "bed_0601\n"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()));
    let data = dataset(&write(folder.path(), "a.zip", &zip(&members)));
    let out = tempfile::tempdir().unwrap();
    let options = ConvertOptions {
        rows_per_part: 1,
        ..options()
    };
    let summary = convert(&data, out.path(), &options, &()).unwrap();
    let failed = summary
        .failed
        .iter()
        .map(|f| (f.id.as_str(), f.kind.as_str()));
    let expected = [("bed/bed_0001", "missing"), ("bed/bed_0601", "missing")];
    assert!(summary.done == 1 && failed.eq(expected), "{summary:?}");
}

#[test]
fn an_audit_of_an_archive_is_that_of_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let report =
        |path: &Path| serde_json::to_string(&audit_dataset(&dataset(path), &()).unwrap()).unwrap();
    let expected = report(&unpacked(folder.path()));
    let mut backwards = members();
    backwards.reverse();
    for (name, bytes) in [("a.zip", zip(&backwards)), ("a.tar", tar(&backwards))] {
        assert_eq!(report(&write(folder.path(), name, &bytes)), expected);
    }
    // The checksum of the last member in the directory of a zip.
    let mut bytes = zip(&members());
    let entry = bytes
        .windows(4)
        .rposition(|four| four == b"PK\x01\x02")
        .unwrap();
    bytes[entry + 16] ^= 1;
    let damaged = dataset(&write(folder.path(), "damaged.zip", &bytes));
    let last = damaged
        .items
        .iter()
        .position(|item| item.id == "cup/cup_bad");
    let error = damaged.load(last.unwrap()).unwrap_err();
    assert!(
        matches!(&error, DatasetError::Item { kind, .. } if kind == "corrupt"),
        "{error}"
    );
    let report = audit_dataset(&damaged, &()).unwrap();
    assert_eq!((report.items, report.failures.len()), (22, 1));
    assert_eq!(report.failures[0].kind, "corrupt");
}

#[test]
fn what_could_harm_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let with = |name: &str, text: &str| {
        let mut members = members();
        members.push((name.to_owned(), text.to_owned()));
        members
    };
    let mut link = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    link.append_link(&mut header, "box/train/way.off", "/etc/passwd")
        .unwrap();
    let spaces = " ".repeat(64 << 20);
    let cases = [
        (
            "up.tar",
            tar(&with("set/../../a.off", "")),
            "`set/../../a.off` refused: its path leads out",
        ),
        (
            "root.zip",
            zip(&with("/etc/a.off", "")),
            "`/etc/a.off` refused: its path is absolute",
        ),
        (
            "link.tar",
            link.into_inner().unwrap(),
            "`box/train/way.off` refused: it is a link",
        ),
        (
            "bomb.tgz",
            gzip(&tar(&with("set/box/train/b.off", &spaces))),
            "unpacked bytes",
        ),
        (
            "twice.tar",
            tar(&with("./set/read.me", "again")),
            "`./set/read.me` is there twice",
        ),
        ("cut.tgz", gzip(&tar(&members()))[..200].to_vec(), "damaged"),
    ];
    for (name, bytes, part) in cases {
        let path = write(folder.path(), name, &bytes);
        let error = open(&path, DatasetKind::Auto).unwrap_err();
        assert!(
            matches!(error, DatasetError::Archive { .. }),
            "{name}: {error}"
        );
        let text = error.to_string();
        assert!(text.contains(name) && text.contains(part), "{name}: {text}");
    }
    // A zip is listed without its contents, so its bomb goes off, and is put out, when it is converted.
    let path = write(
        folder.path(),
        "bomb.zip",
        &zip(&with("set/box/train/b.off", &spaces)),
    );
    let out = tempfile::tempdir().unwrap();
    let error = convert(&dataset(&path), out.path(), &options(), &())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("b.off") && error.contains("unpacked bytes"),
        "{error}"
    );
}

#[test]
fn an_archive_is_found_by_the_name_of_its_data_set() {
    let folder = tempfile::tempdir().unwrap();
    let archive = write(folder.path(), "Things-all.tar.gz", &gzip(&tar(&members())));
    write(folder.path(), "things.txt", b"notes");
    assert_eq!(find("things", folder.path()).unwrap().root, archive);
    // A folder comes first.
    let set = unpacked(folder.path());
    let kept = folder.path().join("things-as-they-were");
    fs::rename(set, &kept).unwrap();
    assert_eq!(find("things", folder.path()).unwrap().root, kept);
}
