//! What a data set holds, and what is in it twice.

mod items;
mod measure;
mod near;

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use serde::Serialize;

use crate::audit::measure::{Measure, Measured};
use crate::audit::near::Neighbours;
use crate::{Completeness, Dataset, DatasetError, Failure, Observer, Split, Store};

/// Share of the items whose two halves lie within the threshold.
const QUANTILE: f64 = 0.95;

/// What [`audit_dataset`] and [`audit_store`] find.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AuditReport {
    /// Name of the data set.
    pub dataset: String,
    /// Items, those that failed included.
    pub items: usize,
    /// Items of each class in each split, in the order of [`Split::ALL`]; the last row is of those without a class,
    /// if there are any.
    pub classes: Vec<(String, [usize; 3])>,
    /// What is here against the official counts, where there are any.
    pub completeness: Option<Completeness>,
    /// Items that cannot be used.
    pub failures: Vec<Failure>,
    /// Items that are flat: their thickness is below a thousandth of their extent.
    pub flat: Vec<String>,
    /// Items of which at least half of the points are repeated.
    pub repeated: Vec<String>,
    /// Points of an item, as in the file (in a store: as kept).
    pub points: Range,
    /// Faces of an item, of meshes alone.
    pub faces: Option<Range>,
    /// Largest distance of a sampled point from their mean, in the units of the file.
    pub radius: Range,
    /// Distance of the mean from the origin in units of that radius.
    pub offset: Range,
    /// Groups of items with equal points, whatever their order.
    pub exact: Vec<Vec<Twin>>,
    /// Items whose nearest neighbour is as near as another sampling of the same object would be.
    pub near: Near,
}

/// Smallest, median and largest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Range {
    /// Smallest.
    pub least: f64,
    /// The middle one.
    pub median: f64,
    /// Largest.
    pub most: f64,
}

/// One item of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Twin {
    /// The item.
    pub id: String,
    /// Its class, empty without one.
    pub class: String,
    /// Its split.
    pub split: Split,
}

/// Near duplicates in the space of rotation invariants.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Near {
    /// Highest order of the moments.
    pub order: usize,
    /// The largest distance that counts: the 95th percentile, over the items, of how far a second sampling of the
    /// same object is expected to lie.
    pub threshold: f64,
    /// The same percentile for moments as they stand, without rotation.
    pub pose_threshold: f64,
    /// Items with a neighbour in the same split.
    pub within: BTreeMap<Split, usize>,
    /// Items of each split with a neighbour in another one.
    pub across: BTreeMap<Split, usize>,
    /// Items as in `across` for other thresholds, as multiples of the threshold.
    pub sensitivity: Vec<(f64, BTreeMap<Split, usize>)>,
    /// Each item's nearest neighbour in its own split and the nearest in the others, where they count.
    pub pairs: Vec<NearPair>,
}

/// An item and a neighbour.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearPair {
    /// The item.
    pub item: Twin,
    /// Its neighbour.
    pub neighbour: Twin,
    /// Distance of their invariants.
    pub distance: f64,
    /// Whether their moments agree too, so that they have the same pose.
    pub same_pose: bool,
}

/// Audits a data set where it lies; meshes are sampled as by a conversion of 2,048 points.
///
/// Two items are exact duplicates if they have the same points, as `f32`, in any order, and as many faces. They are near
/// duplicates if the norms of their Zernike moments to order 12 lie within a threshold that the data set
/// itself gives: the points of each item are dealt out into two halves at random, both are normalised and
/// transformed on their own, and the distance of the two over the square root of 2 is how far two samplings of this
/// object with all its points would lie apart. The threshold is the 95th percentile of these distances.
///
/// The cost is that of two conversions, and a sweep over pairs of items that are near in one coordinate.
///
/// # Errors
/// Items that cannot be used are part of the report. A source that vanished ends it, and so does the observer.
pub fn audit_dataset(
    dataset: &Dataset,
    observer: &dyn Observer,
) -> Result<AuditReport, DatasetError> {
    let results = items::measured(dataset, observer)?;
    let all = dataset.items.iter().map(|item| (item.class, item.split));
    let mut report = report(results, &dataset.classes);
    report.dataset.clone_from(&dataset.name);
    report.items = dataset.items.len();
    report.classes = counts(&dataset.classes, all);
    report.completeness.clone_from(&dataset.completeness);
    Ok(report)
}

/// Audits a store that keeps its points, as [`audit_dataset`] does; items that failed to convert are the failures.
///
/// # Errors
/// A store without points, and parts that are missing or damaged.
pub fn audit_store(store: &Store, observer: &dyn Observer) -> Result<AuditReport, DatasetError> {
    let manifest = store.manifest();
    if !manifest.keep_points {
        let message = "made without points, which an audit compares; audit the data set instead";
        return Err(DatasetError::layout(store.path(), message));
    }
    let measure = Measure::new()?;
    let (mut results, mut all) = (Vec::new(), Vec::new());
    for index in 0..manifest.parts.len() {
        if observer.should_stop() {
            return Err(DatasetError::Stopped {
                finished: index,
                parts: manifest.parts.len(),
            });
        }
        let rows = store.part(index)?;
        let points = rows.points.unwrap_or_default();
        let measured: Vec<_> = (0..rows.ids.len())
            .into_par_iter()
            .map(|row| {
                let class = u32::try_from(rows.labels[row]).ok();
                let frame = rows.frames[row];
                match measure.row(&rows.ids[row], class, rows.splits[row], &points[row], frame) {
                    Ok(measured) => Ok(Ok(measured)),
                    Err(DatasetError::Item { id, kind, message }) => {
                        Ok(Err(Failure { id, kind, message }))
                    }
                    Err(error) => Err(error),
                }
            })
            .collect::<Result<_, DatasetError>>()?;
        results.extend(measured);
        all.extend(
            rows.labels
                .iter()
                .map(|&label| u32::try_from(label).ok())
                .zip(rows.splits),
        );
        observer.item_done(results.len(), store.len());
    }
    let mut report = report(results, &manifest.classes);
    report.dataset.clone_from(&manifest.dataset);
    report.items = manifest.items;
    report.classes = counts(&manifest.classes, all.into_iter());
    report
        .failures
        .splice(0..0, manifest.failures.iter().cloned());
    Ok(report)
}

/// Items by class and split.
fn counts(
    classes: &[String],
    items: impl Iterator<Item = (Option<u32>, Split)>,
) -> Vec<(String, [usize; 3])> {
    let names = classes.iter().cloned().chain([String::new()]);
    let mut counts: Vec<(String, [usize; 3])> = names.map(|name| (name, [0; 3])).collect();
    for (class, split) in items {
        let class = class.map_or(classes.len(), |class| class as usize);
        let place = Split::ALL.iter().position(|known| *known == split);
        if let (Some((_, counts)), Some(place)) = (counts.get_mut(class), place) {
            counts[place] += 1;
        }
    }
    counts.retain(|(name, counts)| !name.is_empty() || counts.iter().any(|&count| count > 0));
    counts
}

fn report(results: Vec<Result<Measured, Failure>>, classes: &[String]) -> AuditReport {
    let (mut items, mut failures) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(item) => items.push(item),
            Err(failure) => failures.push(failure),
        }
    }
    let with = |wrong: fn(&Measured) -> bool| {
        items
            .iter()
            .filter(|item| wrong(item))
            .map(|item| item.id.clone())
            .collect()
    };
    let faces = range(
        items
            .iter()
            .filter(|item| item.faces > 0)
            .map(|item| item.faces as f64),
    );
    AuditReport {
        failures,
        flat: with(Measured::is_flat),
        repeated: with(|item| item.repeated * 2 >= item.points),
        points: range(items.iter().map(|item| item.points as f64)).unwrap_or_default(),
        faces,
        radius: range(items.iter().map(|item| item.radius)).unwrap_or_default(),
        offset: range(items.iter().map(|item| item.offset)).unwrap_or_default(),
        exact: exact(&items, classes),
        near: near(&items, classes),
        ..AuditReport::default()
    }
}

fn range(values: impl Iterator<Item = f64>) -> Option<Range> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    Some(Range {
        least: *values.first()?,
        median: values[values.len() / 2],
        most: *values.last()?,
    })
}

fn twin(item: &Measured, classes: &[String]) -> Twin {
    let class = item.class.and_then(|class| classes.get(class as usize));
    Twin {
        id: item.id.clone(),
        class: class.cloned().unwrap_or_default(),
        split: item.split,
    }
}

/// Groups of equal hashes, in the order of their first items.
fn exact(items: &[Measured], classes: &[String]) -> Vec<Vec<Twin>> {
    let mut places: HashMap<[u8; 32], usize> = HashMap::new();
    let mut groups: Vec<Vec<Twin>> = Vec::new();
    for item in items {
        let place = *places.entry(item.exact).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(twin(item, classes));
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// The value below which the share [`QUANTILE`] of `values` lies.
fn quantile(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let place = (values.len() as f64 * QUANTILE) as usize;
    values
        .get(place.min(values.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0.0)
}

fn near(items: &[Measured], classes: &[String]) -> Near {
    let noise = || items.iter().filter_map(|item| item.noise);
    let threshold = quantile(noise().map(|[invariants, _]| invariants));
    let pose_threshold = quantile(noise().map(|[_, moments]| moments));
    let reach = [0.5, 1.0, 2.0];
    let neighbours = near::neighbours(items, 2.0 * threshold);
    let counted = |limit: f64, of: fn(&Neighbours) -> Option<(usize, f64)>| {
        let mut counts = BTreeMap::new();
        for (item, found) in items.iter().zip(&neighbours) {
            let counts = counts.entry(item.split).or_insert(0);
            *counts += usize::from(of(found).is_some_and(|(_, distance)| distance <= limit));
        }
        counts
    };
    let mut pairs = Vec::new();
    for (item, found) in items.iter().zip(&neighbours) {
        for (other, distance) in [found.own, found.other].into_iter().flatten() {
            if distance <= threshold {
                let other = &items[other];
                pairs.push(NearPair {
                    item: twin(item, classes),
                    neighbour: twin(other, classes),
                    distance,
                    same_pose: near::distance(&item.moments, &other.moments) <= pose_threshold,
                });
            }
        }
    }
    Near {
        order: measure::ORDER,
        threshold,
        pose_threshold,
        within: counted(threshold, |found| found.own),
        across: counted(threshold, |found| found.other),
        sensitivity: reach
            .map(|times| (times, counted(times * threshold, |found| found.other)))
            .to_vec(),
        pairs,
    }
}
