//! Rows of numbers without names: what the columns after x, y and z mean.

use crate::PointCloud;

/// How far from 1 the length of a normal may be. Colours in 0..1 or 0..255 are hardly ever that even.
const NORMAL_TOLERANCE: f64 = 0.05;

/// Columns that have a meaning; those after them need not be kept.
pub(crate) const KEPT: usize = 6;

/// A cloud of rows of `width >= 3` numbers: x, y, z; with four columns, the fourth is the weight; with six or
/// more, columns four to six are normals where all of them have unit length (or are zero).
pub(crate) fn cloud(values: &[f64], width: usize) -> PointCloud {
    let rows = || values.chunks_exact(width);
    let triple = |row: &[f64], from: usize| [row[from], row[from + 1], row[from + 2]];
    let mut cloud = PointCloud::new(rows().map(|row| triple(row, 0)).collect());
    if width == 4 {
        cloud.weights = Some(rows().map(|row| row[3]).collect());
    }
    if width >= 6 && rows().all(|row| is_normal(triple(row, 3))) {
        cloud.normals = Some(rows().map(|row| triple(row, 3)).collect());
    }
    cloud
}

fn is_normal(vector: [f64; 3]) -> bool {
    let length = crate::sample::norm(vector);
    length == 0.0 || (length - 1.0).abs() < NORMAL_TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normals_are_told_from_colours() {
        let with_normals = cloud(&[1.0, 2.0, 3.0, 0.0, 0.6, 0.8, 5.0], 7);
        assert_eq!(with_normals.points, [[1.0, 2.0, 3.0]]);
        assert_eq!(with_normals.normals, Some(vec![[0.0, 0.6, 0.8]]));
        let with_colours = cloud(&[1.0, 2.0, 3.0, 255.0, 0.0, 0.0], 6);
        assert_eq!(with_colours.normals, None);
    }

    #[test]
    fn a_fourth_column_is_the_weight() {
        assert_eq!(cloud(&[1.0, 2.0, 3.0, 0.5], 4).weights, Some(vec![0.5]));
        assert_eq!(cloud(&[1.0, 2.0, 3.0], 3).weights, None);
    }
}
