//! Moments of neighbourhoods: fine detail that the low degrees of a whole cloud cannot hold.

use super::{ZernikePlan, ZernikeScratch};
use crate::check::{check_finite, check_length, check_points_finite};
use crate::{Real, SpectralError};

/// Moments of the neighbourhoods of a cloud, one row each; lay them out with [`MapLayout::local`](crate::MapLayout::local).
#[derive(Debug, Clone, PartialEq)]
pub struct LocalMoments<T> {
    /// `[centres, count]`, row by row, each row in flat order.
    pub rows: Vec<T>,
    /// `[centres]`: the share of the cloud's weight that lies in each neighbourhood; 0 where it is empty.
    pub mass: Vec<T>,
}

impl<T: Real> ZernikePlan<T> {
    /// Moments of the points within `radii[j]` of `centres[j]`, each neighbourhood moved to the origin and scaled to
    /// the unit ball: `row_j = sum_i w_i Z((x_i - c_j) / r_j) / sum_i w_i` over its points.
    ///
    /// `points` is `[P]` anywhere in space; `weights` is `[P]`, none negative, or `None` for equal ones; `centres` and
    /// `radii` are `[C]` in the units of the points. A row has weight 1, so its first value is `Z_000`; the row of
    /// an empty neighbourhood is 0 and so is its mass. O(C P) for the search, and [`moments`](Self::moments) of each
    /// neighbourhood, rounded up to blocks of 256 points.
    ///
    /// # Errors
    /// No points or centres, lengths that differ, values that are not finite, negative weights or none above 0, radii not above 0.
    pub fn local_moments(
        &self,
        points: &[[T; 3]],
        weights: Option<&[T]>,
        centres: &[[T; 3]],
        radii: &[T],
    ) -> Result<LocalMoments<T>, SpectralError> {
        let mut rows = vec![T::ZERO; centres.len() * self.count()];
        let mut mass = vec![T::ZERO; centres.len()];
        let mut scratch = self.scratch();
        let out = (&mut rows[..], &mut mass[..]);
        self.local_moments_into(points, weights, centres, radii, &mut scratch, out)?;
        Ok(LocalMoments { rows, mass })
    }

    /// As [`local_moments`](Self::local_moments), into `(rows, mass)` of shapes `[centres * count]` and `[centres]`.
    ///
    /// # Errors
    /// As [`local_moments`](Self::local_moments); also where a length of the output differs.
    pub fn local_moments_into(
        &self,
        points: &[[T; 3]],
        weights: Option<&[T]>,
        centres: &[[T; 3]],
        radii: &[T],
        scratch: &mut ZernikeScratch<T>,
        (rows, mass): (&mut [T], &mut [T]),
    ) -> Result<(), SpectralError> {
        check_points_finite("point", points)?;
        check_points_finite("centre", centres)?;
        check_length("radii", centres.len(), radii.len())?;
        check_length("rows", centres.len() * self.count(), rows.len())?;
        check_length("mass", centres.len(), mass.len())?;
        check_length("scratch", self.count(), scratch.sums.len())?;
        check_radii(radii)?;
        let total = total_weight(points.len(), weights)?;
        let mut near: Vec<[T; 3]> = Vec::new();
        let mut shares: Vec<T> = Vec::new();
        for (j, row) in rows.chunks_exact_mut(self.count()).enumerate() {
            near.clear();
            shares.clear();
            neighbourhood(points, centres[j], radii[j], |i, place| {
                near.push(place);
                shares.push(weights.map_or(T::ONE, |w| w[i]));
            });
            let sum: T = shares.iter().copied().sum();
            mass[j] = sum / total;
            if sum > T::ZERO {
                self.sum_blocks(&near, |i| shares[i] / sum, scratch);
                self.scatter(&scratch.sums, row);
            } else {
                row.fill(T::ZERO);
            }
        }
        Ok(())
    }
}

/// Visits the points of a ball with their places in the unit ball.
fn neighbourhood<T: Real>(
    points: &[[T; 3]],
    centre: [T; 3],
    radius: T,
    mut visit: impl FnMut(usize, [T; 3]),
) {
    for (i, point) in points.iter().enumerate() {
        let place: [T; 3] = std::array::from_fn(|axis| (point[axis] - centre[axis]) / radius);
        let [x, y, z] = place;
        if x * x + y * y + z * z <= T::ONE {
            visit(i, place);
        }
    }
}

fn check_radii<T: Real>(radii: &[T]) -> Result<(), SpectralError> {
    check_finite("radius", radii)?;
    match radii.iter().find(|r| **r <= T::ZERO) {
        Some(radius) => Err(SpectralError::Value {
            what: "radius of a neighbourhood",
            expected: "more than 0",
            found: radius.to_string(),
        }),
        None => Ok(()),
    }
}

fn total_weight<T: Real>(points: usize, weights: Option<&[T]>) -> Result<T, SpectralError> {
    let Some(weights) = weights else {
        return Ok(T::from_f64(points as f64));
    };
    check_length("weights", points, weights.len())?;
    check_finite("weight", weights)?;
    let total: T = weights.iter().copied().sum();
    let negative = weights.iter().copied().find(|w| *w < T::ZERO);
    match negative.or((total <= T::ZERO).then_some(total)) {
        Some(found) => Err(SpectralError::Value {
            what: "weights",
            expected: "none below 0 and a sum above 0",
            found: found.to_string(),
        }),
        None => Ok(total),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloud() -> Vec<[f64; 3]> {
        let at = |i: usize, step: usize| ((i * step) % 997) as f64 / 99.7 - 5.0;
        (0..500)
            .map(|i| [at(i, 37), at(i, 101), at(i, 211)])
            .collect()
    }

    #[test]
    fn a_row_is_the_moments_of_the_moved_and_scaled_points() {
        let (plan, points) = (ZernikePlan::<f64>::new(6).unwrap(), cloud());
        let weights: Vec<f64> = (0..500).map(|i| 1.0 + (i % 7) as f64).collect();
        let (centres, radii) = ([[1.0, 2.0, -1.0], [0.0, 0.0, 0.0]], [3.0, 100.0]);
        let found = plan
            .local_moments(&points, Some(&weights), &centres, &radii)
            .unwrap();
        for (j, row) in found.rows.chunks(plan.count()).enumerate() {
            let moved = points.iter().map(|p| {
                let place: [f64; 3] = std::array::from_fn(|k| (p[k] - centres[j][k]) / radii[j]);
                place
            });
            let inside: Vec<([f64; 3], f64)> = moved
                .zip(weights.iter().copied())
                .filter(|(p, _)| p.iter().map(|x| x * x).sum::<f64>() <= 1.0)
                .collect();
            let (near, shares): (Vec<_>, Vec<_>) = inside.into_iter().unzip();
            let sum: f64 = shares.iter().sum();
            assert!((found.mass[j] - sum / weights.iter().sum::<f64>()).abs() < 1e-14);
            let shares: Vec<f64> = shares.iter().map(|w| w / sum).collect();
            let expected = plan.moments(&near, Some(&shares)).unwrap();
            for (a, b) in row.iter().zip(&expected) {
                assert!((a - b).abs() < 1e-12, "{a} {b}");
            }
        }
        assert!(
            (found.mass[1] - 1.0).abs() < 1e-14,
            "all points are within 100"
        );
    }

    #[test]
    fn an_empty_neighbourhood_is_zero_and_bad_input_is_refused() {
        let (plan, points) = (ZernikePlan::<f32>::new(4).unwrap(), [[0.0f32; 3]; 3]);
        let found = plan
            .local_moments(&points, None, &[[9.0; 3], [0.0; 3]], &[1.0, 1.0])
            .unwrap();
        assert!(found.rows[..35].iter().all(|c| *c == 0.0));
        assert_eq!(found.mass, [0.0, 1.0]);
        let refused = |points: &[[f32; 3]], weights: Option<&[f32]>, radii: &[f32]| {
            plan.local_moments(points, weights, &[[0.0; 3]], radii)
                .unwrap_err();
        };
        refused(&[], None, &[1.0]);
        refused(&points, None, &[1.0, 2.0]);
        refused(&points, None, &[0.0]);
        refused(&points, None, &[f32::NAN]);
        refused(&points, Some(&[1.0, -1.0, 1.0]), &[1.0]);
        refused(&points, Some(&[0.0; 3]), &[1.0]);
        refused(&points, Some(&[1.0; 2]), &[1.0]);
        refused(&[[f32::INFINITY; 3]], None, &[1.0]);
    }
}
