//! The outer radius of a cloud at each node.

use std::f64::consts::PI;

use rayon::prelude::*;

use super::{Nodes, Sample, dot};

/// Half-angle of the cone that a node looks into, in spacings of the grid.
const CONE: f64 = 1.5;
/// The quantile of the radii in a cone that counts as its outer radius: robust against stray points.
const OUTER: f64 = 0.9;
/// Far above the rounding of a height on the unit sphere.
const MARGIN: f64 = 1e-9;

/// The half-angle of the cone on a grid with this number of rings.
pub fn cone(rings: usize) -> f64 {
    (CONE * PI / rings as f64).min(PI)
}

/// The outer radius at each node, where there are samples in its cone.
pub fn outer_radii(nodes: &Nodes, mut samples: Vec<Sample>) -> Vec<Option<f64>> {
    samples.par_sort_unstable_by(|(a, _), (b, _)| a[2].total_cmp(&b[2]));
    let angle = cone(nodes.thetas.len());
    let bands = nodes.thetas.iter().map(|&at| band(&samples, at, angle));
    let bands: Vec<&[Sample]> = bands.collect();
    let cosine = angle.cos();
    let each = nodes.directions.par_iter().enumerate();
    each.map_init(Vec::new, |radii, (i, node)| {
        let near = bands[i / nodes.in_ring()].iter();
        let near = near.filter(|(direction, _radius)| dot(*direction, *node) >= cosine);
        radii.clear();
        radii.extend(near.map(|(_direction, radius)| *radius));
        quantile(radii)
    })
    .collect()
}

/// The samples, ordered by height, that a cone about a node at `theta` can reach.
fn band(samples: &[Sample], theta: f64, angle: f64) -> &[Sample] {
    let lowest = (theta + angle).min(PI).cos() - MARGIN;
    let highest = (theta - angle).max(0.0).cos() + MARGIN;
    let start = samples.partition_point(|(direction, _)| direction[2] < lowest);
    let end = samples.partition_point(|(direction, _)| direction[2] <= highest);
    &samples[start..end]
}

/// The radius that counts as the outer one.
pub fn quantile(radii: &mut [f64]) -> Option<f64> {
    let last = radii.len().checked_sub(1)?;
    let rank = (last as f64 * OUTER).round() as usize;
    Some(*radii.select_nth_unstable_by(rank, f64::total_cmp).1)
}
