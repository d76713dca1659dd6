//! Small pictures of shapes for reports.

use std::io;
use std::path::Path;

use image::{ImageFormat, Rgb, RgbImage, imageops};

use crate::error::WriteError;
use crate::sample::{cross, norm};
use crate::shape::{Mesh, Shape};
use crate::write::whole_file;

/// The axis of a shape that points upwards in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Up {
    /// The first axis.
    X,
    /// The second, as most meshes for graphics have it.
    Y,
    /// The third, as ModelNet has it.
    #[default]
    Z,
}

impl std::str::FromStr for Up {
    type Err = String;

    /// `x`, `y` or `z`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "x" => Ok(Self::X),
            "y" => Ok(Self::Y),
            "z" => Ok(Self::Z),
            other => Err(format!("expected x, y or z, found `{other}`")),
        }
    }
}

impl Up {
    /// The point with this axis turned to z; a front that looks along +z then looks along -y.
    fn upright(self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        match self {
            Self::X => [y, z, x],
            Self::Y => [x, -z, y],
            Self::Z => [x, y, z],
        }
    }
}

/// From where a picture is taken: parallel projection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// What is upwards; the angles are those of the shape turned so that it is z.
    pub up: Up,
    /// Degrees around z, from +x towards +y.
    pub azimuth: f64,
    /// Degrees above the xy plane.
    pub elevation: f64,
}

impl Default for View {
    /// From above and from the side to which ModelNet's objects turn their fronts.
    fn default() -> Self {
        Self {
            up: Up::Z,
            azimuth: 215.0,
            elevation: 25.0,
        }
    }
}

const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
/// The colours of the nearest and the farthest points.
const NEAR: [f64; 3] = [24.0, 52.0, 110.0];
const FAR: [f64; 3] = [170.0, 205.0, 235.0];

/// Draws points as small discs, darker the nearer they are, in a square picture of `size` pixels. Points
/// that all lie in the unit ball are drawn as they stand, so that pictures of one shape compare; others are
/// centred and scaled to fill the picture. Points that are not finite are left out.
///
/// The cost is O(points + size^2), and the picture depends on the arguments alone.
pub fn points_png(points: &[[f64; 3]], size: u32, view: View) -> RgbImage {
    let mut image = RgbImage::from_pixel(size, size, PAPER);
    let finite: Vec<[f64; 3]> = points
        .iter()
        .copied()
        .filter(|p| p.iter().all(|x| x.is_finite()))
        .collect();
    let Some(frame) = Frame::around(&finite, size, view) else {
        return image;
    };
    let mut depth = vec![f64::NEG_INFINITY; size as usize * size as usize];
    // Discs that cover about half of the picture when spread evenly, between 1 and 3 pixels in radius.
    let spread = f64::from(size) * (0.15 / finite.len() as f64).sqrt();
    let radius = spread.clamp(1.0, f64::from(size) / 80.0 + 1.0);
    for point in &finite {
        let [x, y, z] = frame.project(*point);
        disc(&mut image, &mut depth, [x, y, z], radius);
    }
    image
}

/// Draws the faces of a mesh, darker the nearer and the more they turn away, in a square picture of `size` pixels. It
/// is framed as [`points_png`] frames its points; both sides of a face are drawn; faces with a corner that is
/// not finite or not there are left out.
///
/// The cost is O(faces + pixels that they cover), and the picture depends on the arguments alone.
pub fn mesh_png(mesh: &Mesh, size: u32, view: View) -> RgbImage {
    let mut image = RgbImage::from_pixel(size, size, PAPER);
    let corners: Vec<[[f64; 3]; 3]> = mesh.faces.iter().filter_map(|f| whole(mesh, f)).collect();
    let Some(frame) = Frame::around(corners.as_flattened(), size, view) else {
        return image;
    };
    let mut depth = vec![f64::NEG_INFINITY; size as usize * size as usize];
    for face in corners {
        triangle(&mut image, &mut depth, face.map(|p| frame.project(p)));
    }
    image
}

fn whole(mesh: &Mesh, face: &[u32; 3]) -> Option<[[f64; 3]; 3]> {
    let mut corners = [[0.0; 3]; 3];
    for (corner, &index) in corners.iter_mut().zip(face) {
        *corner = *mesh.vertices.get(index as usize)?;
    }
    corners
        .as_flattened()
        .iter()
        .all(|x| x.is_finite())
        .then_some(corners)
}

/// Draws a shape: the faces of a mesh, the points of a cloud.
pub fn shape_png(shape: &Shape, size: u32, view: View) -> RgbImage {
    match shape {
        Shape::Mesh(mesh) => mesh_png(mesh, size, view),
        Shape::Cloud(cloud) => points_png(&cloud.points, size, view),
    }
}

/// Pictures side by side, as high as the highest.
pub fn beside(pictures: &[RgbImage]) -> RgbImage {
    let width = pictures.iter().map(RgbImage::width).sum();
    let height = pictures.iter().map(RgbImage::height).max().unwrap_or(0);
    let mut row = RgbImage::from_pixel(width, height, PAPER);
    let mut left = 0;
    for picture in pictures {
        imageops::replace(&mut row, picture, left, 0);
        left += i64::from(picture.width());
    }
    row
}

/// Writes a picture as PNG.
///
/// # Errors
///
/// [`WriteError`] with what the system said.
pub fn write_png(path: &Path, picture: &RgbImage) -> Result<(), WriteError> {
    whole_file(path, |out| {
        picture
            .write_to(out, ImageFormat::Png)
            .map_err(io::Error::other)
    })
}

/// The axes of the picture and how shapes are brought into it.
pub(crate) struct Frame {
    center: [f64; 3],
    axes: [[f64; 3]; 3],
    scale: f64,
    middle: f64,
    up: Up,
}

impl Frame {
    /// The unit ball where it holds all points, else a frame that holds them from any side; `None` without points or pixels.
    pub fn around(points: &[[f64; 3]], size: u32, view: View) -> Option<Self> {
        let first = *points.first()?;
        if size == 0 {
            return None;
        }
        let fold = |pick: fn(f64, f64) -> f64| {
            points
                .iter()
                .fold(first, |a, p| std::array::from_fn(|i| pick(a[i], p[i])))
        };
        let (low, high) = (fold(f64::min), fold(f64::max));
        let center = std::array::from_fn(|i| low[i] / 2.0 + high[i] / 2.0);
        let far = |p: &[f64; 3]| norm(std::array::from_fn(|i| p[i] - center[i]));
        let radius = points.iter().map(far).fold(0.0, f64::max);
        let (center, scale) = match points.iter().all(|p| norm(*p) <= 1.0) {
            true => ([0.0; 3], 1.0),
            false if radius > 0.0 && radius.is_finite() => (center, 1.0 / radius),
            false => (center, 1.0),
        };
        let (sin_a, cos_a) = view.azimuth.to_radians().sin_cos();
        let (sin_e, cos_e) = view.elevation.to_radians().sin_cos();
        let towards = [cos_e * cos_a, cos_e * sin_a, sin_e];
        let right = [-sin_a, cos_a, 0.0];
        let axes = [right, cross(towards, right), towards];
        Some(Self {
            center,
            axes,
            scale,
            middle: f64::from(size) / 2.0,
            up: view.up,
        })
    }

    /// Pixels to the right, pixels downwards, and nearness from -1 to 1.
    pub fn project(&self, point: [f64; 3]) -> [f64; 3] {
        let centred = std::array::from_fn(|i| (point[i] - self.center[i]) * self.scale);
        let p = self.up.upright(centred);
        let along = |axis: [f64; 3]| axis.iter().zip(p).map(|(a, x)| a * x).sum::<f64>();
        let zoom = self.middle * 0.94;
        [
            self.middle + zoom * along(self.axes[0]),
            self.middle - zoom * along(self.axes[1]),
            along(self.axes[2]),
        ]
    }
}

/// The colour of a point `z` near, -1 to 1.
fn shade(z: f64) -> [f64; 3] {
    let near = ((z + 1.0) / 2.0).clamp(0.0, 1.0);
    std::array::from_fn(|i| FAR[i] + (NEAR[i] - FAR[i]) * near)
}

/// Fills the pixels whose centres lie in a triangle of projected corners.
fn triangle(image: &mut RgbImage, depth: &mut [f64], [a, b, c]: [[f64; 3]; 3]) {
    let size = image.width();
    let side = |p: [f64; 3], q: [f64; 3], x: f64, y: f64| {
        (q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0])
    };
    let area = side(a, b, c[0], c[1]);
    if area == 0.0 || !area.is_finite() {
        return;
    }
    let range = |i: usize| {
        let (low, high) = (a[i].min(b[i]).min(c[i]), a[i].max(b[i]).max(c[i]));
        (low.floor().max(0.0) as u32)..((high.ceil().max(0.0) as u32).min(size))
    };
    // Depth in pixels, as the other two axes: the share of the normal that looks at the viewer.
    let deep = |p: [f64; 3]| {
        [
            p[0] - a[0],
            p[1] - a[1],
            (p[2] - a[2]) * f64::from(size) / 2.0,
        ]
    };
    let normal = cross(deep(b), deep(c));
    let facing = 0.45 + 0.55 * (normal[2] / norm(normal)).abs();
    for row in range(1) {
        for column in range(0) {
            let (x, y) = (f64::from(column) + 0.5, f64::from(row) + 0.5);
            let weights = [side(b, c, x, y), side(c, a, x, y), side(a, b, x, y)].map(|w| w / area);
            if weights.iter().any(|&w| w < 0.0) {
                continue;
            }
            let z = weights[0] * a[2] + weights[1] * b[2] + weights[2] * c[2];
            let cell = &mut depth[row as usize * size as usize + column as usize];
            if z > *cell {
                *cell = z;
                let colour = shade(z).map(|x| (x * facing).round() as u8);
                image.put_pixel(column, row, Rgb(colour));
            }
        }
    }
}

fn disc(image: &mut RgbImage, depth: &mut [f64], [x, y, z]: [f64; 3], radius: f64) {
    let size = image.width();
    let from = |c: f64| (c - radius).floor().max(0.0) as u32;
    let to = |c: f64| ((c + radius).ceil().max(0.0) as u32).min(size);
    let colour = Rgb(shade(z).map(|x| x.round() as u8));
    for row in from(y)..to(y) {
        for column in from(x)..to(x) {
            let (dx, dy) = (f64::from(column) + 0.5 - x, f64::from(row) + 0.5 - y);
            let cell = &mut depth[row as usize * size as usize + column as usize];
            if dx * dx + dy * dy <= radius * radius && z > *cell {
                *cell = z;
                image.put_pixel(column, row, colour);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRONT: View = View {
        up: Up::Z,
        azimuth: 0.0,
        elevation: 0.0,
    };

    #[test]
    fn right_is_right_and_up_is_up() {
        // Seen from +x, y runs to the right and z upwards.
        let points = [[0.0, 1.0, 0.0], [0.0, -0.5, 1.0], [0.0, -1.0, -1.0]];
        let frame = Frame::around(&points, 100, FRONT).expect("points");
        let [x, y, _] = frame.project([0.0, 1.0, 0.0]);
        assert!(x > 80.0 && (y - 50.0).abs() < 1e-9);
        let [_, y, _] = frame.project([0.0, 0.0, 1.0]);
        assert!(y < 30.0);
    }

    #[test]
    fn any_axis_can_point_upwards() {
        for (up, top) in [(Up::X, [1.0, 0.0, 0.0]), (Up::Y, [0.0, 1.0, 0.0])] {
            let frame = Frame::around(&[top], 100, View { up, ..FRONT }).expect("a point");
            let [x, y, _] = frame.project(top);
            assert!((x - 50.0).abs() < 1e-9 && y < 5.0, "{up:?}");
        }
        assert!("w".parse::<Up>().is_err());
    }

    #[test]
    fn nearer_points_hide_farther_ones() {
        let near_last = points_png(&[[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]], 64, FRONT);
        let near_first = points_png(&[[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]], 64, FRONT);
        assert_eq!(near_last, near_first);
        assert_eq!(near_last.get_pixel(32, 32).0, NEAR.map(|x| x as u8));
        assert_eq!(*near_last.get_pixel(0, 0), PAPER);
    }

    #[test]
    fn faces_cover_their_pixels_and_hide_each_other() {
        // A large square at x = 0 and a small one before it, at x = 0.5, in the frame of the unit ball.
        let square = |x: f64, r: f64| [[x, -r, -r], [x, r, -r], [x, r, r], [x, -r, r]];
        let mut mesh = Mesh {
            vertices: [square(0.0, 0.7), square(0.5, 0.2)].concat(),
            faces: vec![[0, 1, 2], [0, 2, 3], [4, 6, 5], [4, 7, 6]],
        };
        let picture = mesh_png(&mesh, 100, FRONT);
        let covered = picture.pixels().filter(|pixel| **pixel != PAPER).count();
        assert!(
            (4200..4450).contains(&covered),
            "{covered} is not (0.7 * 94)^2"
        );
        let (middle, beside) = (picture.get_pixel(50, 50), picture.get_pixel(30, 50));
        assert!(
            middle.0[0] < beside.0[0],
            "{middle:?} is nearer than {beside:?}"
        );
        mesh.faces.reverse();
        assert_eq!(mesh_png(&mesh, 100, FRONT), picture);
        mesh.faces.extend([[0, 0, 0], [0, 1, 99]]);
        assert_eq!(mesh_png(&mesh, 100, FRONT), picture);
        assert_eq!(mesh_png(&Mesh::default(), 8, FRONT).dimensions(), (8, 8));
    }

    #[test]
    fn odd_input_gives_a_picture() {
        for points in [
            vec![],
            vec![[1e300; 3]],
            vec![[f64::NAN; 3], [0.0; 3]],
            vec![[-1.7e308; 3], [1.7e308; 3]],
        ] {
            assert_eq!(
                points_png(&points, 16, View::default()).dimensions(),
                (16, 16)
            );
        }
        assert_eq!(points_png(&[[0.0; 3]], 0, FRONT).dimensions(), (0, 0));
    }
}
