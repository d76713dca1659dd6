//! Several answers to one question: how much they differ, and how good the best of them is.

use super::{Picture, check, psnr};
use crate::error::{EvalError, Result};

/// What the answers for several z say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answers {
    /// Mean absolute difference over all pairs of answers, per cell; 0 for a single answer.
    pub diversity: f64,
    /// Highest PSNR of an answer. The truth chooses it: an upper bound, not a result.
    pub best_psnr: f64,
}

/// Compares answers with each other and with the truth.
///
/// # Errors
/// No answer, answers of another shape than the truth, values that are not finite.
pub fn answers(answers: &[Picture], truth: &Picture) -> Result<Answers> {
    let mut best_psnr = f64::NEG_INFINITY;
    for answer in answers {
        best_psnr = best_psnr.max(psnr(answer, truth)?);
    }
    if answers.is_empty() {
        return Err(EvalError::Empty("the list of answers".into()));
    }
    let (mut total, mut pairs) = (0.0, 0);
    for (i, a) in answers.iter().enumerate() {
        for b in &answers[i + 1..] {
            check(a, b)?;
            let distance: f64 = a.iter().zip(b).map(|(x, y)| f64::from(x - y).abs()).sum();
            total += distance / a.len() as f64;
            pairs += 1;
        }
    }
    Ok(Answers {
        diversity: total / f64::from(pairs.max(1)),
        best_psnr,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    #[test]
    fn diversity_is_the_mean_distance_and_the_best_is_the_nearest() {
        let plain = |value: f32| Array3::from_elem((1, 2, 2), value);
        let (low, middle, high) = (plain(0.0), plain(0.5), plain(1.0));
        let truth = plain(0.4);
        let found = answers(&[low.view(), middle.view(), high.view()], &truth.view()).unwrap();
        assert!((found.diversity - (0.5 + 1.0 + 0.5) / 3.0).abs() < 1e-9);
        assert!((found.best_psnr - 20.0).abs() < 1e-4);
        let one = answers(&[high.view()], &truth.view()).unwrap();
        assert_eq!(one.diversity, 0.0);
        assert!(answers(&[], &truth.view()).is_err());
        assert!(answers(&[low.view()], &Array3::zeros((1, 3, 3)).view()).is_err());
    }
}
