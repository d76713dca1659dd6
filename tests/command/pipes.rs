//! Results whose reader has gone, as behind `| head -1`.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::common::{said, spectra};

/// The command with a standard output that nobody reads.
fn unread(folder: &Path, line: &str) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    spectra(folder, &format!("--quiet {line}"))
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap()
}

#[test]
fn a_reader_that_has_gone_changes_nothing_but_what_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for split in ["train", "test"] {
        let place = folder.join("set/box").join(split);
        fs::create_dir_all(&place).unwrap();
        let mesh = "OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n";
        fs::write(place.join(format!("{split}.off")), mesh).unwrap();
    }
    for line in [
        "data audit set",
        "transform set/box/train/train.off --order 8",
        "info set/box/train/train.off --picture shape.png",
        "doctor",
    ] {
        let output = unread(folder, line);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(0), "{line}: {said}");
        assert!(said.is_empty(), "{line}: {said}");
    }
    assert!(folder.join("shape.png").exists());
}
