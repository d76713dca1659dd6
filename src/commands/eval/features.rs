//! Kinds of features that are rows: learned ones and their controls.

use std::path::PathBuf;

use ndarray::{Array2, Axis, concatenate};
use spectra_eval::{FeatureSet, Pca};
use spectra_model::Encoder;
use spectra_spectral::{Basis, Scaler, power_spectrum, z_invariants, zernike_invariants};

use super::data::Data;

/// Axes of the PCA control.
const PCA_AXES: usize = 128;

/// Features of both splits by one function of coefficients.
fn both(
    data: &Data,
    name: &str,
    of: impl Fn(&Array2<f32>) -> anyhow::Result<Array2<f32>>,
) -> anyhow::Result<FeatureSet> {
    Ok(FeatureSet {
        name: name.into(),
        train: of(&data.train.coefficients)?,
        test: of(&data.test.coefficients)?,
    })
}

/// Bottleneck features of one encoder.
pub fn encoded(data: &Data, encoder: &Encoder, name: &str) -> anyhow::Result<FeatureSet> {
    both(data, name, |rows| Ok(encoder.features(&rows.view())?))
}

/// Bottleneck features, one set for each run.
pub fn learned(data: &Data, encoders: &[Encoder]) -> anyhow::Result<Vec<FeatureSet>> {
    encoders
        .iter()
        .map(|encoder| encoded(data, encoder, "cGML bottleneck"))
        .collect()
}

/// The map as a run's network sees it, or, without a run, all coefficients scaled alike.
pub fn raw(data: &Data, encoder: Option<&Encoder>) -> anyhow::Result<FeatureSet> {
    if let Some(encoder) = encoder {
        return both(data, "raw map", |rows| Ok(encoder.raw_maps(&rows.view())?));
    }
    let scaler = Scaler::fit(&data.train.coefficients.view())?;
    both(data, "raw map", |rows| {
        let mut rows = rows.clone();
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
        name: "PCA of the raw map".into(),
        train: pca.transform(&raw.train.view()),
        test: pca.transform(&raw.test.view()),
    };
    let mut sets = vec![vec![raw.clone()], vec![reduced]];
    if let Some(run) = run {
        let random = (0..seeds.max(1)).map(|seed| {
            let encoder = Encoder::random(run, 1000 + seed, device)?;
            encoded(data, &encoder, "random encoder")
        });
        sets.push(random.collect::<anyhow::Result<_>>()?);
    }
    sets.push(vec![both(data, "rotation invariants", |rows| {
        invariants(rows, data, false)
    })?]);
    if data.basis == Basis::Zernike {
        sets.push(vec![both(data, "invariants about z", |rows| {
            invariants(rows, data, true)
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
            (Basis::Zernike, false) => zernike_invariants(&row, data.order)?,
            (Basis::Zernike, true) => z_invariants(&row, data.order)?,
        };
        values.extend(numbers.into_iter().map(|value| value as f32));
    }
    let columns = values.len() / rows.nrows().max(1);
    Ok(Array2::from_shape_vec((rows.nrows(), columns), values)?)
}
