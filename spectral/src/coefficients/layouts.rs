//! The layouts of other programs.

use super::{Coefficients, Normalization};
use crate::check::{check_finite, check_length};
use crate::{Basis, Real, Rotation, SpectralError};

impl Coefficients {
    /// Complex coefficients `[re, im]` of the functions with the Condon-Shortley phase, in the same flat order.
    ///
    /// `f = sum c_lm F_lm` with complex `F`; since f is real, `c_l,-m = (-1)^m conj(c_lm)`. For m > 0,
    /// `c_lm = (-1)^m (a_lm - i a_l,-m) / sqrt 2`. Both bases, any normalisation, which stays. O(K).
    pub fn to_complex(&self) -> Vec<[f64; 2]> {
        let mut out = vec![[0.0; 2]; self.values.len()];
        for (l, block) in super::blocks(self.basis, self.order) {
            let (values, out) = (&self.values[block.clone()], &mut out[block]);
            out[l][0] = values[l];
            for m in 1..=l {
                let half = std::f64::consts::FRAC_1_SQRT_2;
                let sign = if m.is_multiple_of(2) { 1.0 } else { -1.0 };
                let (re, im) = (half * values[l + m], -half * values[l - m]);
                out[l + m] = [sign * re, sign * im];
                out[l - m] = [re, -im];
            }
        }
        out
    }

    /// Real coefficients from complex ones of a real function, the inverse of [`to_complex`](Self::to_complex). Only m >= 0 is read. O(K).
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn from_complex(
        basis: Basis,
        order: usize,
        normalization: Normalization,
        complex: &[[f64; 2]],
    ) -> Result<Self, SpectralError> {
        check_length(
            "complex coefficients",
            super::checked_count(basis, order)?,
            complex.len(),
        )?;
        let mut values = vec![0.0; complex.len()];
        for (l, block) in super::blocks(basis, order) {
            let (complex, values) = (&complex[block.clone()], &mut values[block]);
            values[l] = complex[l][0];
            for m in 1..=l {
                let sign = if m.is_multiple_of(2) { 1.0 } else { -1.0 };
                let scale = sign * std::f64::consts::SQRT_2;
                values[l + m] = scale * complex[l + m][0];
                values[l - m] = -scale * complex[l + m][1];
            }
        }
        Self::of(basis, order, normalization, values)
    }

    /// The array `[2, L+1, L+1]` of pyshtools, row by row: cosines, then sines, at (l, m). The normalisation stays:
    /// `4pi`, `schmidt` or `ortho` there, with `csphase=1`. O(L^2).
    ///
    /// # Errors
    /// Zernike coefficients.
    pub fn to_pyshtools(&self) -> Result<Vec<f64>, SpectralError> {
        self.check_spherical()?;
        let side = self.order + 1;
        let mut out = vec![0.0; 2 * side * side];
        for l in 0..side {
            for m in 0..=l {
                out[l * side + m] = self.values[l * l + l + m];
                if m > 0 {
                    out[(side + l) * side + m] = self.values[l * l + l - m];
                }
            }
        }
        Ok(out)
    }

    /// From the array `[2, L+1, L+1]` of pyshtools, of real coefficients with `csphase=1`. O(L^2).
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn from_pyshtools(
        order: usize,
        normalization: Normalization,
        array: &[f64],
    ) -> Result<Self, SpectralError> {
        let count = super::checked_count(Basis::Spherical, order)?;
        check_length("array [2, L+1, L+1]", 2 * count, array.len())?;
        let side = order + 1;
        let mut values = vec![0.0; count];
        for l in 0..side {
            for m in 0..=l {
                values[l * l + l + m] = array[l * side + m];
                if m > 0 {
                    values[l * l + l - m] = array[(side + l) * side + m];
                }
            }
        }
        Self::of(Basis::Spherical, order, normalization, values)
    }

    /// The `alm` of healpy: orthonormal complex coefficients `[re, im]` of m >= 0, l running fastest: index `m (2L + 1 - m) / 2 + l`. O(L^2).
    ///
    /// # Errors
    /// Zernike coefficients.
    pub fn to_healpy(&self) -> Result<Vec<[f64; 2]>, SpectralError> {
        self.check_spherical()?;
        let ortho = self.clone().normalized(Normalization::Orthonormal)?;
        let complex = ortho.to_complex();
        let columns = (0..=self.order).flat_map(|m| (m..=self.order).map(move |l| l * l + l + m));
        Ok(columns.map(|i| complex[i]).collect())
    }

    /// From the `alm` of healpy, `[(L+1)(L+2)/2]` complex numbers. O(L^2).
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn from_healpy(order: usize, alm: &[[f64; 2]]) -> Result<Self, SpectralError> {
        let count = super::checked_count(Basis::Spherical, order)?;
        check_length("alm", (order + 1) * (order + 2) / 2, alm.len())?;
        let mut complex = vec![[0.0; 2]; count];
        let columns = (0..=order).flat_map(|m| (m..=order).map(move |l| l * l + l + m));
        columns.zip(alm).for_each(|(i, value)| complex[i] = *value);
        Self::from_complex(
            Basis::Spherical,
            order,
            Normalization::Orthonormal,
            &complex,
        )
    }

    /// Coefficients of the same function in the harmonics of e3nn with `normalization='integral'`, in its order (l, then m).
    ///
    /// e3nn measures the polar angle from the axis y: its harmonics at (x, y, z) are ours at (z, x, y). So this is a
    /// rotation of the coefficients, O(L^3).
    ///
    /// # Errors
    /// Zernike coefficients; a degree above [`MAX_DEGREE`](crate::rotation::MAX_DEGREE).
    pub fn to_e3nn(&self) -> Result<Vec<f64>, SpectralError> {
        self.check_spherical()?;
        let mut values = self.clone().normalized(Normalization::Orthonormal)?.values;
        cycle(self.order).apply_spherical(&mut values)?;
        Ok(values)
    }

    /// From coefficients in the harmonics of e3nn with `normalization='integral'`, the inverse of [`to_e3nn`](Self::to_e3nn).
    ///
    /// # Errors
    /// As [`new`](Self::new); a degree above [`MAX_DEGREE`](crate::rotation::MAX_DEGREE).
    pub fn from_e3nn<T: Real>(order: usize, values: &[T]) -> Result<Self, SpectralError> {
        check_finite("coefficient", values)?;
        let mut ours = Self::from_slice(Basis::Spherical, order, values)?;
        cycle(order).inverse().apply_spherical(&mut ours.values)?;
        Ok(ours)
    }

    fn check_spherical(&self) -> Result<(), SpectralError> {
        match self.basis {
            Basis::Spherical => Ok(()),
            other => Err(SpectralError::Value {
                what: "basis",
                expected: "spherical harmonics",
                found: other.to_string(),
            }),
        }
    }
}

/// x to y, y to z, z to x.
fn cycle(lmax: usize) -> Rotation {
    let quarter = std::f64::consts::FRAC_PI_2;
    Rotation::from_euler_zyz(0.0, quarter, quarter, lmax)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harmonics;
    use crate::testing::{csv_rows, oracle};

    fn spherical() -> Coefficients {
        let values = (0..36).map(|i| ((i * 37) % 23) as f64 - 11.0).collect();
        Coefficients::new(Basis::Spherical, 5, values).unwrap()
    }

    fn close(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
    }

    #[test]
    fn complex_coefficients_give_the_function_of_the_oracle() {
        // sum c_lm Y_l^m at the directions and harmonics that the file holds, against the real sum.
        let (Some(dirs), Some(text)) = (oracle("sph_dirs.csv"), oracle("sph_complex.csv")) else {
            return;
        };
        let dirs: Vec<Vec<f64>> = csv_rows(&dirs).collect();
        for row in csv_rows(&text) {
            let (l, m) = (row[1] as usize, row[2] as isize);
            let at = &dirs[row[0] as usize];
            let y = harmonics(l, [at[1], at[2], at[3]]).unwrap();
            // Y_l^m is the complex function whose complex coefficients are those of a delta; real part by linearity.
            let mut values = vec![0.0; (l + 1) * (l + 1)];
            values.copy_from_slice(&y);
            let as_function = Coefficients::new(Basis::Spherical, l, values).unwrap();
            // Coefficients of sum_s Y_s(u) Y_s are conj(Y_lm(u)).
            let found = as_function.to_complex()[(l * l + l).wrapping_add_signed(m)];
            let error = (found[0] - row[3]).abs().max((found[1] + row[4]).abs());
            assert!(error < 1e-13, "l {l} m {m}: {found:?} {row:?}");
        }
    }

    #[test]
    fn every_layout_comes_back() {
        let ours = spherical();
        let complex = ours.to_complex();
        let back =
            Coefficients::from_complex(Basis::Spherical, 5, Normalization::Orthonormal, &complex);
        assert!(close(back.unwrap().values(), ours.values()));
        let array = ours.to_pyshtools().unwrap();
        // S_21 at [1, 2, 1].
        assert_eq!(array[36 + 2 * 6 + 1], ours.values()[4 + 2 - 1]);
        assert_eq!(
            Coefficients::from_pyshtools(5, Normalization::Orthonormal, &array).unwrap(),
            ours
        );
        let alm = ours.to_healpy().unwrap();
        // (l, m) = (3, 2) lies at 2 (11 - 2) / 2 + 3.
        assert_eq!(alm[12], complex[9 + 3 + 2]);
        assert!(close(
            Coefficients::from_healpy(5, &alm).unwrap().values(),
            ours.values()
        ));
        let theirs = ours.to_e3nn().unwrap();
        assert!(close(
            Coefficients::from_e3nn(5, &theirs).unwrap().values(),
            ours.values()
        ));
    }

    #[test]
    fn e3nn_sees_the_same_function_with_y_as_its_axis() {
        let ours = spherical();
        let theirs = ours.to_e3nn().unwrap();
        let sum = |a: &[f64], y: Vec<f64>| a.iter().zip(y).map(|(a, y)| a * y).sum::<f64>();
        let [x, y, z] = [0.3, -0.5, 0.7];
        let value = sum(ours.values(), harmonics(5, [x, y, z]).unwrap());
        // Their harmonics at (x, y, z): degree 1 is (x, y, z), so they are ours at (z, x, y).
        let first = harmonics(1, [z, x, y]).unwrap();
        let unit = (3.0 / (4.0 * std::f64::consts::PI) / (x * x + y * y + z * z)).sqrt();
        assert!(close(&first[1..], &[x * unit, y * unit, z * unit]));
        assert!((sum(&theirs, harmonics(5, [z, x, y]).unwrap()) - value).abs() < 1e-12);
    }

    #[test]
    fn layouts_of_the_sphere_are_refused_for_the_ball() {
        let ball = Coefficients::new(Basis::Zernike, 1, vec![1.0; 4]).unwrap();
        assert!(
            ball.to_pyshtools().is_err() && ball.to_healpy().is_err() && ball.to_e3nn().is_err()
        );
        assert!(Coefficients::from_healpy(2, &[[0.0; 2]; 5]).is_err());
        assert!(Coefficients::from_pyshtools(2, Normalization::FourPi, &[0.0; 17]).is_err());
        assert!(Coefficients::from_e3nn(2, &[0.0; 8]).is_err());
        assert!(Coefficients::from_e3nn(1, &[f64::NAN; 4]).is_err());
    }
}
