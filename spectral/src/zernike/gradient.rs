//! Derivatives in space, and with them the exact gradient of any function of the moments.
//!
//! With `p = P_k(t)`, `t = 2 r^2 - 1`: `grad (p S_lm) = 4 x p'(t) S_lm + p grad S_lm`, and the gradient of a solid harmonic is a
//! combination of those of degree l - 1 and orders m - 1, m, m + 1 (Racah's normalised solid harmonics; see for example Steinborn
//! and Ruedenberg, Adv. Quantum Chem. 7, 1973, 1). Nothing is differenced.

use pulp::{Simd, WithSimd};

use super::ZernikePlan;
use super::sweep::{ZernikeScratch, block_points};
use super::tables::Tables;
use crate::check::{check_finite, check_length, check_points};
use crate::simd::{Aligned, Lane};
use crate::{Real, SpectralError};

/// Derivatives of a loss with respect to a cloud.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudGradient<T> {
    /// `[P]`: by the coordinates of each point.
    pub points: Vec<[T; 3]>,
    /// `[P]`: by each weight.
    pub weights: Vec<T>,
}

impl<T: Real> ZernikePlan<T> {
    /// The gradient in space of the density `sum c_nlm Z_nlm`, at each of `points`.
    ///
    /// About three times the work of [`evaluate`](Self::evaluate).
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn evaluate_gradient(
        &self,
        coefficients: &[T],
        points: &[[T; 3]],
    ) -> Result<Vec<[T; 3]>, SpectralError> {
        let mut out = vec![[T::ZERO; 3]; points.len()];
        self.evaluate_gradient_into(coefficients, points, &mut out, &mut self.gradient_scratch())?;
        Ok(out)
    }

    /// Working memory for [`Self::evaluate_gradient_into`] and [`Self::moments_gradient_into`]; reusable for any number of clouds.
    pub fn gradient_scratch(&self) -> GradientScratch<T> {
        GradientScratch::new(self.order)
    }

    /// As [`Self::evaluate_gradient`], into `out` of shape `[P]`, allocating nothing.
    ///
    /// # Errors
    /// As [`Self::evaluate_gradient`]; also if `out` has another length or `scratch` belongs to another order.
    pub fn evaluate_gradient_into(
        &self,
        coefficients: &[T],
        points: &[[T; 3]],
        out: &mut [[T; 3]],
        scratch: &mut GradientScratch<T>,
    ) -> Result<(), SpectralError> {
        check_length("coefficients", self.count(), coefficients.len())?;
        check_finite("coefficient", coefficients)?;
        check_points(points)?;
        check_length("out", points.len(), out.len())?;
        check_length("scratch", self.count(), scratch.value.sums.len())?;
        self.gather(coefficients, &mut scratch.value.sums);
        let block = block_points::<T>();
        for (chunk, out) in points.chunks(block).zip(out.chunks_mut(block)) {
            scratch.value.sweep.load(chunk, |_| T::ONE);
            let job = Gradient {
                tables: &self.tables,
                order: self.order,
                points: chunk.len(),
                scratch,
            };
            T::density_gradient(self.arch, job);
            let [x, y, z] = scratch.gradient.each_ref().map(|axis| &axis[..]);
            for (i, out) in out.iter_mut().enumerate() {
                *out = [x[i], y[i], z[i]];
            }
        }
        Ok(())
    }

    /// Derivatives of a loss with respect to points and weights, from those with respect to the moments.
    ///
    /// `by_moments` is `[count]`, `dL/dc_nlm` in flat order; `points` and `weights` are those of [`moments`](Self::moments). The
    /// moments are `c = sum_i w_i Z(x_i)`, so `dL/dw_i` is the density with coefficients `dL/dc` at `x_i` and `dL/dx_i` is `w_i` times its gradient. Exact; equal weights
    /// (`None`) count as 1/P each.
    ///
    /// # Errors
    /// As [`moments`](Self::moments), and `by_moments` of another length or not finite.
    pub fn moments_gradient(
        &self,
        by_moments: &[T],
        points: &[[T; 3]],
        weights: Option<&[T]>,
    ) -> Result<CloudGradient<T>, SpectralError> {
        let mut out = CloudGradient {
            points: vec![[T::ZERO; 3]; points.len()],
            weights: vec![T::ZERO; points.len()],
        };
        let scratch = &mut self.gradient_scratch();
        self.moments_gradient_into(by_moments, points, weights, &mut out, scratch)?;
        Ok(out)
    }

    /// As [`Self::moments_gradient`], into `out` with P points and P weights, allocating nothing.
    ///
    /// # Errors
    /// As [`Self::moments_gradient`]; also if `out` has other lengths or `scratch` belongs to another order.
    pub fn moments_gradient_into(
        &self,
        by_moments: &[T],
        points: &[[T; 3]],
        weights: Option<&[T]>,
        out: &mut CloudGradient<T>,
        scratch: &mut GradientScratch<T>,
    ) -> Result<(), SpectralError> {
        if let Some(weights) = weights {
            check_length("weights", points.len(), weights.len())?;
            check_finite("weight", weights)?;
        }
        self.evaluate_into(by_moments, points, &mut out.weights, &mut scratch.value)?;
        self.evaluate_gradient_into(by_moments, points, &mut out.points, scratch)?;
        let equal = T::from_f64(1.0 / points.len() as f64);
        for (i, gradient) in out.points.iter_mut().enumerate() {
            let weight = weights.map_or(equal, |w| w[i]);
            *gradient = gradient.map(|g| g * weight);
        }
        Ok(())
    }
}

/// Factors of the harmonics of degree l - 1 in the derivatives of those of degree l, for m = 0..=l.
#[derive(Debug)]
pub struct HarmonicSteps<T> {
    /// Along z, to order m.
    along: Vec<Vec<T>>,
    /// Across, to order m + 1.
    up: Vec<Vec<T>>,
    /// Across, to order m - 1.
    down: Vec<Vec<T>>,
}

impl<T: Real> HarmonicSteps<T> {
    pub fn new(harmonic_norm: &[T], order: usize) -> Self {
        let norm = |l: usize, m: usize| harmonic_norm[l * (l + 1) / 2 + m].to_f64();
        // From Racah's normalisation to that of the tables, degree l order m to degree l - 1 order k.
        let ratio = |l: usize, m: usize, k: usize| {
            let racah = (2 * l + 1) as f64 / (2 * l - 1) as f64;
            racah.sqrt() * norm(l - 1, k) / norm(l, m)
        };
        let of = |factor: &dyn Fn(usize, usize) -> f64| -> Vec<Vec<T>> {
            let degree = |l: usize| (0..=l).map(move |m| T::from_f64(factor(l, m)));
            (0..=order).map(|l| degree(l).collect()).collect()
        };
        let root2 = std::f64::consts::SQRT_2;
        Self {
            along: of(&|l, m| {
                let within = m < l;
                if within {
                    (((l - m) * (l + m)) as f64).sqrt() * ratio(l, m, m)
                } else {
                    0.0
                }
            }),
            up: of(&|l, m| {
                let half = if m == 0 { 1.0 / root2 } else { 0.5 };
                let within = m + 1 < l;
                if within {
                    half * (((l - m) * (l - m - 1)) as f64).sqrt() * ratio(l, m, m + 1)
                } else {
                    0.0
                }
            }),
            down: of(&|l, m| {
                let half = if m == 1 { 1.0 / root2 } else { 0.5 };
                let within = m > 0;
                if within {
                    half * (((l + m) * (l + m - 1)) as f64).sqrt() * ratio(l, m, m - 1)
                } else {
                    0.0
                }
            }),
        }
    }

    /// Numbers held.
    pub fn len(&self) -> usize {
        let each = [&self.along, &self.up, &self.down];
        each.into_iter().flatten().map(Vec::len).sum()
    }
}

/// Working memory for gradients. Once made, nothing is allocated.
#[derive(Debug, Clone)]
pub struct GradientScratch<T: Lane> {
    value: ZernikeScratch<T>,
    gradient: [Aligned<T>; 3],
    /// `P_k'(t)` of the degree, as the radial table.
    slopes: Aligned<T>,
}

impl<T: Lane> GradientScratch<T> {
    fn new(order: usize) -> Self {
        let points = block_points::<T>();
        Self {
            value: ZernikeScratch::new(order),
            gradient: std::array::from_fn(|_| Aligned::new(points)),
            slopes: Aligned::new((order / 2 + 1) * points),
        }
    }
}

pub struct Gradient<'a, T: Lane> {
    tables: &'a Tables<T>,
    order: usize,
    points: usize,
    scratch: &'a mut GradientScratch<T>,
}

impl<T: Lane> WithSimd for Gradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let vectors = self.points.div_ceil(T::lanes::<S>());
        let GradientScratch {
            value: ZernikeScratch { sweep, sums, .. },
            gradient,
            slopes,
        } = self.scratch;
        let zero = T::splat(s, T::default());
        for axis in gradient.iter_mut() {
            T::vectors_mut::<S>(axis).fill(zero);
        }
        let mut rest = &sums[..];
        for l in 0..=self.order {
            sweep.advance(s, self.tables, l, vectors);
            let (shells, width) = ((self.order - l) / 2 + 1, 2 * l + 1);
            let (coefficients, after) = rest.split_at(shells * width);
            rest = after;
            let slopes = T::vectors_mut::<S>(slopes);
            let radial = T::vectors::<S>(&sweep.radial);
            let [x, y, z, _] = sweep.input.each_ref().map(|row| T::vectors::<S>(row));
            let (angular, below) = (sweep.harmonics::<S>(l), sweep.harmonics::<S>((l + 2) % 3));
            for i in 0..vectors {
                let at = [x[i], y[i], z[i]];
                let radial = &radial[i * shells..][..shells];
                let slopes = &mut slopes[i * shells..][..shells];
                fill_slopes::<T, S>(s, self.tables, l, at, radial, slopes);
                let degree = DegreeGradient {
                    coefficients,
                    radial,
                    slopes,
                    angular: &angular[i * width..][..width],
                    below: if l == 0 {
                        &[]
                    } else {
                        &below[i * (width - 2)..][..width - 2]
                    },
                };
                let sum = degree.gradient(s, &self.tables.slopes, l, at);
                for (axis, part) in gradient.iter_mut().zip(sum) {
                    let axis = T::vectors_mut::<S>(axis);
                    axis[i] = T::add(s, axis[i], part);
                }
            }
        }
    }
}

/// `P_k'(t)`, by the derivative of the recurrence of `P_k`.
#[inline(always)]
fn fill_slopes<T: Lane, S: Simd>(
    s: S,
    tables: &Tables<T>,
    l: usize,
    [x, y, z]: [T::V<S>; 3],
    radial: &[T::V<S>],
    out: &mut [T::V<S>],
) {
    let r2 = T::fma(s, x, x, T::fma(s, y, y, T::mul(s, z, z)));
    let t = T::sub(s, T::add(s, r2, r2), T::splat(s, tables.one));
    let (mut before, mut value) = (T::splat(s, T::default()), T::splat(s, T::default()));
    out[0] = value;
    for (k, step) in tables.jacobi[l].iter().enumerate() {
        let slope = T::splat(s, step.slope);
        let lead = T::fma(s, slope, t, T::splat(s, step.shift));
        let older = T::mul(s, T::splat(s, step.back), before);
        let next = T::fma(s, slope, radial[k], T::fma(s, lead, value, older));
        (before, value) = (value, next);
        out[k + 1] = value;
    }
}

/// The tables of one degree at one vector of points.
struct DegreeGradient<'a, T: Lane, S: Simd> {
    coefficients: &'a [T],
    radial: &'a [T::V<S>],
    slopes: &'a [T::V<S>],
    angular: &'a [T::V<S>],
    below: &'a [T::V<S>],
}

impl<T: Lane, S: Simd> DegreeGradient<'_, T, S> {
    #[inline(always)]
    fn gradient(&self, s: S, steps: &HarmonicSteps<T>, l: usize, at: [T::V<S>; 3]) -> [T::V<S>; 3] {
        let zero = T::splat(s, T::default());
        let (mut sum, mut outward) = ([zero; 3], zero);
        let below = |m: usize, sine: bool| {
            // A harmonic of degree l - 1; sines of order 0 do not exist.
            let place = if sine {
                (l - 1).wrapping_sub(m)
            } else {
                l - 1 + m
            };
            if sine && m == 0 {
                zero
            } else {
                self.below.get(place).copied().unwrap_or(zero)
            }
        };
        for row in 0..self.angular.len() {
            let (m, sine) = (row.abs_diff(l), row < l);
            let (mut shell, mut slope) = (zero, zero);
            for k in 0..self.radial.len() {
                let c = T::splat(s, self.coefficients[k * self.angular.len() + row]);
                shell = T::fma(s, c, self.radial[k], shell);
                slope = T::fma(s, c, self.slopes[k], slope);
            }
            outward = T::fma(s, slope, self.angular[row], outward);
            if l == 0 {
                continue;
            }
            let [along, up, down] = [&steps.along, &steps.up, &steps.down]
                .map(|factors| T::mul(s, shell, T::splat(s, factors[l][m])));
            let minus_up = T::sub(s, zero, up);
            sum[0] = T::fma(s, minus_up, below(m + 1, sine), sum[0]);
            sum[2] = T::fma(s, along, below(m, sine), sum[2]);
            // The other of cosine and sine along y: minus for cosines.
            let sign = if sine { up } else { minus_up };
            sum[1] = T::fma(s, sign, below(m + 1, !sine), sum[1]);
            if m > 0 {
                sum[0] = T::fma(s, down, below(m - 1, sine), sum[0]);
                let down = if sine { down } else { T::sub(s, zero, down) };
                sum[1] = T::fma(s, down, below(m - 1, !sine), sum[1]);
            }
        }
        let twice = T::add(s, outward, outward);
        let outward = T::add(s, twice, twice);
        std::array::from_fn(|axis| T::fma(s, outward, at[axis], sum[axis]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::every_arch;
    use crate::zernike::naive;

    const POINTS: [[f64; 3]; 6] = [
        [0.3, -0.2, 0.5],
        [0.0, 0.0, 0.0],
        [0.0, 0.0, 0.9],
        [-0.6, 0.7, -0.1],
        [0.01, 0.0, -0.4],
        [0.0, 0.5, 0.0],
    ];

    /// Fourth-order central difference of a naive density.
    fn difference(order: usize, coefficients: &[f64], point: [f64; 3], axis: usize) -> f64 {
        let step = 1e-3 / (order + 1) as f64;
        let at = |offset: f64| {
            let mut moved = point;
            moved[axis] += offset * step;
            let values = naive::moments(order, &[moved], &[1.0]);
            values
                .iter()
                .zip(coefficients)
                .map(|(z, c)| z * c)
                .sum::<f64>()
        };
        (8.0 * (at(1.0) - at(-1.0)) - at(2.0) + at(-2.0)) / (12.0 * step)
    }

    #[test]
    fn gradients_are_what_differences_approach() {
        for order in 0..=32 {
            let count = crate::Basis::Zernike.count(order);
            let coefficients: Vec<f64> = (0..count)
                .map(|i| ((i * 53) % 29) as f64 / 29.0 - 0.5)
                .collect();
            for arch in every_arch() {
                let plan = ZernikePlan {
                    arch,
                    ..ZernikePlan::<f64>::new(order).unwrap()
                };
                let found = plan.evaluate_gradient(&coefficients, &POINTS).unwrap();
                for (point, gradient) in POINTS.iter().zip(&found) {
                    for (axis, &found) in gradient.iter().enumerate() {
                        let expected = difference(order, &coefficients, *point, axis);
                        let error = (found - expected).abs();
                        let limit = 1e-9 * (1.0 + expected.abs());
                        assert!(
                            error < limit,
                            "{order} {point:?} {axis}: {found} {expected}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_chain_rule_holds_for_points_and_weights() {
        // L = |c|^2 / 2, so dL/dc = c; moved in a direction, L changes by the gradient times it.
        let plan = ZernikePlan::<f64>::new(8).unwrap();
        let weights = [0.1, 0.3, -0.2, 0.4, 0.25, 0.15];
        let loss = |points: &[[f64; 3]], weights: &[f64]| {
            let c = plan.moments(points, Some(weights)).unwrap();
            0.5 * c.iter().map(|c| c * c).sum::<f64>()
        };
        let c = plan.moments(&POINTS, Some(&weights)).unwrap();
        let gradient = plan.moments_gradient(&c, &POINTS, Some(&weights)).unwrap();
        let step = 1e-5;
        for i in 0..POINTS.len() {
            for axis in 0..3 {
                let moved = |sign: f64| {
                    let mut points = POINTS;
                    points[i][axis] += sign * step;
                    loss(&points, &weights)
                };
                let expected = (moved(1.0) - moved(-1.0)) / (2.0 * step);
                let found = gradient.points[i][axis];
                assert!(
                    (found - expected).abs() < 1e-6 * (1.0 + expected.abs()),
                    "{found} {expected}"
                );
            }
            let moved = |sign: f64| {
                let mut weights = weights;
                weights[i] += sign * step;
                loss(&POINTS, &weights)
            };
            let expected = (moved(1.0) - moved(-1.0)) / (2.0 * step);
            assert!((gradient.weights[i] - expected).abs() < 1e-8 * (1.0 + expected.abs()));
        }
        let (mut again, mut scratch) = (gradient.clone(), plan.gradient_scratch());
        again.points[2] = [f64::NAN; 3];
        plan.moments_gradient_into(&c, &POINTS, Some(&weights), &mut again, &mut scratch)
            .unwrap();
        assert_eq!(again, gradient);
        again.points.pop();
        assert!(
            plan.moments_gradient_into(&c, &POINTS, None, &mut again, &mut scratch)
                .is_err()
        );
        let mut foreign = ZernikePlan::<f64>::new(7).unwrap().gradient_scratch();
        assert!(
            plan.evaluate_gradient_into(&c, &POINTS, &mut [[0.0; 3]; 6], &mut foreign)
                .is_err()
        );
        assert!(plan.moments_gradient(&c[1..], &POINTS, None).is_err());
        assert!(
            plan.moments_gradient(&c, &POINTS, Some(&weights[1..]))
                .is_err()
        );
        assert!(plan.evaluate_gradient(&c, &[]).is_err());
    }
}
