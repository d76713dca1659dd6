//! What the tests share: the command in a folder, how it ends, and what it is given to work on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use spectra_datasets::synthetic::{self, SyntheticOptions};

/// The command in `folder` with the arguments of `line`, which spaces divide.
pub fn spectra(folder: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spectra"));
    // Data sets that lie on this machine are none of the tests.
    command.env_remove("SPECTRA_DATA").current_dir(folder);
    command.args(line.split_whitespace());
    command
}

/// What was told to the person at the terminal.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What the command prints; it must do all that it was asked for.
pub fn done(folder: &Path, line: &str) -> String {
    printed(folder, line, 0)
}

/// What the command prints where it must leave something out.
pub fn done_in_part(folder: &Path, line: &str) -> String {
    printed(folder, line, 3)
}

fn printed(folder: &Path, line: &str, code: i32) -> String {
    let output = spectra(folder, line).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{line}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        said(&output)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// All that the command of this line says where it fails so; see [`fails`].
pub fn refused(folder: &Path, line: &str, code: i32, words: &[&str]) -> String {
    fails(&mut spectra(folder, line), code, words)
}

/// All that a command says where it must end with this status and an error of these words, last and on one line. The parser
/// of arguments alone adds its advice.
pub fn fails(command: &mut Command, code: i32, words: &[&str]) -> String {
    let output = command.output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(code), "{command:?}: {said}");
    assert!(!said.contains("panicked"), "{command:?}: {said}");
    let before = said.lines().take_while(|line| !line.starts_with("error: "));
    let error: Vec<&str> = said.lines().skip(before.count()).collect();
    let advised = error.len() > 1 && error.ends_with(&["For more information, try '--help'."]);
    assert!(error.len() == 1 || advised, "{command:?}: {said}");
    let error = error.join("\n");
    for word in words {
        assert!(error.contains(word), "{command:?}: no `{word}` in {said}");
    }
    said
}

/// Made meshes in `shapes`: so many of each of ten families for training, and for the test.
pub fn shapes(folder: &Path, train: usize, test: usize) {
    let options = SyntheticOptions {
        train,
        test,
        ..SyntheticOptions::default()
    };
    synthetic::write(&folder.join("shapes"), &options).unwrap();
}

/// The first item of the store `a.spectra`, as the command names it.
pub fn first_item(folder: &Path) -> String {
    let items = fs::read_to_string(folder.join("a.spectra/part-00000-of-00001.csv")).unwrap();
    let id = items.lines().nth(1).unwrap().split(',').next().unwrap();
    format!("a.spectra#{id}")
}

/// All files of a folder, hidden ones too, with their contents.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .filter(|entry| entry.path().is_file())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// A file of JSON.
pub fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The rows of a report.
pub fn rows(report: &Value) -> &[Value] {
    report["rows"].as_array().unwrap()
}

/// The features of each row of a report.
pub fn features(report: &Value) -> Vec<&str> {
    let rows = rows(report).iter();
    rows.map(|row| row["features"].as_str().unwrap()).collect()
}

/// Sends a signal, such as `-INT`.
#[cfg(unix)]
pub fn send(signal: &str, child: &mut std::process::Child) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status();
    if !sent.is_ok_and(|status| status.success()) {
        child.kill().unwrap();
        panic!("the signal could not be sent");
    }
}

/// The same command under a limit on the size of files, in blocks of the shell. It stands for a full disk.
#[cfg(unix)]
pub fn limited(command: &Command, blocks: u32) -> Command {
    let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut limited = Command::new("sh");
    limited.current_dir(command.get_current_dir().unwrap());
    limited.args(["-c", &limit]).arg(command.get_program());
    limited.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    limited
}
