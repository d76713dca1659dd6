//! Rotations of coefficients by real Wigner matrices.
//!
//! Active, with column vectors: rotating a cloud, x' = R x, turns its coefficients by a'_l = D^l(R) a_l. With ZYZ angles,
//! `D = Z(a) J Z(-b) J Z(c)`: Z turns about the axis z, which mixes only m and -m, and J exchanges the axes y and z. J does not
//! depend on the rotation; see the module `quarter`. So a rotation is three angles, made in O(lmax), and costs half the
//! operations of a product with D.
//!
//! The J of each degree is computed anew for each use, in working memory of `8 l^2` bytes (0.6 MB at degree 255, reused from degree to
//! degree): that takes less time than to read it from memory. A batch and all shells of a degree share one J.

mod kernel;
pub mod naive;
mod quarter;
mod turn;

use nalgebra::{Rotation3, UnitQuaternion};
use pulp::Arch;
use rayon::prelude::*;

use crate::check::{check_finite, check_length, no_expansion};
use crate::simd::Aligned;
use crate::{Basis, Real, SpectralError};
use kernel::{Exchange, Places};
use quarter::{Fill, LANES, Quarter};
use turn::{Turn, principal};

pub use quarter::MAX_DEGREE;

/// One rotation, for spherical and Zernike coefficients alike, up to a degree.
///
/// Made from any angles; what is not finite is refused when it is applied. Computed in f64 for either type of coefficients; error about 1e-15 times the norm of a degree, 1e-13 at degree 255.
///
/// ```
/// use spectra_spectral::{Rotation, ZernikePlan};
///
/// let plan = ZernikePlan::<f64>::new(8)?;
/// let rotation = Rotation::from_euler_zyz(0.3, 1.1, -2.0, 8);
/// let point = [0.2, -0.4, 0.5];
/// let mut turned = plan.moments(&[point], None)?;
/// rotation.apply_zernike(8, &mut turned)?;
/// let again = plan.moments(&[rotation.point(point)], None)?;
/// assert!(turned.iter().zip(&again).all(|(a, b)| (a - b).abs() < 1e-13));
/// # Ok::<(), spectra_spectral::SpectralError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Rotation {
    lmax: usize,
    angles: [f64; 3],
    first: Turn,
    /// None where the rotation is one about z, which `first` alone makes.
    rest: Option<[Turn; 2]>,
}

/// Working memory of rotations: once grown to the largest degree and batch, nothing is allocated.
#[derive(Debug, Clone, Default)]
pub struct RotationScratch {
    quarter: Quarter,
    now: Aligned<f64>,
    next: Aligned<f64>,
    /// Where the sets of a degree begin.
    starts: Vec<usize>,
}

impl Rotation {
    /// A rotation by `angle` radians about +z. Applying it costs O(K).
    pub fn about_z(angle: f64, lmax: usize) -> Self {
        Self {
            lmax,
            angles: [angle, 0.0, 0.0],
            first: Turn::new(angle, lmax),
            rest: None,
        }
    }

    /// Rz(a) Ry(b) Rz(c), angles in radians. O(lmax).
    pub fn from_euler_zyz(a: f64, b: f64, c: f64, lmax: usize) -> Self {
        if b == 0.0 {
            return Self::about_z(principal(a) + principal(c), lmax);
        }
        Self {
            lmax,
            angles: [a, b, c],
            first: Turn::new(c, lmax),
            rest: Some([Turn::new(-b, lmax), Turn::new(a, lmax)]),
        }
    }

    /// Any rotation of space, its matrix orthonormal. O(lmax).
    pub fn from_rotation3(rotation: &Rotation3<f64>, lmax: usize) -> Self {
        let r = rotation.matrix();
        let (x, y) = (r[(0, 2)], r[(1, 2)]);
        let a = if x == 0.0 && y == 0.0 {
            0.0
        } else {
            y.atan2(x)
        };
        let b = x.hypot(y).atan2(r[(2, 2)]);
        // What is left after a and b is a turn about z; taken so, it is right where b is near 0 or pi too.
        let (sin, cos) = a.sin_cos();
        let along = |column: usize| -sin * r[(0, column)] + cos * r[(1, column)];
        let c = along(0).atan2(along(1));
        Self::from_euler_zyz(a, b, c, lmax)
    }

    /// The rotation of a quaternion. O(lmax).
    pub fn from_quaternion(quaternion: &UnitQuaternion<f64>, lmax: usize) -> Self {
        Self::from_rotation3(&quaternion.to_rotation_matrix(), lmax)
    }

    /// The highest degree.
    pub fn lmax(&self) -> usize {
        self.lmax
    }

    /// The angles a, b, c of Rz(a) Ry(b) Rz(c), in radians.
    pub fn euler_zyz(&self) -> [f64; 3] {
        self.angles
    }

    /// The rotation that undoes this one.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let [a, b, c] = self.angles;
        Self::from_euler_zyz(-c, -b, -a, self.lmax)
    }

    /// Where the rotation takes a point.
    pub fn point(&self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        let turn = |angle: f64, u: f64, v: f64| {
            let (sin, cos) = angle.sin_cos();
            (u * cos - v * sin, u * sin + v * cos)
        };
        let [a, b, c] = self.angles;
        let (x, y) = turn(c, x, y);
        let (z, x) = turn(b, z, x);
        let (x, y) = turn(a, x, y);
        [x, y, z]
    }

    /// The real Wigner matrix D^l, row by row, `(2l+1)^2` values, rows and columns m = -l..l. O(l^3).
    ///
    /// # Errors
    /// A degree above that of the rotation or [`MAX_DEGREE`], angles that are not finite.
    pub fn matrix(&self, l: usize) -> Result<Vec<f64>, SpectralError> {
        self.check_order(l)?;
        check_finite("angle of a rotation", &self.angles)?;
        let width = 2 * l + 1;
        // Sets of one degree, stored one after the other, are the columns of D: transpose.
        let mut columns = vec![0.0; width * width];
        (0..width).for_each(|i| columns[i * width + i] = 1.0);
        let starts: Vec<usize> = (0..width).map(|i| i * width).collect();
        self.degree(l, &starts, &mut columns, &mut RotationScratch::default());
        let entry = |i: usize| columns[i % width * width + i / width];
        Ok((0..width * width).map(entry).collect())
    }

    /// Rotates coefficients of either basis up to `order` (flat order) in place.
    ///
    /// # Errors
    /// As [`apply_zernike`](Self::apply_zernike) and [`apply_spherical`](Self::apply_spherical); a radius fit, which does not turn.
    pub fn apply<T: Real>(
        &self,
        basis: Basis,
        order: usize,
        coefficients: &mut [T],
    ) -> Result<(), SpectralError> {
        match basis {
            Basis::Zernike => self.apply_zernike(order, coefficients),
            Basis::Spherical => self.apply_spherical(coefficients),
            Basis::Radius => Err(no_expansion("basis to rotate")),
        }
    }

    /// Rotates spherical coefficients (flat order, up to at most the degree of the rotation) in place. O(L^3).
    ///
    /// # Errors
    /// A length that is not `(L + 1)^2` with `L` at most the degree of the rotation and [`MAX_DEGREE`]; values or angles that are not finite.
    pub fn apply_spherical<T: Real>(&self, coefficients: &mut [T]) -> Result<(), SpectralError> {
        self.apply_spherical_with(coefficients, &mut RotationScratch::default())
    }

    /// As [`apply_spherical`](Self::apply_spherical), with working memory of the caller.
    ///
    /// # Errors
    /// As [`apply_spherical`](Self::apply_spherical).
    pub fn apply_spherical_with<T: Real>(
        &self,
        coefficients: &mut [T],
        scratch: &mut RotationScratch,
    ) -> Result<(), SpectralError> {
        let degrees = coefficients.len().isqrt();
        if degrees * degrees != coefficients.len()
            || degrees > self.lmax.saturating_add(1)
            || degrees == 0
        {
            return Err(SpectralError::Value {
                what: "number of spherical coefficients",
                expected: "(L + 1)^2, with L at most the degree of the rotation",
                found: coefficients.len().to_string(),
            });
        }
        check_degree(degrees - 1)?;
        self.check_values(coefficients)?;
        self.spherical_sets(degrees - 1, coefficients, scratch);
        Ok(())
    }

    /// Rotates many sets of spherical coefficients up to `degree`, `[sets, count]` row by row, in parallel over groups of sets.
    ///
    /// # Errors
    /// A degree above that of the rotation or [`MAX_DEGREE`], a length that is not a multiple of the count, values or angles that
    /// are not finite.
    pub fn apply_spherical_batch<T: Real>(
        &self,
        degree: usize,
        sets: &mut [T],
    ) -> Result<(), SpectralError> {
        self.check_order(degree)?;
        let count = Basis::Spherical.count(degree);
        check_sets("sets of spherical coefficients", count, sets.len())?;
        self.check_values(sets)?;
        sets.par_chunks_mut(count * LANES).for_each_init(
            RotationScratch::default,
            |scratch, group| {
                self.spherical_sets(degree, group, scratch);
            },
        );
        Ok(())
    }

    /// Rotates Zernike coefficients of `order` (flat order) in place, all shells of a degree in one product. O(N^4).
    ///
    /// # Errors
    /// A length that does not fit the order; an order above the degree of the rotation or [`MAX_DEGREE`]; values or angles that are not
    /// finite.
    pub fn apply_zernike<T: Real>(
        &self,
        order: usize,
        coefficients: &mut [T],
    ) -> Result<(), SpectralError> {
        self.apply_zernike_with(order, coefficients, &mut RotationScratch::default())
    }

    /// As [`apply_zernike`](Self::apply_zernike), with working memory of the caller.
    ///
    /// # Errors
    /// As [`apply_zernike`](Self::apply_zernike).
    pub fn apply_zernike_with<T: Real>(
        &self,
        order: usize,
        coefficients: &mut [T],
        scratch: &mut RotationScratch,
    ) -> Result<(), SpectralError> {
        self.check_order(order)?;
        check_length(
            "Zernike coefficients",
            Basis::Zernike.count(order),
            coefficients.len(),
        )?;
        self.check_values(coefficients)?;
        self.zernike_sets(order, coefficients, scratch);
        Ok(())
    }

    /// Rotates many sets of Zernike coefficients, `[sets, count]` row by row, in parallel over groups of sets.
    ///
    /// # Errors
    /// As [`apply_zernike`](Self::apply_zernike), for a length that is not a multiple of the count.
    pub fn apply_zernike_batch<T: Real>(
        &self,
        order: usize,
        sets: &mut [T],
    ) -> Result<(), SpectralError> {
        self.check_order(order)?;
        let count = Basis::Zernike.count(order);
        check_sets("sets of Zernike coefficients", count, sets.len())?;
        self.check_values(sets)?;
        sets.par_chunks_mut(count * LANES).for_each_init(
            RotationScratch::default,
            |scratch, group| {
                self.zernike_sets(order, group, scratch);
            },
        );
        Ok(())
    }

    fn check_order(&self, order: usize) -> Result<(), SpectralError> {
        if order > self.lmax {
            return Err(SpectralError::Order {
                expected: "at most the degree of the rotation",
                found: order,
            });
        }
        check_degree(order)
    }

    fn check_values<T: Real>(&self, values: &[T]) -> Result<(), SpectralError> {
        check_finite("angle of a rotation", &self.angles)?;
        check_finite("coefficient", values)
    }

    fn spherical_sets<T: Real>(
        &self,
        degree: usize,
        sets: &mut [T],
        scratch: &mut RotationScratch,
    ) {
        let count = Basis::Spherical.count(degree);
        let mut starts = std::mem::take(&mut scratch.starts);
        for l in 0..=degree {
            starts.clear();
            starts.extend((0..sets.len() / count).map(|set| set * count + l * l));
            self.degree(l, &starts, sets, scratch);
        }
        scratch.starts = starts;
    }

    fn zernike_sets<T: Real>(&self, order: usize, sets: &mut [T], scratch: &mut RotationScratch) {
        let count = Basis::Zernike.count(order);
        let mut starts = std::mem::take(&mut scratch.starts);
        for l in 0..=order {
            let lowest = |set: usize| {
                (l..=order)
                    .step_by(2)
                    .map(move |n| set * count + crate::zernike_index(n, l, -(l as isize)))
            };
            starts.clear();
            starts.extend((0..sets.len() / count).flat_map(lowest));
            self.degree(l, &starts, sets, scratch);
        }
        scratch.starts = starts;
    }

    /// Rotates the sets of 2l+1 values that begin at `starts`.
    fn degree<T: Real>(
        &self,
        l: usize,
        starts: &[usize],
        values: &mut [T],
        scratch: &mut RotationScratch,
    ) {
        let Some([second, third]) = &self.rest else {
            for &start in starts {
                self.first.in_place(l, &mut values[start..][..2 * l + 1]);
            }
            return;
        };
        let columns = match starts.len() {
            1 => 1,
            many => many.next_multiple_of(LANES),
        };
        let at = Places::of(l, columns);
        let RotationScratch {
            quarter, now, next, ..
        } = scratch;
        let (now, next) = (now.zeros(at.len()), next.zeros(at.len()));
        for parity in 0..2 {
            let (cos, sin) = at.pair(parity, now);
            for (column, &start) in starts.iter().enumerate() {
                let set = &values[start..][..2 * l + 1];
                for (j, m) in (parity..=l).step_by(2).enumerate() {
                    cos[j * columns + column] = set[l + m].to_f64();
                    sin[j * columns + column] = set[l - m].to_f64();
                }
            }
        }
        // Nothing has a sine of order 0.
        let [_, sine] = at.of_order(0);
        now[sine..][..columns].fill(0.0);
        let arch = Arch::new();
        Fill { l, quarter }.run(arch);
        self.first.split(l, columns, now);
        Exchange {
            quarter,
            columns,
            input: now,
            output: next,
        }
        .run(arch);
        second.split(l, columns, next);
        Exchange {
            quarter,
            columns,
            input: next,
            output: now,
        }
        .run(arch);
        third.split(l, columns, now);
        for parity in 0..2 {
            let (cos, sin) = at.pair(parity, now);
            for (column, &start) in starts.iter().enumerate() {
                let set = &mut values[start..][..2 * l + 1];
                // The sine of order 0 goes first, where the cosine replaces it.
                for (j, m) in (parity..=l).step_by(2).enumerate() {
                    set[l - m] = T::from_f64(sin[j * columns + column]);
                    set[l + m] = T::from_f64(cos[j * columns + column]);
                }
            }
        }
    }
}

fn check_sets(what: &'static str, count: usize, found: usize) -> Result<(), SpectralError> {
    check_length(what, found.next_multiple_of(count), found)
}

fn check_degree(l: usize) -> Result<(), SpectralError> {
    if l <= MAX_DEGREE {
        return Ok(());
    }
    Err(SpectralError::Order {
        expected: "at most 512",
        found: l,
    })
}

#[cfg(test)]
mod tests;
