//! How far two point sets lie from each other.

/// The Chamfer distance of two point sets: the mean distance from a point of `a` to the nearest of `b`, plus the mean from
/// `b` to `a`, halved; in the units of the points, distances not squared. `NaN` where a set is empty. O(|a| |b|).
pub fn chamfer(a: &[[f64; 3]], b: &[[f64; 3]]) -> f64 {
    (one_way(a, b) + one_way(b, a)) / 2.0
}

fn one_way(from: &[[f64; 3]], to: &[[f64; 3]]) -> f64 {
    if from.is_empty() || to.is_empty() {
        return f64::NAN;
    }
    let nearest = |p: &[f64; 3]| {
        let square =
            |q: &[f64; 3]| (p[0] - q[0]).powi(2) + (p[1] - q[1]).powi(2) + (p[2] - q[2]).powi(2);
        to.iter().map(square).fold(f64::INFINITY, f64::min).sqrt()
    };
    from.iter().map(nearest).sum::<f64>() / from.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifted_points_are_as_far_as_the_shift_and_it_is_symmetric() {
        let a: Vec<[f64; 3]> = (0..10).map(|i| [f64::from(i), 0.0, 0.0]).collect();
        let b: Vec<[f64; 3]> = a.iter().map(|p| [p[0], 0.25, 0.0]).collect();
        assert!((chamfer(&a, &b) - 0.25).abs() < 1e-15);
        assert_eq!(chamfer(&a, &a), 0.0);
        let c = &a[..3];
        assert_eq!(chamfer(&a, c), chamfer(c, &a));
        assert!(chamfer(&a, &[]).is_nan());
    }
}
