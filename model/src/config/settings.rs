//! Settings named by their paths: finding one, reading its value, guessing what was meant, listing all.

use super::Config;

/// The value at a dotted path, if there is one and it is no table.
pub(super) fn find<'t>(table: &'t mut toml::Table, key: &str) -> Option<&'t mut toml::Value> {
    let (head, rest) = key.split_once('.').unzip();
    match (head, rest) {
        (Some(head), Some(rest)) => find(table.get_mut(head)?.as_table_mut()?, rest),
        _ => table.get_mut(key).filter(|value| !value.is_table()),
    }
}

/// Every (path, value) of a table that holds no tables, the paths behind `path`.
pub(super) fn leaves(table: &toml::Table, path: &str) -> Vec<(String, toml::Value)> {
    let of = |(key, value): (&String, &toml::Value)| match value {
        toml::Value::Table(inner) => leaves(inner, &format!("{path}{key}.")),
        value => vec![(format!("{path}{key}"), value.clone())],
    };
    table.iter().flat_map(of).collect()
}

/// Puts the values of `changes` in the place of those of `base`, section by section.
pub(super) fn overlay(base: &mut toml::Table, changes: toml::Table) {
    for (key, change) in changes {
        match (base.get_mut(&key), change) {
            (Some(toml::Value::Table(section)), toml::Value::Table(changes)) => {
                overlay(section, changes);
            }
            (_, change) => {
                base.insert(key, change);
            }
        }
    }
}

/// Reads `text` as the type of `like`: integers serve as floats, bare words as strings.
pub(super) fn parse_value(text: &str, like: &toml::Value) -> Result<toml::Value, String> {
    if like.is_str() {
        return Ok(toml::Value::String(text.trim_matches('"').to_owned()));
    }
    let document = format!("value = {text}");
    let mut table: toml::Table = document
        .parse()
        .map_err(|_ignored: toml::de::Error| format!("expected a {}", like.type_str()))?;
    let value = table
        .remove("value")
        .ok_or_else(|| format!("expected a {}", like.type_str()))?;
    match (&value, like) {
        (toml::Value::Integer(i), toml::Value::Float(_)) => Ok(toml::Value::Float(*i as f64)),
        _ if value.same_type(like) => Ok(value),
        _ => Err(format!(
            "expected a {}, found a {}",
            like.type_str(),
            value.type_str()
        )),
    }
}

/// Names the settings that end like the one asked for, or the sections.
pub(super) fn suggestion(config: &Config, key: &str) -> String {
    let Ok(table) = toml::Table::try_from(config) else {
        return String::new();
    };
    let wanted = key.rsplit('.').next().unwrap_or(key);
    let mut near = Vec::new();
    let mut all = Vec::new();
    for (section, value) in &table {
        match value.as_table() {
            None => {}
            Some(inner) => {
                for name in inner.keys() {
                    let path = format!("{section}.{name}");
                    if name.contains(wanted) || wanted.contains(name.as_str()) {
                        near.push(path.clone());
                    }
                    if key.split('.').next() == Some(section) {
                        all.push(path);
                    }
                }
            }
        }
    }
    match (near.is_empty(), all.is_empty()) {
        (false, _) => format!("; did you mean {}?", near.join(" or ")),
        (true, false) => format!("; there are {}", all.join(", ")),
        (true, true) => {
            let names: Vec<_> = table.keys().cloned().collect();
            format!("; the sections are {}", names.join(", "))
        }
    }
}
