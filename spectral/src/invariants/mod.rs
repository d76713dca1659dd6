//! Numbers that no rotation changes.

mod bispectrum;
mod wigner3j;

pub use bispectrum::{Bispectrum, Shell};

use crate::check::{check_finite, check_length, check_order};
use crate::{Basis, Real, SpectralError, zernike_index};

/// Sum of squares of each degree of spherical coefficients in flat order: `[L + 1]`. O(K).
///
/// # Errors
/// A length that is not `(L + 1)^2`, as that of most Zernike coefficients is not; values that are not finite.
pub fn power_spectrum<T: Real>(coefficients: &[T]) -> Result<Vec<f64>, SpectralError> {
    let degrees = coefficients.len().isqrt();
    if degrees == 0 || degrees * degrees != coefficients.len() {
        return Err(SpectralError::Value {
            what: "number of spherical coefficients",
            expected: "(L + 1)^2",
            found: coefficients.len().to_string(),
        });
    }
    check_finite("coefficient", coefficients)?;
    let degree = |l: usize| energy(&coefficients[l * l..(l + 1) * (l + 1)]);
    Ok((0..degrees).map(degree).collect())
}

/// The norm over m of each (n, l) of Zernike coefficients, in flat order of (n, l) (Novotni and Klein 2003, eq. 9).
///
/// For order N there are floor((N+2)^2 / 4) values. O(K).
///
/// # Errors
/// An order above 128, a length that does not fit it, values that are not finite.
pub fn zernike_invariants<T: Real>(
    order: usize,
    coefficients: &[T],
) -> Result<Vec<f64>, SpectralError> {
    shells(coefficients, order, |block, out| {
        out.push(energy(block).sqrt());
    })
}

/// What rotations about z leave of Zernike coefficients: for each (n, l) the value at m = 0 and, for each m > 0, the
/// length of the pair (m, -m). O(K).
///
/// # Errors
/// As [`zernike_invariants`].
pub fn z_invariants<T: Real>(order: usize, coefficients: &[T]) -> Result<Vec<f64>, SpectralError> {
    shells(coefficients, order, |block, out| {
        let l = block.len() / 2;
        let pair = |m: usize| block[l + m].to_f64().hypot(block[l - m].to_f64());
        out.push(block[l].to_f64());
        out.extend((1..=l).map(pair));
    })
}

/// The products `sum_m c_nlm c_n'lm` of all pairs n <= n' of each degree l: l ascending, then n, then n'.
///
/// Norms are the pairs n = n' of these; the others keep how the shells of a degree lie to each other. For order N there are
/// `sum_l s (s + 1) / 2` values, s = floor((N - l) / 2) + 1: 285 at N = 16. O(N^4).
///
/// # Errors
/// As [`zernike_invariants`].
pub fn cross_order_products<T: Real>(
    order: usize,
    coefficients: &[T],
) -> Result<Vec<f64>, SpectralError> {
    check(coefficients, order)?;
    let shell = |n: usize, l: usize| {
        let start = zernike_index(n, l, -(l as isize));
        &coefficients[start..start + 2 * l + 1]
    };
    let mut products = Vec::new();
    for l in 0..=order {
        for n in (l..=order).step_by(2) {
            for other in (n..=order).step_by(2) {
                let pairs = shell(n, l).iter().zip(shell(other, l));
                products.push(pairs.map(|(a, b)| a.to_f64() * b.to_f64()).sum());
            }
        }
    }
    Ok(products)
}

fn energy<T: Real>(values: &[T]) -> f64 {
    values.iter().map(|c| c.to_f64() * c.to_f64()).sum()
}

fn check<T: Real>(coefficients: &[T], order: usize) -> Result<(), SpectralError> {
    check_order(Basis::Zernike, order)?;
    let count = Basis::Zernike.count(order);
    check_length("Zernike coefficients", count, coefficients.len())?;
    check_finite("coefficient", coefficients)
}

/// What `each` adds for the block of each (n, l).
fn shells<T: Real>(
    coefficients: &[T],
    order: usize,
    each: impl Fn(&[T], &mut Vec<f64>),
) -> Result<Vec<f64>, SpectralError> {
    check(coefficients, order)?;
    let mut rest = coefficients;
    let mut values = Vec::new();
    for n in 0..=order {
        for l in (n % 2..=n).step_by(2) {
            let (block, after) = rest.split_at(2 * l + 1);
            each(block, &mut values);
            rest = after;
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rotation;
    use crate::testing::oracle;

    fn values(count: usize) -> Vec<f64> {
        (0..count).map(|i| ((i * 53) % 29) as f64 - 14.0).collect()
    }

    fn close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < tolerance)
    }

    #[test]
    fn rotations_about_z_change_nothing() {
        let mut a = values(84);
        let before = z_invariants(6, &a).unwrap();
        assert_eq!(zernike_invariants(6, &a).unwrap().len(), 16);
        Rotation::about_z(1.3, 6).apply_zernike(6, &mut a).unwrap();
        assert!(close(&z_invariants(6, &a).unwrap(), &before, 1e-12));
        assert!(z_invariants(7, &a).is_err());
    }

    #[test]
    fn a_spectrum_has_whole_degrees_alone() {
        assert_eq!(power_spectrum(&[2.0, 1.0, -1.0, 3.0]).unwrap(), [4.0, 11.0]);
        for count in [0, 2, 84] {
            let error = power_spectrum(&values(count)).unwrap_err();
            assert!(error.to_string().contains(&count.to_string()), "{error}");
        }
        assert!(power_spectrum(&[f32::NAN]).is_err());
    }

    #[test]
    fn no_rotation_changes_norms_and_products() {
        let mut a: Vec<f64> = values(969).iter().map(|v| v / 29.0).collect();
        let (norms, products) = (
            zernike_invariants(16, &a).unwrap(),
            cross_order_products(16, &a).unwrap(),
        );
        assert_eq!(products.len(), 285);
        Rotation::from_euler_zyz(0.4, 2.0, -1.0, 16)
            .apply_zernike(16, &mut a)
            .unwrap();
        assert!(close(&zernike_invariants(16, &a).unwrap(), &norms, 1e-12));
        assert!(close(
            &cross_order_products(16, &a).unwrap(),
            &products,
            1e-12
        ));
        // l = 0 has n = 0, 2, ..., 16: nine shells, the first product its own square.
        assert!((products[0].sqrt() - norms[0]).abs() < 1e-12);
        assert!(cross_order_products(15, &a).is_err());
    }

    #[test]
    fn the_oracle_is_met() {
        let (Some(text), Some(cloud)) = (oracle("extra/invariants.json"), oracle("cloud16.json"))
        else {
            return;
        };
        let truth: serde_json::Value = serde_json::from_str(&text).unwrap();
        let cloud: serde_json::Value = serde_json::from_str(&cloud).unwrap();
        let numbers = |v: &serde_json::Value| -> Vec<f64> {
            let number = |v: &serde_json::Value| v.as_f64().or_else(|| v.as_str()?.parse().ok());
            v.as_array()
                .unwrap()
                .iter()
                .map(|v| number(v).unwrap())
                .collect()
        };
        let rows = truth["cloud16"]["zernike_norms_n_l_value"]
            .as_array()
            .unwrap();
        let norms: Vec<f64> = rows.iter().map(|row| numbers(row)[2]).collect();
        let power = numbers(&truth["cloud16"]["sh_power_sum_over_m"]);
        let found = zernike_invariants(20, &numbers(&cloud["zernike"])).unwrap();
        assert!(close(&found, &norms, 1e-13));
        assert!(close(
            &power_spectrum(&numbers(&cloud["sh"])).unwrap(),
            &power,
            1e-13 * power[0].max(1.0)
        ));
    }
}
