//! Coefficients of very different sizes brought to one scale, invertibly.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::SpectralError;
use crate::check::{check_finite, check_length};

/// From the median absolute deviation to the standard deviation of a normal distribution.
const MAD_TO_SIGMA: f32 = 1.4826;
/// Scales are at least this fraction of the largest one: what is constant but for rounding, such as the first degree of
/// centred clouds, stays near zero.
const SCALE_FLOOR: f32 = 1e-6;
/// The quantile of |u| that becomes 1.
const TOP: f64 = 0.999;

/// Per-coefficient robust asinh scaling, fitted on a training split.
///
/// `u = asinh((c - median) / (1.4826 MAD)) / top`, where `top` is the 99.9 % quantile of the absolute value over the
/// training rows of that coefficient. Nothing is clipped, so [`inverse`](Self::inverse) is exact to rounding.
///
/// A coefficient whose values all lie within a millionth of the largest deviation of any counts as constant: it is
/// divided by that millionth, not brought to [-1, 1], so that rounding errors do not become features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Scaler {
    median: Vec<f32>,
    scale: Vec<f32>,
    top: Vec<f32>,
    /// Fraction of the training values beyond [-1, 1].
    pub beyond: f64,
}

/// A scaler as it is read, before it is checked.
#[derive(Deserialize)]
struct Parts {
    median: Vec<f32>,
    scale: Vec<f32>,
    top: Vec<f32>,
    beyond: f64,
}

impl TryFrom<Parts> for Scaler {
    type Error = SpectralError;

    fn try_from(parts: Parts) -> Result<Self, SpectralError> {
        let Parts {
            median,
            scale,
            top,
            beyond,
        } = parts;
        check_length("scales of a scaler", median.len(), scale.len())?;
        check_length("tops of a scaler", median.len(), top.len())?;
        check_finite("median of a scaler", &median)?;
        let divisors = scale.iter().chain(&top);
        let mut bad = divisors.filter(|d| !(d.is_finite() && **d > 0.0));
        match bad.next() {
            Some(found) => Err(SpectralError::Value {
                what: "scale or top of a scaler",
                expected: "finite and more than 0",
                found: found.to_string(),
            }),
            None => Ok(Self {
                median,
                scale,
                top,
                beyond,
            }),
        }
    }
}

impl Scaler {
    /// Fits medians, deviations and quantiles of the columns of `rows` `[items, coefficients]`. O(items log items) for each column.
    ///
    /// # Errors
    /// An empty array, values that are not finite.
    pub fn fit(rows: &ArrayView2<f32>) -> Result<Self, SpectralError> {
        if rows.is_empty() {
            return Err(SpectralError::Empty {
                what: "training rows",
            });
        }
        if let Some(index) = rows
            .outer_iter()
            .position(|row| !row.iter().all(|c| c.is_finite()))
        {
            return Err(SpectralError::NotFinite {
                what: "training row",
                index,
            });
        }
        let mut columns: Vec<(f32, f32)> = Vec::with_capacity(rows.ncols());
        for column in rows.columns() {
            let mut values = column.to_vec();
            let median = quantile(&mut values, 0.5);
            values.iter_mut().for_each(|c| *c = (*c - median).abs());
            columns.push((median, quantile(&mut values, 0.5) * MAD_TO_SIGMA));
        }
        let largest = columns
            .iter()
            .fold(0.0f32, |largest, (_median, scale)| largest.max(*scale));
        let floor = if largest > 0.0 {
            (largest * SCALE_FLOOR).max(f32::MIN_POSITIVE)
        } else {
            1.0
        };
        let (mut top, mut beyond) = (Vec::with_capacity(columns.len()), 0);
        for (column, (median, scale)) in rows.columns().into_iter().zip(&mut columns) {
            *scale = scale.max(floor);
            let mut sizes: Vec<f32> = column
                .iter()
                .map(|c| ((c - *median) / *scale).asinh().abs())
                .collect();
            // Half of the values of a coefficient with a deviation of its own lie beyond 1 / MAD_TO_SIGMA.
            let limit = quantile(&mut sizes, TOP).max(MAD_TO_SIGMA.recip().asinh());
            beyond += sizes.iter().filter(|size| **size > limit).count();
            top.push(limit);
        }
        let (median, scale) = columns.into_iter().unzip();
        Ok(Self {
            median,
            scale,
            top,
            beyond: beyond as f64 / rows.len() as f64,
        })
    }

    /// Number of coefficients.
    pub fn len(&self) -> usize {
        self.median.len()
    }

    /// Whether there are no coefficients at all.
    pub fn is_empty(&self) -> bool {
        self.median.is_empty()
    }

    /// The scaler of the first `count` coefficients: of a lower order in flat order.
    #[must_use]
    pub fn truncated(&self, count: usize) -> Self {
        let cut = |values: &[f32]| values[..count.min(values.len())].to_vec();
        Self {
            median: cut(&self.median),
            scale: cut(&self.scale),
            top: cut(&self.top),
            beyond: self.beyond,
        }
    }

    /// Scales one row in place.
    ///
    /// # Errors
    /// A row of another length than [`len`](Self::len).
    pub fn transform(&self, row: &mut [f32]) -> Result<(), SpectralError> {
        self.check(row)?;
        for (i, c) in row.iter_mut().enumerate() {
            *c = ((*c - self.median[i]) / self.scale[i]).asinh() / self.top[i];
        }
        Ok(())
    }

    /// Undoes [`transform`](Self::transform) in place.
    ///
    /// # Errors
    /// As [`transform`](Self::transform).
    pub fn inverse(&self, row: &mut [f32]) -> Result<(), SpectralError> {
        self.check(row)?;
        for (i, u) in row.iter_mut().enumerate() {
            *u = (*u * self.top[i]).sinh() * self.scale[i] + self.median[i];
        }
        Ok(())
    }

    fn check(&self, row: &[f32]) -> Result<(), SpectralError> {
        check_length("row", self.len(), row.len())
    }
}

/// The value below which a fraction `q` of the values lies. Reorders them.
fn quantile(values: &mut [f32], q: f64) -> f32 {
    let rank = ((values.len() - 1) as f64 * q).round() as usize;
    *values.select_nth_unstable_by(rank, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn rows() -> Array2<f32> {
        Array2::from_shape_fn((500, 3), |(i, j)| match j {
            0 => ((i * 37) % 500) as f32 / 100.0 - 2.5,
            1 => 1e4 * (((i * 91) % 500) as f32 / 250.0 - 1.0).powi(3),
            _ => 7.0,
        })
    }

    #[test]
    fn the_inverse_is_exact_and_the_scale_common() {
        let rows = rows();
        let scaler = Scaler::fit(&rows.view()).unwrap();
        let mut largest = [0.0f32; 3];
        for row in rows.outer_iter() {
            let mut values = row.to_vec();
            scaler.transform(&mut values).unwrap();
            for (large, value) in largest.iter_mut().zip(&values) {
                *large = large.max(value.abs());
            }
            scaler.inverse(&mut values).unwrap();
            for (value, truth) in values.iter().zip(row) {
                assert!(
                    (value - truth).abs() <= 2e-5 * truth.abs().max(1.0),
                    "{value} {truth}"
                );
            }
        }
        assert!(
            largest[0] >= 1.0 && largest[0] < 1.1 && largest[1] < 1.3,
            "{largest:?}"
        );
        assert_eq!(largest[2], 0.0, "a constant coefficient carries nothing");
        assert!(scaler.beyond <= 0.002);
    }

    #[test]
    fn rounding_errors_stay_small_and_rare_values_are_scaled() {
        let rows = Array2::from_shape_fn((2_000, 3), |(i, j)| match j {
            0 => ((i * 37) % 2_000) as f32 / 1_000.0 - 1.0,
            1 => 1e-17 * (((i * 91) % 2_000) as f32 - 1_000.0),
            _ if i % 100 == 7 => 0.5,
            _ => 0.0,
        });
        let scaler = Scaler::fit(&rows.view()).unwrap();
        let mut row = [0.3, 1e-14, 0.5];
        scaler.transform(&mut row).unwrap();
        assert!(row[1].abs() < 1e-6, "{row:?}");
        assert!((row[2] - 1.0).abs() < 1e-6, "{row:?}");
        scaler.inverse(&mut row).unwrap();
        assert!((row[1] - 1e-14).abs() < 1e-19, "{row:?}");
    }

    #[test]
    fn the_smallest_numbers_make_no_nan() {
        let rows = Array2::from_shape_fn((9, 2), |(i, j)| f32::from_bits((i * j) as u32));
        let scaler = Scaler::fit(&rows.view()).unwrap();
        let mut row = rows.row(5).to_vec();
        scaler.transform(&mut row).unwrap();
        assert!(row.iter().all(|u| u.is_finite()), "{row:?}");
    }

    #[test]
    fn what_is_read_is_checked() {
        let scaler = Scaler::fit(&rows().view()).unwrap();
        let text = serde_json::to_string(&scaler).unwrap();
        assert_eq!(serde_json::from_str::<Scaler>(&text).unwrap(), scaler);
        let read = |scale: &str, top: &str| {
            let text =
                format!(r#"{{"median":[0.0,1.0],"scale":{scale},"top":{top},"beyond":0.0}}"#);
            serde_json::from_str::<Scaler>(&text).map_err(|error| error.to_string())
        };
        assert!(read("[1.0,2.0]", "[3.0,4.0]").is_ok());
        for (scale, top, part) in [
            (
                "[1.0]",
                "[3.0,4.0]",
                "scales of a scaler: expected length 2",
            ),
            ("[1.0,2.0]", "[]", "tops of a scaler"),
            ("[1.0,0.0]", "[3.0,4.0]", "more than 0, found 0"),
            ("[1.0,2.0]", "[3.0,-1.0]", "found -1"),
        ] {
            let error = read(scale, top).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn bad_rows_are_refused() {
        assert!(Scaler::fit(&Array2::zeros((0, 3)).view()).is_err());
        let mut bad = rows();
        bad[[3, 1]] = f32::NAN;
        let error = Scaler::fit(&bad.view()).unwrap_err();
        assert_eq!(
            error,
            SpectralError::NotFinite {
                what: "training row",
                index: 3
            }
        );
        assert!(
            Scaler::fit(&rows().view())
                .unwrap()
                .transform(&mut [0.0; 2])
                .is_err()
        );
    }
}
