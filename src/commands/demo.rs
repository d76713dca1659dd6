//! `spectra demo`: the whole job on shapes made on the spot.

use spectra_datasets::synthetic::{self, SyntheticOptions};
use spectra_datasets::{ConvertOptions, DatasetKind, Store, write_whole};
use spectra_model::Config;
use spectra_pointcloud::{Limits, render, unit_cloud};

use super::{convert, eval, training};
use crate::cli;
use crate::outcome::{Outcome, say, tell};
use crate::progress::Progress;

/// Objects of each family.
const TRAIN: usize = 80;
const TEST: usize = 25;
const EPOCHS: usize = 30;

pub fn run(options: &cli::Demo, quiet: bool) -> anyhow::Result<Outcome> {
    let root = &options.output;
    if root.exists() {
        anyhow::bail!(
            "{}: exists already, perhaps of a demo that was stopped; remove it or choose another folder with -o",
            root.display()
        );
    }
    let (shapes, run) = (root.join("shapes"), root.join("run"));
    let tell = |text: String| {
        if !quiet {
            tell!("{text}");
        }
    };
    tell(format!(
        "making {} families of shapes, {TRAIN} + {TEST} of each",
        synthetic::FAMILIES.len()
    ));
    let made = SyntheticOptions {
        train: TRAIN,
        test: TEST,
        seed: options.seed,
        ..SyntheticOptions::default()
    };
    synthetic::write(&shapes, &made)?;
    let dataset = spectra_datasets::open(&shapes, DatasetKind::Auto)?;
    gallery(&dataset, root)?;

    let path = root.join("shapes.spectra");
    // A demo that was stopped begins anew, so Ctrl-C ends it at once.
    let progress = Progress::start("convert", quiet);
    let settings = ConvertOptions {
        seed: options.seed,
        points: 1024,
        order: 10,
        ..ConvertOptions::default()
    };
    spectra_datasets::convert(&dataset, &path, &settings, &convert::Watch(&progress))?;
    progress.finish(&format!("{} items", dataset.items.len()));
    let store = Store::open(&path)?;

    let mut config = Config::preset("tiny")?;
    config.seed = options.seed;
    config.train.epochs = EPOCHS;
    let progress = Progress::start("pretrain", quiet);
    let trained = spectra_model::pretrain(
        &store,
        &run,
        &config,
        "cpu",
        false,
        &training::Watch(&progress),
    )?;
    progress.finish(&format!("step {}, loss {:.4}", trained.step, trained.loss));
    let report = eval::report(&store, &eval::Request::of_runs(vec![run.clone()]), quiet)?;
    let page = root.join("report.html");
    write_whole(&page, report.to_html().as_bytes())?;
    say!("{}", report.to_text());
    say!("report: {}", page.display());
    Ok(Outcome::Done)
}

/// One shape of each family, as a picture.
fn gallery(dataset: &spectra_datasets::Dataset, root: &std::path::Path) -> anyhow::Result<()> {
    let limits = Limits::default();
    let mut pictures = Vec::new();
    for class in 0..dataset.classes.len() as u32 {
        let Some(index) = dataset
            .items
            .iter()
            .position(|item| item.class == Some(class))
        else {
            continue;
        };
        let shape = spectra_pointcloud::read_path(
            &dataset.root.join(&dataset.items[index].source),
            &limits,
        )?;
        let cloud = unit_cloud(&shape, 6000, 0, index as u64)?;
        pictures.push(render::points_png(
            &cloud.points,
            180,
            render::View::default(),
        ));
    }
    let rows: Vec<_> = pictures.chunks(5).map(render::beside).collect();
    let mut whole = image::RgbImage::new(
        rows[0].width(),
        rows.iter().map(image::RgbImage::height).sum(),
    );
    let mut top = 0;
    for row in &rows {
        image::imageops::replace(&mut whole, row, 0, top);
        top += i64::from(row.height());
    }
    render::write_png(&root.join("shapes.png"), &whole)?;
    Ok(())
}
