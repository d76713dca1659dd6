//! Local maps as networks see them: one token for each neighbourhood.
//!
//! A token is `[place | values | mask]`: harmonics of the centre's position, the scaled moments of all radii, and 1 for
//! each value that is hidden or disturbed.

mod corrupt;
mod encoder;

use std::f32::consts::PI;

use ndarray::{Array2, ArrayView1, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use spectra_datasets::{LocalMap, LocalMapper, LocalOptions};
use spectra_spectral::{Basis, Rotation, Scaler};

pub(crate) use self::corrupt::{LocalCorruptor, Shown};
pub use self::encoder::{LocalEncoder, LocalRows};
use crate::ModelError;
use crate::config::MapConfig;
use crate::nets::Sizes;

/// Sines and cosines of each coordinate, at 1, 2, 4, … half turns over the ball.
pub(crate) const OCTAVES: usize = 3;
/// Neighbourhoods that the scaler is fitted to, about.
const SCALER_ROWS: usize = 100_000;

/// What a run remembers of its local maps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalInfo {
    /// Which neighbourhoods.
    pub local: LocalOptions,
    /// Scaling of their moments, fitted on the training rows.
    pub scaler: Scaler,
}

/// One kind of local map with its scaling.
#[derive(Debug, Clone)]
pub(crate) struct LocalMaps {
    mapper: LocalMapper,
    scaler: Scaler,
}

impl LocalMaps {
    pub(crate) fn new(info: LocalInfo) -> Result<LocalMaps, ModelError> {
        let maps = LocalMaps {
            mapper: LocalMapper::new(info.local)?,
            scaler: info.scaler,
        };
        if maps.scaler.len() == maps.values() {
            return Ok(maps);
        }
        Err(ModelError::Input(format!(
            "scaling of local maps: expected {} values, found {}",
            maps.values(),
            maps.scaler.len()
        )))
    }

    /// Fits the scaler on some of the neighbourhoods of `maps`.
    pub(crate) fn fit(mapper: LocalMapper, maps: &[LocalMap]) -> Result<LocalMaps, ModelError> {
        let total: usize = maps.iter().map(|map| map.rows.nrows()).sum();
        let stride = total.div_ceil(SCALER_ROWS).max(1);
        let rows = maps.iter().flat_map(|map| map.rows.outer_iter());
        let chosen: Vec<ArrayView1<f32>> = rows.step_by(stride).collect();
        let stacked = ndarray::stack(Axis(0), &chosen)
            .map_err(|error| ModelError::Input(format!("local maps: {error}")))?;
        Ok(LocalMaps {
            mapper,
            scaler: Scaler::fit(&stacked.view())?,
        })
    }

    pub(crate) fn info(&self) -> LocalInfo {
        LocalInfo {
            local: self.mapper.options().clone(),
            scaler: self.scaler.clone(),
        }
    }

    pub(crate) fn options(&self) -> &LocalOptions {
        self.mapper.options()
    }

    /// Values of a row: the moments of all radii.
    pub(crate) fn values(&self) -> usize {
        values_of(self.options())
    }

    /// Values that tell a row's place.
    pub(crate) fn place(&self) -> usize {
        place_of(self.options())
    }

    /// Values of a token.
    pub(crate) fn token(&self) -> usize {
        self.place() + 2 * self.values()
    }

    /// Scales one row of moments in place.
    fn scale(&self, row: &mut [f32]) -> Result<(), ModelError> {
        Ok(self.scaler.transform(row)?)
    }

    /// Writes what tells the place of `position` to `out`.
    pub(crate) fn tell_place(&self, position: &[f32], out: &mut [f32]) {
        for (&x, out) in position.iter().zip(out.chunks_exact_mut(1 + 2 * OCTAVES)) {
            out[0] = x;
            for (octave, pair) in out[1..].chunks_exact_mut(2).enumerate() {
                let (sine, cosine) = (PI * x * (1 << octave) as f32).sin_cos();
                pair.copy_from_slice(&[sine, cosine]);
            }
        }
    }

    /// Position and scaled moments of one neighbourhood, turned.
    pub(crate) fn read(
        &self,
        map: &LocalMap,
        row: usize,
        rotation: Option<&Rotation>,
    ) -> Result<(Vec<f32>, Vec<f32>), ModelError> {
        let mut position = map.positions.row(row).to_vec();
        let mut values = map.rows.row(row).to_vec();
        if let Some(rotation) = rotation {
            let turned = rotation.point(std::array::from_fn(|i| f64::from(position[i])));
            position = turned.map(|x| x as f32).to_vec();
            let order = self.options().order;
            for moments in values.chunks_exact_mut(Basis::Zernike.count(order)) {
                rotation.apply_zernike(order, moments)?;
            }
        }
        self.scale(&mut values)?;
        Ok((position, values))
    }

    /// Writes the token of one neighbourhood with nothing hidden to `token`.
    pub(crate) fn tell(
        &self,
        map: &LocalMap,
        row: usize,
        rotation: Option<&Rotation>,
        token: &mut [f32],
    ) -> Result<(), ModelError> {
        let (position, values) = self.read(map, row, rotation)?;
        let (place, rest) = token.split_at_mut(self.place());
        self.tell_place(&position, place);
        let (told, mask) = rest.split_at_mut(values.len());
        told.copy_from_slice(&values);
        mask.fill(0.0);
        Ok(())
    }

    /// Tokens of all neighbourhoods of a cloud, `[neighbourhoods, token]`, with nothing hidden; and where they are.
    pub(crate) fn tokens(
        &self,
        cloud: &[[f32; 3]],
    ) -> Result<(Array2<f32>, Array2<f32>), ModelError> {
        let map = self.mapper.map(cloud)?;
        Ok((self.all_tokens(&map)?, map.positions))
    }

    /// Tokens of all neighbourhoods of `map`, `[neighbourhoods, token]`, with nothing hidden.
    pub(crate) fn all_tokens(&self, map: &LocalMap) -> Result<Array2<f32>, ModelError> {
        let mut tokens = Array2::zeros((map.rows.nrows(), self.token()));
        for (row, mut token) in tokens.outer_iter_mut().enumerate() {
            let token = token.as_slice_mut().expect("a new array is in row order");
            self.tell(map, row, None, token)?;
        }
        Ok(tokens)
    }

    /// Maps of `clouds`, in parallel.
    pub(crate) fn of_clouds(&self, clouds: &[Vec<[f32; 3]>]) -> Result<Vec<LocalMap>, ModelError> {
        maps_of(&self.mapper, clouds)
    }
}

fn values_of(options: &LocalOptions) -> usize {
    options.radii.len() * Basis::Zernike.count(options.order)
}

fn place_of(options: &LocalOptions) -> usize {
    options.frame.coordinates() * (1 + 2 * OCTAVES)
}

/// Shapes of the networks' inputs and targets.
pub(crate) fn sizes_of(config: &MapConfig) -> Sizes {
    let values = values_of(&config.local);
    Sizes {
        input: [
            1,
            config.visible + config.queries,
            place_of(&config.local) + 2 * values,
        ],
        target: [1, config.queries, values],
    }
}

/// Local maps of many clouds, in parallel.
pub(crate) fn maps_of(
    mapper: &LocalMapper,
    clouds: &[Vec<[f32; 3]>],
) -> Result<Vec<LocalMap>, ModelError> {
    let map = |cloud: &Vec<[f32; 3]>| Ok(mapper.map(cloud)?);
    clouds.par_iter().map(map).collect()
}
