//! The frozen network of a run, whichever kind of map it was trained on.

use std::path::Path;

use anyhow::Context;
use ndarray::Array2;
use spectra_model::{Encoder, LocalEncoder, RunInfo, RunMap, Shapes};

/// What makes features of shapes.
pub enum Frozen {
    /// Of their coefficients.
    Global(Encoder),
    /// Of their points.
    Local(LocalEncoder),
}

/// Why there is nothing to make local maps of.
pub const NO_POINTS: &str =
    "keeps no points, which local maps need; convert the data again without --no-points";

/// Whether the networks of a run see points.
pub fn needs_points(info: &RunInfo) -> bool {
    matches!(info.map, RunMap::Local(_))
}

impl Frozen {
    pub fn load(run: &Path, device: &str) -> anyhow::Result<Self> {
        Ok(match needs_points(&RunInfo::load(run)?) {
            true => Self::Local(LocalEncoder::load(run, device)?),
            false => Self::Global(Encoder::load(run, device)?),
        })
    }

    /// The same network with random weights.
    pub fn random(run: &Path, seed: u64, device: &str) -> anyhow::Result<Self> {
        Ok(match needs_points(&RunInfo::load(run)?) {
            true => Self::Local(LocalEncoder::random(run, seed, device)?),
            false => Self::Global(Encoder::random(run, seed, device)?),
        })
    }

    pub fn features(&self, (coefficients, points): Shapes) -> anyhow::Result<Array2<f32>> {
        Ok(match self {
            Self::Global(encoder) => encoder.features(&coefficients)?,
            Self::Local(encoder) => encoder.features(points.context(NO_POINTS)?)?,
        })
    }

    /// The encoder of global maps, if it is one.
    pub fn global(&self) -> Option<&Encoder> {
        match self {
            Self::Global(encoder) => Some(encoder),
            Self::Local(_) => None,
        }
    }

    /// The encoder of local maps, if it is one.
    pub fn local(&self) -> Option<&LocalEncoder> {
        match self {
            Self::Global(_) => None,
            Self::Local(encoder) => Some(encoder),
        }
    }
}
