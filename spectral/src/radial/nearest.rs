//! Nodes without a radius take the mean of the nearest that have one.

use rayon::prelude::*;

use super::{Nodes, Sample, dot};

/// Filled nodes from which an empty one takes its value.
pub const NEIGHBOURS: usize = 4;
/// Far above the rounding of a cosine.
const MARGIN: f64 = 1e-12;
/// Nodes among which all orders of equally near ones are tried.
const TRIED: usize = 8;

/// Gives empty nodes the weighted mean of the nearest filled ones.
pub fn fill(nodes: &Nodes, radii: &[Option<f64>]) -> Vec<f64> {
    let filled = Filled::new(nodes, radii);
    let each = radii.par_iter().enumerate();
    each.map_init(Search::default, |search, (i, radius)| {
        let ring = i / nodes.in_ring();
        radius.unwrap_or_else(|| search.mean(&nodes.directions[i], ring, &filled))
    })
    .collect()
}

/// The mean of radii, weighted by inverse angles.
pub fn mean(near: &[(f64, f64)]) -> f64 {
    let total: f64 = near.iter().map(|(angle, _radius)| 1.0 / angle).sum();
    let sum: f64 = near.iter().map(|(angle, radius)| radius / angle).sum();
    sum / total
}

/// The nodes that have a radius, ring after ring.
struct Filled<'a> {
    samples: Vec<Sample>,
    /// Where the samples of each ring start, and the end.
    starts: Vec<usize>,
    thetas: &'a [f64],
}

impl<'a> Filled<'a> {
    fn new(nodes: &'a Nodes, radii: &[Option<f64>]) -> Self {
        let mut samples = Vec::new();
        let mut starts = vec![0];
        let rings = nodes.directions.chunks(nodes.in_ring());
        for (nodes, radii) in rings.zip(radii.chunks(nodes.in_ring())) {
            let pairs = nodes.iter().zip(radii);
            samples.extend(pairs.filter_map(|(node, radius)| Some((*node, (*radius)?))));
            starts.push(samples.len());
        }
        Self {
            samples,
            starts,
            thetas: &nodes.thetas,
        }
    }

    fn ring(&self, ring: usize) -> &[Sample] {
        &self.samples[self.starts[ring]..self.starts[ring + 1]]
    }
}

/// Working memory of a search.
#[derive(Default)]
struct Search {
    /// Angle and radius of at most [`NEIGHBOURS`] filled nodes, the nearest first; cosines before angles during a search.
    near: Vec<(f64, f64)>,
    all: Vec<(f64, f64)>,
}

impl Search {
    /// The mean of the filled nodes nearest to a node of a ring.
    fn mean(&mut self, node: &[f64; 3], ring: usize, filled: &Filled<'_>) -> f64 {
        self.near.clear();
        for step in 0..filled.thetas.len() {
            let above = ring.checked_sub(step);
            let below = Some(ring + step).filter(|_| step > 0);
            let mut closer = false;
            for other in [above, below].into_iter().flatten() {
                if self.may_hold(ring, other, filled) {
                    closer = true;
                    self.look(node, filled.ring(other));
                }
            }
            if !closer {
                break;
            }
        }
        self.near.iter_mut().for_each(|near| near.0 = near.0.acos());
        if let Some(&(last, _radius)) = self.near.get(NEIGHBOURS - 1) {
            self.near.retain(|near| near.0 <= last);
        }
        if !self.ties_are_settled() {
            self.sort_all(node, filled);
        }
        self.near.truncate(NEIGHBOURS);
        mean(&self.near)
    }

    /// Whether a ring may hold a node as near as those found.
    fn may_hold(&self, ring: usize, other: usize, filled: &Filled<'_>) -> bool {
        let Some(theta) = filled.thetas.get(other) else {
            return false;
        };
        let last = self.near.get(NEIGHBOURS - 1);
        last.is_none_or(|last| (filled.thetas[ring] - theta).cos() >= last.0 - MARGIN)
    }

    /// Keeps the nearest and all that may be as near as the last of them, by cosine, which needs no inverse.
    fn look(&mut self, node: &[f64; 3], samples: &[Sample]) {
        let near = &mut self.near;
        for (direction, radius) in samples {
            let cosine = cosine(direction, node);
            let last = near.get(NEIGHBOURS - 1);
            if last.is_none_or(|last| cosine >= last.0 - MARGIN) {
                let place = near.partition_point(|(other, _radius)| *other >= cosine);
                near.insert(place, (cosine, *radius));
                let least = near.get(NEIGHBOURS - 1).map_or(-1.0, |last| last.0) - MARGIN;
                while near.last().is_some_and(|farthest| farthest.0 < least) {
                    near.pop();
                }
            }
        }
    }

    /// Whether the mean is the same in whatever order equally near nodes come.
    fn ties_are_settled(&mut self) -> bool {
        let tied = self.near.windows(2).any(|pair| pair[0].0 == pair[1].0);
        !tied || self.near.len() <= TRIED && sums_agree(&mut self.near, NEIGHBOURS, 0.0, &mut None)
    }

    /// Which of nodes equally near comes first is for the sort to say, as it was for the coefficients that people have stored.
    fn sort_all(&mut self, node: &[f64; 3], filled: &Filled<'_>) {
        let all = filled.samples.iter();
        let angles = all.map(|(direction, radius)| (cosine(direction, node).acos(), *radius));
        self.all.clear();
        self.all.extend(angles);
        self.all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let count = self.all.len().min(NEIGHBOURS);
        self.near.clear();
        self.near.extend_from_slice(&self.all[..count]);
    }
}

/// Whether `sum` and the first `count` of the nodes that follow add up to the same number for every order of ascending angles.
fn sums_agree(rest: &mut [(f64, f64)], count: usize, sum: f64, known: &mut Option<f64>) -> bool {
    if count == 0 || rest.is_empty() {
        return *known.get_or_insert(sum) == sum;
    }
    let tied = rest.iter().take_while(|near| near.0 == rest[0].0).count();
    (0..tied).all(|i| {
        rest.swap(0, i);
        let (angle, radius) = rest[0];
        let agree = sums_agree(&mut rest[1..], count - 1, sum + radius / angle, known);
        rest.swap(0, i);
        agree
    })
}

fn cosine(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    dot(*a, *b).clamp(-1.0, 1.0)
}
