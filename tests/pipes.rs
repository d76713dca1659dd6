//! Results whose reader has gone, as behind `| head -1`.
#![allow(clippy::unwrap_used)] // a test may panic

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The command with a standard output that nobody reads.
fn unread(folder: &Path, arguments: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    Command::new(env!("CARGO_BIN_EXE_spectra"))
        .current_dir(folder)
        .arg("--quiet")
        .args(arguments)
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
    let shape = "set/box/train/train.off";
    for arguments in [
        vec!["data", "audit", "set"],
        vec!["transform", shape, "--order", "8"],
        vec!["info", shape, "--picture", "shape.png"],
        vec!["doctor"],
    ] {
        let output = unread(folder, &arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        assert!(said.is_empty(), "{arguments:?}: {said}");
    }
    assert!(folder.join("shape.png").exists());
}
