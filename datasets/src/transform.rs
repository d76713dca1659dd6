//! One shape to one row: normalised, sampled, transformed.

use spectra_pointcloud::{Shape, unit_cloud};
use spectra_spectral::compat::radius_fit;
use spectra_spectral::{Basis, ZernikePlan, spherical_from_cloud};

use crate::DatasetError;
use crate::store::tensors::Row;

/// The transform of a run, with its tables; shared by all threads.
pub(crate) struct Transformer {
    kind: Kind,
    points: usize,
    seed: u64,
}

enum Kind {
    Zernike(ZernikePlan<f64>),
    /// Up to this degree.
    Spherical(usize),
    Radius,
}

impl Transformer {
    pub fn new(basis: Basis, order: usize, points: usize, seed: u64) -> Result<Self, DatasetError> {
        basis.check_order(order)?;
        let kind = match basis {
            Basis::Zernike => Kind::Zernike(ZernikePlan::new(order)?),
            Basis::Spherical => Kind::Spherical(order),
            Basis::Radius => Kind::Radius,
        };
        Ok(Self { kind, points, seed })
    }

    /// The row of an item. What is drawn depends on the seed and the id alone, so neither a limit nor
    /// a shard nor another item changes it.
    pub fn row(&self, id: &str, shape: &Shape) -> Result<Row, DatasetError> {
        let fail = |kind: &str, message: String| DatasetError::Item {
            id: id.to_owned(),
            kind: kind.to_owned(),
            message,
        };
        let cloud = unit_cloud(shape, self.points, self.seed, number(id))
            .map_err(|error| fail(error.kind(), error.to_string()))?;
        let coefficients = match &self.kind {
            Kind::Zernike(plan) => plan.moments(&cloud.points, None),
            Kind::Spherical(order) => spherical_from_cloud(&cloud.points, *order),
            Kind::Radius => radius_fit(&cloud.points).map(Vec::from),
        }
        .map_err(|error| fail("transform", error.to_string()))?;
        let [x, y, z] = cloud.center;
        Ok(Row {
            coefficients: coefficients.iter().map(|&value| value as f32).collect(),
            points: cloud
                .points
                .iter()
                .map(|point| point.map(|c| c as f32))
                .collect(),
            frame: [x, y, z, cloud.scale],
        })
    }
}

/// The number under which an item's random choices are drawn: the first eight bytes of blake3 of its id.
pub(crate) fn number(id: &str) -> u64 {
    let hash = blake3::hash(id.as_bytes());
    let (first, _) = hash.as_bytes().as_chunks::<8>();
    u64::from_le_bytes(first[0])
}
