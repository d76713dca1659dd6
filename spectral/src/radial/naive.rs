//! Each node looks at every point and at every filled node, which the searches are tested against.

use super::nearest::{NEIGHBOURS, mean};
use super::outer::{cone, quantile};
use super::{Nodes, Sample, dot};

pub fn outer_radii(nodes: &Nodes, samples: &[Sample]) -> Vec<Option<f64>> {
    let cosine = cone(nodes.thetas.len()).cos();
    let radius = |node: &[f64; 3]| {
        let near = samples.iter().filter(|near| dot(near.0, *node) >= cosine);
        quantile(&mut near.map(|near| near.1).collect::<Vec<f64>>())
    };
    nodes.directions.iter().map(radius).collect()
}

pub fn fill(nodes: &Nodes, radii: &[Option<f64>]) -> Vec<f64> {
    let pairs = nodes.directions.iter().zip(radii);
    let filled: Vec<Sample> = pairs
        .clone()
        .filter_map(|(node, radius)| Some((*node, (*radius)?)))
        .collect();
    pairs
        .map(|(node, radius)| radius.unwrap_or_else(|| mean(&nearest(node, &filled))))
        .collect()
}

/// By a sort of all angles.
fn nearest(node: &[f64; 3], filled: &[Sample]) -> Vec<(f64, f64)> {
    let cosine = |direction: &[f64; 3]| dot(*direction, *node).clamp(-1.0, 1.0);
    let mut near: Vec<(f64, f64)> = filled
        .iter()
        .map(|(direction, radius)| (cosine(direction).acos(), *radius))
        .collect();
    near.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    near.truncate(NEIGHBOURS);
    near
}
