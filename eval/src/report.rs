//! The report of an evaluation: text for a terminal, JSON for programs, HTML for people.

use std::fmt::Write;

use serde::Serialize;

use ndarray::Axis;

use crate::features::{FeatureSet, Labels, Standardizer};
use crate::{Protocol, Row, figure, html, tsne};

/// Objects shown in the map.
const MAP_POINTS: usize = 1000;

/// A picture in the report.
#[derive(Debug, Clone)]
pub struct Picture {
    /// The heading it stands under; pictures of one section follow each other.
    pub section: String,
    /// Name of its file without extension, unique in the report.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// The bytes of a PNG file.
    pub png: Vec<u8>,
}

/// What completing corrupted test objects is worth to a classifier that knows clean ones (the paper's table 6).
#[derive(Debug, Clone, Serialize)]
pub struct Reconstruction {
    /// What was done to the objects.
    pub corruption: String,
    /// Which network completed them.
    pub model: String,
    /// Mean average precision of recognising the corrupted objects.
    pub floor: f64,
    /// The same of the completed objects.
    pub recon_map: f64,
    /// The same of the clean objects.
    pub ceiling: f64,
    /// Mean average precision of finding objects of the same class among the clean test objects, by the completed ones.
    pub retrieval_map: f64,
    /// Mean absolute error over the corrupted cells before completing, in map units.
    pub error_before: f64,
    /// The same after completing.
    pub error_after: f64,
    /// Mean Chamfer distance from corrupted to clean surfaces, in the unit ball.
    pub chamfer_before: f64,
    /// The same from completed to clean surfaces.
    pub chamfer_after: f64,
    /// Relative L2 error of the coefficients of each degree after completing.
    pub degree_errors: Vec<f64>,
}

/// One object in the map of features.
#[derive(Debug, Clone)]
pub(crate) struct MapPoint {
    pub x: f32,
    pub y: f32,
    pub class: usize,
    pub id: String,
}

/// All that one evaluation found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Name of the data set.
    pub dataset: String,
    /// How figures were obtained.
    pub protocol: Protocol,
    /// Training and test objects that entered.
    pub objects: [usize; 2],
    /// Items that could not be converted, and so are in no figure.
    pub skipped: usize,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// The table.
    pub rows: Vec<Row>,
    /// Reconstructions, where they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reconstructions: Vec<Reconstruction>,
    #[serde(skip)]
    pub(crate) map: Vec<MapPoint>,
    #[serde(skip)]
    pub(crate) map_of: String,
    #[serde(skip)]
    pub(crate) curve: Vec<(f64, f64)>,
    #[serde(skip)]
    pub(crate) pictures: Vec<Picture>,
}

impl Report {
    /// A report without rows.
    pub fn new(dataset: &str, protocol: Protocol, labels: &Labels, skipped: usize) -> Self {
        Self {
            dataset: dataset.to_owned(),
            protocol,
            objects: [labels.train.len(), labels.test.len()],
            skipped,
            classes: labels.classes.clone(),
            rows: Vec::new(),
            reconstructions: Vec::new(),
            map: Vec::new(),
            map_of: String::new(),
            curve: Vec::new(),
            pictures: Vec::new(),
        }
    }

    /// Adds a t-SNE map of test objects, evenly taken, by their `features`. `ids` name the test objects.
    pub fn add_map(&mut self, features: &FeatureSet, labels: &Labels, ids: &[String]) {
        let stride = features.test.nrows().div_ceil(MAP_POINTS).max(1);
        let shown: Vec<usize> = (0..features.test.nrows()).step_by(stride).collect();
        let scale = Standardizer::fit(&features.train.view());
        let places = tsne::embed(
            &scale
                .transform(&features.test.select(Axis(0), &shown).view())
                .view(),
        );
        let point = |(&row, place): (&usize, ndarray::ArrayView1<f32>)| MapPoint {
            x: place[0],
            y: place[1],
            class: labels.test[row],
            id: ids.get(row).cloned().unwrap_or_default(),
        };
        self.map = shown.iter().zip(places.outer_iter()).map(point).collect();
        self.map_of.clone_from(&features.name);
    }

    /// Whether no map has been added.
    pub fn has_no_map(&self) -> bool {
        self.map.is_empty()
    }

    /// Adds the training curve: (step, error).
    pub fn add_curve(&mut self, curve: Vec<(f64, f64)>) {
        self.curve = curve;
    }

    /// Adds a picture.
    pub fn add_picture(&mut self, picture: Picture) {
        self.pictures.push(picture);
    }

    /// The report as JSON: `{"dataset", "protocol", "objects", "skipped", "classes", "rows": [...]}`.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report holds only numbers, strings and lists")
    }

    /// The table for a terminal, with the protocol above it.
    pub fn to_text(&self) -> String {
        let mut text = format!("{}: {}\n\n", self.dataset, self.how());
        let width = self
            .rows
            .iter()
            .map(|row| row.features.len())
            .max()
            .unwrap_or(0)
            .max(8);
        let head = [
            "columns",
            "classifier",
            "poses",
            "labels %",
            "accuracy %",
            "class mean %",
            "seeds",
            "held out %",
        ];
        let _infallible = writeln!(
            text,
            "{:width$}  {:>7}  {:10}  {:>8}  {:>8}  {:>12}  {:>12}  {:>5}  {:>10}  chosen",
            "features", head[0], head[1], head[2], head[3], head[4], head[5], head[6], head[7]
        );
        for row in &self.rows {
            let accuracy = match row.seeds.len() {
                1 => format!("{:.2}       ", 100.0 * row.accuracy_mean),
                _ => format!(
                    "{:.2} ± {:.2}",
                    100.0 * row.accuracy_mean,
                    100.0 * row.accuracy_std
                ),
            };
            let held_out = row.held_out_text();
            let _infallible = writeln!(
                text,
                "{:width$}  {:>7}  {:10}  {:>8}  {:>8}  {accuracy:>12}  {:>12.2}  {:>5}  {held_out:>10}  {}",
                row.features,
                row.columns,
                row.classifier,
                row.rotation,
                row.labels_percent(),
                100.0 * row.class_mean,
                row.seeds.len(),
                row.chosen
            );
        }
        text.push_str(&self.reconstructions_text());
        text
    }

    /// How the figures were obtained.
    pub(crate) fn how(&self) -> String {
        let [train, test] = self.objects;
        format!(
            "{train} training and {test} test objects, {} skipped; poses {}; regularisation chosen by {}-fold cross-validation \
             inside train, ridges by leaving one out, epochs of networks by objects held out of train",
            self.skipped, self.protocol.rotation, self.protocol.folds
        )
    }

    /// The second table: what completions are worth.
    fn reconstructions_text(&self) -> String {
        if self.reconstructions.is_empty() {
            return String::new();
        }
        let mut text = format!(
            "\nRecognising corrupted and completed test objects by a ridge classifier of Fourier features of clean training maps, averaged over small changes of pose: mean average precision, %\n\n\
             {:14}  {:20}  {:>7}  {:>9}  {:>7}  {:>9}  {:>12}  {:>11}  {:>14}  {:>13}\n",
            "corruption",
            "completed by",
            "floor",
            "recon_mAP",
            "ceiling",
            "retrieval",
            "error before",
            "error after",
            "Chamfer before",
            "Chamfer after"
        );
        for row in &self.reconstructions {
            let _infallible = writeln!(
                text,
                "{:14}  {:20}  {:>7.2}  {:>9.2}  {:>7.2}  {:>9.2}  {:>12.4}  {:>11.4}  {:>14.4}  {:>13.4}",
                row.corruption,
                row.model,
                100.0 * row.floor,
                100.0 * row.recon_map,
                100.0 * row.ceiling,
                100.0 * row.retrieval_map,
                row.error_before,
                row.error_after,
                row.chamfer_before,
                row.chamfer_after
            );
        }
        text
    }

    /// Each figure as a file of its own: its name, such as `confusion.svg`, and its bytes.
    pub fn figures(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        if let Some(best) = html::best(&self.rows) {
            files.push(("confusion.svg", figure::confusion(best, &self.classes)));
        }
        if !self.map.is_empty() {
            files.push(("map.svg", figure::map(&self.map, &self.classes)));
        }
        if self.curve.len() > 1 {
            files.push(("curve.svg", figure::curve(&self.curve)));
        }
        let drawn = files.into_iter();
        let drawn = drawn.map(|(name, svg)| (name.to_owned(), svg.into_bytes()));
        let pictures = self.pictures.iter();
        let pictures = pictures.map(|p| (format!("{}.png", p.name), p.png.clone()));
        drawn.chain(pictures).collect()
    }

    /// One self-contained page: table, confusion matrix, accuracy per class, map, training curve, pictures.
    pub fn to_html(&self) -> String {
        html::page(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Classifier, evaluate};
    use ndarray::array;

    #[test]
    fn json_has_the_promised_fields_and_html_escapes_names() {
        let set = FeatureSet {
            name: "a<b".into(),
            train: array![[0.0_f32, 1.0], [1.0, 0.0]],
            test: array![[0.1, 1.0]],
        };
        let labels = Labels {
            train: vec![0, 1],
            test: vec![0],
            classes: vec!["x&y".into(), "z".into()],
        };
        let mut report = Report::new("toy", Protocol::default(), &labels, 3);
        let classifiers = [Classifier::Knn(1)];
        let protocol = Protocol::default();
        report.rows =
            evaluate(std::slice::from_ref(&set), &labels, &classifiers, &protocol).unwrap();
        report.add_map(&set, &labels, &["one".into()]);
        report.add_curve(vec![(1.0, 0.5), (2.0, 0.25)]);
        report.add_picture(Picture {
            section: "Shapes".into(),
            name: "dots".into(),
            caption: "dots".into(),
            png: vec![1, 2, 3],
        });
        let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
        assert_eq!(
            (json["dataset"].as_str(), json["skipped"].as_u64()),
            (Some("toy"), Some(3))
        );
        for field in [
            "features",
            "classifier",
            "rotation",
            "seeds",
            "accuracy_mean",
            "accuracy_std",
            "class_mean",
            "chosen",
        ] {
            assert!(!json["rows"][0][field].is_null(), "{field}");
        }
        let names: Vec<String> = report.figures().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["confusion.svg", "map.svg", "curve.svg", "dots.png"]);
        let page = report.to_html();
        assert!(page.contains("a&lt;b") && page.contains("x&amp;y") && !page.contains("a<b"));
        assert!(page.contains("data:image/png;base64,AQID"));
        assert!(report.to_text().contains("100.00"));
    }
}
