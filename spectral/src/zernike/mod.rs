//! 3D Zernike moments of weighted clouds, and densities from moments.

mod density;
pub(crate) mod gradient;
mod mesh;
mod mirrored;
pub mod naive;
pub(crate) mod parity;
pub(crate) mod product;
mod sweep;
pub(crate) mod synthesis;
mod tables;
mod voxels;

use std::sync::Arc;

use pulp::Arch;
use rayon::prelude::*;

pub use gradient::{CloudGradient, GradientScratch};
pub use sweep::ZernikeScratch;
pub use voxels::VoxelGrid;

use crate::check::{check_finite, check_length, check_order, check_points};
use crate::{Basis, Real, SpectralError};
use product::{Accumulate, HELD, Reduce};
use sweep::block_points;
use synthesis::Synthesise;
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
/// products and half as many for the tables. SIMD is chosen when the plan is made.
#[derive(Debug, Clone)]
pub struct ZernikePlan<T: Real> {
    order: usize,
    tables: Arc<Tables<T>>,
    arch: Arch,
}

impl<T: Real> ZernikePlan<T> {
    /// A plan for all functions with `n <= order`.
    ///
    /// # Errors
    /// [`SpectralError::Order`] above [`MAX_ORDER`].
    pub fn new(order: usize) -> Result<Self, SpectralError> {
        check_order(Basis::Zernike, order)?;
        Ok(Self {
            order,
            tables: Arc::new(Tables::new(order)),
            arch: Arch::new(),
        })
    }

    /// The highest n.
    pub fn order(&self) -> usize {
        self.order
    }

    /// Bytes of the plan's tables, which clones share; see also [`ZernikeScratch::bytes`].
    pub fn bytes(&self) -> usize {
        self.tables.bytes()
    }

    /// Number of coefficients, `(N+1)(N+2)(N+3)/6`.
    pub fn count(&self) -> usize {
        Basis::Zernike.count(self.order)
    }

    /// Working memory for [`Self::moments_into`] and [`Self::evaluate_into`]; reusable for any number of clouds.
    pub fn scratch(&self) -> ZernikeScratch<T> {
        ZernikeScratch::new(self.order)
    }

    /// Moments `c_nlm = sum_i w_i Z_nlm(x_i)` in flat order.
    ///
    /// `points` is shape `[P]`, each in the unit ball; `weights` is shape `[P]`, or `None` for 1/P each.
    ///
    /// # Errors
    /// No points, lengths that differ, a value that is not finite, a point outside the ball.
    pub fn moments(
        &self,
        points: &[[T; 3]],
        weights: Option<&[T]>,
    ) -> Result<Vec<T>, SpectralError> {
        let mut out = vec![T::ZERO; self.count()];
        self.moments_into(points, weights, &mut out, &mut self.scratch())?;
        Ok(out)
    }

    /// As [`Self::moments`], into `out` of shape `[count]`, allocating nothing.
    ///
    /// # Errors
    /// As [`Self::moments`]; also if `out` or `scratch` belong to another order.
    pub fn moments_into(
        &self,
        points: &[[T; 3]],
        weights: Option<&[T]>,
        out: &mut [T],
        scratch: &mut ZernikeScratch<T>,
    ) -> Result<(), SpectralError> {
        check_points(points)?;
        check_length("out", self.count(), out.len())?;
        check_length("scratch", self.count(), scratch.sums.len())?;
        if let Some(weights) = weights {
            check_length("weights", points.len(), weights.len())?;
            check_finite("weight", weights)?;
        }
        let equal = T::from_f64(1.0 / points.len() as f64);
        self.sum_blocks(points, |i| weights.map_or(equal, |w| w[i]), scratch);
        self.scatter(&scratch.sums, out);
        Ok(())
    }

    /// Moments of many clouds with equal weights, in parallel over clouds.
    ///
    /// # Errors
    /// [`SpectralError::Cloud`], for the first cloud that [`Self::moments`] would refuse.
    pub fn moments_batch(&self, clouds: &[&[[T; 3]]]) -> Result<Vec<Vec<T>>, SpectralError> {
        // Checked first, so that the error does not depend on which cloud a thread comes to first.
        for (index, cloud) in clouds.iter().enumerate() {
            check_points(cloud).map_err(|error| SpectralError::Cloud {
                index,
                error: Box::new(error),
            })?;
        }
        clouds
            .par_iter()
            .map_init(
                || self.scratch(),
                |scratch, cloud| {
                    let mut out = vec![T::ZERO; self.count()];
                    self.moments_into(cloud, None, &mut out, scratch)?;
                    Ok(out)
                },
            )
            .collect()
    }

    /// The density `sum c_nlm Z_nlm(x)` at each of `points`, shape `[P]`.
    ///
    /// # Errors
    /// `coefficients` of another length than [`Self::count`] or not finite; points as in [`Self::moments`].
    pub fn evaluate(&self, coefficients: &[T], points: &[[T; 3]]) -> Result<Vec<T>, SpectralError> {
        let mut out = vec![T::ZERO; points.len()];
        self.evaluate_into(coefficients, points, &mut out, &mut self.scratch())?;
        Ok(out)
    }

    /// As [`Self::evaluate`], into `out` of shape `[P]`, allocating nothing.
    ///
    /// # Errors
    /// As [`Self::evaluate`]; also if `out` has another length or `scratch` belongs to another order.
    pub fn evaluate_into(
        &self,
        coefficients: &[T],
        points: &[[T; 3]],
        out: &mut [T],
        scratch: &mut ZernikeScratch<T>,
    ) -> Result<(), SpectralError> {
        check_length("coefficients", self.count(), coefficients.len())?;
        check_finite("coefficient", coefficients)?;
        check_points(points)?;
        check_length("out", points.len(), out.len())?;
        check_length("scratch", self.count(), scratch.sums.len())?;
        self.gather(coefficients, &mut scratch.sums);
        let block = block_points::<T>();
        for (chunk, out) in points.chunks(block).zip(out.chunks_mut(block)) {
            scratch.sweep.load(chunk, |_| T::ONE);
            self.synthesise(chunk.len(), scratch);
            out.copy_from_slice(&scratch.weighted[..chunk.len()]);
        }
        Ok(())
    }

    /// All `Z_nlm` at one point, in flat order.
    ///
    /// # Errors
    /// A point that is not finite or outside the ball.
    pub fn functions(&self, point: [T; 3]) -> Result<Vec<T>, SpectralError> {
        self.moments(&[point], Some(&[T::ONE]))
    }

    /// Leaves the weighted sums over points that lie in the ball in `scratch`.
    fn sum_blocks(
        &self,
        points: &[[T; 3]],
        weight: impl Fn(usize) -> T,
        scratch: &mut ZernikeScratch<T>,
    ) {
        let block = block_points::<T>();
        scratch.totals.fill(0.0);
        for (number, chunk) in points.chunks(block).enumerate() {
            self.add_block(chunk, |i| weight(number * block + i), scratch);
        }
        self.reduced(scratch);
    }

    /// Adds at most a block of points to the sums of each lane.
    fn add_block(
        &self,
        chunk: &[[T; 3]],
        weight: impl Fn(usize) -> T,
        scratch: &mut ZernikeScratch<T>,
    ) {
        scratch.sweep.load(chunk, weight);
        let job = Accumulate {
            tables: &self.tables,
            order: self.order,
            points: chunk.len(),
            scratch,
        };
        T::accumulate(self.arch, job);
        self.relieve_lanes(scratch);
    }

    /// Empties the lanes where they hold enough.
    fn relieve_lanes(&self, scratch: &mut ZernikeScratch<T>) {
        if scratch.held >= HELD {
            self.empty_lanes(scratch);
        }
    }

    fn empty_lanes(&self, scratch: &mut ZernikeScratch<T>) {
        T::reduce(self.arch, Reduce { scratch });
        for (total, sum) in scratch.totals.iter_mut().zip(&scratch.sums) {
            *total += sum.to_f64();
        }
        scratch.lanes.fill(T::ZERO);
        scratch.held = 0;
    }

    /// The sums over all blocks since the totals were zero.
    fn reduced<'a>(&self, scratch: &'a mut ZernikeScratch<T>) -> &'a [T] {
        self.empty_lanes(scratch);
        for (sum, total) in scratch.sums.iter_mut().zip(&scratch.totals) {
            *sum = T::from_f64(*total);
        }
        &scratch.sums
    }

    /// Leaves the density at the loaded points in `scratch.weighted`, from coefficients in its sums.
    fn synthesise(&self, points: usize, scratch: &mut ZernikeScratch<T>) {
        let job = Synthesise {
            tables: &self.tables,
            order: self.order,
            points,
            scratch,
        };
        T::synthesise(self.arch, job);
    }

    /// Visits (place in the sums, flat index, norm) of each function.
    fn for_each_place(&self, mut visit: impl FnMut(usize, usize, T)) {
        let tables = &*self.tables;
        let mut place = 0;
        for l in 0..=self.order {
            let norms = &tables.harmonic_norm[l * (l + 1) / 2..][..l + 1];
            for n in (l..=self.order).step_by(2) {
                let first = zernike_index(n, l, -(l as isize));
                for offset in 0..2 * l + 1 {
                    let norm = tables.radial_norm[n] * norms[offset.abs_diff(l)];
                    visit(place, first + offset, norm);
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

#[cfg(test)]
mod tests;
