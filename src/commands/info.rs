//! `spectra info`: what a file, a store, a run or a folder is.

use std::path::Path;

use spectra_datasets::{Dataset, DatasetKind, Split, Store};
use spectra_model::{PictureInfo, RunInfo, RunMap};
use spectra_pointcloud::{
    Limits, Mesh, PointCloud, ReadError, Shape, ShapeError, UnitCloud, archive_kind, read_path,
};

use crate::outcome::{Outcome, say};
use crate::{cli, picture};

pub fn run(options: &cli::Info) -> anyhow::Result<Outcome> {
    let path = &options.path;
    if path.join("manifest.json").exists() {
        let store = Store::open(path)?;
        let m = store.manifest();
        say!(
            "store     {} ({} rows, {} parts, {} failed)",
            m.dataset,
            store.len(),
            m.parts.len(),
            m.failures.len()
        );
        say!(
            "transform {} of order {}, {} points, seed {}",
            m.basis,
            m.order,
            m.points,
            m.seed
        );
        say!("classes   {}", m.classes.len());
    } else if let Ok(info) = PictureInfo::load(path) {
        say!("run       on {} ({} pictures)", info.dataset, info.rows);
        say!("task      {}", info.kind.name());
        say!(
            "pictures  {} channels, {} x {}",
            info.channels,
            info.size,
            info.size
        );
        say!("finished  {}", path.join("model.safetensors").exists());
    } else if path.join("run.json").exists() {
        let info = RunInfo::load(path)?;
        say!("run       on {} ({} rows)", info.dataset, info.rows);
        say!(
            "transform {} of order {}, {} points, seed {}",
            info.basis,
            info.order,
            info.points,
            info.sampling_seed
        );
        match &info.map {
            RunMap::Global(map) => {
                say!("map       {} up to order {}", map.layout, map.map_order)
            }
            RunMap::Local(map) => say!(
                "map       local, {} neighbourhoods, radii {:?}, moments up to order {}",
                map.local.centres,
                map.local.radii,
                map.local.order
            ),
        }
        say!("finished  {}", path.join("model.safetensors").exists());
    } else if path.is_dir() {
        tell_dataset(&spectra_datasets::open(path, DatasetKind::Auto)?)?;
    } else {
        match read_path(path, &Limits::default()) {
            // An archive of many shapes is a data set.
            Err(ReadError::ManyShapes { .. } | ReadError::Limit { .. })
                if archive_kind(path)?.is_some() =>
            {
                tell_dataset(&spectra_datasets::open(path, DatasetKind::Auto)?)?;
            }
            shape => tell_shape(&shape?, options)?,
        }
    }
    Ok(Outcome::Done)
}

fn tell_dataset(dataset: &Dataset) -> anyhow::Result<()> {
    say!(
        "data set  {} (layout {}), up axis {}",
        dataset.name,
        dataset.layout,
        dataset.up_axis
    );
    say!("classes   {}", dataset.classes.len());
    for split in Split::ALL {
        say!("{split:9} {}", dataset.count(split));
    }
    if let Some(whole) = &dataset.completeness {
        say!("official  {whole}");
    }
    for note in &dataset.notes {
        say!("note      {note}");
    }
    Ok(())
}

fn tell_shape(shape: &Shape, options: &cli::Info) -> anyhow::Result<()> {
    say!(
        "shape     {} points, {} faces",
        shape.points().len(),
        shape.faces().len()
    );
    if let Some((low, high)) = shape.bounds() {
        say!("bounds    {low:?} to {high:?}");
    }
    if let Some(path) = &options.picture {
        picture::write_shape(path, &framed(shape, path)?, options.up)?;
        say!("written   {}", path.display());
    }
    Ok(())
}

/// What is drawn fills the picture; geometry is written as it stands.
fn framed(shape: &Shape, path: &Path) -> Result<Shape, ShapeError> {
    if !picture::is_png(path) {
        return Ok(shape.clone());
    }
    let placed = UnitCloud::from_points(shape.points().to_vec())?.points;
    Ok(match shape {
        Shape::Mesh(mesh) => Shape::Mesh(Mesh {
            vertices: placed,
            faces: mesh.faces.clone(),
        }),
        Shape::Cloud(_) => PointCloud::new(placed).into(),
    })
}
