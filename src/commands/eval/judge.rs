//! A classifier of clean training objects, to which corrupted and completed ones are shown.

use ndarray::Array2;
use spectra_eval::{Protocol, Reference, class_precision, retrieval_precision};
use spectra_model::Encoder;

use super::data::Data;
use super::stances::Fourier;

/// Seed of its random Fourier features.
const SEED: u64 = 0;

/// A ridge classifier of Fourier features of clean training maps, and what it knows of clean test maps.
pub struct Judge<'a> {
    encoder: &'a Encoder,
    view: Fourier<'a>,
    classifier: Reference,
    /// Clean test maps, standardised, for retrieval.
    gallery: Array2<f32>,
    /// Mean average precision of clean test objects.
    pub ceiling: f64,
}

impl<'a> Judge<'a> {
    /// Of the maps that `encoder` sees.
    pub fn train(
        data: &'a Data,
        encoder: &'a Encoder,
        protocol: &Protocol,
    ) -> anyhow::Result<Self> {
        let view = Fourier::fit(data, Some(encoder), SEED)?;
        let train = view.features(&data.train.coefficients.view())?;
        let mut judge = Self {
            encoder,
            classifier: Reference::fit(&train.view(), &data.labels, protocol)?,
            gallery: view.standardised(&data.test.coefficients.view())?,
            view,
            ceiling: 0.0,
        };
        judge.ceiling = judge.precision(&data.test.coefficients, &data.labels.test)?;
        Ok(judge)
    }

    /// Whether it was trained on the maps that `encoder` sees.
    pub fn knows(&self, encoder: &Encoder) -> bool {
        self.encoder.same_maps(encoder)
    }

    /// Mean average precision of the classes that it sees in coefficients `[objects, K]`.
    pub fn precision(&self, rows: &Array2<f32>, labels: &[usize]) -> anyhow::Result<f64> {
        let features = self.view.features(&rows.view())?;
        let scores = self.classifier.scores(&features.view());
        Ok(class_precision(&scores.view(), labels))
    }

    /// Mean average precision of finding clean test objects of the same class by the cosine of maps; row i is test object i, which does
    /// not count.
    pub fn retrieval(&self, rows: &Array2<f32>, labels: &[usize]) -> anyhow::Result<f64> {
        let queries = self.view.standardised(&rows.view())?;
        let (queries, gallery) = (queries.view(), self.gallery.view());
        Ok(retrieval_precision(
            &queries, labels, &gallery, labels, true,
        ))
    }
}
