//! Axes of a neighbourhood that turn with the cloud.

use nalgebra::{Matrix3, SymmetricEigen, Vector3};

use super::check;
use super::reach::{Reach, Sorted};
use crate::SpectralError;

/// Axes of one neighbourhood: orthonormal, right-handed, one in each row.
pub type Axes = [[f32; 3]; 3];

/// Axes for each centre that turn with the cloud: the third is the normal (the direction in which the points within
/// `radius` extend least, turned away from the mean of the cloud), the first the part of the vector from that mean to the centre
/// that lies in the tangent plane, the second completes them.
///
/// Where a centre lies on the normal through the mean, the first axis is any tangent one.
///
/// # Errors
/// As [`LocalPlan::rows`](crate::LocalPlan::rows).
pub fn local_axes(
    points: &[[f32; 3]],
    centres: &[[f32; 3]],
    radius: f32,
) -> Result<Vec<Axes>, SpectralError> {
    check(points, centres, radius)?;
    let sorted = Sorted::new(points);
    let mean = mean(points);
    let mut near = Reach::new(points.len());
    Ok(centres
        .iter()
        .map(|centre| {
            near.gather(&sorted, centre, radius);
            let outward = vector(centre) - mean;
            axes_of(&near, &outward)
        })
        .collect())
}

fn vector(point: &[f32; 3]) -> Vector3<f64> {
    Vector3::from(point.map(f64::from))
}

fn mean(points: &[[f32; 3]]) -> Vector3<f64> {
    points.iter().map(vector).sum::<Vector3<f64>>() / points.len() as f64
}

fn axes_of(near: &Reach, outward: &Vector3<f64>) -> Axes {
    let [x, y, z] = &near.coordinates;
    let near: Vec<Vector3<f64>> = (0..near.count)
        .map(|i| vector(&[x[i], y[i], z[i]]))
        .collect();
    let middle = near.iter().sum::<Vector3<f64>>() / near.len().max(1) as f64;
    let spread: Matrix3<f64> = near
        .iter()
        .map(|p| (p - middle) * (p - middle).transpose())
        .sum();
    let eigen = SymmetricEigen::new(spread);
    let normal = eigen
        .eigenvectors
        .column(eigen.eigenvalues.imin())
        .into_owned();
    let normal = if normal.dot(outward) < 0.0 {
        -normal
    } else {
        normal
    };
    let tangent = outward - normal * normal.dot(outward);
    let first = match tangent.try_normalize(1e-9) {
        Some(first) => first,
        None => eigen
            .eigenvectors
            .column(eigen.eigenvalues.imax())
            .into_owned(),
    };
    let second = normal.cross(&first);
    [first, second, normal].map(|axis| [axis.x as f32, axis.y as f32, axis.z as f32])
}
