//! Features that are means over small changes of pose.

use anyhow::Context;
use ndarray::{Array2, ArrayView1, ArrayView2, s};
use rayon::prelude::*;
use spectra_datasets::Stance;
use spectra_eval::RandomFourier;
use spectra_model::Encoder;
use spectra_spectral::Basis;

use super::data::Data;
use super::features::RawMaps;

/// Cosines and sines of a map.
const PAIRS: usize = 4096;

/// Means over all stances of each object of what `describe` makes of its coefficients, of `basis` and up to `order`; `up` names the
/// up axis.
pub fn mean(
    (basis, order, up): (Basis, usize, &str),
    rows: &ArrayView2<f32>,
    describe: &dyn Fn(&ArrayView2<f32>) -> anyhow::Result<Array2<f32>>,
) -> anyhow::Result<Array2<f32>> {
    let stances = Stance::all(up, order);
    let mut sum: Option<Array2<f32>> = None;
    for stance in &stances {
        let turned = rows.outer_iter().into_par_iter().map(|row| {
            let mut row = row.to_vec();
            stance.apply(basis, &mut row).map(|()| row)
        });
        let turned: Vec<Vec<f32>> = turned.collect::<Result<_, _>>()?;
        let mut changed = Array2::zeros(rows.dim());
        for (mut to, from) in changed.outer_iter_mut().zip(&turned) {
            to.assign(&ArrayView1::from(from));
        }
        let part = describe(&changed.view())?;
        sum = Some(match sum {
            None => part,
            Some(sum) => sum + part,
        });
    }
    Ok(sum.context("an object has stances")? / stances.len() as f32)
}

/// Random Fourier features of raw maps, averaged over the stances of each object: linear classifiers of them are nearly those of a
/// Gaussian kernel that forgives small turns and reflections.
pub struct Fourier<'a> {
    what: (Basis, usize, &'a str),
    maps: RawMaps<'a>,
    random: RandomFourier,
}

impl<'a> Fourier<'a> {
    /// Scaled by the training objects of `data`.
    pub fn fit(data: &'a Data, encoder: Option<&'a Encoder>, seed: u64) -> anyhow::Result<Self> {
        let maps = RawMaps::new(data, encoder)?;
        let train = maps.of(&data.train.coefficients.view())?;
        Ok(Self {
            what: (data.basis, maps.order(data), &data.up),
            maps,
            random: RandomFourier::fit(&train.view(), PAIRS, seed),
        })
    }

    /// `[objects, 2 PAIRS]`, of coefficients up to the order of the maps or above.
    pub fn features(&self, rows: &ArrayView2<f32>) -> anyhow::Result<Array2<f32>> {
        let (basis, order, _up) = self.what;
        let rows = rows.slice(s![.., ..basis.count(order)]);
        mean(self.what, &rows, &|rows| {
            Ok(self.random.transform(&self.maps.of(rows)?.view()))
        })
    }

    /// Maps as they are, centred and scaled.
    pub fn standardised(&self, rows: &ArrayView2<f32>) -> anyhow::Result<Array2<f32>> {
        Ok(self.random.standardised(&self.maps.of(rows)?.view()))
    }
}
