//! The power spectrum of a mesh: `cargo run --example mesh_power -- FILE [ORDER]`.
//!
//! Exact Zernike moments of the surface and, where the mesh is closed, of the solid; prints the energy of each order n.

use spectra_pointcloud::{Limits, Shape, UnitCloud, read_path};
use spectra_spectral::{Basis, Coefficients, ZernikePlan};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let file = words
        .next()
        .ok_or("a mesh is needed: OFF, OBJ, PLY or STL")?;
    let order = words.next().map_or(Ok(16), |text| text.parse())?;
    let Shape::Mesh(mesh) = read_path(file.as_ref(), &Limits::default())? else {
        return Err("the file holds points without faces".into());
    };
    let vertices = UnitCloud::from_points(mesh.vertices)?.points;
    let plan = ZernikePlan::<f64>::new(order)?;
    let energy = |moments: Vec<f64>| {
        Coefficients::new(Basis::Zernike, order, moments).map(|c| c.degree_energy())
    };
    let surface = energy(plan.surface_moments(&vertices, &mesh.faces)?)?;
    let solid = match plan.volume_moments(&vertices, &mesh.faces) {
        Ok(moments) => Some(energy(moments)?),
        Err(why) => {
            eprintln!("no solid: {why}");
            None
        }
    };
    println!("n,surface,solid");
    for n in 0..=order {
        let solid = solid
            .as_ref()
            .map_or(String::new(), |s| format!("{:e}", s[n]));
        println!("{n},{:e},{solid}", surface[n]);
    }
    Ok(())
}
