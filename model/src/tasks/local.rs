//! Pre-training on local maps: complete the neighbourhoods that are hidden.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde_json::{Value, json};
use spectra_datasets::{Frame, LocalMap, LocalMapper, Store};
use spectra_pointcloud::random::stream;
use spectra_spectral::Basis;

use super::augment::Augmenter;
use super::spectral::{pick, training_rows};
use super::{HostBatch, Task};
use crate::ModelError;
use crate::config::{Config, MapConfig, NetworkKind, RotateKind, ScalingKind};
use crate::local::{LocalCorruptor, LocalInfo, LocalMaps, Shown, maps_of, sizes_of};
use crate::nets::Sizes;
use crate::run::{RunInfo, RunMap, to_json};

/// Denoising of the local maps of a store's training rows.
pub(super) struct Local<'s> {
    store: &'s Store,
    maps: LocalMaps,
    /// Unscaled moments and positions of each item.
    items: Vec<LocalMap>,
    corruptor: LocalCorruptor,
    augmenter: Augmenter,
    map: MapConfig,
    outside: f32,
    seed: u64,
}

impl<'s> Local<'s> {
    /// Computes the maps of all training rows; fits their scaling unless a run gives it.
    pub(super) fn open(
        store: &'s Store,
        config: &Config,
        saved: Option<LocalInfo>,
    ) -> Result<Local<'s>, ModelError> {
        check(config)?;
        let rows = store.rows()?;
        let train = training_rows(store, &rows.splits)?;
        let Some(points) = rows.points else {
            let message =
                "keeps no points, which local maps need; convert again without --no-points";
            return Err(ModelError::run(store.path(), message));
        };
        let clouds = pick(points, &train);
        let options = &config.map.local;
        let mapper = LocalMapper::new(options.clone())?;
        let items = maps_of(&mapper, &clouds)?;
        let maps = match saved {
            Some(info) => LocalMaps::new(info)?,
            None => LocalMaps::fit(mapper, &items)?,
        };
        let up = &store.manifest().up_axis;
        Ok(Local {
            corruptor: LocalCorruptor::new(&config.corrupt, options.order, options.radii.len()),
            augmenter: Augmenter::new(&config.augment, Basis::Zernike, options.order, up, None)?,
            store,
            maps,
            items,
            map: config.map.clone(),
            outside: config.corrupt.outside as f32,
            seed: config.seed,
        })
    }

    fn row(&self, epoch: u64, item: usize, out: Out) -> Result<(), ModelError> {
        let mut rng = stream(self.seed, epoch, item as u64);
        let rotation = self.augmenter.rotation(&mut rng);
        let positions = &self.items[item].positions;
        let positions: Vec<Vec<f32>> = positions.outer_iter().map(|p| p.to_vec()).collect();
        let positions: Vec<&[f32]> = positions.iter().map(Vec::as_slice).collect();
        let shown = self
            .corruptor
            .draw(&mut rng, &positions, self.map.visible, self.map.queries);
        let token = self.maps.token();
        let (seen, asked) = out.input.split_at_mut(self.map.visible * token);
        let columns = self.maps.values();
        let mut read = BTreeMap::new();
        // A row that is both shown and asked for is disturbed once.
        let mut clean = |rng: &mut ChaCha8Rng, row: usize| -> Result<Clean, ModelError> {
            if let Some(clean) = read.get(&row) {
                return Ok(Clean::clone(clean));
            }
            let mut clean = self.maps.read(&self.items[item], row, rotation.as_ref())?;
            self.augmenter.map(rng, &mut clean.1, &vec![true; columns]);
            read.insert(row, clean.clone());
            Ok(clean)
        };
        for (&row, token) in shown.visible.iter().zip(seen.chunks_exact_mut(token)) {
            let clean = clean(&mut rng, row)?;
            self.show(&mut rng, &shown, row, clean, token);
        }
        let cells = out.target.chunks_exact_mut(columns);
        let cells = cells.zip(out.weight.chunks_exact_mut(columns));
        let queries = shown.queries.iter().zip(asked.chunks_exact_mut(token));
        for ((&row, token), (target, weight)) in queries.zip(cells) {
            let (position, values) = clean(&mut rng, row)?;
            self.maps
                .tell_place(&position, &mut token[..self.maps.place()]);
            target.copy_from_slice(&values);
            for (value, weight) in weight.iter_mut().enumerate() {
                let struck = shown.is_struck(row, value);
                *weight = if struck { 1.0 } else { self.outside };
            }
        }
        Ok(())
    }

    /// One token that H sees.
    fn show(
        &self,
        rng: &mut ChaCha8Rng,
        shown: &Shown,
        row: usize,
        (position, clean): Clean,
        token: &mut [f32],
    ) {
        let (place, rest) = token.split_at_mut(self.maps.place());
        self.maps.tell_place(&position, place);
        let (values, mask) = rest.split_at_mut(clean.len());
        values.copy_from_slice(&clean);
        shown.apply(rng, row, values, mask);
    }
}

/// Position and values of a row, turned and disturbed, with nothing hidden.
type Clean = (Vec<f32>, Vec<f32>);

/// Where one item of a batch is written.
struct Out<'o> {
    input: &'o mut [f32],
    target: &'o mut [f32],
    weight: &'o mut [f32],
}

/// Refuses settings that do not go with local maps.
fn check(config: &Config) -> Result<(), ModelError> {
    let refuse = |message: &str| Err(ModelError::Input(format!("map.layout local: {message}")));
    if config.network.kind != NetworkKind::Set {
        return refuse("needs network.kind set; start from --preset local");
    }
    if config.map.scaling != ScalingKind::Asinh {
        return refuse("needs map.scaling asinh");
    }
    if config.augment.resample > 0.0 {
        return refuse("augment.resample must be 0; rows are drawn anew in every epoch");
    }
    if config.map.local.frame != Frame::Object && config.augment.rotate != RotateKind::None {
        return refuse("rows turn in the frame of the object alone; set augment.rotate to none");
    }
    Ok(())
}

/// Shapes of the networks' inputs and targets for `config`. Fails on settings that do not go together.
pub(crate) fn local_sizes(config: &Config) -> Result<Sizes, ModelError> {
    check(config)?;
    LocalMapper::new(config.map.local.clone())?;
    Ok(sizes_of(&config.map))
}

impl Task for Local<'_> {
    fn name(&self) -> &'static str {
        "local"
    }

    fn len(&self) -> usize {
        self.items.len()
    }

    fn sizes(&self) -> Sizes {
        sizes_of(&self.map)
    }

    fn batch(&self, epoch: u64, items: &[usize]) -> Result<HostBatch, ModelError> {
        let sizes = self.sizes();
        let mut batch = HostBatch::zeros(items.len(), sizes);
        (
            batch.input.par_chunks_exact_mut(sizes.input_cells()),
            batch.target.par_chunks_exact_mut(sizes.target_cells()),
            batch.weight.par_chunks_exact_mut(sizes.target_cells()),
        )
            .into_par_iter()
            .zip(items)
            .try_for_each(|((input, target, weight), &item)| {
                let out = Out {
                    input,
                    target,
                    weight,
                };
                self.row(epoch, item, out)
            })?;
        Ok(batch)
    }

    fn unread(&self) -> &'static [&'static str] {
        &["map.order", "corrupt.side", "corrupt.corner"]
    }

    fn info(&self) -> Vec<u8> {
        let map = RunMap::Local(self.maps.info());
        to_json(&RunInfo::new(self.store, self.len(), map))
    }

    fn card(&self) -> Value {
        let manifest = self.store.manifest();
        json!({"dataset": manifest.dataset, "rows": self.len(), "map": self.maps.options(), "labels": "not used"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectra_datasets::synthetic::{self, SyntheticOptions};
    use spectra_datasets::{ConvertOptions, DatasetKind, convert, open};

    #[test]
    fn a_row_that_is_shown_and_asked_for_is_disturbed_once() {
        let folder = tempfile::tempdir().unwrap();
        let (shapes, out) = (folder.path().join("shapes"), folder.path().join("store"));
        let few = SyntheticOptions {
            train: 1,
            test: 1,
            ..SyntheticOptions::default()
        };
        synthetic::write(&shapes, &few).unwrap();
        let options = ConvertOptions {
            order: 2,
            points: 64,
            ..ConvertOptions::default()
        };
        let dataset = open(&shapes, DatasetKind::Auto).unwrap();
        convert(&dataset, &out, &options, &()).unwrap();
        let store = Store::open(out).unwrap();

        let batch = |jitter: f64| {
            let mut config = Config::preset("local").unwrap();
            config.augment.jitter = jitter;
            config.map.local.centres = 12;
            (config.map.visible, config.map.queries) = (6, 12);
            let task = Local::open(&store, &config, None).unwrap();
            let (place, columns) = (task.maps.place(), task.maps.values());
            let batch = task.batch(1, &[0, 1]).unwrap();
            let mut pairs = Vec::new();
            let items = batch.input.chunks_exact(task.sizes().input_cells());
            let targets = batch.target.chunks_exact(task.sizes().target_cells());
            for (input, targets) in items.zip(targets) {
                let tokens: Vec<&[f32]> = input.chunks_exact(task.maps.token()).collect();
                for seen in &tokens[..6] {
                    let (told, mask) = seen[place..].split_at(columns);
                    let same = tokens[6..].iter().position(|t| t[..place] == seen[..place]);
                    if let Some(asked) = same.filter(|_asked| mask.iter().all(|m| *m == 0.0)) {
                        pairs.push([
                            told.to_vec(),
                            targets[asked * columns..][..columns].to_vec(),
                        ]);
                    }
                }
            }
            pairs
        };
        let (still, jittered) = (batch(0.0), batch(0.5));
        assert!(!jittered.is_empty() && jittered.len() == still.len());
        assert!(jittered.iter().all(|[told, target]| told == target));
        assert_ne!(still, jittered);
    }
}
