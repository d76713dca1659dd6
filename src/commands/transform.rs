//! `spectra transform`: coefficients of one shape.

use serde_json::json;
use spectra_pointcloud::{Limits, Shape, UnitCloud, read_path, unit_cloud};
use spectra_spectral::compat::radius_fit;
use spectra_spectral::{
    Basis, Coefficients, ZernikePlan, power_spectrum, spherical_from_cloud, zernike_invariants,
};

use crate::cli;
use crate::outcome::{Outcome, Usage, say};

pub fn run(options: &cli::Transform) -> anyhow::Result<Outcome> {
    if options.power && options.invariants {
        return Err(Usage("--power and --invariants: choose one".into()).into());
    }
    let (basis, order) = (options.transform.basis(), options.transform.order());
    let shape = read_path(&options.file, &Limits::default())?;
    let (cloud, weights) = if options.raw {
        as_it_stands(&shape)
    } else {
        (sampled(&shape, options)?, None)
    };
    if weights.is_some() && basis != Basis::Zernike {
        let message = format!(
            "--basis {basis}: {} has weights, which zernike alone takes with --raw; expected a file of points without weights",
            options.file.display()
        );
        return Err(Usage(message).into());
    }
    let coefficients = coefficients(&cloud, weights, basis, order)?;
    let values = match (options.power, options.invariants, basis) {
        (true, _, Basis::Spherical) | (_, true, Basis::Spherical) => power_spectrum(&coefficients)?,
        (true, _, Basis::Zernike) => Coefficients::new(basis, order, coefficients)?.degree_energy(),
        (_, true, Basis::Zernike) => zernike_invariants(order, &coefficients)?,
        (true, _, Basis::Radius) | (_, true, Basis::Radius) => {
            let message = "--power and --invariants: need a basis of zernike or spherical; a radius fit has neither";
            return Err(Usage(message.into()).into());
        }
        _ => coefficients,
    };
    if options.json {
        let name = if options.power {
            "power"
        } else if options.invariants {
            "invariants"
        } else {
            "coefficients"
        };
        let value = json!({
            "basis": basis, "order": order, "points": cloud.points.len(),
            "center": cloud.center, "scale": cloud.scale, name: values,
        });
        say!("{value}");
    } else {
        for value in values {
            say!("{value:e}");
        }
    }
    Ok(Outcome::Done)
}

fn sampled(shape: &Shape, options: &cli::Transform) -> anyhow::Result<UnitCloud> {
    Ok(unit_cloud(
        shape,
        options.transform.points(),
        options.transform.seed(),
        0,
    )?)
}

/// The points of the file, and its weights.
fn as_it_stands(shape: &Shape) -> (UnitCloud, Option<&[f64]>) {
    let weights = match shape {
        Shape::Cloud(cloud) => cloud.weights.as_deref(),
        Shape::Mesh(_) => None,
    };
    (
        UnitCloud {
            points: shape.points().to_vec(),
            center: [0.0; 3],
            scale: 1.0,
        },
        weights,
    )
}

/// Refuses an order that the basis does not have.
pub fn check_order(basis: Basis, order: usize) -> Result<(), Usage> {
    basis
        .check_order(order)
        .map_err(|error| Usage(format!("--order: {error}")))
}

/// Coefficients of a cloud in flat order, in f64.
pub fn coefficients(
    cloud: &UnitCloud,
    weights: Option<&[f64]>,
    basis: Basis,
    order: usize,
) -> anyhow::Result<Vec<f64>> {
    check_order(basis, order)?;
    Ok(match basis {
        Basis::Zernike => ZernikePlan::<f64>::new(order)?.moments(&cloud.points, weights)?,
        Basis::Spherical => spherical_from_cloud(&cloud.points, order)?,
        Basis::Radius => radius_fit(&cloud.points)?.to_vec(),
    })
}
