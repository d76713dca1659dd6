//! The sizes of the networks.

use serde::{Deserialize, Serialize};

/// Which family of networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkKind {
    /// Residual multi-layer perceptron over all map cells; the one for CPUs.
    Dense,
    /// The paper's context-encoder stack of 4x4 stride-2 convolutions.
    Conv,
    /// Layers that all rows of a local map share, pooled; the one for `map.layout = "local"`.
    Set,
}

/// How the convolutions of G double the side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Upsample {
    /// Transposed 4x4 convolutions of stride 2, the paper's.
    #[default]
    Transposed,
    /// A nearest-neighbour resize and a 3x3 convolution, which leave no grid.
    Resize,
}

/// Shape of the networks H, G and Z.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConfig {
    /// Family of H and G.
    pub kind: NetworkKind,
    /// Hidden width of `dense` and `set`.
    pub width: usize,
    /// Residual blocks of `dense` and `set`, in H (for `set` before and after the context each) and in G.
    pub depth: usize,
    /// Blocks of `set` in which the rows hear of each other before they are pooled: 4 heads, 3 of them for rows nearby.
    pub attention: usize,
    /// Size of the bottleneck h of `dense` and `set`; `conv` has channels x 4 x 4.
    pub bottleneck: usize,
    /// Output channels of the convolutions of H, from the map inwards; G mirrors them.
    pub channels: Vec<usize>,
    /// U-Net skip connections from H to G (`conv` only).
    pub skips: bool,
    /// How G doubles the side (`conv` only).
    pub upsample: Upsample,
    /// Dimension of the latent z, which lives on the unit sphere of that space.
    pub latent: usize,
    /// Hidden widths of the walker Z.
    pub walker: Vec<usize>,
    /// Largest singular value of each matrix and kernel of G and Z, kept by spectral normalisation; 0 leaves them free, and
    /// the consistency terms alone hold the Lipschitz constants.
    pub spectral_norm: f64,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        NetworkConfig {
            kind: NetworkKind::Dense,
            width: 1024,
            depth: 2,
            attention: 0,
            bottleneck: 512,
            channels: vec![64, 128, 256, 512],
            skips: true,
            upsample: Upsample::Transposed,
            latent: 10,
            walker: vec![256, 256],
            spectral_norm: 0.0,
        }
    }
}
