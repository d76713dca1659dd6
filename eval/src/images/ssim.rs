//! Structural similarity with Gaussian windows (Wang et al. 2004), and over several scales (Wang et al. 2003).

use ndarray::{Array2, ArrayView2, Axis, Zip};

use super::{Picture, check};
use crate::error::{EvalError, Result};

/// Standard deviation of the window.
const SIGMA: f64 = 1.5;
/// Cells from its centre to its edge.
const RADIUS: usize = 5;
const WINDOW: usize = 2 * RADIUS + 1;
/// (0.01)^2 and (0.03)^2: the constants for values in 0..=1.
const C1: f64 = 1e-4;
const C2: f64 = 9e-4;
/// Exponents of the scales, finest first.
const WEIGHTS: [f64; 5] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/// Mean structural similarity, averaged over channels, in -1..=1.
///
/// An 11 x 11 Gaussian window of sigma 1.5 that stays inside the picture, covariances divided by n: what
/// `structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1)` of scikit-image
/// gives.
///
/// # Errors
/// Pictures of different shapes or with a side below 11, values that are not finite.
pub fn ssim(a: &Picture, b: &Picture) -> Result<f64> {
    check(a, b)?;
    scales_of(a)?;
    let total: f64 = planes(a)
        .zip(planes(b))
        .map(|(x, y)| similarity(&x, &y).0)
        .sum();
    Ok(total / a.len_of(Axis(0)) as f64)
}

/// How many of the five scales fit pictures with this shorter side; 0 below 11.
pub fn ms_ssim_scales(side: usize) -> usize {
    (0..WEIGHTS.len())
        .take_while(|scale| side >> scale >= WINDOW)
        .count()
}

/// Multi-scale structural similarity, averaged over channels, in 0..=1.
///
/// Five scales with the weights of Wang et al.; smaller pictures take as many as fit ([`ms_ssim_scales`]), their weights
/// scaled to sum to one. Negative terms count as 0.
///
/// # Errors
/// Pictures of different shapes or with a side below 11, values that are not finite.
pub fn ms_ssim(a: &Picture, b: &Picture) -> Result<f64> {
    check(a, b)?;
    let scales = scales_of(a)?;
    let total: f64 = WEIGHTS[..scales].iter().sum();
    let of_plane = |(mut x, mut y): (Array2<f64>, Array2<f64>)| {
        let mut product = 1.0;
        for (scale, weight) in WEIGHTS[..scales].iter().enumerate() {
            let (whole, contrast) = similarity(&x, &y);
            let factor = if scale + 1 == scales { whole } else { contrast };
            product *= factor.max(0.0).powf(weight / total);
            (x, y) = (halved(&x), halved(&y));
        }
        product
    };
    let sum: f64 = planes(a).zip(planes(b)).map(of_plane).sum();
    Ok(sum / a.len_of(Axis(0)) as f64)
}

/// The number of scales that fit, at least one.
fn scales_of(picture: &Picture) -> Result<usize> {
    let (_channels, height, width) = picture.dim();
    let scales = ms_ssim_scales(height.min(width));
    if scales > 0 {
        return Ok(scales);
    }
    Err(EvalError::Parameter {
        what: "the size of a picture",
        value: format!("{height} x {width}"),
        expected: "sides of at least 11, the window of SSIM",
    })
}

fn planes<'p>(picture: &'p Picture) -> impl Iterator<Item = Array2<f64>> + 'p {
    picture.outer_iter().map(|plane| plane.mapv(f64::from))
}

/// Means of the similarity and of its contrast and structure part alone over all windows of a plane.
fn similarity(x: &Array2<f64>, y: &Array2<f64>) -> (f64, f64) {
    let (mx, my) = (blurred(x.view()), blurred(y.view()));
    let (xx, yy, xy) = (
        blurred((x * x).view()),
        blurred((y * y).view()),
        blurred((x * y).view()),
    );
    let (mut whole, mut contrast) = (0.0, 0.0);
    Zip::from(&mx)
        .and(&my)
        .and(&xx)
        .and(&yy)
        .and(&xy)
        .for_each(|&mx, &my, &xx, &yy, &xy| {
            let cs = (2.0 * (xy - mx * my) + C2) / (xx - mx * mx + yy - my * my + C2);
            whole += cs * (2.0 * mx * my + C1) / (mx * mx + my * my + C1);
            contrast += cs;
        });
    let count = mx.len() as f64;
    (whole / count, contrast / count)
}

/// The window over every place where it fits, `[height - 10, width - 10]`.
fn blurred(plane: ArrayView2<f64>) -> Array2<f64> {
    along_rows(along_rows(plane).t()).reversed_axes()
}

/// The one-dimensional window along each row.
fn along_rows(plane: ArrayView2<f64>) -> Array2<f64> {
    let window = window();
    let (rows, columns) = (plane.nrows(), plane.ncols() + 1 - WINDOW);
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        (0..WINDOW)
            .map(|i| window[i] * plane[[row, column + i]])
            .sum()
    })
}

fn window() -> [f64; WINDOW] {
    let value = |i: usize| (-0.5 * ((i as f64 - RADIUS as f64) / SIGMA).powi(2)).exp();
    let total: f64 = (0..WINDOW).map(value).sum();
    std::array::from_fn(|i| value(i) / total)
}

/// Means of 2 x 2 cells; an odd last row or column is left out.
fn halved(plane: &Array2<f64>) -> Array2<f64> {
    let (rows, columns) = (plane.nrows() / 2, plane.ncols() / 2);
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        let (y, x) = (2 * row, 2 * column);
        (plane[[y, x]] + plane[[y, x + 1]] + plane[[y + 1, x]] + plane[[y + 1, x + 1]]) / 4.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::testing::{expected, first, second};

    #[test]
    fn ssim_is_that_of_scikit_image() {
        for (channels, side) in [(1, 32), (3, 32), (3, 64)] {
            let (a, b) = (first(channels, side), second(channels, side));
            let found = ssim(&a.view(), &b.view()).unwrap();
            let expected = expected(&format!("ssim_{channels}_{side}"));
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        let a = first(3, 32);
        assert!((ssim(&a.view(), &a.view()).unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn ms_ssim_is_that_of_the_reference_at_two_three_and_five_scales() {
        for (channels, side) in [(1, 32), (3, 64), (1, 192)] {
            let (a, b) = (first(channels, side), second(channels, side));
            let found = ms_ssim(&a.view(), &b.view()).unwrap();
            let expected = expected(&format!("ms_ssim_{channels}_{side}"));
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
        assert_eq!([10, 11, 32, 64, 192].map(ms_ssim_scales), [0, 1, 2, 3, 5]);
    }

    #[test]
    fn pictures_below_the_window_are_refused() {
        let a = first(1, 10);
        let message = ssim(&a.view(), &a.view()).unwrap_err().to_string();
        assert!(
            message.contains("10 x 10") && message.contains("11"),
            "{message}"
        );
        assert!(ms_ssim(&a.view(), &a.view()).is_err());
    }
}
