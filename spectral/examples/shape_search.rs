//! Rotation-invariant search: `cargo run --example shape_search [-- ARCHIVE [ORDER]]`.
//!
//! Every mesh of a zip or tar archive (without one, six made shapes) is described by the products of its moments across orders. Each mesh, rotated,
//! then asks for its nearest neighbours; prints them with their distances, and how often a shape found itself first.

mod made;

use std::ops::ControlFlow;

use spectra_pointcloud::{Limits, Mesh, Shape, UnitCloud, read_bytes, visit_archive};
use spectra_spectral::{Rotation, ZernikePlan, cross_order_products};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let archive = words.next();
    let order = words.next().map_or(Ok(12), |text| text.parse())?;
    let plan = ZernikePlan::<f64>::new(order)?;
    let shapes = match archive {
        Some(archive) => of_archive(&plan, &archive)?,
        None => made::all()
            .into_iter()
            .map(|(name, mesh)| Ok((name, moments(&plan, mesh)?)))
            .collect::<Result<Vec<_>, Failure>>()?,
    };
    let descriptors = shapes
        .iter()
        .map(|(_name, moments)| descriptor(moments, order))
        .collect::<Result<Vec<_>, _>>()?;
    let rotation = Rotation::from_euler_zyz(1.0, 2.0, 3.0, order);
    let mut themselves = 0;
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
        themselves += usize::from(found.first().is_some_and(|(_, first)| first == name));
        let nearest = found
            .iter()
            .take(4)
            .map(|(d, name)| format!("{name} ({d:.2e})"));
        println!(
            "{name}, rotated: {}",
            nearest.collect::<Vec<_>>().join(", ")
        );
    }
    println!("{themselves} of {} find themselves first", shapes.len());
    Ok(())
}

/// Names and moments of all meshes of an archive; what cannot be read is named and passed over.
fn of_archive(plan: &ZernikePlan<f64>, archive: &str) -> Result<Vec<(String, Vec<f64>)>, Failure> {
    let limits = Limits::default();
    let mut shapes = Vec::new();
    let any = |_name: &str| true;
    visit_archive(archive.as_ref(), &limits, &any, &mut |name, bytes| {
        let shape = match bytes {
            Ok(bytes) => read_bytes(&bytes, name, &limits).map_err(Failure::from),
            Err(why) => Err(why.into()),
        };
        match shape {
            Ok(Shape::Mesh(mesh)) => match moments(plan, mesh) {
                Ok(moments) => shapes.push((name.to_owned(), moments)),
                Err(why) => eprintln!("passed over: {name}: {why}"),
            },
            Ok(_cloud) => {}
            Err(why) => eprintln!("passed over: {name}: {why}"),
        }
        ControlFlow::Continue(())
    })?;
    Ok(shapes)
}

/// Moments of the surface of a mesh, for unit area.
fn moments(plan: &ZernikePlan<f64>, mesh: Mesh) -> Result<Vec<f64>, Failure> {
    let vertices = UnitCloud::from_points(mesh.vertices)?.points;
    let moments = plan.surface_moments(&vertices, &mesh.faces)?;
    let area = moments[0];
    Ok(moments.iter().map(|c| c / area).collect())
}

/// Signed square roots: products weigh like lengths.
fn descriptor(moments: &[f64], order: usize) -> Result<Vec<f64>, spectra_spectral::SpectralError> {
    let products = cross_order_products(order, moments)?;
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
