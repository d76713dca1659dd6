//! `spectra info`: what a file, a store, a run or a folder is.

use spectra_datasets::{DatasetKind, Split, Store};
use spectra_model::{PictureInfo, RunInfo};
use spectra_pointcloud::{Limits, read_path};

use crate::cli;
use crate::outcome::Outcome;

pub fn run(options: &cli::Info) -> anyhow::Result<Outcome> {
    let path = &options.path;
    if path.join("manifest.json").exists() {
        let store = Store::open(path)?;
        let m = store.manifest();
        println!(
            "store     {} ({} rows, {} parts, {} failed)",
            m.dataset,
            store.len(),
            m.parts.len(),
            m.failures.len()
        );
        println!(
            "transform {} of order {}, {} points, seed {}",
            m.basis, m.order, m.points, m.seed
        );
        println!("classes   {}", m.classes.len());
    } else if let Ok(info) = PictureInfo::load(path) {
        println!("run       on {} ({} pictures)", info.dataset, info.rows);
        println!("task      {}", info.kind.name());
        println!(
            "pictures  {} channels, {} x {}",
            info.channels, info.size, info.size
        );
        println!("finished  {}", path.join("model.safetensors").exists());
    } else if path.join("run.json").exists() {
        let info = RunInfo::load(path)?;
        println!("run       on {} ({} rows)", info.dataset, info.rows);
        println!(
            "transform {} of order {}, {} points, seed {}",
            info.basis, info.order, info.points, info.sampling_seed
        );
        println!("map       {} up to order {}", info.layout, info.map_order);
        println!("finished  {}", path.join("model.safetensors").exists());
    } else if path.is_dir() {
        let dataset = spectra_datasets::open(path, DatasetKind::Auto)?;
        println!(
            "data set  {} (layout {}), up axis {}",
            dataset.name, dataset.layout, dataset.up_axis
        );
        println!("classes   {}", dataset.classes.len());
        for split in Split::ALL {
            println!("{split:9} {}", dataset.count(split));
        }
    } else {
        let shape = read_path(path, &Limits::default())?;
        println!(
            "shape     {} points, {} faces",
            shape.points().len(),
            shape.faces().len()
        );
        if let Some((low, high)) = shape.bounds() {
            println!("bounds    {low:?} to {high:?}");
        }
    }
    Ok(Outcome::Done)
}
