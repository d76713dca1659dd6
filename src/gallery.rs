//! Pictures side by side, and curves, as PNG files.

use std::path::Path;

use anyhow::Context;
use image::{Rgb, RgbImage};
use ndarray::{Array4, ArrayView3, Axis};
use spectra_datasets::write_whole;

/// Pixels between pictures.
const GAP: u32 = 2;
/// Small pictures are enlarged to about this side.
const SIDE: u32 = 64;

/// One column for each array `[pictures, channels, side, side]` (values in 0..=1), one row for each picture.
pub fn grid(columns: &[Array4<f32>]) -> anyhow::Result<RgbImage> {
    let first = columns.first().context("no pictures to draw")?;
    let (rows, _channels, height, width) = first.dim();
    let zoom = (SIDE / width.max(1) as u32).max(1);
    let (tall, wide) = (height as u32 * zoom + GAP, width as u32 * zoom + GAP);
    let mut canvas = RgbImage::from_pixel(
        wide * columns.len() as u32 - GAP,
        tall * rows as u32 - GAP,
        Rgb([255; 3]),
    );
    for (column, pictures) in columns.iter().enumerate() {
        for (row, picture) in pictures.axis_iter(Axis(0)).enumerate() {
            paste(
                &mut canvas,
                &picture,
                column as u32 * wide,
                row as u32 * tall,
                zoom,
            );
        }
    }
    Ok(canvas)
}

fn paste(canvas: &mut RgbImage, picture: &ArrayView3<f32>, left: u32, top: u32, zoom: u32) {
    let (channels, height, width) = picture.dim();
    for y in 0..height as u32 * zoom {
        for x in 0..width as u32 * zoom {
            let (row, column) = ((y / zoom) as usize, (x / zoom) as usize);
            let byte = |channel: usize| {
                let value = picture[[channel.min(channels - 1), row, column]];
                (255.0 * value.clamp(0.0, 1.0)).round() as u8
            };
            canvas.put_pixel(left + x, top + y, Rgb([byte(0), byte(1), byte(2)]));
        }
    }
}

/// A curve of values at steps 0, 1, ...: a line from the lowest to the highest value, with a dot at each step.
pub fn curve(values: &[f64]) -> RgbImage {
    let (width, height, edge) = (480u32, 200u32, 12.0);
    let mut canvas = RgbImage::from_pixel(width, height, Rgb([255; 3]));
    let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), &v| {
        (low.min(v), high.max(v))
    });
    let place = |step: f64, value: f64| {
        let x =
            edge + step / (values.len() as f64 - 1.0).max(1.0) * (f64::from(width) - 2.0 * edge);
        let share = (value - low) / (high - low).max(1e-12);
        (
            x,
            f64::from(height) - edge - share * (f64::from(height) - 2.0 * edge),
        )
    };
    let mut dot = |(x, y): (f64, f64), radius: i64, color: [u8; 3]| {
        for dy in -radius..=radius {
            for dx in -radius..=radius {
                let (x, y) = (x.round() as i64 + dx, y.round() as i64 + dy);
                if (0..i64::from(width)).contains(&x) && (0..i64::from(height)).contains(&y) {
                    canvas.put_pixel(x as u32, y as u32, Rgb(color));
                }
            }
        }
    };
    for (step, pair) in values.windows(2).enumerate() {
        for part in 0..200 {
            let t = f64::from(part) / 200.0;
            let value = pair[0] + t * (pair[1] - pair[0]);
            dot(place(step as f64 + t, value), 0, [120, 150, 190]);
        }
    }
    for (step, value) in values.iter().enumerate() {
        dot(place(step as f64, *value), 2, [20, 82, 150]);
    }
    canvas
}

/// Writes a picture as PNG; it appears whole or not at all.
pub fn save(picture: &RgbImage, path: &Path) -> anyhow::Result<()> {
    Ok(write_whole(path, &crate::picture::encode(picture)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_has_a_column_for_each_array_and_small_pictures_are_enlarged() {
        let black = Array4::zeros((3, 1, 16, 16));
        let white = Array4::ones((3, 3, 16, 16));
        let picture = grid(&[black, white]).unwrap();
        assert_eq!(picture.dimensions(), (2 * 64 + 2, 3 * 64 + 4));
        assert_eq!(picture.get_pixel(10, 10), &Rgb([0; 3]));
        assert_eq!(picture.get_pixel(100, 150), &Rgb([255; 3]));
        assert!(grid(&[]).is_err());
    }

    #[test]
    fn a_curve_rises_from_the_lower_left_to_the_upper_right() {
        let picture = curve(&[1.0, 2.0, 3.0]);
        assert_ne!(picture.get_pixel(12, 188), &Rgb([255; 3]));
        assert_ne!(picture.get_pixel(468, 12), &Rgb([255; 3]));
        assert_eq!(picture.get_pixel(12, 12), &Rgb([255; 3]));
    }
}
