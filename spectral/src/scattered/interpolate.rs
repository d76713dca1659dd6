//! The inner loops of the fast way: a square of the fine grid for each point.

use std::f64::consts::PI;

use pulp::{Arch, Simd, WithSimd};

use super::fast::Fast;
use super::spread::MAX_TAPS;
use crate::simd::Lane;

/// Values of the fine grid at points.
pub struct Interpolate<'a> {
    pub fast: &'a Fast,
    pub theta: &'a [f64],
    pub phi: &'a [f64],
    pub grid: &'a [f64],
    pub out: &'a mut [f64],
}

impl Interpolate<'_> {
    /// Compiled here, once for each instruction set.
    #[inline(never)]
    pub fn run(self, arch: Arch) {
        arch.dispatch(self);
    }

    #[inline(always)]
    fn taps<S: Simd, const N: usize>(self, simd: S) {
        let fast = self.fast;
        let mut down = [0.0; MAX_TAPS];
        for ((theta, phi), out) in self.theta.iter().zip(self.phi).zip(self.out) {
            let (start, across) = fast.place::<S, N>(simd, *theta, *phi, &mut down);
            let mut sums = [f64::splat(simd, 0.0); N];
            for (row, weight) in down[..fast.kernel.width].iter().enumerate() {
                let row = &self.grid[start + row * fast.width()..][..fast.kernel.taps];
                let (row, weight) = (f64::vectors::<S>(row), f64::splat(simd, *weight));
                for j in 0..N {
                    sums[j] = f64::fma(simd, weight, row[j], sums[j]);
                }
            }
            let mut total = f64::splat(simd, 0.0);
            for j in 0..N {
                total = f64::fma(simd, across[j], sums[j], total);
            }
            *out = f64::sum(simd, total);
        }
    }
}

impl WithSimd for Interpolate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.fast.kernel.taps / f64::lanes::<S>() {
            1 => self.taps::<S, 1>(simd),
            2 => self.taps::<S, 2>(simd),
            4 => self.taps::<S, 4>(simd),
            8 => self.taps::<S, 8>(simd),
            _ => self.taps::<S, 16>(simd),
        }
    }
}

/// The transpose of [`Interpolate`]: weighted points added to the fine grid.
pub struct Spread<'a> {
    pub fast: &'a Fast,
    pub theta: &'a [f64],
    pub phi: &'a [f64],
    pub weights: &'a [f64],
    pub grid: &'a mut [f64],
}

impl Spread<'_> {
    /// Compiled here, once for each instruction set.
    #[inline(never)]
    pub fn run(self, arch: Arch) {
        arch.dispatch(self);
    }

    #[inline(always)]
    fn taps<S: Simd, const N: usize>(self, simd: S) {
        let fast = self.fast;
        let mut down = [0.0; MAX_TAPS];
        let angles = self.theta.iter().zip(self.phi);
        for ((theta, phi), weight) in angles.zip(self.weights) {
            let (start, mut across) = fast.place::<S, N>(simd, *theta, *phi, &mut down);
            let weight = f64::splat(simd, *weight);
            for across in &mut across {
                *across = <f64 as Lane>::mul(simd, *across, weight);
            }
            for (row, weight) in down[..fast.kernel.width].iter().enumerate() {
                let row = &mut self.grid[start + row * fast.width()..][..fast.kernel.taps];
                let (row, weight) = (f64::vectors_mut::<S>(row), f64::splat(simd, *weight));
                for j in 0..N {
                    row[j] = f64::fma(simd, weight, across[j], row[j]);
                }
            }
        }
    }
}

impl WithSimd for Spread<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.fast.kernel.taps / f64::lanes::<S>() {
            1 => self.taps::<S, 1>(simd),
            2 => self.taps::<S, 2>(simd),
            4 => self.taps::<S, 4>(simd),
            8 => self.taps::<S, 8>(simd),
            _ => self.taps::<S, 16>(simd),
        }
    }
}

impl Fast {
    /// Where the square of a point begins in the fine grid, its weights along theta into `down`, and
    /// those along phi.
    #[inline(always)]
    fn place<S: Simd, const N: usize>(
        &self,
        simd: S,
        theta: f64,
        phi: f64,
        down: &mut [f64; MAX_TAPS],
    ) -> (usize, [<f64 as Lane>::V<S>; N]) {
        let [tall, wide] = self.size.map(|size| size as f64 / (2.0 * PI));
        let (row, weights) = self.kernel.weights::<S, N>(simd, theta * tall);
        f64::vectors_mut::<S>(down)[..N].copy_from_slice(&weights);
        let (column, across) = self.kernel.weights::<S, N>(simd, phi * wide);
        let side = self.size[1] as isize;
        let column = if column < 0 { column + side } else { column };
        let column = if column >= side {
            column - side
        } else {
            column
        };
        let row = row + self.margin as isize;
        (row as usize * self.width() + column as usize, across)
    }
}
