//! What the networks see: the map, what is hidden of it, and how the data are changed.

use serde::{Deserialize, Serialize};
use spectra_datasets::LocalOptions;

/// The layout whose rows are neighbourhoods.
pub(crate) const LOCAL: &str = "local";

/// How coefficients are brought to one scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScalingKind {
    /// A robust asinh of each coefficient, fitted on the training rows; can be undone.
    Asinh,
    /// The softmax of the paper's authors, for comparison; cannot be undone.
    Softmax,
}

/// What of the spectral map enters the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MapConfig {
    /// Arrangement of the coefficients in the 2D map: `flat`, `square` (spherical harmonics only)
    /// or `shell` (Zernike only); or `local`, whose rows are neighbourhoods of the store's points.
    pub layout: String,
    /// Highest degree used; 0 keeps all that the store holds.
    pub order: usize,
    /// How coefficients are scaled; `local` maps always by `asinh`.
    pub scaling: ScalingKind,
    /// Rows of `local` that H sees of each item in training; of frozen features it sees all.
    pub visible: usize,
    /// Rows of `local` that G is asked for in training.
    pub queries: usize,
    /// The neighbourhoods of `local`.
    pub local: LocalOptions,
}

impl Default for MapConfig {
    fn default() -> Self {
        MapConfig {
            layout: "flat".into(),
            order: 0,
            scaling: ScalingKind::Asinh,
            visible: 48,
            queries: 24,
            local: LocalOptions::default(),
        }
    }
}

/// What is hidden or disturbed in the input. The three shapes are drawn with the given weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorruptConfig {
    /// Weight of rectangles of the map (the paper's masks); on `local` maps of a neighbourhood of rows.
    pub block: f64,
    /// Weight of bands of neighbouring degrees.
    pub band: f64,
    /// Weight of random sets of cells.
    pub scatter: f64,
    /// Smallest and largest side of a rectangle, as a fraction of the map's side; `local` maps have no rectangles.
    pub side: [f64; 2],
    /// Largest row and column at which a rectangle begins, as a fraction of the map's side; 1 lets it end at the edge.
    pub corner: f64,
    /// Smallest and largest fraction of cells in a band or a random set; on `local` maps of rows in a block or a random set, and of
    /// degrees in a band.
    pub fraction: [f64; 2],
    /// What stands in hidden cells, in map units.
    pub fill: f64,
    /// Probability that the region is disturbed by Gaussian noise instead of hidden.
    pub noise: f64,
    /// Smallest and largest standard deviation of that noise, in map units.
    pub sigma: [f64; 2],
    /// Probability of each degree to be hidden as a whole, besides the region.
    pub degree_dropout: f64,
    /// Weight of the loss on cells that were left alone, against 1 on the corrupted ones.
    pub outside: f64,
}

impl Default for CorruptConfig {
    fn default() -> Self {
        CorruptConfig {
            block: 1.0,
            band: 0.0,
            scatter: 0.0,
            side: [0.2, 0.45],
            corner: 1.0,
            fraction: [0.2, 0.6],
            fill: 0.0,
            noise: 0.5,
            sigma: [0.1, 0.5],
            degree_dropout: 0.0,
            outside: 0.0,
        }
    }
}

/// How shapes are rotated while training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RotateKind {
    /// As the data set gives them.
    None,
    /// By a random angle about the data set's up axis.
    Gravity,
    /// By a random rotation of space.
    So3,
}

/// Changes to the clean map before it is corrupted; the target changes with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentConfig {
    /// Rotations, applied exactly to the coefficients.
    pub rotate: RotateKind,
    /// Largest angle of a `gravity` rotation in degrees; 180 covers the circle.
    pub angle: f64,
    /// Standard deviation of Gaussian jitter of every map cell, in map units.
    pub jitter: f64,
    /// Take the moments of a random part of each item's points anew in every epoch, at least this share of them; 0 takes
    /// the coefficients of the store. Zernike stores with points only.
    pub resample: f64,
}

impl Default for AugmentConfig {
    fn default() -> Self {
        AugmentConfig {
            rotate: RotateKind::None,
            angle: 180.0,
            jitter: 0.0,
            resample: 0.0,
        }
    }
}
