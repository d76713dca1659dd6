//! Poses of rotation protocols, drawn for each item.

use std::fmt;
use std::str::FromStr;

use nalgebra::{Rotation3, UnitQuaternion, Vector3};
use rand::RngExt;
use spectra_pointcloud::random::stream;
use spectra_spectral::{Basis, Rotation};

use crate::DatasetError;

/// The coordinate that is up, 0, 1 or 2, by its name in a manifest; what is unknown counts as z.
pub fn up_axis(name: &str) -> usize {
    match name.trim_start_matches(['+', '-']) {
        "x" => 0,
        "y" => 1,
        _ => 2,
    }
}

/// How objects of one split are turned before they are described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pose {
    /// As the data set gives them.
    Aligned,
    /// By a uniform angle about the up axis.
    Gravity,
    /// By a uniform rotation of space.
    So3,
}

impl fmt::Display for Pose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aligned => "aligned",
            Self::Gravity => "z",
            Self::So3 => "so3",
        })
    }
}

impl FromStr for Pose {
    type Err = DatasetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "aligned" => Ok(Self::Aligned),
            "z" => Ok(Self::Gravity),
            "so3" => Ok(Self::So3),
            _ => Err(DatasetError::Value {
                what: "pose",
                expected: "aligned, z or so3",
                found: text.to_owned(),
            }),
        }
    }
}

impl Pose {
    /// The rotation of one item, a function of `seed` and `item` alone; `up` names the up axis, `x`, `y` or `z`. `None` where
    /// nothing turns.
    pub fn draw(self, seed: u64, item: u64, up: &str) -> Option<Rotation3<f64>> {
        let mut rng = stream(seed, 0x706f_7365, item);
        let mut turn = || std::f64::consts::TAU * rng.random::<f64>();
        match self {
            Self::Aligned => None,
            Self::Gravity => {
                let axes = [Vector3::x_axis(), Vector3::y_axis(), Vector3::z_axis()];
                Some(Rotation3::from_axis_angle(&axes[up_axis(up)], turn()))
            }
            Self::So3 => {
                // Shoemake 1992: a uniform unit quaternion from three uniform numbers.
                let (a, b) = (turn(), turn());
                let share = rng.random::<f64>();
                let (near, far) = ((1.0 - share).sqrt(), share.sqrt());
                let quaternion = nalgebra::Quaternion::new(
                    near * a.sin(),
                    near * a.cos(),
                    far * b.sin(),
                    far * b.cos(),
                );
                Some(UnitQuaternion::from_quaternion(quaternion).to_rotation_matrix())
            }
        }
    }

    /// Turns the points of one item in place.
    pub fn apply(self, points: &mut [[f32; 3]], seed: u64, item: u64, up: &str) {
        let Some(rotation) = self.draw(seed, item, up) else {
            return;
        };
        for point in points {
            let turned = rotation * Vector3::from(point.map(f64::from));
            *point = [turned.x as f32, turned.y as f32, turned.z as f32];
        }
    }

    /// Turns the coefficients of one item in place, exactly as [`apply`](Self::apply) turns its points.
    ///
    /// # Errors
    /// Coefficients of another basis or order.
    pub fn apply_coefficients(
        self,
        coefficients: &mut [f32],
        basis: Basis,
        order: usize,
        draw: (u64, u64, &str),
    ) -> Result<(), DatasetError> {
        let (seed, item, up) = draw;
        let Some(rotation) = self.draw(seed, item, up) else {
            return Ok(());
        };
        let rotation = Rotation::from_rotation3(&rotation, order);
        Ok(rotation.apply(basis, order, coefficients)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectra_spectral::ZernikePlan;

    #[test]
    fn coefficients_turn_as_points_do() {
        let mut points = [[0.3f32, -0.2, 0.5], [0.1, 0.7, -0.1], [-0.4, 0.2, 0.2]];
        let plan = ZernikePlan::<f64>::new(6).unwrap();
        let moments = |points: &[[f32; 3]]| -> Vec<f32> {
            let wide: Vec<[f64; 3]> = points.iter().map(|p| p.map(f64::from)).collect();
            plan.moments(&wide, None)
                .unwrap()
                .iter()
                .map(|&v| v as f32)
                .collect()
        };
        for (pose, up) in [(Pose::Gravity, "z"), (Pose::Gravity, "y"), (Pose::So3, "z")] {
            let mut coefficients = moments(&points);
            let before = points[0];
            pose.apply_coefficients(&mut coefficients, Basis::Zernike, 6, (3, 8, up))
                .unwrap();
            pose.apply(&mut points, 3, 8, up);
            assert_ne!(before, points[0]);
            for (a, b) in coefficients.iter().zip(moments(&points)) {
                assert!((a - b).abs() < 1e-5, "{pose} {up}: {a} {b}");
            }
        }
    }

    #[test]
    fn gravity_keeps_the_up_axis_and_items_differ() {
        let up = |pose: Pose, item| pose.draw(0, item, "y").unwrap() * Vector3::y();
        assert!((up(Pose::Gravity, 4) - Vector3::y()).norm() < 1e-12);
        assert!((up(Pose::So3, 4) - up(Pose::So3, 5)).norm() > 1e-3);
        let mean = (0..2000)
            .map(|item| up(Pose::So3, item))
            .sum::<Vector3<f64>>()
            / 2000.0;
        assert!(
            mean.norm() < 0.06,
            "uniform rotations have no favourite direction: {mean}"
        );
        assert!(Pose::Aligned.draw(0, 0, "z").is_none());
        assert!("upside".parse::<Pose>().is_err());
    }
}
