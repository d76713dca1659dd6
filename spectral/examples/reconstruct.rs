//! Moments and back: `cargo run --release --example reconstruct -- FILE ORDER OUT`.
//!
//! Takes the exact moments of a mesh (of its solid, or of its surface where it is open), evaluates their density on a grid of 64^3 and
//! writes the surface of equal density as `OUT.ply` and a picture of the shape and its reconstruction as `OUT.png`. In place of a file,
//! `torus`, `ring`, `egg`, `box`, `dumb-bell` or `cross` is made.

mod made;

use std::path::PathBuf;

use spectra_pointcloud::render::{View, beside, points_png, write_png};
use spectra_pointcloud::write_path;
use spectra_pointcloud::{Limits, Mesh, Shape, UnitCloud, read_path, unit_cloud};
use spectra_spectral::{ZernikePlan, isosurface};

const SIDE: usize = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [file, order, out] = &words[..] else {
        return Err("usage: reconstruct FILE ORDER OUT".into());
    };
    let mut mesh = match made::named(file) {
        Some(mesh) => mesh,
        None => match read_path(file.as_ref(), &Limits::default())? {
            Shape::Mesh(mesh) => mesh,
            _ => return Err("the file holds points without faces".into()),
        },
    };
    mesh.vertices = UnitCloud::from_points(mesh.vertices)?.points;
    let plan = ZernikePlan::<f64>::new(order.parse()?)?;
    let solid = plan.volume_moments(&mesh.vertices, &mesh.faces);
    let closed = solid.is_ok();
    let moments = match solid {
        Ok(moments) => moments,
        Err(_open) => plan.surface_moments(&mesh.vertices, &mesh.faces)?,
    };
    let density = plan.density_grid(&moments, SIDE)?;
    let level = if closed { 0.5 } else { thin_shell(&density) };
    let surface = isosurface(&density, SIDE, level)?;
    println!(
        "{} moments of the {}; {} vertices, {} faces",
        moments.len(),
        if closed { "solid" } else { "surface" },
        surface.vertices.len(),
        surface.faces.len()
    );
    if closed && !surface.faces.is_empty() {
        let again = plan.volume_moments(&surface.vertices, &surface.faces)?;
        println!(
            "the rebuilt solid has {:.2} % of the volume; its moments differ by {:.3} of theirs",
            100.0 * again[0] / moments[0],
            norm(again.iter().zip(&moments).map(|(a, b)| a - b)) / norm(moments.iter().copied())
        );
    }
    let rebuilt = Shape::Mesh(Mesh {
        vertices: surface.vertices,
        faces: surface.faces,
    });
    write_path(&PathBuf::from(format!("{out}.ply")), &rebuilt)?;
    let picture = |shape: &Shape| {
        let cloud = unit_cloud(shape, 60_000, 1, 0)?;
        Ok::<_, Box<dyn std::error::Error>>(points_png(&cloud.points, 400, View::default()))
    };
    let pictures = [picture(&Shape::Mesh(mesh))?, picture(&rebuilt)?];
    write_png(&PathBuf::from(format!("{out}.png")), &beside(&pictures))?;
    Ok(())
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|v| v * v).sum::<f64>().sqrt()
}

/// The level that the densest twentieth of the cells exceed.
fn thin_shell(density: &[f64]) -> f64 {
    let mut sorted = density.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() - 1 - sorted.len() / 20]
}
