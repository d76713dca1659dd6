//! How a command ends: the exit status, and errors told once on one line.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Context;

/// How a command that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything asked for was done: status 0.
    Done,
    /// Done, but some items failed; they are recorded: status 3.
    SomeFailed,
}

/// Prints a line for the person at the terminal to standard error; where nobody reads that any more, nothing is lost.
/// `eprintln!` would panic there.
macro_rules! tell {
    ($($line:tt)*) => {{
        use std::io::Write as _;
        let _unread = writeln!(std::io::stderr(), $($line)*);
    }};
}
pub(crate) use tell;

/// Prints a line of results, in a function that can fail; see [`print_line`].
macro_rules! say {
    ($($line:tt)*) => {
        $crate::outcome::print_line(format_args!($($line)*))?
    };
}
pub(crate) use say;

/// Prints a line of results. Where nobody reads them any more, as behind `| head -1`, the command goes on: the files that it
/// was asked for are wanted all the same. `println!` would panic there.
pub fn print_line(line: Arguments) -> anyhow::Result<()> {
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("standard output"),
    }
}

/// Turns the outcome into an exit status, and prints the error, if any, with its causes on one line.
pub fn exit_code(result: anyhow::Result<Outcome>) -> ExitCode {
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::SomeFailed) => ExitCode::from(3),
        Err(error) => {
            tell!("error: {}", one_line(&error));
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}

/// Prints what the argument parser says: help and version are no errors, the rest is status 2.
pub fn usage(error: &clap::Error) -> ExitCode {
    // Nothing can be done where even the help cannot be printed.
    let _ignored = error.print();
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

/// Arguments that parse one by one but make no sense together or for the data at hand.
#[derive(Debug)]
pub struct Usage(pub String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// A library's error may already contain the text of its source; each text is told once.
fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string().replace('\n', " ");
        if line.contains(&text) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&text);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_joined_and_told_once() {
        let error = Err::<(), _>(anyhow::anyhow!("inner"))
            .context("outer: inner")
            .unwrap_err();
        assert_eq!(one_line(&error), "outer: inner");
        let error = Err::<(), _>(anyhow::anyhow!("a\nb"))
            .context("outer")
            .unwrap_err();
        assert_eq!(one_line(&error), "outer: a b");
    }
}
