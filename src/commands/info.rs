//! `spectra info`: what a file, a store, a run or a folder is.

use std::path::Path;

use spectra_datasets::{Dataset, DatasetKind, Split, Store};
use spectra_model::{AnyRun, PictureInfo, RunInfo, RunMap};
use spectra_pointcloud::{
    Limits, Mesh, PointCloud, ReadError, Shape, ShapeError, UnitCloud, archive_kind, read_path,
};

use crate::outcome::{Outcome, Usage, say};
use crate::{cli, picture};

pub fn run(options: &cli::Info) -> anyhow::Result<Outcome> {
    let path = &options.path;
    if path.join("manifest.json").exists() {
        refuse_picture(options, "a store; `spectra reconstruct` draws its items")?;
        tell_store(path)?;
    } else if path.join("run.json").exists() {
        refuse_picture(options, "a run")?;
        tell_run(path)?;
    } else if path.is_dir() {
        tell_dataset(options, &spectra_datasets::open(path, DatasetKind::Auto)?)?;
    } else {
        tell_file(options)?;
    }
    Ok(Outcome::Done)
}

/// An archive of many shapes is a data set. It is decoded but once.
fn tell_file(options: &cli::Info) -> anyhow::Result<()> {
    let path = &options.path;
    let opened = archive_kind(path)?.map(|_kind| spectra_datasets::open(path, DatasetKind::Auto));
    let refused = match opened {
        Some(Ok(dataset)) if dataset.items.len() > 1 => return tell_dataset(options, &dataset),
        Some(Err(error)) => Some(error),
        _ => None,
    };
    match (read_path(path, &Limits::default()), refused) {
        (Err(ReadError::ManyShapes { .. }), Some(error)) => Err(error.into()),
        (shape, _) => tell_shape(&shape?, options),
    }
}

/// A picture of anything but one shape is refused rather than passed over.
fn refuse_picture(options: &cli::Info, found: &str) -> anyhow::Result<()> {
    if options.picture.is_none() {
        return Ok(());
    }
    let message = format!(
        "--picture: draws a single shape; expected its file, found {}, {found}",
        options.path.display()
    );
    Err(Usage(message).into())
}

fn tell_store(path: &Path) -> anyhow::Result<()> {
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
    Ok(())
}

fn tell_run(path: &Path) -> anyhow::Result<()> {
    match AnyRun::load(path)? {
        AnyRun::Maps(info) => tell_maps(&info)?,
        AnyRun::Pictures(info) => tell_pictures(&info)?,
        toy @ AnyRun::Toy => say!("task      {}", toy.task()),
    }
    say!("finished  {}", path.join("model.safetensors").exists());
    Ok(())
}

fn tell_pictures(info: &PictureInfo) -> anyhow::Result<()> {
    say!("run       on {} ({} pictures)", info.dataset, info.rows);
    say!("task      {}", info.kind.name());
    say!(
        "pictures  {} channels, {} x {}",
        info.channels,
        info.size,
        info.size
    );
    Ok(())
}

fn tell_maps(info: &RunInfo) -> anyhow::Result<()> {
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
    Ok(())
}

fn tell_dataset(options: &cli::Info, dataset: &Dataset) -> anyhow::Result<()> {
    refuse_picture(options, "a data set")?;
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
        picture::write_shape(path, &framed(shape, path)?, options.up.unwrap_or_default())?;
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
