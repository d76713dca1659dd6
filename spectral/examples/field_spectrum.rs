//! The power spectrum of a field on the sphere: `cargo run --example field_spectrum [-- FILE.csv [LMAX]]`.
//!
//! FILE holds one row of numbers for each ring of latitude, north to south, each row eastward: cells of equal angles, the first row half a
//! step below the pole, as maps of heights or temperatures come. Without a file the field is a sum of two smooth bumps on a Gauss-Legendre grid.
//! Prints for each degree its angular size, its energy and the share of the energy that a cut there would lose.

use spectra_spectral::{Basis, Coefficients, SphereGrid, SphericalPlan};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let (grid, field) = match words.next() {
        Some(file) => table(&std::fs::read_to_string(file)?)?,
        None => bumps(SphereGrid::gauss_legendre(31)?),
    };
    let most = grid.band_limit().unwrap_or(0);
    let lmax = words.next().map_or(Ok(most), |text| text.parse())?;
    let plan = SphericalPlan::<f64>::new(grid, lmax)?;
    let coefficients = Coefficients::new(Basis::Spherical, lmax, plan.analysis(&field)?)?;
    let energy = coefficients.degree_energy();
    println!("degree,half_wave_degrees,energy,share_lost_above");
    for (l, energy) in energy.iter().enumerate() {
        let size = if l == 0 { 360.0 } else { 180.0 / l as f64 };
        println!(
            "{l},{size:.2},{energy:e},{:e}",
            coefficients.truncation_error(l)
        );
    }
    let enough = (0..=lmax)
        .find(|&l| coefficients.truncation_error(l) <= 0.01)
        .unwrap_or(lmax);
    let mean = coefficients.values()[0] / (4.0 * std::f64::consts::PI).sqrt();
    println!("# mean over the sphere {mean:e}; 99 % of the energy lies up to degree {enough}");
    let back = plan.synthesis(coefficients.values())?;
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let missed = square(&mut back.iter().zip(&field).map(|(a, b)| a - b));
    let size = square(&mut field.iter().copied());
    println!(
        "# the field less what degrees to {lmax} hold: {:e} of it",
        missed / size
    );
    Ok(())
}

fn table(text: &str) -> Result<(SphereGrid, Vec<f64>), Failure> {
    let mut field = Vec::new();
    let (mut rings, mut longitudes) = (0, 0);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let before = field.len();
        for number in line.split(',') {
            field.push(number.trim().parse::<f64>()?);
        }
        let width = field.len() - before;
        if rings > 0 && width != longitudes {
            return Err(format!("row {} has {width} numbers, not {longitudes}", rings + 1).into());
        }
        (rings, longitudes) = (rings + 1, width);
    }
    Ok((SphereGrid::equiangular(rings, longitudes)?, field))
}

fn bumps(grid: SphereGrid) -> (SphereGrid, Vec<f64>) {
    let bumps = [([0.0, 0.6, 0.8], 9.0), ([0.8, 0.0, -0.6], 25.0)];
    let value = |(theta, phi): (f64, f64)| -> f64 {
        let at = [
            theta.sin() * phi.cos(),
            theta.sin() * phi.sin(),
            theta.cos(),
        ];
        let bump = |([x, y, z], sharp): ([f64; 3], f64)| {
            (sharp * (at[0] * x + at[1] * y + at[2] * z - 1.0)).exp()
        };
        bumps.map(bump).iter().sum()
    };
    let field = grid.angles().map(value).collect();
    (grid, field)
}
