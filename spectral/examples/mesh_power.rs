//! The power spectrum of a mesh: `cargo run --example mesh_power [-- FILE [ORDER]]`.
//!
//! Exact Zernike moments of the surface and, where the mesh is closed, of the solid, after centring and scaling to the unit ball. Prints the energy
//! of each order n, the share of it up to there, and what the lowest moments say of the shape. Without a file the shape is a made torus.

mod made;

use std::f64::consts::PI;

use spectra_pointcloud::{Limits, Mesh, Shape, UnitCloud, read_path};
use spectra_spectral::{Basis, Coefficients, SpectralError, ZernikePlan};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let mesh = match words.next() {
        None => made::named("torus").ok_or("no such shape")?,
        Some(file) => mesh(&file)?,
    };
    let order = words.next().map_or(Ok(16), |text| text.parse())?;
    let vertices = UnitCloud::from_points(mesh.vertices)?.points;
    let plan = ZernikePlan::<f64>::new(order)?;
    let surface = plan.surface_moments(&vertices, &mesh.faces)?;
    println!("# surface: area {:.4}", integral(&surface));
    let solid = match plan.volume_moments(&vertices, &mesh.faces) {
        Ok(moments) => Some(moments),
        Err(why) => {
            eprintln!("no solid: {why}");
            None
        }
    };
    if let Some(moments) = &solid {
        // The square of the indicator of a solid is itself: its norm is the volume.
        let volume = integral(moments);
        let held: f64 = moments.iter().map(|c| c * c).sum();
        println!(
            "# solid: volume {volume:.4}, centre {:.4?}; moments to order {order} hold {:.2} % of its energy",
            centre(moments),
            100.0 * held / volume
        );
    }
    println!("n,surface,surface_share,solid,solid_share");
    let surface = energies(order, surface)?;
    let solid = solid.map(|moments| energies(order, moments)).transpose()?;
    for n in 0..=order {
        let (energy, share) = surface[n];
        let solid = solid
            .as_ref()
            .map_or(",".into(), |s| format!("{:e},{:.4}", s[n].0, s[n].1));
        println!("{n},{energy:e},{share:.4},{solid}");
    }
    Ok(())
}

fn mesh(file: &str) -> Result<Mesh, Failure> {
    match read_path(file.as_ref(), &Limits::default())? {
        Shape::Mesh(mesh) => Ok(mesh),
        _ => Err("the file holds points without faces".into()),
    }
}

/// The integral of 1: `Z_000` is `sqrt(3 / 4 pi)`.
fn integral(moments: &[f64]) -> f64 {
    moments[0] * (4.0 * PI / 3.0).sqrt()
}

/// The mean place: `Z_11m` are `sqrt(15 / 4 pi)` times y, z, x.
fn centre(moments: &[f64]) -> [f64; 3] {
    let scale = (4.0 * PI / 15.0).sqrt() / integral(moments);
    [3, 1, 2].map(|i| moments.get(i).map_or(0.0, |c| c * scale))
}

/// Energy of each order, and the share of all up to there.
fn energies(order: usize, moments: Vec<f64>) -> Result<Vec<(f64, f64)>, SpectralError> {
    let energy = Coefficients::new(Basis::Zernike, order, moments)?.degree_energy();
    let whole: f64 = energy.iter().sum();
    let mut sum = 0.0;
    let with_share = |energy: f64| {
        sum += energy;
        (energy, sum / whole)
    };
    Ok(energy.into_iter().map(with_share).collect())
}
