//! Kinds of features that are rows: learned ones and their controls.

use std::path::PathBuf;

use ndarray::{Array2, Axis, concatenate};
use spectra_eval::{FeatureSet, Pca};
use spectra_spectral::{Basis, Scaler, power_spectrum, z_invariants, zernike_invariants};

use super::data::{Data, Side};
use crate::frozen::Frozen;

/// Axes of the PCA control.
const PCA_AXES: usize = 128;
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

/// Frozen features of one encoder.
pub fn encoded(data: &Data, encoder: &Frozen, name: &str) -> anyhow::Result<FeatureSet> {
    both(data, name, |side| encoder.features(side.shapes()))
}

/// Frozen features, one set for each run.
pub fn learned(data: &Data, encoders: &[Frozen]) -> anyhow::Result<Vec<FeatureSet>> {
    let set = |encoder: &Frozen| {
        let name = match encoder {
            Frozen::Global(_) => "cGML bottleneck",
            Frozen::Local(_) => "cGML, local maps",
        };
        encoded(data, encoder, name)
    };
    encoders.iter().map(set).collect()
}

/// The map as a run's network sees it, or, without a run, all coefficients scaled alike.
pub fn raw(data: &Data, encoder: Option<&Frozen>) -> anyhow::Result<FeatureSet> {
    if let Some(encoder) = encoder {
        let name = match encoder {
            Frozen::Global(_) => "raw map",
            Frozen::Local(_) => "raw local map, pooled",
        };
        return both(data, name, |side| encoder.raw_maps(side.shapes()));
    }
    let scaler = Scaler::fit(&data.train.coefficients.view())?;
    both(data, "raw map", |side| {
        let mut rows = side.coefficients.clone();
        for mut row in rows.outer_iter_mut() {
            let mut values = row.to_vec();
            scaler.transform(&mut values)?;
            row.assign(&ndarray::ArrayView1::from(&values));
        }
        Ok(rows)
    })
}

/// Each control as one set for each seed where it depends on one.
pub fn controls(
    data: &Data,
    raw: &FeatureSet,
    run: Option<&PathBuf>,
    seeds: u64,
    device: &str,
) -> anyhow::Result<Vec<Vec<FeatureSet>>> {
    let pca = Pca::fit(&raw.train.view(), PCA_AXES);
    let reduced = FeatureSet {
        name: format!("PCA of the {}", raw.name),
        train: pca.transform(&raw.train.view()),
        test: pca.transform(&raw.test.view()),
    };
    let mut sets = vec![vec![raw.clone()], vec![reduced]];
    if let Some(run) = run {
        let random = (0..seeds.max(1)).map(|seed| {
            let encoder = Frozen::random(run, RANDOM + seed, device)?;
            encoded(data, &encoder, "random encoder")
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
        invariants(&side.coefficients, data, false)
    })?]);
    if data.basis == Basis::Zernike {
        sets.push(vec![both(data, "invariants about z", |side| {
            invariants(&side.coefficients, data, true)
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

fn invariants(rows: &Array2<f32>, data: &Data, about_z: bool) -> anyhow::Result<Array2<f32>> {
    let mut values = Vec::new();
    for row in rows.outer_iter() {
        let row = row.to_vec();
        let numbers = match (data.basis, about_z) {
            (Basis::Spherical, _) => power_spectrum(&row),
            (_, false) => zernike_invariants(&row, data.order)?,
            (_, true) => z_invariants(&row, data.order)?,
        };
        values.extend(numbers.into_iter().map(|value| value as f32));
    }
    let columns = values.len() / rows.nrows().max(1);
    Ok(Array2::from_shape_vec((rows.nrows(), columns), values)?)
}
