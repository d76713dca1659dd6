//! Features that are means over small changes of pose.

use anyhow::Context;
use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;
use spectra_datasets::Stance;
use spectra_eval::RandomFourier;
use spectra_model::Encoder;
use spectra_spectral::Basis;

use super::data::Data;
use super::features::RawMaps;

/// Cosines and sines of a map.
const PAIRS: usize = 4096;

/// The mean over `stances` of what `describe` makes of objects in each of them.
pub fn mean(
    stances: &[Stance],
    describe: impl Fn(&Stance) -> anyhow::Result<Array2<f32>>,
) -> anyhow::Result<Array2<f32>> {
    let (first, others) = stances.split_first().context("an object has stances")?;
    let mut sum = describe(first)?;
    for stance in others {
        sum += &describe(stance)?;
    }
    Ok(sum / stances.len() as f32)
}

/// Coefficients `[objects, K]` of `basis`, in a stance.
pub fn stand_rows(
    stance: &Stance,
    basis: Basis,
    rows: &ArrayView2<f32>,
) -> anyhow::Result<Array2<f32>> {
    let mut turned = rows.to_owned();
    turned
        .outer_iter_mut()
        .into_par_iter()
        .try_for_each(|mut row| {
            let row = row
                .as_slice_mut()
                .expect("an owned copy of rows is in row order");
            stance.apply_coefficients(basis, row)
        })?;
    Ok(turned)
}

/// Points of objects, in a stance.
pub fn stand_clouds(stance: &Stance, clouds: &[Vec<[f32; 3]>]) -> Vec<Vec<[f32; 3]>> {
    let mut clouds = clouds.to_vec();
    clouds.par_iter_mut().for_each(|cloud| stance.apply(cloud));
    clouds
}

/// Random Fourier features of raw maps, averaged over the stances of each object: linear classifiers of them are nearly those of a
/// Gaussian kernel that forgives small turns and reflections.
pub struct Fourier<'a> {
    basis: Basis,
    order: usize,
    stances: Vec<Stance>,
    maps: RawMaps<'a>,
    random: RandomFourier,
}

impl<'a> Fourier<'a> {
    /// Scaled by the training objects of `data`.
    pub fn fit(data: &Data, encoder: Option<&'a Encoder>, seed: u64) -> anyhow::Result<Self> {
        let maps = RawMaps::new(data, encoder)?;
        let train = maps.of(&data.train.coefficients.view())?;
        let order = maps.order(data);
        Ok(Self {
            basis: data.basis,
            order,
            stances: Stance::all(&data.up, order),
            maps,
            random: RandomFourier::fit(&train.view(), PAIRS, seed),
        })
    }

    /// `[objects, 2 PAIRS]`, of coefficients up to the order of the maps or above.
    pub fn features(&self, rows: &ArrayView2<f32>) -> anyhow::Result<Array2<f32>> {
        let rows = rows.slice(s![.., ..self.basis.count(self.order)]);
        mean(&self.stances, |stance| {
            let maps = self
                .maps
                .of(&stand_rows(stance, self.basis, &rows)?.view())?;
            Ok(self.random.transform(&maps.view()))
        })
    }

    /// Maps as they are, centred and scaled.
    pub fn standardised(&self, rows: &ArrayView2<f32>) -> anyhow::Result<Array2<f32>> {
        Ok(self.random.standardised(&self.maps.of(rows)?.view()))
    }
}
