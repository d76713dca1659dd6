//! Numbers that no rotation changes.

use crate::{Basis, Real, SpectralError};

/// Sum of squares of each degree of spherical coefficients in flat order: `[L + 1]`. O(K).
///
/// Values beyond the last whole degree are passed over.
pub fn power_spectrum<T: Real>(coefficients: &[T]) -> Vec<f64> {
    let degrees = (0..).take_while(|l| (l + 1) * (l + 1) <= coefficients.len());
    degrees
        .map(|l: usize| energy(&coefficients[l * l..(l + 1) * (l + 1)]))
        .collect()
}

/// The norm over m of each (n, l) of Zernike coefficients, in flat order of (n, l) (Novotni and Klein 2003, eq. 9).
///
/// For order N there are floor((N+2)^2 / 4) values. Fails where the length does not fit the order. O(K).
pub fn zernike_invariants<T: Real>(
    coefficients: &[T],
    order: usize,
) -> Result<Vec<f64>, SpectralError> {
    shells(coefficients, order, |block| vec![energy(block).sqrt()])
}

/// What rotations about z leave of Zernike coefficients: for each (n, l) the value at m = 0 and, for each m > 0, the
/// length of the pair (m, -m). Fails where the length does not fit the order. O(K).
pub fn z_invariants<T: Real>(coefficients: &[T], order: usize) -> Result<Vec<f64>, SpectralError> {
    shells(coefficients, order, |block| {
        let l = block.len() / 2;
        let pair = |m: usize| block[l + m].to_f64().hypot(block[l - m].to_f64());
        std::iter::once(block[l].to_f64())
            .chain((1..=l).map(pair))
            .collect()
    })
}

fn energy<T: Real>(values: &[T]) -> f64 {
    values.iter().map(|c| c.to_f64() * c.to_f64()).sum()
}

fn shells<T: Real>(
    coefficients: &[T],
    order: usize,
    each: impl Fn(&[T]) -> Vec<f64>,
) -> Result<Vec<f64>, SpectralError> {
    let expected = Basis::Zernike.count(order);
    if coefficients.len() != expected {
        let found = coefficients.len();
        return Err(SpectralError::Length {
            what: "Zernike coefficients",
            expected,
            found,
        });
    }
    let mut rest = coefficients;
    let mut values = Vec::new();
    for n in 0..=order {
        for l in (n % 2..=n).step_by(2) {
            let (block, after) = rest.split_at(2 * l + 1);
            values.extend(each(block));
            rest = after;
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rotation;

    #[test]
    fn rotations_about_z_change_nothing() {
        let mut values: Vec<f64> = (0..84).map(|i| ((i * 53) % 29) as f64 - 14.0).collect();
        let before = z_invariants(&values, 6).unwrap();
        assert_eq!(zernike_invariants(&values, 6).unwrap().len(), 16);
        Rotation::about_z(1.3, 6)
            .apply_zernike(6, &mut values)
            .unwrap();
        for (a, b) in z_invariants(&values, 6).unwrap().iter().zip(before) {
            assert!((a - b).abs() < 1e-12);
        }
        assert!(z_invariants(&values, 7).is_err());
    }
}
