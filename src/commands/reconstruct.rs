//! `spectra reconstruct`: coefficients back to a shape.

use std::path::Path;

use anyhow::Context;
use spectra_datasets::Store;
use spectra_pointcloud::{Limits, PointCloud, read_path, render, unit_cloud, write_path};
use spectra_spectral::Basis;

use super::transform;
use crate::outcome::Outcome;
use crate::{cli, density};

const POINTS: usize = 4000;

pub fn run(options: &cli::Reconstruct) -> anyhow::Result<Outcome> {
    let (basis, order, coefficients) = match options.source.split_once('#') {
        Some((store, id)) => from_store(Path::new(store), id)?,
        None => from_file(options)?,
    };
    let points = density::points(basis, order, &coefficients, POINTS)?;
    let extension = options
        .output
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    if extension.eq_ignore_ascii_case("png") {
        render::write_png(
            &options.output,
            &render::points_png(&points, 480, render::View::default()),
        )?;
    } else {
        write_path(&options.output, &PointCloud::new(points).into())?;
    }
    println!("{}", options.output.display());
    Ok(Outcome::Done)
}

fn from_store(path: &Path, id: &str) -> anyhow::Result<(Basis, usize, Vec<f32>)> {
    let store = Store::open(path)?;
    let rows = store.rows_without_points()?;
    let row = rows.ids.iter().position(|known| known == id);
    let row = row.with_context(|| {
        format!(
            "{}: no item `{id}`; `spectra export` lists the ids",
            path.display()
        )
    })?;
    Ok((
        store.manifest().basis,
        store.manifest().order,
        rows.coefficients.row(row).to_vec(),
    ))
}

fn from_file(options: &cli::Reconstruct) -> anyhow::Result<(Basis, usize, Vec<f32>)> {
    let settings = &options.transform;
    let shape = read_path(Path::new(&options.source), &Limits::default())?;
    let cloud = unit_cloud(&shape, settings.points, settings.seed, 0)?;
    let values = transform::coefficients(&cloud, None, settings.basis, settings.order)?;
    Ok((
        settings.basis,
        settings.order,
        values.into_iter().map(|c| c as f32).collect(),
    ))
}
