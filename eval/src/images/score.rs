//! Means of all figures over a test set, and the table they stand in.

use std::fmt::Write;

use ndarray::{Array4, ArrayView3, Axis};
use serde::Serialize;

use super::{Lpips, answers, check, ms_ssim, psnr, ssim};
use crate::error::{EvalError, Result};

/// One row of the table: means over the test pictures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// What answered.
    pub name: String,
    /// Share of each picture that was hidden, where it was set.
    pub hidden: Option<f64>,
    /// Peak signal-to-noise ratio of the first answer, in decibels.
    pub psnr: f64,
    /// The same over the cells that were asked for alone.
    pub psnr_asked: f64,
    /// Structural similarity of the first answer.
    pub ssim: f64,
    /// Multi-scale structural similarity of the first answer.
    pub ms_ssim: f64,
    /// LPIPS of the first answer, if weights were given.
    pub lpips: Option<f64>,
    /// Answers for each picture.
    pub answers: usize,
    /// Mean absolute difference between two answers.
    pub diversity: f64,
    /// PSNR of the best answer, which the truth chooses: an upper bound.
    pub best_psnr: f64,
}

/// Scores `given` (one array of all pictures for each start of z) against `truth`, both `[pictures, channels, side, side]`
/// with values in 0..=1. `asked` is 1 where a cell was asked for.
///
/// # Errors
/// No answer, arrays of different shapes, values that are not finite, or pictures too small for SSIM or LPIPS.
pub fn score(
    name: &str,
    hidden: Option<f64>,
    given: &[Array4<f32>],
    truth: &Array4<f32>,
    asked: &Array4<f32>,
    lpips: Option<&Lpips>,
) -> Result<Scores> {
    let Some(first) = given.first() else {
        return Err(EvalError::Empty("the list of answers".into()));
    };
    let count = truth.len_of(Axis(0));
    let mut total = Scores {
        name: name.to_owned(),
        hidden,
        psnr: 0.0,
        psnr_asked: 0.0,
        ssim: 0.0,
        ms_ssim: 0.0,
        lpips: lpips.map(|_weights| 0.0),
        answers: given.len(),
        diversity: 0.0,
        best_psnr: 0.0,
    };
    for item in 0..count {
        let at = |array: &Array4<f32>| array.index_axis(Axis(0), item).to_owned();
        let (answer, truth, asked) = (at(first), at(truth), at(asked));
        let (answer, truth) = (answer.view(), truth.view());
        let several: Vec<_> = given.iter().map(at).collect();
        let views: Vec<ArrayView3<f32>> = several.iter().map(|answer| answer.view()).collect();
        check(&truth, &asked.view())?;
        let compared = answers(&views, &truth)?;
        let share = 1.0 / count as f64;
        total.psnr += share * psnr(&answer, &truth)?;
        total.psnr_asked += share * psnr_within(&answer, &truth, &asked.view());
        total.ssim += share * ssim(&answer, &truth)?;
        total.ms_ssim += share * ms_ssim(&answer, &truth)?;
        total.diversity += share * compared.diversity;
        total.best_psnr += share * compared.best_psnr;
        if let (Some(sum), Some(lpips)) = (&mut total.lpips, lpips) {
            *sum += share * lpips.distance(&answer, &truth)?;
        }
    }
    Ok(total)
}

/// PSNR over the cells where `asked` is not 0.
fn psnr_within(a: &ArrayView3<f32>, b: &ArrayView3<f32>, asked: &ArrayView3<f32>) -> f64 {
    let (mut sum, mut weight) = (0.0, 0.0);
    for ((x, y), asked) in a.iter().zip(b).zip(asked) {
        sum += f64::from(*asked) * f64::from(x - y).powi(2);
        weight += f64::from(*asked);
    }
    if weight == 0.0 {
        return 100.0;
    }
    (-10.0 * (sum / weight).log10()).min(100.0)
}

/// The rows as text for a terminal.
pub fn table(rows: &[Scores], scales: usize) -> String {
    let width = rows
        .iter()
        .map(|row| row.name.len())
        .max()
        .unwrap_or(0)
        .max(8);
    let mut text = format!(
        "{:width$}  hidden    PSNR  asked PSNR    SSIM  MS-SSIM({scales})   LPIPS  answers  diversity  best PSNR\n",
        "answers"
    );
    for row in rows {
        let hidden = row
            .hidden
            .map_or("-".into(), |share| format!("{:.0} %", 100.0 * share));
        let lpips = row.lpips.map_or("-".into(), |value| format!("{value:.4}"));
        let _infallible = writeln!(
            text,
            "{:width$}  {hidden:>6}  {:>6.2}  {:>10.2}  {:>6.4}  {:>10.4}  {lpips:>6}  {:>7}  {:>9.4}  {:>9.2}",
            row.name,
            row.psnr,
            row.psnr_asked,
            row.ssim,
            row.ms_ssim,
            row.answers,
            row.diversity,
            row.best_psnr,
        );
    }
    text
}

/// How often the second mode appears in answers whose targets had it at some rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Modes {
    /// Share of all answers that show it.
    pub second: f64,
    /// Share of the pictures of which some answers show it and some do not.
    pub both: f64,
}

/// Counts answers `[pictures, channels, side, side]` whose mean over a region is above one half.
pub fn modes(given: &[Array4<f32>], region: &[std::ops::Range<usize>; 2]) -> Modes {
    let count = given.first().map_or(0, |first| first.len_of(Axis(0)));
    let [rows, columns] = region.clone();
    let shows = |answers: &Array4<f32>, item: usize| {
        let area = answers.slice(ndarray::s![item, .., rows.clone(), columns.clone()]);
        area.mean().unwrap_or(0.0) > 0.5
    };
    let (mut second, mut both) = (0, 0);
    for item in 0..count {
        let hits = given.iter().filter(|answers| shows(answers, item)).count();
        second += hits;
        both += usize::from(hits > 0 && hits < given.len());
    }
    Modes {
        second: second as f64 / (count * given.len()).max(1) as f64,
        both: both as f64 / count.max(1) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_means_over_pictures_and_only_asked_cells_count_where_said() {
        let truth = Array4::from_shape_fn((2, 1, 16, 16), |(n, _c, y, x)| {
            ((n + 3 * y + 5 * x) % 7) as f32 / 7.0
        });
        let asked = Array4::from_shape_fn((2, 1, 16, 16), |(_n, _c, y, _x)| f32::from(y < 4));
        let answer = &truth + &(asked.clone() * 0.1);
        let given = [answer, truth.clone()];
        let row = score("x", None, &given, &truth, &asked, None).unwrap();
        assert!((row.psnr_asked - 20.0).abs() < 1e-4, "{row:?}");
        assert!((row.psnr - (20.0 + 10.0 * 4f64.log10())).abs() < 1e-4);
        assert_eq!(row.best_psnr, 100.0);
        assert!((row.diversity - 0.025).abs() < 1e-6);
        assert!(row.ssim < 1.0 && row.lpips.is_none());
        let text = table(&[row], 1);
        assert!(text.contains("20.00"), "{text}");
        assert!(score("x", None, &[], &truth, &asked, None).is_err());
        let nowhere = asked.mapv(|_asked| f32::NAN);
        assert!(score("x", None, &given, &truth, &nowhere, None).is_err());
    }

    #[test]
    fn modes_are_counted_by_answer_and_by_picture() {
        let mut first = Array4::zeros((4, 1, 8, 8));
        let region = [1..3, 1..3];
        for item in 0..2 {
            first.slice_mut(ndarray::s![item, .., 1..3, 1..3]).fill(1.0);
        }
        let mut second = first.clone();
        second.slice_mut(ndarray::s![1, .., 1..3, 1..3]).fill(0.0);
        let found = modes(&[first, second], &region);
        assert_eq!(
            found,
            Modes {
                second: 3.0 / 8.0,
                both: 0.25
            }
        );
    }
}
