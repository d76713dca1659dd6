//! Small changes of pose after which an object still stands as it did.

use nalgebra::{Rotation3, Vector3};
use spectra_spectral::{Basis, Rotation, reflect};

use crate::DatasetError;
use crate::pose::up_axis;

/// Turns about the up axis, in degrees.
const TURNS: [f64; 3] = [-10.0, 0.0, 10.0];

/// Reflections in upright planes, then a turn about the up axis by at most ten degrees.
///
/// Most objects are as good after any of them. Features that are averaged over all of them change little with how exactly an
/// object was set down, and with which side a handle is on.
#[derive(Debug, Clone, PartialEq)]
pub struct Stance {
    /// The level axes that are reversed.
    reversed: Vec<usize>,
    turn: Rotation,
    order: usize,
}

impl Stance {
    /// The four reflections with each of three turns, for coefficients up to `order`; `up` names the up axis, `x`, `y` or `z`.
    pub fn all(up: &str, order: usize) -> Vec<Self> {
        let up = up_axis(up);
        let axis = [Vector3::x_axis(), Vector3::y_axis(), Vector3::z_axis()][up];
        let (first, second) = ((up + 1) % 3, (up + 2) % 3);
        let reversed = [vec![], vec![first], vec![second], vec![first, second]];
        let of = |reversed: Vec<usize>| {
            TURNS.map(|degrees| {
                let turn = Rotation3::from_axis_angle(&axis, degrees.to_radians());
                Self {
                    reversed: reversed.clone(),
                    turn: Rotation::from_rotation3(&turn, order),
                    order,
                }
            })
        };
        reversed.into_iter().flat_map(of).collect()
    }

    /// Moves the points of one object in place.
    pub fn apply(&self, points: &mut [[f32; 3]]) {
        for point in points {
            for &axis in &self.reversed {
                point[axis] = -point[axis];
            }
            *point = self.turn.point(point.map(f64::from)).map(|x| x as f32);
        }
    }

    /// Changes the coefficients of one object in place, exactly as [`apply`](Self::apply) moves its points.
    ///
    /// # Errors
    /// Coefficients of another order, a radius fit.
    pub fn apply_coefficients(
        &self,
        basis: Basis,
        coefficients: &mut [f32],
    ) -> Result<(), DatasetError> {
        for &axis in &self.reversed {
            reflect(basis, self.order, axis, coefficients)?;
        }
        Ok(self.turn.apply(basis, self.order, coefficients)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectra_spectral::ZernikePlan;

    fn difference(a: &[f32], b: &[f32]) -> f32 {
        let each = a.iter().zip(b).map(|(a, b)| (a - b).abs());
        each.fold(0.0, f32::max)
    }

    #[test]
    fn all_stances_differ_and_keep_what_is_up() {
        let order = 5;
        let plan = ZernikePlan::<f32>::new(order).unwrap();
        let point = [0.3, -0.4, 0.5];
        let moments = plan.moments(&[point], None).unwrap();
        for (axis, up) in ["x", "y", "-z"].into_iter().enumerate() {
            // The mean along the up axis is one of the three numbers of degree 1.
            let mean = 1 + [2, 0, 1][axis];
            let mut seen: Vec<Vec<f32>> = Vec::new();
            for stance in Stance::all(up, order) {
                let mut turned = moments.clone();
                stance
                    .apply_coefficients(Basis::Zernike, &mut turned)
                    .unwrap();
                let mut moved = [point];
                stance.apply(&mut moved);
                let of_points = plan.moments(&moved, None).unwrap();
                assert!(difference(&turned, &of_points) < 1e-5, "{up} {stance:?}");
                assert!(
                    (turned[mean] - moments[mean]).abs() < 1e-5,
                    "{up} {stance:?}"
                );
                assert!(seen.iter().all(|other| difference(other, &turned) > 1e-2));
                seen.push(turned);
            }
            assert_eq!(seen.len(), 12);
            assert!(seen.contains(&moments));
        }
        let stance = &Stance::all("z", 6)[0];
        let refuses = |basis, row: &mut [f32]| stance.apply_coefficients(basis, row).is_err();
        assert!(refuses(Basis::Radius, &mut [0.0; 100]));
        assert!(refuses(Basis::Zernike, &mut [0.0; 3]));
    }
}
