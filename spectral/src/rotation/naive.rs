//! The oracle that rotations are tested against: whole Wigner matrices by another route.
//!
//! From the recurrence of Ivanic and Ruedenberg (J. Phys. Chem. 100, 1996, 6342, with the 1998 erratum), which works on real
//! harmonics directly and starts from D^1, the rotation matrix itself in the order y, z, x.

use nalgebra::Rotation3;

/// D^l for l = 0 ..= lmax, each row by row, `(2l+1)^2` values. O(lmax^3).
pub fn wigner(rotation: &Rotation3<f64>, lmax: usize) -> Vec<Vec<f64>> {
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
    blocks
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
