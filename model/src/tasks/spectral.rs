//! The pre-training task of the paper's section 5.4: complete corrupted spectral maps.

use std::path::Path;

use image::RgbImage;
use ndarray::{Array2, Axis, s};
use rayon::prelude::*;
use serde_json::{Value, json};
use spectra_datasets::{Split, Store};
use spectra_pointcloud::random::stream;
use spectra_spectral::{Basis, MapKind, MapLayout};

use super::augment::Augmenter;
use super::local::Local;
use super::sheet::sheet;
use super::{HostBatch, Task};
use crate::config::{Config, LOCAL, NetworkKind, RotateKind};
use crate::corrupt::Corruptor;
use crate::maps::Maps;
use crate::nets::Sizes;
use crate::run::{RunFolder, RunInfo, RunMap, to_json};
use crate::scaling::Scaling;
use crate::train::{TrainObserver, TrainSummary, train};
use crate::{ModelError, device};

/// Pre-trains on the training rows of `store`, whose labels are never read, into the folder `run`.
///
/// A fresh run refuses a folder that holds one; with `resume` it goes on from the newest whole checkpoint, under the
/// settings saved there ([`Config::of_run`]), and ends in the same bytes as without an interruption (CPU, same number of
/// threads). Fails on unusable settings, on a run begun with others, a device that is not there, a store of another transform, a locked folder,
/// refusals of the system, and losses that are no numbers.
pub fn pretrain(
    store: &Store,
    run: &Path,
    config: &Config,
    device: &str,
    resume: bool,
    observer: &dyn TrainObserver,
) -> Result<TrainSummary, ModelError> {
    let device = device::open(device)?;
    let folder = RunFolder::open(run, config, resume)?;
    let saved = match folder.begun() {
        true => Some(RunInfo::load(run)?),
        false => None,
    };
    if let Some(info) = &saved {
        info.check_store(store)?;
        if info.items != store.manifest().items_blake3 {
            return Err(ModelError::run(
                store.path(),
                "holds other items than the store that the run was begun with",
            ));
        }
    }
    let task = open_task(store, folder.config(), saved.map(|info| info.map))?;
    train(&folder, &*task, &device, observer)
}

/// The task that the settings name, on the training rows of `store`; `saved` is what a run that goes on has kept.
pub(crate) fn open_task<'s>(
    store: &'s Store,
    config: &Config,
    saved: Option<RunMap>,
) -> Result<Box<dyn Task + 's>, ModelError> {
    if config.map.layout == LOCAL {
        let saved = match saved {
            Some(RunMap::Local(map)) => Some(map),
            _ => None,
        };
        return Ok(Box::new(Local::open(store, config, saved)?));
    }
    let saved = match saved {
        Some(RunMap::Global(map)) => Some(map.scaler),
        _ => None,
    };
    Ok(Box::new(Spectral::open(store, config, saved)?))
}

/// The training rows of a store, rising. Fails where there are none.
pub(super) fn training_rows(store: &Store, splits: &[Split]) -> Result<Vec<usize>, ModelError> {
    let train: Vec<usize> = (0..splits.len())
        .filter(|&i| splits[i] == Split::Train)
        .collect();
    if train.is_empty() {
        return Err(ModelError::run(
            store.path(),
            "has no training rows; convert a data set with a train split",
        ));
    }
    Ok(train)
}

/// Denoising on the training rows of a store.
pub(crate) struct Spectral<'s> {
    store: &'s Store,
    maps: Denoising,
}

impl<'s> Spectral<'s> {
    /// Reads the training rows of `store`; fits the scaler on them unless one is given.
    pub(crate) fn open(
        store: &'s Store,
        config: &Config,
        scaler: Option<Scaling>,
    ) -> Result<Spectral<'s>, ModelError> {
        if config.network.kind == NetworkKind::Set {
            let message = "network.kind set: takes local maps; set map.layout to local, or take dense or conv";
            return Err(ModelError::Input(message.into()));
        }
        let manifest = store.manifest();
        if manifest.basis == Basis::Radius {
            check_radius(config)?;
        }
        let rows = match config.augment.resample > 0.0 {
            true => store.rows()?,
            false => store.rows_without_points()?,
        };
        let train = training_rows(store, &rows.splits)?;
        let coefficients = rows.coefficients.select(Axis(0), &train);
        let points = rows.points.map(|points| pick(points, &train));
        let (order, _layout) = layout_of(config, manifest.basis, manifest.order)?;
        let up = &manifest.up_axis;
        let augmenter = Augmenter::new(&config.augment, manifest.basis, order, up, points)?;
        let maps = Denoising::new(
            coefficients,
            manifest.basis,
            order,
            config,
            scaler,
            augmenter,
        )?;
        Ok(Spectral { store, maps })
    }
}

/// Refuses settings that ask of radius fits what they do not have.
fn check_radius(config: &Config) -> Result<(), ModelError> {
    let by_degree = config.corrupt.band > 0.0 || config.corrupt.degree_dropout > 0.0;
    if !by_degree && config.augment.rotate == RotateKind::None {
        return Ok(());
    }
    let message = "the store holds radius fits, which have no degrees and do not turn: set corrupt.band and \
                   corrupt.degree_dropout to 0 and augment.rotate to none";
    Err(ModelError::Input(message.into()))
}

/// The entries at rising indices, without a copy of any.
pub(super) fn pick<T>(values: Vec<T>, rising: &[usize]) -> Vec<T> {
    let mut wanted = rising.iter().peekable();
    values
        .into_iter()
        .enumerate()
        .filter(|(index, _value)| wanted.next_if_eq(&index).is_some())
        .map(|(_index, value)| value)
        .collect()
}

impl Task for Spectral<'_> {
    fn name(&self) -> &'static str {
        "spectral"
    }

    fn len(&self) -> usize {
        self.maps.rows.nrows()
    }

    fn sizes(&self) -> Sizes {
        self.maps.maps.sizes()
    }

    fn batch(&self, epoch: u64, items: &[usize]) -> Result<HostBatch, ModelError> {
        self.maps.batch(epoch, items)
    }

    fn targets(&self) -> Result<Option<Vec<f32>>, ModelError> {
        self.maps.targets()
    }

    fn unread(&self) -> &'static [&'static str] {
        &["map.visible", "map.queries", "map.local"]
    }

    fn info(&self) -> Vec<u8> {
        let map = RunMap::Global(self.maps.maps.info());
        to_json(&RunInfo::new(self.store, self.len(), map))
    }

    fn card(&self) -> Value {
        let manifest = self.store.manifest();
        json!({"dataset": manifest.dataset, "rows": self.len(), "basis": manifest.basis, "order": manifest.order,
               "labels": "not used"})
    }

    fn picture(&self, batch: &HostBatch, completions: &[Vec<f32>]) -> Option<RgbImage> {
        Some(sheet(self.sizes().target, batch, completions))
    }
}

/// Coefficients of items, and how they become batches of corrupted and clean maps.
struct Denoising {
    maps: Maps,
    rows: Array2<f32>,
    corruptor: Corruptor,
    augmenter: Augmenter,
    outside: f32,
    seed: u64,
}

/// The order of the maps that `config` makes of coefficients up to `order`, and their layout.
pub(crate) fn layout_of(
    config: &Config,
    basis: Basis,
    order: usize,
) -> Result<(usize, MapLayout), ModelError> {
    let order = match config.map.order {
        0 => order,
        highest => order.min(highest),
    };
    let kind: MapKind = config.map.layout.parse()?;
    Ok((order, MapLayout::new(kind, basis, order)?))
}

impl Denoising {
    /// Fits the scaler on `rows` `[items, coefficients]`, unless one is given, and sets the task up.
    fn new(
        rows: Array2<f32>,
        basis: Basis,
        order: usize,
        config: &Config,
        scaler: Option<Scaling>,
        augmenter: Augmenter,
    ) -> Result<Denoising, ModelError> {
        let (order, layout) = layout_of(config, basis, order)?;
        let rows = rows.slice(s![.., ..layout.count()]).to_owned();
        let scaler = match scaler {
            Some(scaler) => scaler,
            None => Scaling::fit(config.map.scaling, &rows.view())?,
        };
        let corruptor = Corruptor::new(&config.corrupt, &layout, basis, order);
        Ok(Denoising {
            maps: Maps {
                basis,
                order,
                layout,
                scaler,
            },
            rows,
            corruptor,
            augmenter,
            outside: config.corrupt.outside as f32,
            seed: config.seed,
        })
    }

    /// The batch of `items` in `epoch`: a pure function of both and the seed.
    fn batch(&self, epoch: u64, items: &[usize]) -> Result<HostBatch, ModelError> {
        let sizes = self.maps.sizes();
        let mut batch = HostBatch::zeros(items.len(), sizes);
        (
            batch.input.par_chunks_exact_mut(sizes.input_cells()),
            batch.target.par_chunks_exact_mut(sizes.target_cells()),
            batch.weight.par_chunks_exact_mut(sizes.target_cells()),
        )
            .into_par_iter()
            .zip(items)
            .try_for_each(|((input, target, weight), &item)| {
                self.row(epoch, item, input, target, weight)
            })?;
        Ok(batch)
    }

    /// The clean maps of all items, unless every epoch changes them.
    fn targets(&self) -> Result<Option<Vec<f32>>, ModelError> {
        if self.augmenter.changes() {
            return Ok(None);
        }
        let cells = self.maps.sizes().target_cells();
        let mut targets = vec![0.0; self.rows.nrows() * cells];
        for (row, target) in self.rows.outer_iter().zip(targets.chunks_exact_mut(cells)) {
            self.maps.fill(row.to_vec(), target)?;
        }
        Ok(Some(targets))
    }

    fn row(
        &self,
        epoch: u64,
        item: usize,
        input: &mut [f32],
        target: &mut [f32],
        weight: &mut [f32],
    ) -> Result<(), ModelError> {
        let mut rng = stream(self.seed, epoch, item as u64);
        let coefficients = self.rows.row(item).to_vec();
        self.augmenter
            .fill(&mut rng, item, coefficients, &self.maps, target)?;
        let (values, mask) = input.split_at_mut(target.len());
        values.copy_from_slice(target);
        self.corruptor.apply(&mut rng, values, mask);
        for (cell, weight) in weight.iter_mut().enumerate() {
            let valid = self.maps.layout.mask()[cell];
            *weight = if mask[cell] == 1.0 {
                1.0
            } else if valid {
                self.outside
            } else {
                0.0
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RotateKind;

    fn task(rotate: RotateKind) -> Denoising {
        let rows = Array2::from_shape_fn((40, 84), |(i, j)| {
            (((i * 91 + j * 37) % 101) as f32 - 50.0) / (1 + j) as f32
        });
        let mut config = Config::default();
        config.augment.rotate = rotate;
        config.corrupt.outside = 0.5;
        let augmenter = Augmenter::new(&config.augment, Basis::Zernike, 6, "z", None).unwrap();
        Denoising::new(rows, Basis::Zernike, 6, &config, None, augmenter).unwrap()
    }

    #[test]
    fn a_batch_depends_on_seed_epoch_and_items_alone() {
        let task = task(RotateKind::Gravity);
        let whole = task.batch(2, &[3, 7, 11]).unwrap();
        let part = task.batch(2, &[7]).unwrap();
        assert_eq!(whole.input[200..400], part.input);
        assert_ne!(task.batch(3, &[7]).unwrap().input, part.input);
    }

    #[test]
    fn targets_that_stay_are_those_of_every_batch() {
        let still = task(RotateKind::None);
        let targets = still.targets().unwrap().unwrap();
        assert_eq!(targets[700..800], still.batch(3, &[7]).unwrap().target);
        assert!(task(RotateKind::So3).targets().unwrap().is_none());
    }

    #[test]
    fn weights_and_inputs_fit_the_mask() {
        let batch = task(RotateKind::None)
            .batch(1, &(0..40).collect::<Vec<_>>())
            .unwrap();
        for row in 0..40 {
            let (values, mask) = batch.input[row * 200..(row + 1) * 200].split_at(100);
            for cell in 0..100 {
                let (target, weight) = (
                    batch.target[row * 100 + cell],
                    batch.weight[row * 100 + cell],
                );
                let expected = if cell >= 84 {
                    0.0
                } else if mask[cell] == 1.0 {
                    1.0
                } else {
                    0.5
                };
                assert_eq!(weight, expected);
                assert!(mask[cell] == 1.0 || values[cell] == target);
            }
        }
    }
}
