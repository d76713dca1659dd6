//! Nearest neighbours within a distance.

use rayon::prelude::*;

use super::measure::Measured;
use crate::Split;

/// The nearest items: position and distance, `None` where none is near enough.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Neighbours {
    /// In the same split.
    pub own: Option<(usize, f64)>,
    /// In another split.
    pub other: Option<(usize, f64)>,
}

/// Each item's nearest neighbours of all within `reach`, the first of equally near ones. Exact: items are sorted along
/// the coordinate that spreads them most, and those within reach there are compared in full.
pub(super) fn neighbours(items: &[Measured], reach: f64) -> Vec<Neighbours> {
    let points: Vec<(&[f32], Split)> = items
        .iter()
        .map(|item| (item.invariants.as_slice(), item.split))
        .collect();
    search(&points, reach)
}

fn search(points: &[(&[f32], Split)], reach: f64) -> Vec<Neighbours> {
    let axis = widest(points);
    let along = |index: usize| f64::from(points[index].0[axis]);
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| along(a).total_cmp(&along(b)));
    let mut found: Vec<(usize, Neighbours)> = (0..order.len())
        .into_par_iter()
        .map(|place| {
            let index = order[place];
            let before = order[..place].iter().rev();
            let after = order[place + 1..].iter();
            let within = |other: &&usize| (along(**other) - along(index)).abs() <= reach;
            let candidates = before.take_while(within).chain(after.take_while(within));
            (index, nearest(points, index, candidates.copied(), reach))
        })
        .collect();
    found.sort_unstable_by_key(|(index, _)| *index);
    found
        .into_iter()
        .map(|(_, neighbours)| neighbours)
        .collect()
}

fn nearest(
    points: &[(&[f32], Split)],
    index: usize,
    candidates: impl Iterator<Item = usize>,
    reach: f64,
) -> Neighbours {
    let (point, split) = points[index];
    let mut found = Neighbours::default();
    for other in candidates {
        let distance = distance(point, points[other].0);
        let best = match points[other].1 == split {
            true => &mut found.own,
            false => &mut found.other,
        };
        let nearer = best.is_none_or(|(place, least)| (distance, other) < (least, place));
        if distance <= reach && nearer {
            *best = Some((other, distance));
        }
    }
    found
}

/// The coordinate of the largest variance.
fn widest(points: &[(&[f32], Split)]) -> usize {
    let width = points.first().map_or(0, |(point, _)| point.len());
    let share = 1.0 / points.len().max(1) as f64;
    let variance = |axis: usize| {
        let values = || points.iter().map(|(point, _)| f64::from(point[axis]));
        let mean = values().map(|x| x * share).sum::<f64>();
        values()
            .map(|x| (x - mean) * (x - mean) * share)
            .sum::<f64>()
    };
    let spread: Vec<f64> = (0..width).map(variance).collect();
    (0..width)
        .max_by(|&a, &b| spread[a].total_cmp(&spread[b]))
        .unwrap_or(0)
}

/// Euclidean distance.
pub(super) fn distance(a: &[f32], b: &[f32]) -> f64 {
    let squares = a.iter().zip(b).map(|(x, y)| (x - y) * (x - y));
    f64::from(squares.sum::<f32>()).sqrt()
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use spectra_pointcloud::random::stream;

    use super::*;

    #[test]
    fn the_sweep_finds_what_comparing_all_pairs_finds() {
        let mut rng = stream(1, 0, 0);
        let points: Vec<Vec<f32>> = (0..300)
            .map(|_| {
                (0..4)
                    .map(|axis| rng.random_range(0.0..1.0) * (axis + 1) as f32)
                    .collect()
            })
            .collect();
        let points: Vec<(&[f32], Split)> = points
            .iter()
            .enumerate()
            .map(|(i, point)| {
                (
                    point.as_slice(),
                    if i % 3 == 0 {
                        Split::Test
                    } else {
                        Split::Train
                    },
                )
            })
            .collect();
        for reach in [0.3, 0.8, 10.0] {
            let all: Vec<Neighbours> = (0..points.len())
                .map(|i| nearest(&points, i, (0..points.len()).filter(|&j| j != i), reach))
                .collect();
            assert_eq!(search(&points, reach), all);
            assert!(all.iter().any(|found| found.other.is_some()));
        }
    }
}
