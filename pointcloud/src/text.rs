//! Lines, words and numbers of the text formats.

use crate::error::{At, ReadError};
use crate::input::Input;

/// One line without its end, and its number counted from 1.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub number: u64,
    pub text: &'a [u8],
}

impl<'a> Line<'a> {
    pub fn at(&self) -> At {
        At::Line(self.number)
    }

    /// The line for a message.
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.text[..self.text.len().min(400)]).into_owned()
    }

    /// The words between spaces and tabs.
    pub fn words(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        words(self.text)
    }

    /// The line up to a comment sign.
    pub fn before(self, sign: u8) -> Self {
        let end = self
            .text
            .iter()
            .position(|&b| b == sign)
            .unwrap_or(self.text.len());
        Self {
            text: &self.text[..end],
            ..self
        }
    }

    pub fn is_blank(&self) -> bool {
        self.text.iter().all(u8::is_ascii_whitespace)
    }
}

/// Walks the lines of an input, whatever ends them: LF, CRLF, or a bare CR.
pub(crate) struct Lines<'a> {
    input: Input<'a>,
    rest: &'a [u8],
    number: u64,
    /// Old files may end lines by CR alone; one LF anywhere settles that CR is only its companion.
    cr_only: bool,
}

impl<'a> Lines<'a> {
    pub fn new(input: Input<'a>) -> Self {
        let rest = unmarked(input.bytes);
        let head = &rest[..rest.len().min(64 << 10)];
        let cr_only = head.contains(&b'\r') && !head.contains(&b'\n');
        Self {
            input,
            rest,
            number: 0,
            cr_only,
        }
    }

    /// The bytes after the last line taken.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The number of the last line taken.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The next line, or `None` at the end of the file.
    pub fn next(&mut self) -> Result<Option<Line<'a>>, ReadError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let end = if self.cr_only { b'\r' } else { b'\n' };
        let length = self
            .rest
            .iter()
            .position(|&b| b == end)
            .unwrap_or(self.rest.len());
        self.input
            .check_line(At::Line(self.number), length as u64)?;
        let text = &self.rest[..length];
        self.rest = self.rest.get(length + 1..).unwrap_or_default();
        Ok(Some(Line {
            number: self.number,
            text: text.strip_suffix(b"\r").unwrap_or(text),
        }))
    }

    /// The next line that holds more than space and a comment that begins with `#`.
    pub fn next_filled(&mut self) -> Result<Option<Line<'a>>, ReadError> {
        while let Some(line) = self.next()? {
            let line = line.before(b'#');
            if !line.is_blank() {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }
}

/// A text without its byte order mark.
pub(crate) fn unmarked(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The words of a text between ASCII white space.
pub(crate) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
}

/// A number as people write it, including Fortran's `1.0D+02` and the NaN of old C libraries (`-1.#IND`).
pub(crate) fn number(word: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(word).ok()?;
    if let Ok(value) = text.parse() {
        return Some(value);
    }
    if text.contains('#') && text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return Some(f64::NAN);
    }
    text.contains(['d', 'D'])
        .then(|| text.replace(['d', 'D'], "e").parse().ok())?
}

/// An integer, also one written as `3.0`.
pub(crate) fn integer(word: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(word).ok()?;
    text.parse().ok().or_else(|| {
        let value: f64 = text.parse().ok()?;
        (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64)
    })
}

/// Three finite coordinates from the words of a line.
pub(crate) fn point<'a>(
    input: &Input,
    line: Line,
    words: &mut impl Iterator<Item = &'a [u8]>,
) -> Result<[f64; 3], ReadError> {
    let mut point = [0.0; 3];
    for x in &mut point {
        *x = words
            .next()
            .and_then(number)
            .ok_or_else(|| input.syntax(line.at(), "three coordinates", &line.shown()))?;
    }
    if !point.iter().all(|x| x.is_finite()) {
        return Err(input.not_finite(line.at(), format!("{point:?}")));
    }
    Ok(point)
}
