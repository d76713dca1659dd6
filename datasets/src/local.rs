//! Clouds of a store to local maps: neighbourhoods around points that cover the cloud.

use ndarray::{Array2, ArrayView2, Axis, concatenate};
use serde::{Deserialize, Serialize};
use spectra_pointcloud::farthest_points;
use spectra_spectral::{Axes, LocalPlan, local_axes, upright_axes};

use crate::DatasetError;
use crate::pose::up_axis;

/// Highest order of the moments of wider neighbourhoods.
const WIDE_ORDER: usize = 2;
/// Radius within which the normal of a neighbourhood in own axes is found.
const NORMAL_RADIUS: f32 = 0.2;

/// The axes in which each neighbourhood is described.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Frame {
    /// Those of the object, as it stands.
    #[default]
    Object,
    /// The object's x axis is up and stays, the others turn with the neighbourhood: nothing depends on turns about x.
    AboutX,
    /// The same for y.
    AboutY,
    /// The same for z.
    AboutZ,
    /// The neighbourhood's own: nothing depends on how the object is turned.
    Own,
}

impl Frame {
    /// The frame that leaves the up axis of a manifest as it is; see [`up_axis`].
    pub fn about(up: &str) -> Self {
        [Self::AboutX, Self::AboutY, Self::AboutZ][up_axis(up)]
    }

    /// Numbers that tell where a neighbourhood is (see [`LocalMap::positions`]).
    pub fn coordinates(self) -> usize {
        match self {
            Self::Object => 3,
            Self::AboutX | Self::AboutY | Self::AboutZ | Self::Own => 2,
        }
    }

    /// How far out and how high a centre lies, whose vector from the mean of the cloud is `from`.
    fn positions(self, from: &[f32; 3], axes: &Axes) -> [f32; 2] {
        let along = |axis: &[f32; 3]| from.iter().zip(axis).map(|(a, b)| a * b).sum::<f32>();
        let out = match self {
            Self::Own => along(from).sqrt(),
            _ => along(&axes[0]),
        };
        [out, along(&axes[2])]
    }
}

/// Which neighbourhoods a local map has and what is computed of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LocalOptions {
    /// Neighbourhoods of one radius, around farthest points. Default 512.
    pub centres: usize,
    /// Radii, in units of the unit ball. Default 0.1, 0.2, 0.4 and 0.8.
    pub radii: Vec<f32>,
    /// Highest order of the moments. Default 5.
    pub order: usize,
    /// Axes of the neighbourhoods. Default those of the object.
    pub frame: Frame,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self {
            centres: 512,
            radii: vec![0.1, 0.2, 0.4, 0.8],
            order: 5,
            frame: Frame::Object,
        }
    }
}

/// The neighbourhoods of one cloud.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalMap {
    /// Moments, `[centres, radii x columns]` (see [`LocalPlan::rows`]).
    pub rows: Array2<f32>,
    /// Where each centre is, `[centres, 3]` or `[centres, 2]`. In the axes of the object x, y and z; about an axis that is up the
    /// distance from the upright line through the mean of the cloud, and the height; in own axes the distance from that
    /// mean and the height above the tangent plane through it.
    pub positions: Array2<f32>,
}

/// Makes local maps of one kind. Cheap to share between threads.
#[derive(Debug, Clone)]
pub struct LocalMapper {
    options: LocalOptions,
    plan: LocalPlan,
    wide: LocalPlan,
}

impl LocalMapper {
    /// Checks the options and prepares the moments.
    ///
    /// # Errors
    /// No centres or radii, an order above what local moments support.
    pub fn new(options: LocalOptions) -> Result<Self, DatasetError> {
        let positive = |r: &f32| r.is_finite() && *r > 0.0;
        if options.centres == 0 || options.radii.is_empty() || !options.radii.iter().all(positive) {
            return Err(DatasetError::Value {
                what: "neighbourhoods",
                expected: "at least one centre and one radius, all radii positive",
                found: format!("{} centres, radii {:?}", options.centres, options.radii),
            });
        }
        Ok(Self {
            plan: LocalPlan::new(options.order)?,
            wide: LocalPlan::new(WIDE_ORDER)?,
            options,
        })
    }

    /// What was asked for.
    pub fn options(&self) -> &LocalOptions {
        &self.options
    }

    /// The map of `points` with the moments of all radii side by side, `[centres, radii x columns]`; a cloud of fewer points than
    /// centres has one neighbourhood for each point.
    ///
    /// # Errors
    /// No points, values that are not finite.
    pub fn map(&self, points: &[[f32; 3]]) -> Result<LocalMap, DatasetError> {
        let placed = self.place(points)?;
        let radii = self.options.radii.iter();
        let parts = radii.map(|&radius| self.rows(points, &placed, radius));
        let parts: Vec<Array2<f32>> = parts.collect::<Result<_, _>>()?;
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        Ok(LocalMap {
            rows: concatenate(Axis(1), &views).expect("all radii have the same centres"),
            positions: placed.positions,
        })
    }

    /// The moments of one radius, `[centres, columns]`, around what [`place`](Self::place) found among the same points.
    ///
    /// # Errors
    /// No points, values that are not finite.
    pub fn rows(
        &self,
        points: &[[f32; 3]],
        placed: &Placed,
        radius: f32,
    ) -> Result<Array2<f32>, DatasetError> {
        let axes = placed.axes.as_deref();
        Ok(self.plan.rows(points, &placed.centres, radius, axes)?)
    }

    /// How what is known of each neighbourhood, `[centres, functions]`, lies within `radius` of each centre: moments to n = 2 of each
    /// function and of the density of the centres, `[centres, 10 (functions + 1)]` (see [`LocalPlan::fields`]).
    ///
    /// # Errors
    /// Another number of rows than of centres, values that are not finite, a radius that is not positive.
    pub fn wider(
        &self,
        placed: &Placed,
        known: &ArrayView2<f32>,
        radius: f32,
    ) -> Result<Array2<f32>, DatasetError> {
        let (centres, axes) = (&placed.centres, placed.axes.as_deref());
        Ok(self.wide.fields(centres, known, centres, radius, axes)?)
    }

    /// Picks the centres and, where they are not the object's, their axes: the same for every radius.
    ///
    /// # Errors
    /// No points, values that are not finite.
    pub fn place(&self, points: &[[f32; 3]]) -> Result<Placed, DatasetError> {
        let wide: Vec<[f64; 3]> = points.iter().map(|p| p.map(f64::from)).collect();
        let picked =
            farthest_points(&wide, self.options.centres).map_err(|error| DatasetError::Value {
                what: "points of a local map",
                expected: "finite points",
                found: error.to_string(),
            })?;
        let centres: Vec<[f32; 3]> = picked.iter().map(|&i| points[i]).collect();
        let axes = match self.options.frame {
            Frame::Object => None,
            Frame::AboutX => Some(upright_axes(points, &centres, 0)?),
            Frame::AboutY => Some(upright_axes(points, &centres, 1)?),
            Frame::AboutZ => Some(upright_axes(points, &centres, 2)?),
            Frame::Own => Some(local_axes(points, &centres, NORMAL_RADIUS)?),
        };
        let mean: [f64; 3] =
            std::array::from_fn(|i| wide.iter().map(|p| p[i]).sum::<f64>() / wide.len() as f64);
        let coordinates = self.options.frame.coordinates();
        let position = |(i, j): (usize, usize)| match &axes {
            None => centres[i][j],
            Some(axes) => {
                let from = std::array::from_fn(|k| centres[i][k] - mean[k] as f32);
                self.options.frame.positions(&from, &axes[i])[j]
            }
        };
        Ok(Placed {
            positions: Array2::from_shape_fn((centres.len(), coordinates), position),
            axes,
            centres,
        })
    }
}

/// Where the neighbourhoods of one cloud are.
#[derive(Debug, Clone)]
pub struct Placed {
    centres: Vec<[f32; 3]>,
    axes: Option<Vec<Axes>>,
    /// As [`LocalMap`] tells them.
    pub positions: Array2<f32>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pose;

    #[test]
    fn each_frame_is_blind_to_its_own_turns_alone() {
        let wave = |i: usize, k: f64| ((i as f64 + 1.0) * k).sin() as f32;
        let points: Vec<[f32; 3]> = (0..400)
            .map(|i| [0.8 * wave(i, 0.7), 0.5 * wave(i, 1.9), 0.2 * wave(i, 2.3)])
            .collect();
        let change = |frame: Frame, pose: Pose, up: &str| {
            let options = LocalOptions {
                centres: 30,
                radii: vec![0.5],
                frame,
                ..LocalOptions::default()
            };
            let mapper = LocalMapper::new(options).unwrap();
            let mut turned = points.clone();
            pose.apply(&mut turned, 5, 9, up);
            let maps = [&points, &turned].map(|cloud| mapper.map(cloud).unwrap());
            assert_eq!(maps[0].positions.ncols(), frame.coordinates());
            let rows = &maps[0].rows - &maps[1].rows;
            let places = &maps[0].positions - &maps[1].positions;
            rows.iter()
                .chain(&places)
                .fold(0.0f32, |most, d| most.max(d.abs()))
        };
        for (frame, pose, up, blind) in [
            (Frame::Own, Pose::So3, "z", true),
            (Frame::about("x"), Pose::Gravity, "x", true),
            (Frame::about("y"), Pose::Gravity, "y", true),
            (Frame::about("z"), Pose::Gravity, "z", true),
            (Frame::about("z"), Pose::Gravity, "y", false),
            (Frame::about("z"), Pose::So3, "z", false),
            (Frame::Object, Pose::Gravity, "z", false),
        ] {
            let change = change(frame, pose, up);
            assert!(
                if blind { change < 5e-3 } else { change > 0.1 },
                "{frame:?} {pose} {up}: {change}"
            );
        }
    }

    #[test]
    fn all_radii_stand_side_by_side() {
        let points: Vec<[f32; 3]> = (0..90)
            .map(|i| {
                [
                    (i as f32).sin() * 0.5,
                    (i as f32 * 1.7).cos() * 0.4,
                    0.01 * i as f32,
                ]
            })
            .collect();
        let mapper = LocalMapper::new(LocalOptions {
            centres: 12,
            radii: vec![0.2, 0.6],
            order: 4,
            ..LocalOptions::default()
        })
        .unwrap();
        let all = mapper.map(&points).unwrap();
        assert_eq!(all.rows.dim(), (12, 70));
        for (i, radius) in [0.2, 0.6].into_iter().enumerate() {
            let placed = mapper.place(&points).unwrap();
            let one = mapper.rows(&points, &placed, radius).unwrap();
            assert_eq!(all.rows.slice(ndarray::s![.., 35 * i..35 * (i + 1)]), one);
            assert_eq!(all.positions, placed.positions);
        }
    }

    #[test]
    fn impossible_maps_are_refused() {
        let no_radius = LocalOptions {
            radii: vec![],
            ..LocalOptions::default()
        };
        assert!(LocalMapper::new(no_radius).is_err());
        let mapper = LocalMapper::new(LocalOptions::default()).unwrap();
        assert!(mapper.place(&[]).is_err() && mapper.map(&[]).is_err());
        let alone = mapper.map(&[[0.1, 0.0, 0.0]]).unwrap();
        assert_eq!(alone.rows.dim(), (1, 4 * 56));
    }
}
