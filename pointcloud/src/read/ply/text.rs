//! Bodies of text, read as in other formats: people write them by hand.

use ply_rs_bw::ply::{
    ElementDef, Property, PropertyAccess, PropertyAccessResult, PropertyType, ScalarType,
};

use crate::error::{At, ReadError};
use crate::input::Input;
use crate::text::{Line, Lines, integer, number};

/// The lines after a header that ends at byte `start`.
pub(super) fn lines<'a>(input: &Input<'a>, start: usize) -> Result<Lines<'a>, ReadError> {
    let mut lines = Lines::new(*input);
    while lines.rest().len() > input.bytes.len() - start {
        lines.next()?;
    }
    Ok(lines)
}

/// The elements of a text, one a line; blank lines are passed over.
pub(super) fn elements<E: PropertyAccess>(
    input: &Input,
    lines: &mut Lines,
    element: &ElementDef,
) -> Result<Vec<E>, ReadError> {
    let mut elements = Vec::new();
    while elements.len() < element.count {
        let Some(line) = lines.next()? else {
            let expected = format!("{} elements `{}`", element.count, element.name);
            let found = elements.len().to_string();
            return Err(input.truncated(At::Line(lines.number()), expected, found));
        };
        if !line.is_blank() {
            elements.push(one(input, line, element)?);
        }
    }
    Ok(elements)
}

fn one<E: PropertyAccess>(input: &Input, line: Line, element: &ElementDef) -> Result<E, ReadError> {
    let mut words = line.words();
    let mut read = E::new();
    for (name, property) in &element.properties {
        let value = match &property.data_type {
            PropertyType::Scalar(kind) => words.next().and_then(|word| scalar(kind, word)),
            PropertyType::List(_, kind) => list(kind, &mut words),
        };
        let value = value.ok_or_else(|| {
            let expected = format!("`{name}` of an element `{}`", element.name);
            input.syntax(line.at(), expected, &line.shown())
        })?;
        let is_finite = match value {
            Property::Float(x) => x.is_finite(),
            Property::Double(x) => x.is_finite(),
            _ => true,
        };
        if element.name == "vertex" && ["x", "y", "z"].contains(&name.as_str()) && !is_finite {
            return Err(input.not_finite(line.at(), line.shown()));
        }
        if read.set_property(name, value) == PropertyAccessResult::UnsupportedType {
            let expected = format!("another type of `{name}`");
            return Err(input.syntax(line.at(), expected, &format!("{:?}", property.data_type)));
        }
    }
    Ok(read)
}

/// One number. Whole ones are often written `1.0`, so their types are not insisted on.
fn scalar(kind: &ScalarType, word: &[u8]) -> Option<Property> {
    let value = number(word)?;
    let ScalarType::Float = kind else {
        return Some(Property::Double(value));
    };
    // Rounded once, as a reader of floats does it.
    let text = std::str::from_utf8(word).ok()?;
    Some(Property::Float(text.parse().unwrap_or(value as f32)))
}

/// A count and so many numbers.
fn list<'a>(kind: &ScalarType, words: &mut impl Iterator<Item = &'a [u8]>) -> Option<Property> {
    let count = usize::try_from(integer(words.next()?)?).ok()?;
    let mut taken = 0;
    let words = words.take(count).inspect(|_| taken += 1);
    let list = match kind {
        ScalarType::Float | ScalarType::Double => {
            Property::ListDouble(words.map(number).collect::<Option<_>>()?)
        }
        _ => {
            let whole: Vec<i64> = words.map(integer).collect::<Option<_>>()?;
            match whole.iter().all(|&x| u32::try_from(x).is_ok()) {
                true => Property::ListUInt(whole.into_iter().map(|x| x as u32).collect()),
                false => {
                    let small = whole.into_iter().map(|x| i32::try_from(x).ok());
                    Property::ListInt(small.collect::<Option<_>>()?)
                }
            }
        }
    };
    (taken == count).then_some(list)
}
