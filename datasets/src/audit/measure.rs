//! What an audit compares of an item.

use nalgebra::Matrix3;
use rand::seq::SliceRandom;
use spectra_pointcloud::random::stream;
use spectra_pointcloud::{Shape, UNIT_RADIUS, UnitCloud, unit_cloud};
use spectra_spectral::{ZernikePlan, zernike_invariants};

use crate::transform::number;
use crate::{DatasetError, Item, Split};

/// Highest order of the moments: 49 invariants of 455 moments.
pub(super) const ORDER: usize = 12;
/// Samples of a mesh, and most points of a cloud.
const POINTS: usize = 2048;
/// With fewer points the halves of a cloud say nothing.
const FEWEST: usize = 64;
/// Thickness over extent of what counts as flat.
const FLAT: f64 = 1e-3;

/// One item, measured.
pub(super) struct Measured {
    pub id: String,
    pub class: Option<u32>,
    pub split: Split,
    /// Points as in the file.
    pub points: usize,
    pub faces: usize,
    /// Points that repeat another.
    pub repeated: usize,
    /// Hash of the points, whatever their order.
    pub exact: [u8; 32],
    /// Largest distance from the mean, and distance of the mean from the origin in units of that.
    pub radius: f64,
    pub offset: f64,
    /// Smallest over largest spread along the principal axes.
    thickness: f64,
    pub invariants: Vec<f32>,
    pub moments: Vec<f32>,
    /// How far another sampling of the object would lie: in invariants, and in moments. `None` for few points.
    pub noise: Option<[f64; 2]>,
}

impl Measured {
    pub fn is_flat(&self) -> bool {
        self.thickness < FLAT
    }
}

/// The transform of an audit.
pub(super) struct Measure {
    plan: ZernikePlan<f64>,
}

impl Measure {
    pub fn new() -> Result<Self, DatasetError> {
        Ok(Self {
            plan: ZernikePlan::new(ORDER)?,
        })
    }

    /// Measures a shape of a data set.
    pub fn shape(&self, item: &Item, shape: &Shape) -> Result<Measured, DatasetError> {
        let unit = unit_cloud(shape, POINTS, 0, number(&item.id))
            .map_err(|error| failed(&item.id, error.kind(), error.to_string()))?;
        let raw = shape.points();
        let mut measured = self.cloud(&item.id, &unit)?;
        measured.class = item.class;
        measured.split = item.split;
        measured.points = raw.len();
        measured.faces = shape.faces().len();
        let points: Vec<[f32; 3]> = raw.iter().map(|point| point.map(|x| x as f32)).collect();
        let repeated;
        (measured.exact, repeated) = fingerprint(points, measured.faces);
        // Corners of a mesh are often listed once for each face, which says nothing about it.
        measured.repeated = if measured.faces == 0 { repeated } else { 0 };
        Ok(measured)
    }

    /// Measures a row of a store.
    pub fn row(
        &self,
        id: &str,
        class: Option<u32>,
        split: Split,
        points: &[[f32; 3]],
        [x, y, z, scale]: [f64; 4],
    ) -> Result<Measured, DatasetError> {
        let unit = UnitCloud {
            points: points.iter().map(|point| point.map(f64::from)).collect(),
            center: [x, y, z],
            scale,
        };
        let mut measured = self.cloud(id, &unit)?;
        measured.class = class;
        measured.split = split;
        measured.points = points.len();
        (measured.exact, measured.repeated) = fingerprint(points.to_vec(), 0);
        Ok(measured)
    }

    fn cloud(&self, id: &str, unit: &UnitCloud) -> Result<Measured, DatasetError> {
        let [moments, invariants] = self.transform(id, &unit.points)?;
        let radius = UNIT_RADIUS / unit.scale;
        let [x, y, z] = unit.center.map(|c| c / radius);
        Ok(Measured {
            id: id.to_owned(),
            class: None,
            split: Split::Train,
            points: 0,
            faces: 0,
            repeated: 0,
            exact: [0; 32],
            radius,
            offset: x.hypot(y).hypot(z),
            thickness: thickness(&unit.points),
            noise: self.noise(id, &unit.points)?,
            invariants,
            moments,
        })
    }

    /// Moments and invariants of points in the unit ball.
    fn transform(&self, id: &str, points: &[[f64; 3]]) -> Result<[Vec<f32>; 2], DatasetError> {
        let wrong =
            |error: spectra_spectral::SpectralError| failed(id, "transform", error.to_string());
        let moments = self.plan.moments(points, None).map_err(wrong)?;
        let invariants = zernike_invariants(ORDER, &moments).map_err(wrong)?;
        let short = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
        Ok([short(moments), short(invariants)])
    }

    /// Deals the points out into two halves and compares them, each normalised on its own. Distances of samplings fall
    /// with the square root of their size, so that of the halves over the square root of 2 is that of wholes.
    fn noise(&self, id: &str, points: &[[f64; 3]]) -> Result<Option<[f64; 2]>, DatasetError> {
        if points.len() < FEWEST {
            return Ok(None);
        }
        let mut points = points.to_vec();
        points.shuffle(&mut stream(0, 1, number(id)));
        let (one, other) = points.split_at(points.len() / 2);
        let half = |half: &[[f64; 3]]| {
            let unit = UnitCloud::from_points(half.to_vec())
                .map_err(|error| failed(id, error.kind(), error.to_string()))?;
            self.transform(id, &unit.points)
        };
        let ([moments, invariants], [others, other_invariants]) = (half(one)?, half(other)?);
        let apart = |a: &[f32], b: &[f32]| super::near::distance(a, b) / std::f64::consts::SQRT_2;
        Ok(Some([
            apart(&invariants, &other_invariants),
            apart(&moments, &others),
        ]))
    }
}

fn failed(id: &str, kind: &str, message: String) -> DatasetError {
    DatasetError::Item {
        id: id.to_owned(),
        kind: kind.to_owned(),
        message,
    }
}

/// blake3 of the sorted points and the number of faces, and how many points equal another.
fn fingerprint(mut points: Vec<[f32; 3]>, faces: usize) -> ([u8; 32], usize) {
    // Adding zero makes one of the two zeros that differ in sign alone.
    points.as_flattened_mut().iter_mut().for_each(|x| *x += 0.0);
    points.sort_unstable_by_key(|point| point.map(f32::to_bits));
    let repeated = points.windows(2).filter(|pair| pair[0] == pair[1]).count();
    let coordinates = points.as_flattened().iter().flat_map(|x| x.to_le_bytes());
    let bytes: Vec<u8> = coordinates.chain((faces as u64).to_le_bytes()).collect();
    (*blake3::hash(&bytes).as_bytes(), repeated)
}

/// Smallest over largest standard deviation along the principal axes.
fn thickness(points: &[[f64; 3]]) -> f64 {
    let mut covariance = Matrix3::<f64>::zeros();
    for point in points {
        for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
            covariance[(i, j)] += point[i] * point[j];
        }
    }
    let spread = covariance.symmetric_eigenvalues();
    (spread.min().max(0.0) / spread.max().max(f64::MIN_POSITIVE)).sqrt()
}
