//! `spectra reconstruct`: coefficients back to a shape.

use std::path::Path;

use anyhow::Context;
use spectra_datasets::Store;
use spectra_pointcloud::render::Up;
use spectra_pointcloud::{Limits, PointCloud, random, read_path, sample_surface, unit_cloud};
use spectra_spectral::Basis;

use super::transform;
use crate::outcome::{Outcome, Usage, say};
use crate::{cli, picture, surface};

/// Cells along each axis of the grid on which the surface of a density is found.
const GRID: usize = 64;

pub fn run(options: &cli::Reconstruct) -> anyhow::Result<Outcome> {
    let (basis, order, coefficients, up) = match item_of_store(&options.source)? {
        Some((store, id)) => from_store(Path::new(store), id, options)?,
        None => from_file(options)?,
    };
    let mesh = surface::mesh(basis, order, &coefficients, GRID)?;
    let shape = if holds_points_only(&options.output) {
        let mut rng = random::stream(options.transform.seed(), 0, 0);
        PointCloud::new(sample_surface(&mesh, options.transform.points(), &mut rng)?).into()
    } else {
        mesh.into()
    };
    picture::write_shape(&options.output, &shape, options.up.unwrap_or(up))?;
    say!("{}", options.output.display());
    Ok(Outcome::Done)
}

/// The folder and the id of STORE#ID. Names of files and of stores may hold a # too.
fn item_of_store(source: &str) -> Result<Option<(&str, &str)>, Usage> {
    let path = Path::new(source);
    if path.is_file() {
        return Ok(None);
    }
    if path.is_dir() {
        let message =
            format!("{source}: a folder; expected a shape file, or an item of a store, STORE#ID");
        return Err(Usage(message));
    }
    let cuts = source.match_indices('#');
    let halves: Vec<(&str, &str)> = cuts
        .map(|(at, _)| (&source[..at], &source[at + 1..]))
        .collect();
    let store = halves.iter().find(|(store, _id)| Path::new(store).is_dir());
    Ok(store.or(halves.first()).copied())
}

/// Formats that have no faces get points spread over the surface.
fn holds_points_only(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str());
    extension.is_some_and(|e| e.eq_ignore_ascii_case("npy") || e.eq_ignore_ascii_case("pcd"))
}

fn from_store(
    path: &Path,
    id: &str,
    options: &cli::Reconstruct,
) -> anyhow::Result<(Basis, usize, Vec<f32>, Up)> {
    let store = Store::open(path)?;
    let order = order_of_item(&store, options)?;
    let rows = store.rows_without_points()?;
    let row = rows.ids.iter().position(|known| known == id);
    let row = row.with_context(|| {
        format!(
            "{}: no item `{id}`; the .csv files of the store list the ids",
            path.display()
        )
    })?;
    Ok((
        store.manifest().basis,
        order,
        rows.coefficients.row(row).to_vec(),
        store.manifest().up_axis.parse().unwrap_or_default(),
    ))
}

/// The order that is asked for, at most the store's. Whatever else of the transform is settled in a store is refused.
fn order_of_item(store: &Store, options: &cli::Reconstruct) -> anyhow::Result<usize> {
    let (asked, made) = (&options.transform, store.manifest());
    let samples = asked.points.is_some() || asked.seed.is_some();
    if samples && !holds_points_only(&options.output) {
        let message = "--points and --seed: of a shape file, or of points to be written; an item of a store is sampled \
                       already, and a mesh or a picture of it has no samples";
        return Err(Usage(message.into()).into());
    }
    if let Some(basis) = asked.basis.filter(|basis| *basis != made.basis) {
        let message = format!(
            "--basis {basis}: the store holds {}; expected that, or the shape's own file",
            made.basis
        );
        return Err(Usage(message).into());
    }
    match asked.order {
        Some(order) if order > made.order => {
            let message = format!(
                "--order {order}: the store ends at order {}; expected at most that, or the shape's own file",
                made.order
            );
            Err(Usage(message).into())
        }
        order => Ok(order.unwrap_or(made.order)),
    }
}

fn from_file(options: &cli::Reconstruct) -> anyhow::Result<(Basis, usize, Vec<f32>, Up)> {
    let settings = &options.transform;
    let shape = read_path(Path::new(&options.source), &Limits::default())?;
    let (basis, order) = (settings.basis(), settings.order());
    let cloud = unit_cloud(&shape, settings.points(), settings.seed(), 0)?;
    let values = transform::coefficients(&cloud, None, basis, order)?;
    Ok((
        basis,
        order,
        values.into_iter().map(|c| c as f32).collect(),
        Up::default(),
    ))
}
