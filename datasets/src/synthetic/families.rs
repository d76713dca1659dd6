//! The ten families. Each draws its own parameters; z is up and sizes are near 1.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use spectra_pointcloud::Mesh;

use super::builder::Builder;

/// Makes one random member of a family.
pub type Family = fn(&mut ChaCha8Rng) -> Mesh;

/// Name and maker of each family, in alphabetical order.
pub const FAMILIES: [(&str, Family); 10] = [
    ("chair", chair),
    ("gear", gear),
    ("helix", helix),
    ("knot", knot),
    ("mug", mug),
    ("shelf", shelf),
    ("superquadric", superquadric),
    ("table", table),
    ("torus", torus),
    ("vase", vase),
];

fn signed_power(base: f64, exponent: f64) -> f64 {
    base.signum() * base.abs().powf(exponent)
}

/// Barr (1981): an ellipsoid whose sines and cosines are raised to powers.
fn superquadric(rng: &mut ChaCha8Rng) -> Mesh {
    let (a, b) = (rng.random_range(0.25..2.2), rng.random_range(0.25..2.2));
    let size: [f64; 3] = std::array::from_fn(|_| rng.random_range(0.4..1.0));
    let mut builder = Builder::default();
    builder.patch(24, 24, |u, v| {
        let (eta, omega) = (PI * u - FRAC_PI_2, TAU * v - PI);
        let ring = signed_power(eta.cos(), a);
        [
            size[0] * ring * signed_power(omega.cos(), b),
            size[1] * ring * signed_power(omega.sin(), b),
            size[2] * signed_power(eta.sin(), a),
        ]
    });
    builder.mesh()
}

fn torus(rng: &mut ChaCha8Rng) -> Mesh {
    let tube = rng.random_range(0.12..0.42);
    let stretch = rng.random_range(0.6..1.0);
    let flat = rng.random_range(0.6..1.4);
    let mut builder = Builder::default();
    builder.patch(36, 16, |u, v| {
        let (ring, round) = (TAU * u, TAU * v);
        let radius = 1.0 + tube * round.cos();
        [
            radius * ring.cos(),
            stretch * radius * ring.sin(),
            flat * tube * round.sin(),
        ]
    });
    builder.mesh()
}

fn helix(rng: &mut ChaCha8Rng) -> Mesh {
    let turns = rng.random_range(2.0..5.0);
    let height = rng.random_range(1.2..2.6);
    let taper = rng.random_range(-0.5..0.5);
    let wire = rng.random_range(0.05..0.13);
    let mut builder = Builder::default();
    builder.tube(90, wire, |t| {
        let radius = 0.6 * (1.0 + taper * (t - 0.5));
        let angle = TAU * turns * t;
        [
            radius * angle.cos(),
            radius * angle.sin(),
            height * (t - 0.5),
        ]
    });
    builder.mesh()
}

/// Torus knots of 2 or 3 lobes.
fn knot(rng: &mut ChaCha8Rng) -> Mesh {
    let lobes = f64::from(rng.random_range(2..4_u32));
    let wind = if lobes == 2.0 { 3.0 } else { 2.0 };
    let depth = rng.random_range(0.3..0.5);
    let lift = rng.random_range(0.3..0.6);
    let wire = rng.random_range(0.08..0.16);
    let mut builder = Builder::default();
    builder.tube(140, wire, |t| {
        let angle = TAU * t;
        let radius = 1.0 + depth * (wind * angle).cos();
        [
            radius * (lobes * angle).cos(),
            radius * (lobes * angle).sin(),
            lift * (wind * angle).sin(),
        ]
    });
    builder.mesh()
}

/// A surface of revolution: belly, neck and lip of random width.
fn vase(rng: &mut ChaCha8Rng) -> Mesh {
    let [foot, belly, neck, lip]: [f64; 4] = [
        rng.random_range(0.25..0.5),
        rng.random_range(0.5..0.9),
        rng.random_range(0.12..0.35),
        rng.random_range(0.2..0.55),
    ];
    let height = rng.random_range(1.5..2.4);
    let mut builder = Builder::default();
    let knots = [0.0, foot, belly, 0.9 * belly, neck, lip];
    builder.turned(30, |u| {
        let place = u * (knots.len() - 1) as f64;
        let cell = (place as usize).min(knots.len() - 2);
        let share = place - cell as f64;
        let smooth = share * share * (3.0 - 2.0 * share);
        let radius = knots[cell] + smooth * (knots[cell + 1] - knots[cell]);
        (radius, height * ((u - 0.2).max(0.0) / 0.8 - 0.5))
    });
    builder.mesh()
}

/// An open cylinder with a bottom and a handle.
fn mug(rng: &mut ChaCha8Rng) -> Mesh {
    let radius = rng.random_range(0.4..0.6);
    let height = rng.random_range(0.8..1.3);
    let flare = rng.random_range(-0.15..0.2);
    let grip = rng.random_range(0.22..0.36) * height;
    let mut builder = Builder::default();
    let wall = |u: f64| radius * (1.0 + flare * (u - 0.5));
    builder.turned(12, |u| (wall(u), height * (u - 0.5)));
    builder.turned(4, |u| (u * wall(0.0), -height / 2.0));
    builder.tube(24, 0.07, |t| {
        let angle = PI * (t - 0.5);
        [
            wall(0.5) + 0.9 * grip * angle.cos(),
            0.0,
            grip * angle.sin(),
        ]
    });
    builder.mesh()
}

/// An extruded wheel with teeth and a hole.
fn gear(rng: &mut ChaCha8Rng) -> Mesh {
    let teeth = f64::from(rng.random_range(6..13_u32));
    let depth = rng.random_range(0.12..0.25);
    let hole = rng.random_range(0.15..0.45);
    let half = rng.random_range(0.1..0.3);
    let rim = |angle: f64| 1.0 + depth * (3.0 * (teeth * angle).sin()).tanh();
    let ring =
        |radius: f64, angle: f64, height: f64| [radius * angle.cos(), radius * angle.sin(), height];
    let mut builder = Builder::default();
    for height in [-half, half] {
        builder.patch(4, 96, |u, v| {
            let angle = TAU * v;
            ring(hole + u * (rim(angle) - hole), angle, height)
        });
    }
    builder.patch(2, 96, |u, v| {
        ring(rim(TAU * v), TAU * v, half * (2.0 * u - 1.0))
    });
    builder.patch(2, 48, |u, v| ring(hole, TAU * v, half * (2.0 * u - 1.0)));
    builder.mesh()
}

fn legs(builder: &mut Builder, half: [f64; 2], top: f64, height: f64, thick: f64) {
    for x in [-1.0, 1.0] {
        for y in [-1.0, 1.0] {
            builder.cuboid_at(
                [
                    x * (half[0] - thick / 2.0),
                    y * (half[1] - thick / 2.0),
                    top - height / 2.0,
                ],
                [thick, thick, height],
            );
        }
    }
}

fn chair(rng: &mut ChaCha8Rng) -> Mesh {
    let half = [rng.random_range(0.35..0.55), rng.random_range(0.35..0.55)];
    let height = rng.random_range(0.6..1.0);
    let back = rng.random_range(0.6..1.2);
    let thick = rng.random_range(0.05..0.12);
    let mut builder = Builder::default();
    builder.cuboid_at([0.0; 3], [2.0 * half[0], 2.0 * half[1], thick]);
    legs(&mut builder, half, 0.0, height, thick);
    builder.cuboid_at(
        [0.0, half[1] - thick / 2.0, back / 2.0],
        [2.0 * half[0], thick, back],
    );
    if rng.random_bool(0.4) {
        let rest = rng.random_range(0.2..0.4);
        for side in [-1.0, 1.0] {
            builder.cuboid_at([side * half[0], 0.0, rest], [thick, 1.8 * half[1], thick]);
            builder.cuboid_at(
                [side * half[0], -0.8 * half[1], rest / 2.0],
                [thick, thick, rest],
            );
        }
    }
    builder.mesh()
}

fn table(rng: &mut ChaCha8Rng) -> Mesh {
    let half = [rng.random_range(0.6..1.2), rng.random_range(0.4..0.8)];
    let height = rng.random_range(0.5..1.0);
    let thick = rng.random_range(0.05..0.12);
    let mut builder = Builder::default();
    if rng.random_bool(0.3) {
        builder.turned(6, |u| (u * half[0], 0.0));
        builder.turned(2, |u| (half[0], -thick * u));
        builder.turned(6, |u| (0.1, -height * u));
        builder.turned(3, |u| (0.5 * half[0] * u, -height));
    } else {
        builder.cuboid_at([0.0; 3], [2.0 * half[0], 2.0 * half[1], thick]);
        legs(&mut builder, half, 0.0, height, thick);
    }
    builder.mesh()
}

/// Boxes with parts: two sides, a back now and then, and a random number of boards.
fn shelf(rng: &mut ChaCha8Rng) -> Mesh {
    let (wide, deep, high) = (
        rng.random_range(0.5..1.2),
        rng.random_range(0.25..0.5),
        rng.random_range(1.2..2.2),
    );
    let thick = 0.05;
    let boards = rng.random_range(3..7_usize);
    let mut builder = Builder::default();
    for side in [-0.5, 0.5] {
        builder.cuboid_at([side * wide, 0.0, 0.0], [thick, deep, high]);
    }
    for board in 0..boards {
        let height = high * (board as f64 / (boards - 1) as f64 - 0.5);
        builder.cuboid_at([0.0, 0.0, height], [wide, deep, thick]);
    }
    if rng.random_bool(0.5) {
        builder.cuboid_at([0.0, deep / 2.0, 0.0], [wide, thick / 2.0, high]);
    }
    builder.mesh()
}
