//! Rotation-invariant search: `cargo run --example shape_search -- ARCHIVE [ORDER]`.
//!
//! Every mesh of a zip or tar archive is described by the products of its moments across orders. Each mesh, rotated, then asks for its
//! nearest neighbours; prints them with their distances.

use std::ops::ControlFlow;

use spectra_pointcloud::{Limits, Shape, UnitCloud, read_bytes, visit_archive};
use spectra_spectral::{Rotation, ZernikePlan, cross_order_products};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let archive = words.next().ok_or("an archive of meshes is needed")?;
    let order = words.next().map_or(Ok(12), |text| text.parse())?;
    let plan = ZernikePlan::<f64>::new(order)?;
    let limits = Limits::default();
    let mut shapes: Vec<(String, Vec<f64>)> = Vec::new();
    let any = |_name: &str| true;
    visit_archive(archive.as_ref(), &limits, &any, &mut |name, bytes| {
        let found = match bytes {
            Ok(bytes) => moments(&plan, name, &bytes, &limits),
            Err(why) => Err(why.into()),
        };
        match found {
            Ok(Some(moments)) => shapes.push((name.into(), moments)),
            Ok(None) => {}
            Err(why) => eprintln!("passed over: {name}: {why}"),
        }
        ControlFlow::Continue(())
    })?;
    let descriptors = shapes
        .iter()
        .map(|(_name, moments)| descriptor(moments, order))
        .collect::<Result<Vec<_>, _>>()?;
    let rotation = Rotation::from_euler_zyz(1.0, 2.0, 3.0, order);
    for (name, moments) in &shapes {
        let mut turned = moments.clone();
        rotation.apply_zernike(order, &mut turned)?;
        let query = descriptor(&turned, order)?;
        let mut found: Vec<(f64, &str)> = descriptors
            .iter()
            .zip(&shapes)
            .map(|(d, (name, _))| (distance(d, &query), name.as_str()))
            .collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        let nearest = found
            .iter()
            .take(4)
            .map(|(d, name)| format!("{name} ({d:.2e})"));
        println!(
            "{name}, rotated: {}",
            nearest.collect::<Vec<_>>().join(", ")
        );
    }
    Ok(())
}

/// Moments of the surface of a mesh, for unit area; None for a cloud.
fn moments(
    plan: &ZernikePlan<f64>,
    name: &str,
    bytes: &[u8],
    limits: &Limits,
) -> Result<Option<Vec<f64>>, Box<dyn std::error::Error>> {
    let Shape::Mesh(mesh) = read_bytes(bytes, name, limits)? else {
        return Ok(None);
    };
    let vertices = UnitCloud::from_points(mesh.vertices)?.points;
    let moments = plan.surface_moments(&vertices, &mesh.faces)?;
    let area = moments[0];
    Ok(Some(moments.iter().map(|c| c / area).collect()))
}

/// Signed square roots: products weigh like lengths.
fn descriptor(moments: &[f64], order: usize) -> Result<Vec<f64>, spectra_spectral::SpectralError> {
    let products = cross_order_products(moments, order)?;
    Ok(products
        .iter()
        .map(|p| p.signum() * p.abs().sqrt())
        .collect())
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f64>()
        .sqrt()
}
