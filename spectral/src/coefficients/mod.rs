//! Coefficients that know what they are coefficients of.
//!
//! Every function of this crate takes plain slices in flat order and the orthonormal basis; a [`Coefficients`] is for those who
//! carry them about, change their order or exchange them with other programs.

mod layouts;

use serde::{Deserialize, Serialize};

use crate::check::{check_finite, check_length, check_order, no_expansion};
use crate::{Basis, Real, SpectralError};

/// How large the basis functions are.
///
/// Coefficients are those of an expansion `f = sum c F`: functions that are larger by a factor have coefficients smaller
/// by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Normalization {
    /// The square of each function has the integral 1: what all transforms of this crate use.
    Orthonormal,
    /// Spherical harmonics of mean square 1, integral 4 pi: larger by `sqrt(4 pi)`. Geodesy; the default of pyshtools.
    FourPi,
    /// Schmidt semi-normalised spherical harmonics, integral `4 pi / (2l + 1)`: larger by `sqrt(4 pi / (2l + 1))`. Geomagnetism.
    Schmidt,
    /// Zernike functions of integral `4 pi / 3`: larger by `sqrt(4 pi / 3)`. Canterakis (1999); Novotni and Klein (2003), whose
    /// moments carry the factor `3 / (4 pi)` and so are these coefficients.
    Canterakis,
}

impl Normalization {
    /// Size of the functions of degree `l` against the orthonormal ones; None where it is of the other basis.
    fn scale(self, basis: Basis, l: usize) -> Option<f64> {
        let sphere = 4.0 * std::f64::consts::PI;
        match (self, basis) {
            (Self::Orthonormal, _) => Some(1.0),
            (Self::FourPi, Basis::Spherical) => Some(sphere.sqrt()),
            (Self::Schmidt, Basis::Spherical) => Some((sphere / (2 * l + 1) as f64).sqrt()),
            (Self::Canterakis, Basis::Zernike) => Some((sphere / 3.0).sqrt()),
            _ => None,
        }
    }
}

/// Real coefficients of a basis up to an order, in flat order, with their normalisation.
///
/// ```
/// use spectra_spectral::{Basis, Coefficients, Normalization};
///
/// // The function 1 on the sphere.
/// let one = Coefficients::new(Basis::Spherical, 0, vec![(4.0 * std::f64::consts::PI).sqrt()])?;
/// let one = one.with_order(2)?;
/// assert!((one.clone().normalized(Normalization::FourPi)?.values()[0] - 1.0).abs() < 1e-15);
/// assert!((one.energy() - 4.0 * std::f64::consts::PI).abs() < 1e-14);
/// # Ok::<(), spectra_spectral::SpectralError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coefficients {
    basis: Basis,
    order: usize,
    normalization: Normalization,
    values: Vec<f64>,
}

impl Coefficients {
    /// Orthonormal coefficients, from what a transform gives.
    ///
    /// # Errors
    /// A length that does not fit basis and order, a value that is not finite.
    pub fn new(basis: Basis, order: usize, values: Vec<f64>) -> Result<Self, SpectralError> {
        Self::of(basis, order, Normalization::Orthonormal, values)
    }

    /// Coefficients of a stated normalisation.
    ///
    /// # Errors
    /// As [`new`](Self::new), and a normalisation of the other basis.
    pub fn of(
        basis: Basis,
        order: usize,
        normalization: Normalization,
        values: Vec<f64>,
    ) -> Result<Self, SpectralError> {
        check_length("coefficients", checked_count(basis, order)?, values.len())?;
        check_finite("coefficient", &values)?;
        check_normalization(basis, normalization)?;
        Ok(Self {
            basis,
            order,
            normalization,
            values,
        })
    }

    /// Orthonormal coefficients from a slice of either type.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_slice<T: Real>(
        basis: Basis,
        order: usize,
        values: &[T],
    ) -> Result<Self, SpectralError> {
        Self::new(basis, order, values.iter().map(|v| v.to_f64()).collect())
    }

    /// The basis.
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// The highest degree (spherical) or n (Zernike).
    pub fn order(&self) -> usize {
        self.order
    }

    /// The normalisation.
    pub fn normalization(&self) -> Normalization {
        self.normalization
    }

    /// The values in flat order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The values in flat order, taken out.
    pub fn into_values(self) -> Vec<f64> {
        self.values
    }

    /// The coefficients up to another order: cut off, or filled up with zeros. Flat order ascends, so this is a prefix.
    ///
    /// # Errors
    /// An order above 4096, or 128 for Zernike.
    pub fn with_order(mut self, order: usize) -> Result<Self, SpectralError> {
        self.values.resize(checked_count(self.basis, order)?, 0.0);
        self.order = order;
        Ok(self)
    }

    /// The same function by coefficients of another normalisation. O(K).
    ///
    /// # Errors
    /// A normalisation of the other basis.
    pub fn normalized(mut self, to: Normalization) -> Result<Self, SpectralError> {
        check_normalization(self.basis, to)?;
        let (basis, from) = (self.basis, self.normalization);
        for (l, block) in blocks(basis, self.order) {
            // Both are of this basis, as was checked.
            let scale = |n: Normalization| n.scale(basis, l).unwrap_or(1.0);
            let factor = scale(from) / scale(to);
            self.values[block].iter_mut().for_each(|v| *v *= factor);
        }
        self.normalization = to;
        Ok(self)
    }

    /// The integral of the square of the function over the sphere or ball (Parseval's theorem). O(K).
    pub fn energy(&self) -> f64 {
        self.degree_energy().iter().sum()
    }

    /// The part of [`energy`](Self::energy) of each degree l (spherical) or n (Zernike): `[order + 1]`. O(K).
    pub fn degree_energy(&self) -> Vec<f64> {
        let mut energy = vec![0.0; self.order + 1];
        for (l, block) in blocks(self.basis, self.order) {
            let scale = self.normalization.scale(self.basis, l).unwrap_or(1.0);
            let n = if self.basis == Basis::Spherical {
                l
            } else {
                order_at(block.start)
            };
            let squares: f64 = self.values[block].iter().map(|v| v * v).sum();
            energy[n] += squares * scale * scale;
        }
        energy
    }

    /// The share of the energy above `order`: what a cut there loses. 0 where there is no energy.
    pub fn truncation_error(&self, order: usize) -> f64 {
        let energy = self.degree_energy();
        let lost: f64 = energy.iter().skip(order.saturating_add(1)).sum();
        let all: f64 = energy.iter().sum();
        if all > 0.0 { lost / all } else { 0.0 }
    }
}

/// (l, range of flat indices) of each run of 2l+1 values.
fn blocks(basis: Basis, order: usize) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> {
    let degrees = (0..=order).flat_map(move |n| {
        let first = if basis == Basis::Spherical { n } else { n % 2 };
        (first..=n).step_by(2)
    });
    degrees.scan(0, |start, l| {
        let block = *start..*start + 2 * l + 1;
        *start = block.end;
        Some((l, block))
    })
}

/// The n of a flat Zernike index.
fn order_at(index: usize) -> usize {
    (0..)
        .find(|n| Basis::Zernike.count(*n) > index)
        .unwrap_or(0)
}

fn checked_count(basis: Basis, order: usize) -> Result<usize, SpectralError> {
    if basis == Basis::Radius {
        return Err(no_expansion("basis of coefficients"));
    }
    check_order(basis, order)?;
    Ok(basis.count(order))
}

fn check_normalization(basis: Basis, normalization: Normalization) -> Result<(), SpectralError> {
    match normalization.scale(basis, 0) {
        Some(_) => Ok(()),
        None => Err(SpectralError::Value {
            what: "normalisation",
            expected: "orthonormal; 4 pi or Schmidt for spherical harmonics; Canterakis for Zernike functions",
            found: format!("{normalization:?} for {basis}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{harmonics, power_spectrum};

    fn values(count: usize) -> Vec<f64> {
        (0..count).map(|i| ((i * 37) % 23) as f64 - 11.0).collect()
    }

    #[test]
    fn normalisations_describe_one_function() {
        let ortho = Coefficients::new(Basis::Spherical, 6, values(49)).unwrap();
        let y = harmonics(6, [0.3, -0.5, 0.7]).unwrap();
        let value: f64 = y.iter().zip(ortho.values()).map(|(y, a)| y * a).sum();
        for normalization in [Normalization::FourPi, Normalization::Schmidt] {
            let other = ortho.clone().normalized(normalization).unwrap();
            let mut sum = 0.0;
            for (l, block) in blocks(Basis::Spherical, 6) {
                let scale = normalization.scale(Basis::Spherical, l).unwrap();
                sum += block.map(|i| scale * y[i] * other.values()[i]).sum::<f64>();
            }
            assert!((sum - value).abs() < 1e-12);
            assert!((other.energy() - ortho.energy()).abs() < 1e-10);
            let back = other.normalized(Normalization::Orthonormal).unwrap();
            assert!(
                back.values()
                    .iter()
                    .zip(ortho.values())
                    .all(|(a, b)| (a - b).abs() < 1e-13)
            );
        }
        let truth = power_spectrum(ortho.values()).unwrap();
        assert!(
            ortho
                .degree_energy()
                .iter()
                .zip(truth)
                .all(|(a, b)| (a - b).abs() < 1e-10)
        );
        let ball = Coefficients::new(Basis::Zernike, 6, values(84)).unwrap();
        let norm = ball.clone().normalized(Normalization::Canterakis).unwrap();
        let factor = (3.0 / (4.0 * std::f64::consts::PI)).sqrt();
        assert!((norm.values()[5] - factor * ball.values()[5]).abs() < 1e-14);
        assert!((norm.energy() - ball.energy()).abs() < 1e-10);
    }

    #[test]
    fn orders_are_prefixes_and_energies_add_up() {
        let ball = Coefficients::new(Basis::Zernike, 5, values(56)).unwrap();
        let less = ball.clone().with_order(3).unwrap();
        assert_eq!(less.values(), &ball.values()[..20]);
        let lost = ball.truncation_error(3) * ball.energy();
        assert!((ball.energy() - less.energy() - lost).abs() < 1e-9);
        let n3: f64 = ball.values()[10..20].iter().map(|v| v * v).sum();
        assert!((ball.degree_energy()[3] - n3).abs() < 1e-10);
        let more = less.with_order(5).unwrap();
        assert_eq!((more.values().len(), more.truncation_error(3)), (56, 0.0));
        assert_eq!(more.truncation_error(usize::MAX), 0.0);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(Coefficients::new(Basis::Spherical, 2, values(8)).is_err());
        assert!(Coefficients::new(Basis::Spherical, usize::MAX, values(8)).is_err());
        assert!(Coefficients::new(Basis::Spherical, 0, vec![f64::NAN]).is_err());
        let bad = Normalization::Canterakis;
        assert!(Coefficients::of(Basis::Spherical, 1, bad, values(4)).is_err());
        let ball = Coefficients::new(Basis::Zernike, 1, values(4)).unwrap();
        assert!(ball.clone().normalized(Normalization::FourPi).is_err());
        assert!(ball.with_order(5000).is_err());
    }
}
