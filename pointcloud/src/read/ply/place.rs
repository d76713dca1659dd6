//! Where an element lies: found only for an error, by reading again what comes before it.

use ply_rs_bw::parser::{Parser, Reader};
use ply_rs_bw::ply::{ElementDef, Encoding, Header};

use super::elements::Other;
use super::text;
use crate::error::At;
use crate::input::Input;

/// The line or byte of the element `name` number `row` in a body that begins at byte `start` and was read before.
pub(super) fn of(input: &Input, header: &Header, start: usize, name: &str, row: usize) -> At {
    let at = match header.encoding {
        Encoding::Ascii => line(input, header, start, name, row),
        _ => byte(input, header, start, name, row),
    };
    at.unwrap_or(At::File)
}

/// Elements stand one a line.
fn line(input: &Input, header: &Header, start: usize, name: &str, row: usize) -> Option<At> {
    let others = header
        .elements
        .iter()
        .take_while(|(other, _)| *other != name);
    let before: usize = others.map(|(_, element)| element.count).sum();
    let mut lines = text::lines(input, start).ok()?;
    let mut filled = std::iter::from_fn(|| lines.next().ok()?).filter(|line| !line.is_blank());
    Some(filled.nth(before + row)?.at())
}

fn byte(input: &Input, header: &Header, start: usize, name: &str, row: usize) -> Option<At> {
    let mut body = Reader::new(&input.bytes[start..]);
    for (other, element) in &header.elements {
        let passed = ElementDef {
            count: if other == name { row } else { element.count },
            ..element.clone()
        };
        let parser = Parser::<Other>::new();
        parser
            .read_payload_for_element(&mut body, &passed, header)
            .ok()?;
        if other == name {
            break;
        }
    }
    let byte = input.bytes.len() - body.get_ref().len();
    Some(At::Byte(byte as u64))
}
