//! How near pictures come to the truth, and how much several answers differ.
//!
//! Pictures are `[channels, height, width]` with values in 0..=1; all figures are of one pair or one set of answers, and
//! means over a test set are the caller's. Nothing here knows how the pictures were made.

mod diversity;
mod lpips;
mod score;
mod ssim;

use ndarray::ArrayView3;

pub use diversity::{Answers, answers};
pub use lpips::{Lpips, LpipsNet};
pub use score::{Modes, Scores, modes, score, table};
pub use ssim::{ms_ssim, ms_ssim_scales, ssim};

use crate::error::{EvalError, Result};

/// A picture, `[channels, height, width]`, values in 0..=1.
pub type Picture<'a> = ArrayView3<'a, f32>;

/// Refuses two pictures that cannot be compared cell by cell.
fn check(a: &Picture, b: &Picture) -> Result<()> {
    if a.dim() != b.dim() || a.is_empty() {
        return Err(EvalError::Parameter {
            what: "the pair of pictures",
            value: format!("of shapes {:?} and {:?}", a.shape(), b.shape()),
            expected: "two of the same shape that is not empty",
        });
    }
    // A minimum passes NaN over and a clamp makes it 0, so that it would be scored as a perfect or a plain answer.
    match a.iter().chain(b).find(|value| !value.is_finite()) {
        None => Ok(()),
        Some(value) => Err(EvalError::Parameter {
            what: "a cell of a picture",
            value: value.to_string(),
            expected: "a finite number",
        }),
    }
}

/// Mean squared difference, and 0 for equal pictures.
fn mean_square(a: &Picture, b: &Picture) -> f64 {
    let total: f64 = a.iter().zip(b).map(|(x, y)| f64::from(x - y).powi(2)).sum();
    total / a.len() as f64
}

/// Peak signal-to-noise ratio in decibels for values in 0..=1; at most 100, which stands for equal pictures.
///
/// # Errors
/// Pictures of different shapes, values that are not finite.
pub fn psnr(a: &Picture, b: &Picture) -> Result<f64> {
    check(a, b)?;
    Ok((-10.0 * mean_square(a, b).log10()).min(100.0))
}

#[cfg(test)]
pub(crate) mod testing {
    //! The pictures that `tests/fixtures/images.py` makes by the same integer arithmetic.

    use ndarray::Array3;

    /// A smooth pattern with edges.
    pub(crate) fn first(channels: usize, side: usize) -> Array3<f32> {
        Array3::from_shape_fn((channels, side, side), |(c, y, x)| {
            let value = (3 * x * x + 5 * y * y + 7 * x * y * (c + 1)) / (side + 8) % 256;
            value as f32 / 255.0
        })
    }

    /// The first, disturbed.
    pub(crate) fn second(channels: usize, side: usize) -> Array3<f32> {
        Array3::from_shape_fn((channels, side, side), |(c, y, x)| {
            let value = (3 * x * x + 5 * y * y + 7 * x * y * (c + 1)) / (side + 8) % 256;
            let other = (value + (13 * x + 29 * y + 17 * c) % 61).saturating_sub(30);
            other.min(255) as f32 / 255.0
        })
    }

    /// The figures of the reference packages.
    pub(crate) fn expected(key: &str) -> f64 {
        let text = include_str!("../../tests/fixtures/images.json");
        let figures: serde_json::Value = serde_json::from_str(text).unwrap();
        figures[key]
            .as_f64()
            .unwrap_or_else(|| panic!("no figure {key}"))
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{expected, first, second};
    use super::*;

    #[test]
    fn psnr_is_that_of_scikit_image() {
        for (channels, side) in [(1, 32), (3, 32), (3, 64)] {
            let (a, b) = (first(channels, side), second(channels, side));
            let found = psnr(&a.view(), &b.view()).unwrap();
            let expected = expected(&format!("psnr_{channels}_{side}"));
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
        let a = first(1, 16);
        assert_eq!(psnr(&a.view(), &a.view()).unwrap(), 100.0);
        assert!(psnr(&a.view(), &first(3, 16).view()).is_err());
    }

    #[test]
    fn answers_that_are_no_numbers_have_no_figure() {
        let truth = first(1, 16);
        for value in [f32::NAN, f32::INFINITY] {
            let mut answer = truth.clone();
            answer[[0, 3, 5]] = value;
            for figure in [psnr, ssim, ms_ssim] {
                for pair in [(&answer, &truth), (&truth, &answer)] {
                    let message = figure(&pair.0.view(), &pair.1.view()).unwrap_err();
                    assert!(message.to_string().contains("finite"), "{message}");
                }
            }
            assert!(answers(&[answer.view()], &truth.view()).is_err());
        }
    }
}
