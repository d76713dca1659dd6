//! Objects as H sees them: as they are, or changed anew in every epoch.

use ndarray::{Array2, ArrayView2, Axis, s};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use spectra_datasets::LocalMap;
use spectra_pointcloud::random::stream;

use crate::local::{LocalInfo, LocalMaps, sizes_of};
use crate::maps::Maps;
use crate::nets::Sizes;
use crate::tasks::Augmenter;
use crate::{Config, ModelError};

/// Objects of one set with what their maps are made of.
#[allow(clippy::large_enum_variant, reason = "two values for each run")]
pub(super) enum Objects {
    Global {
        maps: Maps,
        /// Coefficients that enter the maps, `[objects, count]`.
        rows: Array2<f32>,
    },
    Local {
        maps: LocalMaps,
        /// Unscaled moments and positions of each object.
        items: Vec<LocalMap>,
        /// Rows that are drawn of each object in training.
        visible: usize,
    },
}

impl Objects {
    pub(super) fn global(
        maps: Maps,
        coefficients: &ArrayView2<f32>,
    ) -> Result<Objects, ModelError> {
        maps.check(coefficients.ncols())?;
        Ok(Objects::Global {
            rows: coefficients.slice(s![.., ..maps.count()]).to_owned(),
            maps,
        })
    }

    pub(super) fn local(
        info: &LocalInfo,
        clouds: Option<&[Vec<[f32; 3]>]>,
        visible: usize,
    ) -> Result<Objects, ModelError> {
        let clouds = clouds
            .ok_or_else(|| ModelError::Input("local maps need the points of the objects".into()))?;
        let maps = LocalMaps::new(info.clone())?;
        Ok(Objects::Local {
            items: maps.of_clouds(clouds)?,
            maps,
            visible,
        })
    }

    /// Shapes of the inputs and targets of the run's networks.
    pub(super) fn sizes(&self, config: &Config) -> Sizes {
        match self {
            Objects::Global { maps, .. } => maps.sizes(),
            Objects::Local { .. } => sizes_of(&config.map),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Objects::Global { rows, .. } => rows.nrows(),
            Objects::Local { items, .. } => items.len(),
        }
    }

    /// Inputs of `items`, `[items, values]`, as they are; all must have as many [`rows`](Self::rows).
    pub(super) fn inputs(&self, items: &[usize]) -> Result<Vec<f32>, ModelError> {
        match self {
            Objects::Global { maps, rows } => {
                maps.clean_inputs(&rows.select(Axis(0), items).view())
            }
            Objects::Local {
                maps,
                items: objects,
                ..
            } => {
                let tokens: Vec<Array2<f32>> = items
                    .par_iter()
                    .map(|&item| maps.all_tokens(&objects[item]))
                    .collect::<Result<_, _>>()?;
                Ok(tokens.into_iter().flatten().collect())
            }
        }
    }

    /// Rows of the map of `item` that H sees.
    pub(super) fn rows(&self, item: usize) -> usize {
        match self {
            Objects::Global { .. } => 1,
            Objects::Local { items, .. } => items[item].rows.nrows(),
        }
    }

    /// Inputs of `items` in `epoch`, `[items, values]`, changed: a pure function of the seed, the epoch and each item.
    pub(super) fn drawn(
        &self,
        augmenter: &Augmenter,
        (seed, epoch): (u64, u64),
        items: &[usize],
    ) -> Result<Vec<f32>, ModelError> {
        let width = match self {
            Objects::Global { maps, .. } => maps.sizes().input_cells(),
            Objects::Local { maps, visible, .. } => visible * maps.token(),
        };
        let mut inputs = vec![0.0; items.len() * width];
        let rows = inputs.par_chunks_exact_mut(width).zip(items);
        rows.try_for_each(|(input, &item)| {
            let mut rng = stream(seed, epoch, item as u64);
            self.draw(augmenter, &mut rng, item, input)
        })?;
        Ok(inputs)
    }

    /// Changes one object and writes its input.
    fn draw(
        &self,
        augmenter: &Augmenter,
        rng: &mut ChaCha8Rng,
        item: usize,
        input: &mut [f32],
    ) -> Result<(), ModelError> {
        match self {
            Objects::Global { maps, rows } => {
                let (values, _mask) = input.split_at_mut(input.len() / 2);
                augmenter.fill(rng, item, rows.row(item).to_vec(), maps, values)?;
            }
            Objects::Local { maps, items, .. } => {
                let map = &items[item];
                let rotation = augmenter.rotation(rng);
                let mut order: Vec<usize> = (0..map.rows.nrows()).collect();
                order.shuffle(rng);
                let tokens = input.chunks_exact_mut(maps.token());
                for (&row, token) in order.iter().cycle().zip(tokens) {
                    maps.tell(map, row, rotation.as_ref(), token)?;
                    let values = &mut token[maps.place()..][..maps.values()];
                    augmenter.map(rng, values, &vec![true; maps.values()]);
                }
            }
        }
        Ok(())
    }
}
