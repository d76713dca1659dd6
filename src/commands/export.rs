//! `spectra export`: a store or a run's features for NumPy.

use std::io::Cursor;

use ndarray::{Array1, Array2};
use ndarray_npy::NpzWriter;
use spectra_datasets::{Split, Store, write_whole};
use spectra_model::RunInfo;

use crate::cli;
use crate::frozen::{self, Frozen};
use crate::outcome::{Outcome, say};

pub fn run(options: &cli::Export) -> anyhow::Result<Outcome> {
    let store = Store::open(&options.store)?;
    let info = options.run.as_deref().map(RunInfo::load).transpose()?;
    if let Some(info) = &info {
        info.check_store(&store)?;
    }
    let rows = match info.as_ref().is_some_and(frozen::needs_points) {
        true => store.rows()?,
        false => store.rows_without_points()?,
    };
    let (name, values) = match &options.run {
        None => ("coefficients", rows.coefficients),
        Some(run) => {
            let shapes = (rows.coefficients.view(), rows.points.as_deref());
            let features = Frozen::load(run, &options.device)?.features(shapes)?;
            ("features", features)
        }
    };
    let mut npz = NpzWriter::new(Cursor::new(Vec::new()));
    npz.add_array(name, &values)?;
    npz.add_array(
        "labels",
        &rows
            .labels
            .iter()
            .map(|label| i64::from(*label))
            .collect::<Array1<i64>>(),
    )?;
    let split = |split: &Split| match split {
        Split::Train => 0u8,
        Split::Test => 1,
        Split::Val => 2,
    };
    npz.add_array(
        "splits",
        &rows.splits.iter().map(split).collect::<Array1<u8>>(),
    )?;
    npz.add_array("ids", &fixed_width(&rows.ids))?;
    write_whole(&options.npz, npz.finish()?.get_ref())?;
    say!(
        "{}: {name} {} x {}",
        options.npz.display(),
        values.nrows(),
        values.ncols()
    );
    Ok(Outcome::Done)
}

/// Ids as rows of bytes, padded with zeros: `ids.view("S<width>")` in NumPy gives them back as strings.
fn fixed_width(ids: &[String]) -> Array2<u8> {
    let width = ids.iter().map(String::len).max().unwrap_or(0).max(1);
    let mut bytes = Array2::zeros((ids.len(), width));
    for (mut row, id) in bytes.outer_iter_mut().zip(ids) {
        row.iter_mut()
            .zip(id.bytes())
            .for_each(|(slot, byte)| *slot = byte);
    }
    bytes
}
