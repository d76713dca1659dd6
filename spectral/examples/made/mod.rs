//! Shapes made without a file, as surfaces of equal value: closed meshes in the unit ball.

use spectra_pointcloud::Mesh;
use spectra_spectral::isosurface;

const SIDE: usize = 48;

type Field = fn([f64; 3]) -> f64;

/// Positive inside.
const SHAPES: [(&str, Field); 6] = [
    ("torus", |[x, y, z]| 0.22 - (x.hypot(y) - 0.65).hypot(z)),
    ("ring", |[x, y, z]| 0.12 - (x.hypot(y) - 0.75).hypot(z)),
    ("egg", |[x, y, z]| {
        1.0 - (x / 0.5).powi(2) - (y / 0.6).powi(2) - (z / 0.9).powi(2)
    }),
    ("box", |[x, y, z]| {
        (0.7 - x.abs()).min(0.5 - y.abs()).min(0.3 - z.abs())
    }),
    ("dumb-bell", |[x, y, z]| {
        let ball = |at: f64| 0.35 - ((x - at).powi(2) + y * y + z * z).sqrt();
        ball(-0.55)
            .max(ball(0.55))
            .max((0.12 - y.hypot(z)).min(0.6 - x.abs()))
    }),
    ("cross", |[x, y, z]| {
        let bar = |a: f64, b: f64, c: f64| (0.85 - a.abs()).min(0.15 - b.abs()).min(0.15 - c.abs());
        bar(x, y, z).max(bar(y, x, z)).max(bar(z, x, y))
    }),
];

/// Every shape with its name.
#[allow(dead_code)] // one example takes all of them, the others one
pub fn all() -> Vec<(String, Mesh)> {
    SHAPES
        .iter()
        .filter_map(|(name, _)| Some(((*name).to_owned(), named(name)?)))
        .collect()
}

/// The shape of that name; None where there is none.
pub fn named(name: &str) -> Option<Mesh> {
    let (_, field) = SHAPES.iter().find(|(known, _)| *known == name)?;
    let at = |i: usize| (2 * i + 1) as f64 / SIDE as f64 - 1.0;
    let value = |i: usize| field([i / (SIDE * SIDE), i / SIDE % SIDE, i % SIDE].map(at));
    let values: Vec<f64> = (0..SIDE.pow(3)).map(value).collect();
    let surface = isosurface(&values, SIDE, 0.0).ok()?;
    Some(Mesh {
        vertices: surface.vertices,
        faces: surface.faces,
    })
}
