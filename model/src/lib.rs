//! The cGML denoiser: networks, Algorithm 1, checkpoints, features.
