//! What a run tells of itself: lines of `metrics.jsonl`, event files, pictures.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{ImageFormat, RgbImage};
use serde_json::json;

use super::evaluate::{Diagnostics, Evaluation};
use super::events::EventFile;
use super::metrics::MetricsLog;
use crate::ModelError;
use crate::run::write_whole;

const SAMPLES: &str = "samples";

/// Losses of one logged step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Losses {
    pub error: f64,
    pub error_at_start: f64,
    pub walker: f64,
    /// Learning rate of H and G.
    pub rate: f64,
}

/// All logs of a run.
pub(crate) struct Reporter {
    run: PathBuf,
    metrics: MetricsLog,
    events: EventFile,
}

impl Reporter {
    /// Opens the logs of a run that goes on from `step`.
    pub(crate) fn open(run: &Path, step: u64) -> Result<Reporter, ModelError> {
        Ok(Reporter {
            run: run.to_owned(),
            metrics: MetricsLog::open(run, step)?,
            events: EventFile::begin(run, step)?,
        })
    }

    pub(crate) fn losses(
        &mut self,
        step: u64,
        epoch: u64,
        losses: Losses,
    ) -> Result<(), ModelError> {
        let Losses {
            error,
            error_at_start,
            walker,
            rate,
        } = losses;
        self.metrics.write(&json!({
            "step": step, "epoch": epoch, "error": error, "error_at_start": error_at_start, "walker": walker, "rate": rate,
        }))?;
        let scalars = [
            ("train/error", error),
            ("train/error_at_start", error_at_start),
            ("train/walker", walker),
            ("train/rate", rate),
        ];
        self.events.scalars(step, &scalars)
    }

    pub(crate) fn evaluation(
        &mut self,
        step: u64,
        evaluation: Evaluation,
    ) -> Result<(), ModelError> {
        self.metrics
            .write(&json!({"step": step, "evaluation": evaluation.to_json()}))?;
        let scalars = [
            ("completion/error", evaluation.error),
            ("completion/best", evaluation.best),
            ("completion/diversity", evaluation.diversity),
        ];
        self.events.scalars(step, &scalars)
    }

    pub(crate) fn diagnostics(
        &mut self,
        step: u64,
        diagnostics: Diagnostics,
    ) -> Result<(), ModelError> {
        self.metrics
            .write(&json!({"step": step, "diagnostics": diagnostics.to_json()}))?;
        let scalars = [
            ("diagnostics/oracle_error", diagnostics.oracle),
            ("diagnostics/lipschitz_generator", diagnostics.generator),
            ("diagnostics/lipschitz_walker", diagnostics.walker),
        ];
        self.events.scalars(step, &scalars)
    }

    /// Writes `samples/step-….png`.
    pub(crate) fn picture(&mut self, step: u64, picture: &RgbImage) -> Result<(), ModelError> {
        let folder = self.run.join(SAMPLES);
        fs::create_dir_all(&folder).map_err(ModelError::io(&folder))?;
        let mut png = Cursor::new(Vec::new());
        picture
            .write_to(&mut png, ImageFormat::Png)
            .map_err(|error| ModelError::run(&folder, error.to_string()))?;
        let png = png.into_inner();
        write_whole(&folder.join(format!("step-{step:08}.png")), &png)?;
        let size = [picture.width(), picture.height()];
        self.events.picture(step, "completions", size, &png)
    }
}
