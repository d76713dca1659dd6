//! Fewer points that still cover a cloud.

use crate::error::ShapeError;
use crate::unit::check_finite;

/// Picks `count` points so that each is the farthest from those before it (Gonzalez, "Clustering to minimize the
/// maximum intercluster distance", 1985), and gives their positions in the order of picking. It begins with the
/// point farthest from the mean, and takes the earliest of equal ones, so nothing is random. All positions, in
/// order, where there are no more than `count` points.
///
/// No point is farther from a picked one than twice what the best choice of `count` points could reach. The
/// cost is O(points * count).
///
/// # Errors
///
/// [`ShapeError`] without points, or where one is not finite.
pub fn farthest_points(points: &[[f64; 3]], count: usize) -> Result<Vec<usize>, ShapeError> {
    if points.is_empty() {
        return Err(ShapeError::Empty("point"));
    }
    check_finite(points)?;
    if points.len() <= count {
        return Ok((0..points.len()).collect());
    }
    let share = 1.0 / points.len() as f64;
    let mean = std::array::from_fn(|i| points.iter().map(|p| p[i] * share).sum());
    let mut gaps: Vec<f64> = points.iter().map(|p| squared(p, &mean)).collect();
    let mut picked = Vec::with_capacity(count);
    while picked.len() < count {
        let next = first_of_largest(&gaps);
        if picked.is_empty() {
            gaps.fill(f64::INFINITY);
        }
        picked.push(next);
        for (gap, point) in gaps.iter_mut().zip(points) {
            *gap = gap.min(squared(point, &points[next]));
        }
        // Among points that coincide with picked ones, those not picked yet come before the others.
        gaps[next] = -1.0;
    }
    Ok(picked)
}

fn squared(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    (0..3).map(|i| (a[i] - b[i]) * (a[i] - b[i])).sum()
}

fn first_of_largest(values: &[f64]) -> usize {
    let mut best = 0;
    for (i, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = i;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_come_first_then_the_middle() {
        let line: Vec<[f64; 3]> = (0..=10).map(|i| [f64::from(i), 0.0, 0.0]).collect();
        assert_eq!(farthest_points(&line, 3).expect("valid"), [0, 10, 5]);
        assert_eq!(
            farthest_points(&line, 11).expect("valid"),
            (0..=10).collect::<Vec<_>>()
        );
    }

    #[test]
    fn points_that_coincide_are_picked_once_each() {
        let mut picked = farthest_points(&[[1.0; 3]; 5], 4).expect("valid");
        picked.sort_unstable();
        picked.dedup();
        assert_eq!(picked.len(), 4);
    }

    #[test]
    fn what_has_no_points_is_refused() {
        assert_eq!(farthest_points(&[], 3).expect_err("none").kind(), "empty");
        assert_eq!(
            farthest_points(&[[f64::NAN; 3]], 3)
                .expect_err("nan")
                .kind(),
            "not-finite"
        );
    }
}
