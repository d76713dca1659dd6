//! Rotations of coefficients by real Wigner matrices.
//!
//! Active, with column vectors: rotating a cloud, x' = R x, turns its coefficients by a'_l = D^l(R) a_l. The blocks come
//! from the recurrence of Ivanic and Ruedenberg (J. Phys. Chem. 100, 1996, 6342, with the 1998 erratum), which works on real
//! harmonics directly and starts from D^1, the rotation matrix itself in the order y, z, x.

use nalgebra::Rotation3;

use crate::{Real, SpectralError};

/// The Wigner matrices of one rotation up to a degree, for spherical and Zernike coefficients alike.
#[derive(Debug, Clone)]
pub struct Rotation {
    lmax: usize,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    /// cos and sin of m times the angle about z.
    AboutZ(Vec<(f64, f64)>),
    /// D^l row by row, `(2l+1)^2` values each.
    Blocks(Vec<Vec<f64>>),
}

impl Rotation {
    /// A rotation by `angle` radians about +z. Applying it costs O(K).
    pub fn about_z(angle: f64, lmax: usize) -> Self {
        let turns = (0..=lmax).map(|m| {
            let (sin, cos) = (m as f64 * angle).sin_cos();
            (cos, sin)
        });
        Self {
            lmax,
            form: Form::AboutZ(turns.collect()),
        }
    }

    /// Rz(a) Ry(b) Rz(c), angles in radians. O(lmax^3).
    pub fn from_euler_zyz(a: f64, b: f64, c: f64, lmax: usize) -> Self {
        let about =
            |axis: [f64; 3], angle: f64| Rotation3::new(nalgebra::Vector3::from(axis) * angle);
        let z = [0.0, 0.0, 1.0];
        Self::from_rotation3(
            &(about(z, a) * about([0.0, 1.0, 0.0], b) * about(z, c)),
            lmax,
        )
    }

    /// Any rotation of space. O(lmax^3).
    pub fn from_rotation3(rotation: &Rotation3<f64>, lmax: usize) -> Self {
        let r = rotation.matrix();
        // Real harmonics of degree 1 are y, z, x.
        let axes = [1, 2, 0];
        let first: Vec<f64> = (0..9).map(|i| r[(axes[i / 3], axes[i % 3])]).collect();
        let mut blocks = vec![vec![1.0]];
        if lmax > 0 {
            blocks.push(first.clone());
        }
        for l in 2..=lmax {
            blocks.push(next_block(&first, &blocks[l - 1], l as isize));
        }
        Self {
            lmax,
            form: Form::Blocks(blocks),
        }
    }

    /// Rotates spherical coefficients (flat order, up to at most the degree of the plan) in place.
    pub fn apply_spherical<T: Real>(&self, coefficients: &mut [T]) -> Result<(), SpectralError> {
        let order = (coefficients.len() as f64).sqrt().round() as usize;
        if order * order != coefficients.len() || order > self.lmax + 1 {
            return Err(SpectralError::Length {
                what: "spherical coefficients",
                expected: (self.lmax + 1) * (self.lmax + 1),
                found: coefficients.len(),
            });
        }
        let mut scratch = vec![T::ZERO; 2 * self.lmax + 1];
        for l in 0..order {
            self.apply_degree(l, &mut coefficients[l * l..(l + 1) * (l + 1)], &mut scratch);
        }
        Ok(())
    }

    /// Rotates Zernike coefficients of `order` (flat order) in place.
    pub fn apply_zernike<T: Real>(
        &self,
        order: usize,
        coefficients: &mut [T],
    ) -> Result<(), SpectralError> {
        let expected = crate::Basis::Zernike.count(order);
        if coefficients.len() != expected || order > self.lmax {
            let found = coefficients.len();
            return Err(SpectralError::Length {
                what: "Zernike coefficients",
                expected,
                found,
            });
        }
        let mut scratch = vec![T::ZERO; 2 * self.lmax + 1];
        let mut rest = coefficients;
        for n in 0..=order {
            for l in (n % 2..=n).step_by(2) {
                let (block, after) = rest.split_at_mut(2 * l + 1);
                self.apply_degree(l, block, &mut scratch);
                rest = after;
            }
        }
        Ok(())
    }

    /// Rotates the 2l+1 values of one degree.
    fn apply_degree<T: Real>(&self, l: usize, values: &mut [T], scratch: &mut [T]) {
        match &self.form {
            Form::AboutZ(turns) => {
                for m in 1..=l {
                    let (cos, sin) = turns[m];
                    let (c, s) = (values[l + m].to_f64(), values[l - m].to_f64());
                    values[l + m] = T::from_f64(c * cos - s * sin);
                    values[l - m] = T::from_f64(s * cos + c * sin);
                }
            }
            Form::Blocks(blocks) => {
                let width = 2 * l + 1;
                for (out, row) in scratch.iter_mut().zip(blocks[l].chunks_exact(width)) {
                    let sum: f64 = row.iter().zip(&*values).map(|(d, a)| d * a.to_f64()).sum();
                    *out = T::from_f64(sum);
                }
                values.copy_from_slice(&scratch[..width]);
            }
        }
    }
}

/// D^l from D^1 and D^(l-1).
fn next_block(first: &[f64], before: &[f64], l: isize) -> Vec<f64> {
    let step = Step { first, before, l };
    let width = 2 * l + 1;
    (0..width * width)
        .map(|i| step.entry(i / width - l, i % width - l))
        .collect()
}

struct Step<'a> {
    first: &'a [f64],
    before: &'a [f64],
    l: isize,
}

impl Step<'_> {
    fn r1(&self, i: isize, j: isize) -> f64 {
        self.first[((i + 1) * 3 + j + 1) as usize]
    }

    fn before(&self, a: isize, b: isize) -> f64 {
        let k = self.l - 1;
        self.before[((a + k) * (2 * k + 1) + b + k) as usize]
    }

    fn p(&self, i: isize, a: isize, b: isize) -> f64 {
        let l = self.l;
        if b == l {
            self.r1(i, 1) * self.before(a, l - 1) - self.r1(i, -1) * self.before(a, 1 - l)
        } else if b == -l {
            self.r1(i, 1) * self.before(a, 1 - l) + self.r1(i, -1) * self.before(a, l - 1)
        } else {
            self.r1(i, 0) * self.before(a, b)
        }
    }

    fn entry(&self, m: isize, n: isize) -> f64 {
        let (l, size) = (self.l, m.abs());
        let below = if n.abs() < l {
            (l + n) * (l - n)
        } else {
            2 * l * (2 * l - 1)
        } as f64;
        let zero = if m == 0 { 1.0 } else { 0.0 };
        let u = (((l + m) * (l - m)) as f64 / below).sqrt();
        let v = 0.5
            * ((1.0 + zero) * ((l + size - 1) * (l + size)) as f64 / below).sqrt()
            * (1.0 - 2.0 * zero);
        let w = -0.5 * (((l - size - 1) * (l - size)) as f64 / below).sqrt() * (1.0 - zero);
        let mut sum = 0.0;
        if u != 0.0 {
            sum += u * self.p(0, m, n);
        }
        if v != 0.0 {
            sum += v * self.v_part(m, n);
        }
        if w != 0.0 {
            sum += w * self.w_part(m, n);
        }
        sum
    }

    fn v_part(&self, m: isize, n: isize) -> f64 {
        let root2 = std::f64::consts::SQRT_2;
        match m {
            0 => self.p(1, 1, n) + self.p(-1, -1, n),
            1 => self.p(1, 0, n) * root2,
            -1 => self.p(-1, 0, n) * root2,
            m if m > 0 => self.p(1, m - 1, n) - self.p(-1, 1 - m, n),
            m => self.p(1, m + 1, n) + self.p(-1, -m - 1, n),
        }
    }

    fn w_part(&self, m: isize, n: isize) -> f64 {
        if m > 0 {
            self.p(1, m + 1, n) + self.p(-1, -m - 1, n)
        } else {
            self.p(1, m - 1, n) - self.p(-1, 1 - m, n)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::{power_spectrum, zernike_invariants};
    use crate::testing::oracle;

    fn numbers(value: &serde_json::Value) -> Vec<f64> {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_f64().unwrap())
            .collect()
    }

    fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn the_oracle_is_met() {
        let Some(text) = oracle("rotation.json") else {
            return;
        };
        let truth: serde_json::Value = serde_json::from_str(&text).unwrap();
        let angles = numbers(&truth["euler_zyz"]);
        let rotation = Rotation::from_euler_zyz(angles[0], angles[1], angles[2], 10);
        let Form::Blocks(blocks) = &rotation.form else {
            panic!("a general rotation has blocks")
        };
        for (block, rows) in blocks.iter().zip(truth["wigner_real"].as_array().unwrap()) {
            let truth: Vec<f64> = rows.as_array().unwrap().iter().flat_map(numbers).collect();
            assert!(largest_difference(block, &truth) < 1e-14);
        }
        let mut zernike = numbers(&truth["zernike_before"]);
        rotation.apply_zernike(10, &mut zernike).unwrap();
        assert!(largest_difference(&zernike, &numbers(&truth["zernike_after"])) < 1e-12 * 4.0);
        let mut harmonics = numbers(&truth["sh_before"]);
        let power = power_spectrum(&harmonics);
        rotation.apply_spherical(&mut harmonics).unwrap();
        assert!(largest_difference(&harmonics, &numbers(&truth["sh_after"])) < 1e-12);
        assert!(
            largest_difference(&power_spectrum(&harmonics), &power) < 1e-12 * power[0].max(1.0)
        );
        let before = zernike_invariants(&numbers(&truth["zernike_before"]), 10).unwrap();
        assert!(
            largest_difference(&zernike_invariants(&zernike, 10).unwrap(), &before) < 1e-12 * 4.0
        );
    }

    #[test]
    fn about_z_is_the_general_rotation() {
        let mut fast: Vec<f64> = (0..286).map(|i| ((i * 7919) % 101) as f64 - 50.0).collect();
        let mut full = fast.clone();
        Rotation::about_z(0.7, 10)
            .apply_zernike(10, &mut fast)
            .unwrap();
        Rotation::from_euler_zyz(0.7, 0.0, 0.0, 10)
            .apply_zernike(10, &mut full)
            .unwrap();
        assert!(largest_difference(&fast, &full) < 1e-11);
    }

    #[test]
    fn high_degrees_stay_orthogonal() {
        let rotation = Rotation::from_euler_zyz(0.3, 1.1, -2.0, 64);
        let mut values: Vec<f64> = (0..65 * 65).map(|i| ((i * 31) % 17) as f64 - 8.0).collect();
        let before = power_spectrum(&values);
        rotation.apply_spherical(&mut values).unwrap();
        for (a, b) in power_spectrum(&values).iter().zip(before) {
            assert!((a - b).abs() <= 1e-11 * b.max(1.0), "{a} {b}");
        }
        assert!(rotation.apply_spherical(&mut [0.0f32; 5]).is_err());
    }
}
