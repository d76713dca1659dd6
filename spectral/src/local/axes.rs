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

/// Axes for each centre that turn with the cloud about one coordinate axis, `up` (0, 1 or 2): the third is up, the first leads
/// from the upright line through the mean of the cloud to the centre, the second completes them.
///
/// On that line itself the first axis is the coordinate axis after `up`.
///
/// # Errors
/// No points, values that are not finite, an axis above 2.
pub fn upright_axes(
    points: &[[f32; 3]],
    centres: &[[f32; 3]],
    up: usize,
) -> Result<Vec<Axes>, SpectralError> {
    check(points, centres, 1.0)?;
    if up > 2 {
        return Err(SpectralError::Value {
            what: "up axis",
            expected: "0, 1 or 2",
            found: up.to_string(),
        });
    }
    let mean = mean(points);
    let third = Vector3::ith(up, 1.0);
    let sideways = Vector3::ith((up + 1) % 3, 1.0);
    let axes = |centre: &[f32; 3]| {
        let mut away = vector(centre) - mean;
        away[up] = 0.0;
        let first = away.try_normalize(1e-6).unwrap_or(sideways);
        narrow([first, third.cross(&first), third])
    };
    Ok(centres.iter().map(axes).collect())
}

fn narrow(axes: [Vector3<f64>; 3]) -> Axes {
    axes.map(|axis| [axis.x as f32, axis.y as f32, axis.z as f32])
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
        None => {
            // Where all extents are the same, the largest is also the least, which is the normal's.
            let (least, most) = (eigen.eigenvalues.imin(), eigen.eigenvalues.imax());
            let column = if most == least { (least + 1) % 3 } else { most };
            eigen.eigenvectors.column(column).into_owned()
        }
    };
    let second = normal.cross(&first);
    narrow([first, second, normal])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_orthonormal_where_no_direction_stands_out() {
        let mut star = Vec::new();
        for axis in 0..3 {
            for length in [0.1, -0.1] {
                let mut point = [0.0f32; 3];
                point[axis] = length;
                star.push(point);
            }
        }
        let alone = vec![[0.2f32, 0.3, -0.1]];
        let pair = vec![[-1.0f32, 0.0, 0.0], [1.0, 0.0, 0.0]];
        for (points, centre) in [
            (&star, [0.0; 3]),
            (&alone, alone[0]),
            // Nothing in reach, and straight out along x.
            (&pair, [5.0, 0.0, 0.0]),
        ] {
            let axes = local_axes(points, &[centre], 0.3).unwrap();
            let axes = Matrix3::from_fn(|i, j| f64::from(axes[0][i][j]));
            let error = (axes * axes.transpose() - Matrix3::identity()).amax();
            assert!(error < 1e-6, "{centre:?}: {axes}");
            assert!((axes.determinant() - 1.0).abs() < 1e-6, "{axes}");
        }
    }
}
