//! Spherical-harmonic sums over scattered points.

pub(crate) mod angles;
pub(crate) mod direct;
mod fast;
mod fit;
mod interpolate;
pub mod naive;
mod spread;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use pulp::Arch;

use crate::check::{check_finite, check_length, check_order, foreign_scratch};
use crate::columns::Columns;
use crate::{Basis, Real, SpectralError};
use direct::DirectScratch;
use fast::{Fast, FastScratch};

pub use fit::{MAX_FIT_DEGREE, SphereFit};

/// Highest degree that plans accept.
pub const MAX_DEGREE: usize = crate::grid::MAX_DEGREE;

/// Degrees from which the fast way is worth having at all.
const FAST_FROM: usize = 32;

/// How the sums are done.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Method {
    /// In `f64` the cheaper of the two for the degree and the number of points, the fast one within 1e-12. In `f32` direct sums below
    /// degree 32 and the fast way, within 1e-6, from there on, where direct ones lose digits at the poles.
    #[default]
    Auto,
    /// Every harmonic at every point, exact to rounding. O(points lmax^2).
    Direct,
    /// By a grid and local interpolation: O(points + lmax^3). Wanted error, relative in the Euclidean
    /// norm of the result, from 1e-13 to 1e-2.
    Fast {
        /// The error asked for.
        error: f64,
    },
}

/// Sums of spherical harmonics over points in any directions, up to a degree.
///
/// ```text
/// adjoint    a_lm = sum_i w_i Y_lm(p_i / |p_i|)
/// evaluate   f_i  = sum_lm a_lm Y_lm(p_i / |p_i|)
/// ```
///
/// with the real basis of the crate, coefficients in flat order `l * l + l + m`, shape `[(lmax + 1)^2]`.
/// Each is the exact transpose of the other. Points need not have length one; right near the poles.
///
/// The direct way fuses the recurrences of [`SphericalPlan`](crate::SphericalPlan) with the sums, points
/// in the lanes of the SIMD instructions that the machine has: `0.75 (lmax + 1)^2` multiply-adds for each
/// vector of points, error of rounding alone. A single harmonic of degree l is within `2e-15 l` of
/// 60-digit values to l = 1000 in `f64`, and within `4e-16 l^2` closer than 2.5 degrees to a pole, where
/// [`harmonics`](crate::harmonics) is more accurate. In `f32` it is within
/// `4e-7 l` of the largest value of the degree, `sqrt((2l + 1) / 4 pi)`, and within `1e-7 l^2` of it closer than 12 degrees to a pole (l from 8 on); sums
/// to degree 32 are within 4e-5 of their Euclidean norm.
///
/// The fast way is a Legendre transform to a grid, an oversampled Fourier transform in both angles, and
/// spreading with an exponential-of-semicircle kernel (Barnett, Magland and af Klinteberg 2019, SIAM J.
/// Sci. Comput. 41, C479), always in `f64`.
///
/// Immutable, `Send + Sync`, cheap to clone.
///
/// ```
/// use spectra_spectral::ScatteredPlan;
/// let plan = ScatteredPlan::<f64>::new(4)?;
/// let points = [[0.0, 0.0, 2.0], [1.0, 1.0, 0.0]];
/// let a = plan.adjoint(&points, Some(&[0.5, 0.5]))?;
/// assert!((a[0] - 0.25 / std::f64::consts::PI.sqrt() * 2.0).abs() < 1e-15);
/// # Ok::<(), spectra_spectral::SpectralError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ScatteredPlan<T: Real> {
    lmax: usize,
    ways: Ways<T>,
    method: Method,
    arch: Arch,
}

/// What a plan can do.
#[derive(Debug, Clone)]
enum Ways<T> {
    Direct(Arc<Columns<T>>),
    Fast(Arc<Fast>),
    Both(Arc<Columns<T>>, Arc<Fast>),
}

/// Working memory of one sum.
#[derive(Debug, Clone)]
pub struct ScatteredScratch<T: Real> {
    direct: Option<DirectScratch<T>>,
    fast: Option<FastScratch>,
}

impl<T: Real> ScatteredPlan<T> {
    /// A plan that chooses its method.
    ///
    /// # Errors
    /// [`SpectralError::Order`] above [`MAX_DEGREE`].
    pub fn new(lmax: usize) -> Result<Self, SpectralError> {
        Self::with_method(lmax, Method::Auto)
    }

    /// A plan with a method of the caller's choice.
    ///
    /// # Errors
    /// [`SpectralError::Order`] above [`MAX_DEGREE`], or above [`Self::direct_limit`] for
    /// [`Method::Direct`]; [`SpectralError::Value`] for an error outside 1e-13 to 1e-2.
    pub fn with_method(lmax: usize, method: Method) -> Result<Self, SpectralError> {
        check_order(Basis::Spherical, lmax)?;
        let error = match method {
            Method::Fast { error } => error,
            _ if size_of::<T>() == 4 => 1e-6,
            _ => 1e-12,
        };
        let direct = || Arc::new(Columns::new(lmax));
        let fast = || Fast::new(lmax, error).map(Arc::new);
        let ways = match method {
            Method::Direct if lmax > Self::direct_limit() => {
                return Err(SpectralError::Order {
                    expected: "at most `direct_limit` for direct sums",
                    found: lmax,
                });
            }
            Method::Direct => Ways::Direct(direct()),
            Method::Fast { .. } => Ways::Fast(fast()?),
            Method::Auto if lmax < FAST_FROM => Ways::Direct(direct()),
            // In `f32` direct sums lose digits at the poles, ever more with the degree.
            Method::Auto if size_of::<T>() == 4 || lmax > Self::direct_limit() => {
                Ways::Fast(fast()?)
            }
            Method::Auto => Ways::Both(direct(), fast()?),
        };
        Ok(Self {
            lmax,
            ways,
            method,
            arch: Arch::new(),
        })
    }

    /// Highest degree of direct sums: the harmonics without their factor `sin^m theta` stay in the range of the type. 1339
    /// in `f64`, 133 in `f32`.
    pub fn direct_limit() -> usize {
        // Near a pole they grow to ((1 + sqrt 5) / 2)^lmax, met at m = lmax / sqrt 5 (by Stirling's formula).
        let growth = 0.5 * (1.0 + 5f64.sqrt());
        (T::SQUARE_RANGE.1.to_f64().ln() / growth.ln()) as usize
    }

    /// The highest degree.
    pub fn lmax(&self) -> usize {
        self.lmax
    }

    /// How sums are done.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Number of coefficients, `(lmax + 1)^2`.
    pub fn count(&self) -> usize {
        Basis::Spherical.count(self.lmax)
    }

    /// Bytes of the tables that all clones of this plan share, Fourier tables not counted: in `f64` about `10 lmax^2` for the direct
    /// way and `18 lmax^2` for the fast one; their sum where the plan chooses between them.
    pub fn bytes(&self) -> usize {
        let (direct, fast) = self.ways.each();
        direct.map_or(0, Columns::bytes) + fast.map_or(0, Fast::bytes)
    }

    /// Working memory for the `_into` methods; reusable for any number of clouds.
    pub fn scratch(&self) -> ScatteredScratch<T> {
        let (direct, fast) = self.ways.each();
        ScatteredScratch {
            direct: direct.map(DirectScratch::new),
            fast: fast.map(Fast::scratch),
        }
    }

    /// `a_lm = sum_i w_i Y_lm(p_i)`; `weights` of shape `[P]`, or `None` for 1/P each.
    ///
    /// # Errors
    /// [`SpectralError::Empty`] without points, [`SpectralError::Length`], [`SpectralError::NotFinite`]
    /// for a point or weight, [`SpectralError::Value`] for a point at the origin.
    pub fn adjoint(
        &self,
        points: &[[T; 3]],
        weights: Option<&[T]>,
    ) -> Result<Vec<T>, SpectralError> {
        let mut out = vec![T::ZERO; self.count()];
        let scratch = &mut self.scratch_for(points.len());
        self.adjoint_into(points, weights, &mut out, scratch)?;
        Ok(out)
    }

    /// As [`Self::adjoint`], into `out` of shape `[count]`, allocating nothing.
    ///
    /// # Errors
    /// As [`Self::adjoint`]; also if `out` or `scratch` do not fit the plan.
    pub fn adjoint_into(
        &self,
        points: &[[T; 3]],
        weights: Option<&[T]>,
        out: &mut [T],
        scratch: &mut ScatteredScratch<T>,
    ) -> Result<(), SpectralError> {
        self.check(points, out.len())?;
        if let Some(weights) = weights {
            check_length("weights", points.len(), weights.len())?;
            check_finite("weight", weights)?;
        }
        let equal = T::from_f64(1.0 / points.len() as f64);
        let weight = |i: usize| weights.map_or(equal, |w| w[i]);
        let done = match self.ready(points.len(), scratch)? {
            Ready::Direct(columns, scratch) => {
                direct::adjoint(self.arch, columns, points, weights, out, scratch)
            }
            Ready::Fast(fast, scratch) => fast.adjoint(self.arch, points, weight, out, scratch),
        };
        if done { Ok(()) } else { check_points(points) }
    }

    /// `f_i = sum_lm a_lm Y_lm(p_i)`, shape `[P]`.
    ///
    /// # Errors
    /// As [`Self::adjoint`], for points and coefficients.
    pub fn evaluate(&self, coefficients: &[T], points: &[[T; 3]]) -> Result<Vec<T>, SpectralError> {
        let mut out = vec![T::ZERO; points.len()];
        let scratch = &mut self.scratch_for(points.len());
        self.evaluate_into(coefficients, points, &mut out, scratch)?;
        Ok(out)
    }

    /// As [`Self::evaluate`], into `out` of shape `[P]`, allocating nothing.
    ///
    /// # Errors
    /// As [`Self::evaluate`]; also if `out` or `scratch` do not fit.
    pub fn evaluate_into(
        &self,
        coefficients: &[T],
        points: &[[T; 3]],
        out: &mut [T],
        scratch: &mut ScatteredScratch<T>,
    ) -> Result<(), SpectralError> {
        self.check(points, coefficients.len())?;
        check_length("out", points.len(), out.len())?;
        check_finite("coefficient", coefficients)?;
        let done = match self.ready(points.len(), scratch)? {
            Ready::Direct(columns, scratch) => {
                direct::evaluate(self.arch, columns, coefficients, points, out, scratch)
            }
            Ready::Fast(fast, scratch) => {
                fast.evaluate(self.arch, coefficients, points, out, scratch)
            }
        };
        if done { Ok(()) } else { check_points(points) }
    }

    /// Working memory of the way that so many points take, and of no other.
    fn scratch_for(&self, points: usize) -> ScatteredScratch<T> {
        match self.pick(points) {
            Way::Direct(columns) => ScatteredScratch {
                direct: Some(DirectScratch::new(columns)),
                fast: None,
            },
            Way::Fast(fast) => ScatteredScratch {
                direct: None,
                fast: Some(fast.scratch()),
            },
        }
    }

    /// The way that so many points take, with the working memory for it.
    fn ready<'s>(
        &'s self,
        points: usize,
        scratch: &'s mut ScatteredScratch<T>,
    ) -> Result<Ready<'s, T>, SpectralError> {
        let ScatteredScratch { direct, fast } = scratch;
        match (self.pick(points), direct, fast) {
            (Way::Direct(columns), Some(scratch), _) if scratch.fits(columns) => {
                Ok(Ready::Direct(columns, scratch))
            }
            (Way::Fast(fast), _, Some(scratch)) if scratch.fits(fast) => {
                Ok(Ready::Fast(fast, scratch))
            }
            _ => Err(foreign_scratch()),
        }
    }

    /// The cheaper way for so many points, where both are there.
    fn pick(&self, points: usize) -> Way<'_, T> {
        match &self.ways {
            Ways::Direct(columns) => Way::Direct(columns),
            Ways::Fast(fast) => Way::Fast(fast),
            Ways::Both(columns, fast) => {
                let each = DIRECT_COST * size_of::<T>() as f64 / 8.0;
                let direct = each * (self.count() * points) as f64;
                if direct <= fast.cost(points) {
                    Way::Direct(columns)
                } else {
                    Way::Fast(fast)
                }
            }
        }
    }

    fn check(&self, points: &[[T; 3]], coefficients: usize) -> Result<(), SpectralError> {
        if points.is_empty() {
            return Err(SpectralError::Empty { what: "points" });
        }
        check_length("coefficients", self.count(), coefficients)
    }
}

/// Nanoseconds for one coefficient and point by direct sums, on the machine of `benches/README.md`: only
/// its ratio to the costs of the fast way matters.
const DIRECT_COST: f64 = 0.05;

impl<T> Ways<T> {
    fn each(&self) -> (Option<&Columns<T>>, Option<&Fast>) {
        match self {
            Self::Direct(columns) => (Some(columns), None),
            Self::Fast(fast) => (None, Some(fast)),
            Self::Both(columns, fast) => (Some(columns), Some(fast)),
        }
    }
}

enum Way<'a, T> {
    Direct(&'a Columns<T>),
    Fast(&'a Fast),
}

/// A way and its working memory.
enum Ready<'a, T: Real> {
    Direct(&'a Columns<T>, &'a mut DirectScratch<T>),
    Fast(&'a Fast, &'a mut FastScratch),
}

/// Names the first point without a direction.
fn check_points<T: Real>(points: &[[T; 3]]) -> Result<(), SpectralError> {
    for (index, point) in points.iter().enumerate() {
        if !point.iter().all(|v| v.is_finite()) {
            return Err(SpectralError::NotFinite {
                what: "point",
                index,
            });
        }
        if point.iter().all(|v| *v == T::ZERO) {
            return Err(SpectralError::Value {
                what: "point",
                expected: "one away from the origin",
                found: format!("the origin at position {index}"),
            });
        }
    }
    Ok(())
}
