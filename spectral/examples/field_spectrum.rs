//! The power spectrum of a field on a grid: `cargo run --example field_spectrum [LMAX]`.
//!
//! The field is a sum of smooth bumps on a Gauss-Legendre grid; prints degree, energy and the share that a cut there would lose.

use spectra_spectral::{Basis, Coefficients, SphereGrid, SphericalPlan};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let lmax = std::env::args()
        .nth(1)
        .map_or(Ok(31), |text| text.parse())?;
    let grid = SphereGrid::gauss_legendre(lmax)?;
    let bumps = [([0.0, 0.6, 0.8], 9.0), ([0.8, 0.0, -0.6], 25.0)];
    let mut field = Vec::new();
    for ring in grid.rings() {
        let (sin, cos) = ring.theta.sin_cos();
        for k in 0..ring.longitudes {
            let phi = ring.first + std::f64::consts::TAU * k as f64 / ring.longitudes as f64;
            let at = [sin * phi.cos(), sin * phi.sin(), cos];
            let value = |([x, y, z], sharp): ([f64; 3], f64)| {
                (sharp * (at[0] * x + at[1] * y + at[2] * z - 1.0)).exp()
            };
            field.push(bumps.map(value).iter().sum());
        }
    }
    let plan = SphericalPlan::<f64>::new(grid, lmax)?;
    let coefficients = Coefficients::new(Basis::Spherical, lmax, plan.analysis(&field)?)?;
    println!("degree,energy,lost_above");
    for (l, energy) in coefficients.degree_energy().iter().enumerate() {
        println!("{l},{energy:e},{:e}", coefficients.truncation_error(l));
    }
    let back = plan.synthesis(coefficients.values())?;
    let worst = back
        .iter()
        .zip(&field)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max);
    println!("# largest difference of the field after the round trip: {worst:e}");
    Ok(())
}
