//! Frozen features of a run on pictures, classified by a linear layer.

use std::path::Path;

use anyhow::Context;
use ndarray::Array2;
use spectra_datasets::images::{ImageOptions, Images, open_images};
use spectra_eval::{Classifier, FeatureSet, Labels, Protocol, Report, evaluate};
use spectra_model::{Painter, PictureInfo};

use super::painters;
use crate::cli;
use crate::commands::eval::features::RANDOM;
use crate::outcome::say;

/// Linear classifiers on frozen features of other pictures, beside the random encoder and the pixels.
pub(super) fn downstream(
    path: &Path,
    options: &cli::Eval,
    info: &PictureInfo,
) -> anyhow::Result<Report> {
    let read = ImageOptions {
        size: info.size,
        limit: 0,
        ..ImageOptions::default()
    };
    let set = open_images(path, &read)?;
    let limit = options.images.downstream_limit;
    let (train, test) = (set.train.spread(limit), set.test.spread(quarter(limit)));
    let labels = Labels {
        train: classes(&train, path)?,
        test: classes(&test, path)?,
        classes: set.classes.clone(),
    };
    let features = |painter: &Painter, name: &str| -> anyhow::Result<FeatureSet> {
        Ok(FeatureSet {
            name: name.into(),
            train: painter.features(&train)?,
            test: painter.features(&test)?,
        })
    };
    let mut sets = Vec::new();
    for (name, painter) in painters(&options.run, &options.device)? {
        sets.push(vec![features(&painter, &format!("bottleneck, {name}"))?]);
    }
    let random = (0..options.seeds.max(1))
        .map(|seed| {
            let painter = Painter::random(&options.run[0], RANDOM + seed, &options.device)?;
            features(&painter, "random encoder")
        })
        .collect::<anyhow::Result<_>>()?;
    sets.push(random);
    sets.push(vec![FeatureSet {
        name: "pixels".into(),
        train: pixels(&train)?,
        test: pixels(&test)?,
    }]);
    let protocol = Protocol {
        seeds: (0..options.seeds.max(1)).collect(),
        ..Protocol::default()
    };
    let mut report = Report::new(&set.name, protocol.clone(), &labels, set.skipped.len());
    for set in &sets {
        let classifiers = [Classifier::Softmax];
        report
            .rows
            .extend(evaluate(set, &labels, &classifiers, &protocol)?);
    }
    say!("{}", report.to_text());
    Ok(report)
}

/// Test pictures beside `limit` training pictures; 0, which stands for all, beside 0 alone.
fn quarter(limit: usize) -> usize {
    match limit {
        0 => 0,
        limit => (limit / 4).max(1),
    }
}

fn classes(images: &Images, path: &Path) -> anyhow::Result<Vec<usize>> {
    let of = |label: &i32| usize::try_from(*label).ok();
    let classes: Option<_> = images.labels.iter().map(of).collect();
    classes.with_context(|| {
        format!(
            "{}: --downstream expects classes, such as folders named by them; found pictures without one",
            path.display()
        )
    })
}

fn pixels(images: &Images) -> anyhow::Result<Array2<f32>> {
    let cells = images.pixels.len() / images.len().max(1);
    let values = images.pixels.iter().map(|&value| f32::from(value) / 255.0);
    Ok(Array2::from_shape_vec(
        (images.len(), cells),
        values.collect(),
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_training_pictures_are_not_tested_on_all() {
        assert_eq!([0, 1, 3, 4, 9].map(quarter), [0, 1, 1, 1, 2]);
    }
}
