//! 3D Zernike moments of weighted clouds, and densities from moments.

mod dispatch;
pub use dispatch::simd_level;
mod kernel;
pub mod naive;
mod tables;

use std::sync::Arc;

use rayon::prelude::*;

pub use kernel::ZernikeScratch;

use crate::{Basis, Real, SpectralError};
use kernel::BLOCK;
use tables::Tables;

/// Highest order that plans accept: accuracy is checked against the oracle up to 100.
pub const MAX_ORDER: usize = 128;

/// Flat index of `(n, l, m)`: n ascending, then l of n's parity, then m from -l to l.
///
/// `n - l` must be even and `|m| <= l <= n`; nothing is checked.
pub fn zernike_index(n: usize, l: usize, m: isize) -> usize {
    (n * (n + 1) * (n + 2) / 6 + l * l.saturating_sub(1) / 2 + l).wrapping_add_signed(m)
}

/// Moments of clouds with respect to all `Z_nlm`, `n <= order`, and densities from moments.
///
/// `Z_nlm(x) = R_nl(r) Y_lm(x / r)` with `R_nl = sqrt(2n+3) r^l P_k^(0, l+1/2)(2r^2 - 1)`, `k = (n-l)/2`
/// (after Canterakis 1999; orthonormal in the unit ball). A plan owns the constants of the recurrences;
/// it is immutable, cheap to clone and may be shared between threads.
///
/// Cost of one cloud of P points: about `P (N+1)(N+2)(N+3)/3` floating-point operations for the
/// products and half as many for the tables. SIMD is chosen when the plan is used.
#[derive(Debug, Clone)]
pub struct ZernikePlan<T: Real> {
    order: usize,
    tables: Arc<Tables<T>>,
}

impl<T: Real> ZernikePlan<T> {
    /// A plan for all functions with `n <= order`.
    ///
    /// # Errors
    /// [`SpectralError::Order`] above [`MAX_ORDER`].
    pub fn new(order: usize) -> Result<Self, SpectralError> {
        if order > MAX_ORDER {
            return Err(SpectralError::Order {
                expected: "at most 128",
                found: order,
            });
        }
        Ok(Self {
            order,
            tables: Arc::new(Tables::new(order)),
        })
    }

    /// The highest n.
    pub fn order(&self) -> usize {
        self.order
    }

    /// Number of coefficients, `(N+1)(N+2)(N+3)/6`.
    pub fn count(&self) -> usize {
        Basis::Zernike.count(self.order)
    }

    /// Working memory for [`Self::moments_into`]; reusable for any number of clouds.
    pub fn scratch(&self) -> ZernikeScratch<T> {
        ZernikeScratch::new(self.order)
    }

    /// Moments `c_nlm = sum_i w_i Z_nlm(x_i)` in flat order.
    ///
    /// `points` is shape [P], each in the unit ball; `weights` is shape [P], or `None` for 1/P each.
    ///
    /// # Errors
    /// No points, lengths that differ, a value that is not finite, a point outside the ball.
    pub fn moments(
        &self,
        points: &[[T; 3]],
        weights: Option<&[T]>,
    ) -> Result<Vec<T>, SpectralError> {
        let mut out = vec![T::ZERO; self.count()];
        self.moments_into(points, weights, &mut self.scratch(), &mut out)?;
        Ok(out)
    }

    /// As [`Self::moments`], into `out` of shape [count], allocating nothing.
    ///
    /// # Errors
    /// As [`Self::moments`]; also if `out` or `scratch` belong to another order.
    pub fn moments_into(
        &self,
        points: &[[T; 3]],
        weights: Option<&[T]>,
        scratch: &mut ZernikeScratch<T>,
        out: &mut [T],
    ) -> Result<(), SpectralError> {
        check_points(points)?;
        check_length("out", self.count(), out.len())?;
        check_length("scratch", self.count(), scratch.sums.len())?;
        if let Some(weights) = weights {
            check_length("weights", points.len(), weights.len())?;
            check_finite("weight", weights)?;
        }
        let equal = T::from_f64(1.0 / points.len() as f64);
        scratch.sums.fill(T::ZERO);
        for (block, chunk) in points.chunks(BLOCK).enumerate() {
            let weights = weights.map(|w| &w[block * BLOCK..][..chunk.len()]);
            load(scratch, chunk, |i| weights.map_or(equal, |w| w[i]));
            dispatch::accumulate(&self.tables, self.order, scratch);
        }
        self.scatter(&scratch.sums, out);
        Ok(())
    }

    /// Moments of many clouds with equal weights, in parallel over clouds.
    ///
    /// # Errors
    /// As [`Self::moments`], for the first cloud that fails.
    pub fn moments_batch(&self, clouds: &[&[[T; 3]]]) -> Result<Vec<Vec<T>>, SpectralError> {
        clouds
            .par_iter()
            .map_init(
                || self.scratch(),
                |scratch, cloud| {
                    let mut out = vec![T::ZERO; self.count()];
                    self.moments_into(cloud, None, scratch, &mut out)?;
                    Ok(out)
                },
            )
            .collect()
    }

    /// The density `sum c_nlm Z_nlm(x)` at each of `points`, shape [P].
    ///
    /// # Errors
    /// `coefficients` of another length than [`Self::count`]; points as in [`Self::moments`].
    pub fn evaluate(&self, coefficients: &[T], points: &[[T; 3]]) -> Result<Vec<T>, SpectralError> {
        check_length("coefficients", self.count(), coefficients.len())?;
        check_points(points)?;
        let mut scratch = self.scratch();
        self.gather(coefficients, &mut scratch.sums);
        let mut out = Vec::with_capacity(points.len());
        let mut density = vec![T::ZERO; BLOCK];
        for chunk in points.chunks(BLOCK) {
            load(&mut scratch, chunk, |_| T::ONE);
            dispatch::synthesise(&self.tables, self.order, &mut scratch, &mut density);
            out.extend_from_slice(&density[..chunk.len()]);
        }
        Ok(out)
    }

    /// All `Z_nlm` at one point, in flat order.
    ///
    /// # Errors
    /// A point that is not finite or outside the ball.
    pub fn functions(&self, point: [T; 3]) -> Result<Vec<T>, SpectralError> {
        self.moments(&[point], Some(&[T::ONE]))
    }

    fn for_each_place(&self, mut visit: impl FnMut(usize, usize, T)) {
        let mut place = 0;
        for l in 0..=self.order {
            for k in 0..=(self.order - l) / 2 {
                let n = l + 2 * k;
                let first = zernike_index(n, l, -(l as isize));
                for offset in 0..2 * l + 1 {
                    visit(place, first + offset, self.tables.norm[n]);
                    place += 1;
                }
            }
        }
    }

    fn scatter(&self, sums: &[T], out: &mut [T]) {
        self.for_each_place(|place, flat, norm| out[flat] = norm * sums[place]);
    }

    fn gather(&self, coefficients: &[T], sums: &mut [T]) {
        self.for_each_place(|place, flat, norm| sums[place] = norm * coefficients[flat]);
    }
}

fn load<T: Real>(scratch: &mut ZernikeScratch<T>, chunk: &[[T; 3]], weight: impl Fn(usize) -> T) {
    let [x, y, z, w, r2, ..] = &mut scratch.input;
    for i in 0..BLOCK {
        // A padded place is the origin with weight zero: it adds nothing.
        let [px, py, pz] = chunk.get(i).copied().unwrap_or_default();
        (x[i], y[i], z[i]) = (px, py, pz);
        r2[i] = px * px + py * py + pz * pz;
        w[i] = if i < chunk.len() { weight(i) } else { T::ZERO };
    }
}

fn check_length(what: &'static str, expected: usize, found: usize) -> Result<(), SpectralError> {
    if expected == found {
        Ok(())
    } else {
        Err(SpectralError::Length {
            what,
            expected,
            found,
        })
    }
}

fn check_finite<T: Real>(what: &'static str, values: &[T]) -> Result<(), SpectralError> {
    match values.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(SpectralError::NotFinite { what, index }),
        None => Ok(()),
    }
}

fn check_points<T: Real>(points: &[[T; 3]]) -> Result<(), SpectralError> {
    if points.is_empty() {
        return Err(SpectralError::Empty { what: "points" });
    }
    let limit = T::ONE + T::RADIUS_SLACK;
    for (index, [x, y, z]) in points.iter().copied().enumerate() {
        let r2 = x * x + y * y + z * z;
        if !r2.is_finite() {
            return Err(SpectralError::NotFinite {
                what: "point",
                index,
            });
        }
        if r2 > limit {
            return Err(SpectralError::OutsideBall {
                index,
                radius: r2.to_f64().sqrt(),
            });
        }
    }
    Ok(())
}
