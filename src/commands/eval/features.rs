//! Kinds of features that are rows: learned ones and their controls.

use std::f64::consts::FRAC_PI_2;

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, concatenate};
use spectra_datasets::{Stance, up_axis};
use spectra_eval::{FeatureSet, Pca};
use spectra_model::Encoder;
use spectra_spectral::{Basis, Rotation, Scaler, power_spectrum, z_invariants, zernike_invariants};

use super::data::{Data, Side};
use super::{Request, stances};
use crate::frozen::Frozen;

/// Axes of the PCA control, at most.
const PCA_AXES: usize = 128;
/// It has one axis for so many training objects: columns are standardised, and an axis of which few objects tell anything would
/// weigh as much as the first.
const OBJECTS_PER_AXIS: usize = 8;
/// Seeds of random encoders start here.
pub const RANDOM: u64 = 1000;

/// Features of both splits by one function of their objects.
fn both(
    data: &Data,
    name: &str,
    of: impl Fn(&Side) -> anyhow::Result<Array2<f32>>,
) -> anyhow::Result<FeatureSet> {
    Ok(FeatureSet {
        name: name.into(),
        train: of(&data.train)?,
        test: of(&data.test)?,
    })
}

/// Frozen features of one encoder; with `stances` the means over all stances of each object.
pub fn encoded(
    data: &Data,
    encoder: &Frozen,
    name: &str,
    stances: bool,
) -> anyhow::Result<FeatureSet> {
    if !stances {
        return both(data, name, |side| encoder.features(side.shapes()));
    }
    let all = Stance::all(&data.up, data.order);
    both(data, &format!("{name}, mean of stances"), |side| {
        stances::mean(&all, |stance| match encoder {
            Frozen::Global(encoder) => {
                let rows = side.coefficients.view();
                Ok(encoder.features(&stances::stand_rows(stance, data.basis, &rows)?.view())?)
            }
            Frozen::Local(encoder) => {
                let clouds = side.points.as_deref().unwrap_or_default();
                Ok(encoder.features(&stances::stand_clouds(stance, clouds))?)
            }
        })
    })
}

/// Frozen features, one set for each run.
pub fn learned(
    data: &Data,
    encoders: &[Frozen],
    request: &Request,
) -> anyhow::Result<Vec<FeatureSet>> {
    let trained_for = request.trained_for()?;
    let set = |encoder: &Frozen| {
        let name = match encoder {
            Frozen::Global(_) => format!("{trained_for} bottleneck"),
            Frozen::Local(_) => format!("{trained_for}, local maps"),
        };
        encoded(data, encoder, &name, request.stances)
    };
    encoders.iter().map(set).collect()
}

/// How coefficients become the raw map.
pub enum RawMaps<'e> {
    /// As a run's network sees them.
    Network(&'e Encoder),
    /// All of them, scaled alike.
    All(Scaler),
}

impl<'e> RawMaps<'e> {
    /// Those of `encoder`; without one, of all coefficients of `data`, by whose training objects they are scaled.
    pub fn new(data: &Data, encoder: Option<&'e Encoder>) -> anyhow::Result<Self> {
        Ok(match encoder {
            Some(encoder) => Self::Network(encoder),
            None => Self::All(Scaler::fit(&data.train.coefficients.view())?),
        })
    }

    /// Highest order of the coefficients that enter.
    pub fn order(&self, data: &Data) -> usize {
        match self {
            Self::Network(encoder) => encoder.order(),
            Self::All(_) => data.order,
        }
    }

    /// Maps of coefficients `[objects, K]`, in their order.
    pub fn of(&self, rows: &ArrayView2<f32>) -> anyhow::Result<Array2<f32>> {
        let scaler = match self {
            Self::Network(encoder) => return Ok(encoder.raw_maps(rows)?),
            Self::All(scaler) => scaler,
        };
        let mut rows = rows.to_owned();
        for mut row in rows.outer_iter_mut() {
            let mut values = row.to_vec();
            scaler.transform(&mut values)?;
            row.assign(&ArrayView1::from(&values));
        }
        Ok(rows)
    }
}

/// The map as a run's network sees it, or, without a run, all coefficients scaled alike.
pub fn raw(data: &Data, encoder: Option<&Frozen>) -> anyhow::Result<FeatureSet> {
    if let Some(Frozen::Local(encoder)) = encoder {
        return both(data, "raw local map, pooled", |side| {
            Ok(encoder.raw_maps(side.points.as_deref().unwrap_or_default())?)
        });
    }
    let maps = RawMaps::new(data, encoder.and_then(Frozen::global))?;
    both(data, "raw map", |side| maps.of(&side.coefficients.view()))
}

/// Each control as one set for each seed where it depends on one.
pub fn controls(
    data: &Data,
    raw: &FeatureSet,
    request: &Request,
) -> anyhow::Result<Vec<Vec<FeatureSet>>> {
    let axes = (raw.train.nrows() / OBJECTS_PER_AXIS).clamp(1, PCA_AXES);
    let pca = Pca::fit(&raw.train.view(), axes);
    let reduced = FeatureSet {
        name: format!("PCA of the {}", raw.name),
        train: pca.transform(&raw.train.view()),
        test: pca.transform(&raw.test.view()),
    };
    let mut sets = vec![vec![raw.clone()], vec![reduced]];
    if let Some(run) = request.runs.first() {
        let random = (0..request.seeds.max(1)).map(|seed| {
            let encoder = Frozen::random(run, RANDOM + seed, &request.device)?;
            encoded(data, &encoder, "random encoder", request.stances)
        });
        sets.push(random.collect::<anyhow::Result<_>>()?);
    }
    if data.basis == Basis::Radius {
        // Fits have no invariants; their scaling is what must be looked at.
        let unscaled = |side: &Side| Ok(side.coefficients.clone());
        sets.push(vec![both(data, "coefficients, unscaled", unscaled)?]);
        return Ok(sets);
    }
    sets.push(vec![both(data, "rotation invariants", |side| {
        invariants(&side.coefficients, data)
    })?]);
    if data.basis == Basis::Zernike {
        let up = ["x", "y", "z"][up_axis(&data.up)];
        let name = format!("invariants about {up}");
        sets.push(vec![both(data, &name, |side| {
            upright_invariants(&side.coefficients, data)
        })?]);
    }
    Ok(sets)
}

/// Two kinds of features side by side.
pub fn join(a: &FeatureSet, b: &FeatureSet) -> anyhow::Result<FeatureSet> {
    Ok(FeatureSet {
        name: format!("{} + {}", a.name, b.name),
        train: concatenate(Axis(1), &[a.train.view(), b.train.view()])?,
        test: concatenate(Axis(1), &[a.test.view(), b.test.view()])?,
    })
}

/// What no rotation changes.
fn invariants(rows: &Array2<f32>, data: &Data) -> anyhow::Result<Array2<f32>> {
    each(rows, |row| {
        Ok(match data.basis {
            Basis::Spherical => power_spectrum(row)?,
            _ => zernike_invariants(data.order, row)?,
        })
    })
}

/// What no turn about the data set's up axis changes.
fn upright_invariants(rows: &Array2<f32>, data: &Data) -> anyhow::Result<Array2<f32>> {
    // The turn that brings the up axis to z.
    let turn = match up_axis(&data.up) {
        0 => Some([0.0, -FRAC_PI_2, 0.0]),
        1 => Some([0.0, -FRAC_PI_2, -FRAC_PI_2]),
        _ => None,
    };
    let turn = turn.map(|[a, b, c]| Rotation::from_euler_zyz(a, b, c, data.order));
    each(rows, |row| {
        if let Some(turn) = &turn {
            turn.apply_zernike(data.order, row)?;
        }
        Ok(z_invariants(data.order, row)?)
    })
}

/// Numbers of each row, `[objects, numbers]`.
fn each(
    rows: &Array2<f32>,
    numbers: impl Fn(&mut [f32]) -> anyhow::Result<Vec<f64>>,
) -> anyhow::Result<Array2<f32>> {
    let mut values = Vec::new();
    for row in rows.outer_iter() {
        let numbers = numbers(&mut row.to_vec())?;
        values.extend(numbers.into_iter().map(|value| value as f32));
    }
    let columns = values.len() / rows.nrows().max(1);
    Ok(Array2::from_shape_vec((rows.nrows(), columns), values)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectra_datasets::Pose;
    use spectra_eval::Labels;

    #[test]
    fn upright_invariants_are_blind_to_turns_about_the_up_axis_alone() {
        let order = 5;
        let rows = Array2::from_shape_fn((3, Basis::Zernike.count(order)), |(i, j)| {
            ((i * 31 + j * 17) % 23) as f32 / 23.0 - 0.5
        });
        let side = Side {
            coefficients: rows.clone(),
            ids: vec![String::new(); 3],
            points: None,
        };
        for up in ["x", "+y", "z", "unknown"] {
            let data = Data {
                train: side.clone(),
                test: side.clone(),
                labels: Labels {
                    train: vec![0; 3],
                    test: vec![0; 3],
                    classes: vec!["one".into()],
                },
                basis: Basis::Zernike,
                order,
                up: up.into(),
            };
            let found = upright_invariants(&rows, &data).unwrap();
            let change = |pose: Pose| {
                let mut turned = rows.clone();
                for (i, mut row) in turned.outer_iter_mut().enumerate() {
                    let row = row.as_slice_mut().unwrap();
                    let draw = (7, i as u64, up);
                    pose.apply_coefficients(row, Basis::Zernike, order, draw)
                        .unwrap();
                }
                let of_turned = upright_invariants(&turned, &data).unwrap();
                (of_turned - &found).fold(0.0f32, |most, d| most.max(d.abs()))
            };
            assert!(
                change(Pose::Gravity) < 1e-5,
                "{up}: {}",
                change(Pose::Gravity)
            );
            assert!(change(Pose::So3) > 1e-2, "{up}: {}", change(Pose::So3));
        }
    }
}
