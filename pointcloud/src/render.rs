//! Pictures of clouds: depth-shaded points, seen from the front, the right and above.

use std::path::Path;

use image::{Rgb, RgbImage};

use crate::WriteError;

/// From where a cloud is seen, in degrees; z is up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Angle about z from the x axis to the viewer.
    pub azimuth: f64,
    /// Angle of the viewer above the xy plane.
    pub elevation: f64,
}

impl Default for View {
    fn default() -> Self {
        View {
            azimuth: 35.0,
            elevation: 25.0,
        }
    }
}

const BACKGROUND: Rgb<u8> = Rgb([255, 255, 255]);
const NEAR: [f64; 3] = [20.0, 52.0, 110.0];
const FAR: [f64; 3] = [176.0, 204.0, 232.0];

/// Draws points of the unit ball as discs, near ones dark, far ones pale. `size` is the side in pixels.
pub fn points_png(points: &[[f64; 3]], size: u32, view: View) -> RgbImage {
    let mut picture = RgbImage::from_pixel(size, size, BACKGROUND);
    let mut depths = vec![f64::NEG_INFINITY; (size * size) as usize];
    let half = f64::from(size) / 2.0;
    let radius = (f64::from(size) / 110.0).max(1.0);
    for point in points {
        let [right, up, near] = project(*point, view);
        let shade = ((near + 1.0) / 2.0).clamp(0.0, 1.0);
        let color = Rgb(std::array::from_fn(|i| {
            (FAR[i] + shade * (NEAR[i] - FAR[i])) as u8
        }));
        disc(
            &mut picture,
            &mut depths,
            [half + right * half, half - up * half],
            radius,
            near,
            color,
        );
    }
    picture
}

/// Right, up and towards the viewer.
fn project([x, y, z]: [f64; 3], view: View) -> [f64; 3] {
    let (sin_a, cos_a) = view.azimuth.to_radians().sin_cos();
    let (sin_e, cos_e) = view.elevation.to_radians().sin_cos();
    let forward = x * cos_a + y * sin_a;
    [
        y * cos_a - x * sin_a,
        z * cos_e - forward * sin_e,
        z * sin_e + forward * cos_e,
    ]
}

fn disc(
    picture: &mut RgbImage,
    depths: &mut [f64],
    [cx, cy]: [f64; 2],
    radius: f64,
    depth: f64,
    color: Rgb<u8>,
) {
    let size = f64::from(picture.width());
    let range = |c: f64| {
        (
            (c - radius).max(0.0) as u32,
            (c + radius).clamp(0.0, size - 1.0) as u32,
        )
    };
    let ((left, right), (top, bottom)) = (range(cx), range(cy));
    for y in top..=bottom {
        for x in left..=right {
            let (dx, dy) = (f64::from(x) + 0.5 - cx, f64::from(y) + 0.5 - cy);
            let seen = &mut depths[(y * picture.width() + x) as usize];
            if dx * dx + dy * dy <= radius * radius && depth > *seen {
                *seen = depth;
                picture.put_pixel(x, y, color);
            }
        }
    }
}

/// Pictures side by side, all of the height of the first.
pub fn beside(pictures: &[RgbImage]) -> RgbImage {
    let width = pictures.iter().map(RgbImage::width).sum();
    let height = pictures.iter().map(RgbImage::height).max().unwrap_or(0);
    let mut row = RgbImage::from_pixel(width, height, BACKGROUND);
    let mut at = 0;
    for picture in pictures {
        image::imageops::replace(&mut row, picture, at, 0);
        at += i64::from(picture.width());
    }
    row
}

/// Writes a picture as PNG; the file appears whole or not at all.
pub fn write_png(path: &Path, picture: &RgbImage) -> Result<(), WriteError> {
    crate::write::whole(path, |out| {
        let bytes = encode_png(picture);
        std::io::Write::write_all(out, &bytes)
    })
}

/// The bytes of a picture as PNG.
pub fn encode_png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("memory takes all bytes of an RGB picture");
    bytes.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearer_points_hide_farther_ones() {
        let view = View {
            azimuth: 0.0,
            elevation: 0.0,
        };
        let near = points_png(&[[0.9, 0.0, 0.0], [-0.9, 0.0, 0.0]], 64, view);
        let only = points_png(&[[0.9, 0.0, 0.0]], 64, view);
        assert_eq!(near, only);
        assert_ne!(near.get_pixel(32, 32), &BACKGROUND);
        assert_eq!(near.get_pixel(2, 2), &BACKGROUND);
        let up = points_png(&[[0.0, 0.0, 0.9]], 64, view);
        assert_ne!(up.get_pixel(32, 3), &BACKGROUND);
    }
}
