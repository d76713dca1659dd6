//! Frozen features of a run on local maps.

use std::path::Path;

use burn::tensor::{Tensor, TensorData};
use ndarray::{Array2, Axis, concatenate};
use rayon::prelude::*;
use spectra_datasets::LocalOptions;

use super::{LocalMaps, sizes_of};
use crate::encoder::to_host;
use crate::nets::{Described, Generator};
use crate::networks::Networks;
use crate::run::{RunInfo, RunMap, load_config};
use crate::{Config, ModelError};

/// Clouds that pass H at once.
const CLOUDS: usize = 32;

/// H with frozen weights: clouds of points in the unit ball in, features out.
#[derive(Debug)]
pub struct LocalEncoder {
    maps: LocalMaps,
    networks: Networks,
}

/// What H makes of the neighbourhoods of one cloud.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalRows {
    /// Learned features, `[neighbourhoods, bottleneck / 2]`.
    pub rows: Array2<f32>,
    /// Where the neighbourhoods are: see [`LocalMap`](spectra_datasets::LocalMap).
    pub positions: Array2<f32>,
}

impl LocalEncoder {
    /// The trained encoder of a run folder. Fails where the run is not finished, damaged, or of another kind of map.
    pub fn load(run: &Path, device: &str) -> Result<LocalEncoder, ModelError> {
        let (maps, config) = open(run)?;
        let networks = Networks::load(run, sizes_of(&config.map), device)?;
        Ok(LocalEncoder { maps, networks })
    }

    /// The same network with the random weights of `seed`: the control that training must beat.
    pub fn random(run: &Path, seed: u64, device: &str) -> Result<LocalEncoder, ModelError> {
        let (maps, config) = open(run)?;
        let sizes = sizes_of(&config.map);
        let networks = Networks::random(config, sizes, seed, device)?;
        Ok(LocalEncoder { maps, networks })
    }

    /// Which neighbourhoods the encoder sees.
    pub fn options(&self) -> &LocalOptions {
        self.maps.options()
    }

    /// Features of clouds with all their neighbourhoods: mean and maximum of the first row features, and the bottleneck h,
    /// `[clouds, 2 width + bottleneck]`.
    pub fn features(&self, clouds: &[Vec<[f32; 3]>]) -> Result<Array2<f32>, ModelError> {
        self.blocks(clouds, |described, _positions| {
            let joined = described.read_out();
            let shape = joined.dims();
            Ok(vec![to_array(to_host(joined)?, shape)])
        })
        .map(|parts| stack(&parts))
    }

    /// What H makes of each neighbourhood, for read-outs of other kinds.
    pub fn rows(&self, clouds: &[Vec<[f32; 3]>]) -> Result<Vec<LocalRows>, ModelError> {
        self.blocks(clouds, |described, positions| {
            let [items, rows, width] = described.rows.dims();
            let values = to_host(described.rows)?;
            let arrays = values.chunks_exact(rows * width);
            let arrays = arrays.map(|part| to_array(part.to_vec(), [rows, width]));
            let found = arrays.zip(positions).map(|(rows, positions)| LocalRows {
                rows,
                positions: positions.clone(),
            });
            debug_assert_eq!(items, positions.len());
            Ok(found.collect())
        })
    }

    /// The same read-out of the map itself: mean and maximum over all neighbourhoods of what H is given of each,
    /// `[clouds, 2 (place + values)]`.
    pub fn raw_maps(&self, clouds: &[Vec<[f32; 3]>]) -> Result<Array2<f32>, ModelError> {
        let kept = self.maps.place() + self.maps.values();
        let pooled = |cloud: &Vec<[f32; 3]>| -> Result<Array2<f32>, ModelError> {
            let (tokens, _positions) = self.maps.tokens(cloud)?;
            let tokens = tokens.slice(ndarray::s![.., ..kept]);
            let mean = tokens.sum_axis(Axis(0)) / tokens.nrows().max(1) as f32;
            let most = tokens.fold_axis(Axis(0), f32::NEG_INFINITY, |a, b| a.max(*b));
            Ok(Array2::from_shape_fn((1, 2 * kept), |(_row, j)| {
                if j < kept { mean[j] } else { most[j - kept] }
            }))
        };
        let parts: Vec<Array2<f32>> = clouds.par_iter().map(pooled).collect::<Result<_, _>>()?;
        Ok(stack(&parts))
    }

    /// Passes clouds through H, as many at once as have equally many neighbourhoods in a row.
    fn blocks<T>(
        &self,
        clouds: &[Vec<[f32; 3]>],
        of: impl Fn(Described, &[Array2<f32>]) -> Result<Vec<T>, ModelError>,
    ) -> Result<Vec<T>, ModelError> {
        let Generator::Set(pair) = &self.networks.generator else {
            return Err(ModelError::Input(
                "a run on local maps without a set network".into(),
            ));
        };
        let mut found = Vec::with_capacity(clouds.len());
        for block in clouds.chunks(CLOUDS) {
            let tokens: Vec<(Array2<f32>, Array2<f32>)> = block
                .par_iter()
                .map(|cloud| self.maps.tokens(cloud))
                .collect::<Result<_, _>>()?;
            for alike in tokens.chunk_by(|a, b| a.0.nrows() == b.0.nrows()) {
                let shape = [alike.len(), alike[0].0.nrows(), self.maps.token()];
                let values: Vec<f32> = alike.iter().flat_map(|(t, _)| t.iter().copied()).collect();
                let data = TensorData::new(values, shape);
                let described = pair.describe(Tensor::from_data(data, self.networks.device()));
                let positions: Vec<Array2<f32>> = alike.iter().map(|(_, p)| p.clone()).collect();
                found.extend(of(described, &positions)?);
            }
        }
        Ok(found)
    }
}

/// The local maps of a run and its settings.
fn open(run: &Path) -> Result<(LocalMaps, Config), ModelError> {
    let info = RunInfo::load(run)?;
    let RunMap::Local(map) = info.map else {
        let message = "a run on global maps; its features come of coefficients, not of points";
        return Err(ModelError::run(run, message));
    };
    Ok((LocalMaps::new(map)?, load_config(run)?))
}

fn to_array(values: Vec<f32>, shape: [usize; 2]) -> Array2<f32> {
    Array2::from_shape_vec(shape, values).expect("a tensor has as many values as its shape says")
}

fn stack(parts: &[Array2<f32>]) -> Array2<f32> {
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    concatenate(Axis(0), &views).unwrap_or_default()
}
