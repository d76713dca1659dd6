//! Splits that a list gives to items by their ids.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Completeness, Item, Split};

/// Gives items their splits, and says what the list and the items do not share.
pub(super) fn apply(wanted: &BTreeMap<String, Split>, items: &mut [Item]) -> Completeness {
    let mut unexpected = Vec::new();
    for item in items.iter_mut() {
        match wanted.get(&item.id) {
            Some(split) => item.split = *split,
            None => unexpected.push(item.id.clone()),
        }
    }
    unexpected.sort();
    let here: BTreeSet<&str> = items.iter().map(|item| item.id.as_str()).collect();
    let missing = wanted
        .keys()
        .filter(|id| !here.contains(id.as_str()))
        .cloned()
        .collect();
    let splits = Split::ALL.map(|split| {
        let found = items.iter().filter(|item| item.split == split).count();
        (
            split,
            found,
            wanted.values().filter(|wanted| **wanted == split).count(),
        )
    });
    let splits = splits
        .into_iter()
        .filter(|(_, found, all)| found + all > 0)
        .collect();
    Completeness {
        splits,
        missing,
        unexpected,
    }
}
