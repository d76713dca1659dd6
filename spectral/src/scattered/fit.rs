//! Least squares from samples of a function on the sphere.

use std::sync::Arc;

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

use super::{Method, ScatteredPlan};
use crate::check::{check_finite, check_length};
use crate::legendre::{Legendre, harmonics_into};
use crate::{Basis, SpectralError};

/// Highest degree of a fit: its matrix has `(lmax + 1)^4` entries, 134 MB at 63.
pub const MAX_FIT_DEGREE: usize = 63;
/// Points whose harmonics are multiplied together.
const ROWS: usize = 256;

/// Weighted least squares with a ridge, for samples in fixed directions: noisy or partial clouds.
///
/// Minimises over the coefficients
///
/// ```text
/// sum_i w_i (f(p_i) - v_i)^2 + ridge sum_lm (l (l + 1))^2 a_lm^2,     f = sum_lm a_lm Y_lm
/// ```
///
/// The penalty is `ridge` times the integral of the squared Laplacian of f over the sphere (Wahba 1981,
/// SIAM J. Sci. Stat. Comput. 2, 5): it leaves the mean alone, grows as `l^4`, and fills gaps smoothly.
/// With weights that sum to `4 pi` and an even cover, a degree is halved where
/// `ridge (l (l + 1))^2 = 1`. The matrix is factorised once, so each further set of values on the same
/// points costs one adjoint sum and two triangular solves, O(points lmax^2 + lmax^4).
///
/// ```
/// use spectra_spectral::SphereFit;
/// let points = [[1., 0., 0.], [-1., 0., 0.], [0., 1., 0.], [0., -1., 0.], [0., 0., 1.], [0., 0., -1.]];
/// let fit = SphereFit::new(&points, None, 1, 0.0)?;
/// let a = fit.solve(&[1., 1., 1., 1., 3., -1.])?; // 1 + 2 z
/// assert!((a[2] - 2.0 * (4.0 * std::f64::consts::PI / 3.0).sqrt()).abs() < 1e-13);
/// # Ok::<(), spectra_spectral::SpectralError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SphereFit {
    plan: ScatteredPlan<f64>,
    points: Arc<[[f64; 3]]>,
    weights: Arc<[f64]>,
    factor: Arc<Cholesky<f64, Dyn>>,
}

impl SphereFit {
    /// Factorises the normal matrix for these directions. `weights` (shape `[P]`, at least 0) default to
    /// `4 pi / P` each. O(points lmax^4 + lmax^6).
    ///
    /// # Errors
    /// [`SpectralError::Order`] above [`MAX_FIT_DEGREE`]; [`SpectralError::Empty`],
    /// [`SpectralError::Length`], [`SpectralError::NotFinite`] and [`SpectralError::Value`] for points,
    /// weights and ridge, also where the points do not determine the coefficients: raise the ridge or
    /// lower the degree.
    pub fn new(
        points: &[[f64; 3]],
        weights: Option<&[f64]>,
        lmax: usize,
        ridge: f64,
    ) -> Result<Self, SpectralError> {
        if lmax > MAX_FIT_DEGREE {
            return Err(SpectralError::Order {
                expected: "at most 63 for a fit",
                found: lmax,
            });
        }
        if points.is_empty() {
            return Err(SpectralError::Empty { what: "points" });
        }
        if !(ridge >= 0.0 && ridge.is_finite()) {
            return Err(not_positive("ridge", ridge));
        }
        let equal = 4.0 * std::f64::consts::PI / points.len() as f64;
        let weights = weights.map_or_else(|| vec![equal; points.len()], <[f64]>::to_vec);
        check_length("weights", points.len(), weights.len())?;
        check_finite("weight", &weights)?;
        if let Some(weight) = weights.iter().find(|w| **w < 0.0) {
            return Err(not_positive("weight", *weight));
        }
        let mut matrix = normal_matrix(points, &weights, lmax)?;
        // Below this a pivot is rounding: the points do not tell the coefficients apart.
        let largest = matrix.diagonal().max();
        for l in 0..=lmax {
            let penalty = ridge * ((l * (l + 1)) as f64).powi(2);
            for i in l * l..(l + 1) * (l + 1) {
                matrix[(i, i)] += penalty;
            }
        }
        let factor = Cholesky::new(matrix).filter(|factor| {
            let least = factor.l_dirty().diagonal().min();
            least * least > 1e-13 * largest
        });
        let factor = factor.ok_or_else(|| SpectralError::Value {
            what: "points of a fit",
            expected: "enough of them, spread enough, for the degree; or a larger ridge",
            found: format!("{} points, degree {lmax}, ridge {ridge}", points.len()),
        })?;
        Ok(Self {
            plan: ScatteredPlan::with_method(lmax, Method::Direct)?,
            points: points.into(),
            weights: weights.into(),
            factor: Arc::new(factor),
        })
    }

    /// The highest degree.
    pub fn lmax(&self) -> usize {
        self.plan.lmax()
    }

    /// The coefficients of one set of values, shape `[P]`; in flat order, shape `[(lmax + 1)^2]`.
    ///
    /// # Errors
    /// [`SpectralError::Length`] and [`SpectralError::NotFinite`] for the values.
    pub fn solve(&self, values: &[f64]) -> Result<Vec<f64>, SpectralError> {
        check_length("values", self.points.len(), values.len())?;
        check_finite("value", values)?;
        let weighted: Vec<f64> = values
            .iter()
            .zip(&*self.weights)
            .map(|(v, w)| v * w)
            .collect();
        let mut sums = DVector::from_vec(self.plan.adjoint(&self.points, Some(&weighted))?);
        self.factor.solve_mut(&mut sums);
        Ok(sums.data.into())
    }

    /// The weighted root mean square of `f(p_i) - v_i` for these coefficients.
    ///
    /// # Errors
    /// [`SpectralError::Length`] and [`SpectralError::NotFinite`] for values or coefficients.
    pub fn misfit(&self, coefficients: &[f64], values: &[f64]) -> Result<f64, SpectralError> {
        check_length("values", self.points.len(), values.len())?;
        check_finite("value", values)?;
        let fitted = self.plan.evaluate(coefficients, &self.points)?;
        let terms = fitted.iter().zip(values).zip(&*self.weights);
        let square: f64 = terms.map(|((f, v), w)| w * (f - v) * (f - v)).sum();
        Ok((square / self.weights.iter().sum::<f64>()).sqrt())
    }
}

fn not_positive(what: &'static str, found: f64) -> SpectralError {
    SpectralError::Value {
        what,
        expected: "finite and at least 0",
        found: found.to_string(),
    }
}

/// `Y^T W Y`, block of points by block.
fn normal_matrix(
    points: &[[f64; 3]],
    weights: &[f64],
    lmax: usize,
) -> Result<DMatrix<f64>, SpectralError> {
    let count = Basis::Spherical.count(lmax);
    let legendre = Legendre::new(lmax)?;
    let mut matrix = DMatrix::zeros(count, count);
    for (points, weights) in points.chunks(ROWS).zip(weights.chunks(ROWS)) {
        let mut block = DMatrix::zeros(count, points.len());
        for (i, (point, weight)) in points.iter().zip(weights).enumerate() {
            let mut column = block.column_mut(i);
            harmonics_into(&legendre, *point, column.as_mut_slice())?;
            column *= weight.sqrt();
        }
        matrix.gemm(1.0, &block, &block.transpose(), 1.0);
    }
    Ok(matrix)
}
