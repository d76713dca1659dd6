//! Shapes made on the spot: ten families of parametric meshes with random parameters, poses and noise.
//!
//! They let every command be tried on a fresh machine, with no download. [`write()`] lays them out as a
//! ModelNet folder, so that they walk the same road as real data.

mod builder;
mod families;

use std::fs;
use std::path::Path;

use rand::Rng;
use rand::RngExt;
use spectra_pointcloud::random::stream;
use spectra_pointcloud::{Mesh, Shape, write_path};

pub use families::FAMILIES;

use crate::DatasetError;

/// How many shapes to make and how much to disturb them.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticOptions {
    /// Shapes of each family in the training split.
    pub train: usize,
    /// Shapes of each family in the test split.
    pub test: usize,
    /// Seed of every random choice.
    pub seed: u64,
    /// Standard deviation of the noise on each vertex, as a share of the shape's radius.
    pub noise: f64,
    /// Largest tilt away from upright, in radians; the turn about the vertical is always uniform.
    pub tilt: f64,
}

impl Default for SyntheticOptions {
    fn default() -> Self {
        Self {
            train: 80,
            test: 30,
            seed: 0,
            noise: 0.01,
            tilt: 0.15,
        }
    }
}

/// One random shape of the family at `family` (an index into [`FAMILIES`]).
///
/// A pure function of its arguments: the same `item` is the same mesh, whatever else is made.
/// z is up. The mesh is not normalised: sizes and positions vary as they do in data found in the wild.
///
/// # Panics
/// Panics if `family` is not below the number of families.
pub fn shape(family: usize, item: u64, options: &SyntheticOptions) -> Mesh {
    let mut rng = stream(options.seed, family as u64, item);
    let mut mesh = (FAMILIES[family].1)(&mut rng);
    disturb(&mut mesh, options, &mut rng);
    mesh
}

fn disturb(mesh: &mut Mesh, options: &SyntheticOptions, rng: &mut impl Rng) {
    let radius = mesh
        .vertices
        .iter()
        .map(|v| v.iter().map(|c| c * c).sum::<f64>().sqrt())
        .fold(0.0, f64::max);
    let (tilt, turn) = (options.tilt * rng.random::<f64>(), std::f64::consts::TAU);
    let axis = turn * rng.random::<f64>();
    let pose = nalgebra::Rotation3::from_axis_angle(
        &nalgebra::Unit::new_unchecked(nalgebra::Vector3::new(axis.cos(), axis.sin(), 0.0)),
        tilt,
    ) * nalgebra::Rotation3::from_axis_angle(
        &nalgebra::Vector3::z_axis(),
        turn * rng.random::<f64>(),
    );
    let size = 10f64.powf(rng.random_range(-1.0..2.0));
    let shift: [f64; 3] = std::array::from_fn(|_| size * rng.random_range(-1.0..1.0));
    for vertex in &mut mesh.vertices {
        let moved = pose * nalgebra::Vector3::from(*vertex);
        for axis in 0..3 {
            let jitter = options.noise * radius * builder::normal(rng);
            vertex[axis] = size * (moved[axis] + jitter) + shift[axis];
        }
    }
}

/// Writes `<root>/<family>/{train,test}/<family>_NNNN.ply` for every family and shape.
///
/// # Errors
/// An I/O error of the folder or of a file, with its path.
pub fn write(root: &Path, options: &SyntheticOptions) -> Result<(), DatasetError> {
    for (family, (name, _)) in FAMILIES.iter().enumerate() {
        for (split, range) in [
            ("train", 0..options.train),
            ("test", options.train..options.train + options.test),
        ] {
            let folder = root.join(name).join(split);
            fs::create_dir_all(&folder).map_err(|e| DatasetError::io("create", &folder, e))?;
            for item in range {
                let path = folder.join(format!("{name}_{:04}.ply", item + 1));
                let mesh = shape(family, item as u64, options);
                write_path(&path, &Shape::Mesh(mesh))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_makes_valid_meshes_that_differ_between_items() {
        let options = SyntheticOptions::default();
        for (family, (name, _)) in FAMILIES.iter().enumerate() {
            for item in 0..20 {
                let mesh = shape(family, item, &options);
                assert!(mesh.vertices.iter().flatten().all(|c| c.is_finite()));
                assert!(
                    mesh.faces
                        .iter()
                        .flatten()
                        .all(|&i| (i as usize) < mesh.vertices.len())
                );
                assert!(mesh.faces.len() > 10, "{name}");
                assert_eq!(mesh.vertices, shape(family, item, &options).vertices);
                assert_ne!(mesh.vertices, shape(family, item + 1, &options).vertices);
            }
        }
    }
}
