//! Meshes and point clouds: readers, writers, surface sampling, normalisation to the unit ball.
