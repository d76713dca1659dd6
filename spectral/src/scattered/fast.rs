//! Sums over many points by way of a grid.
//!
//! Coefficients to points: harmonics on circles `theta_j = pi j / n`, which determine them; Fourier
//! coefficients in theta over the whole circle (`F_m(-theta) = (-1)^m F_m(theta)`); division by the
//! transform of the kernel; a finer grid in both angles; interpolation. The adjoint runs the transpose
//! of each step backwards.

use std::f64::consts::PI;
use std::sync::Arc;

use pulp::Arch;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use super::angles::PointAngles;
use super::interpolate::{Interpolate, Spread};
use super::spread::{Kernel, MAX_TAPS};
use crate::columns::Columns;
use crate::grid::latitude_stage::{Part, SphericalScratch, Tables};
use crate::grid::latitudes::Latitudes;
use crate::grid::rings::{RingScratch, RingTransforms};
use crate::{Real, Ring, SpectralError};

/// Points whose angles are computed together.
const BLOCK: usize = 512;
/// Oversampling of the fine grid, at least.
const SIGMA: f64 = 2.0;

/// Tables of the fast way.
pub struct Fast {
    lmax: usize,
    tables: Tables,
    /// Steps between the poles of the coarse circles.
    circles: usize,
    coarse: [Arc<dyn Fft<f64>>; 2],
    fine: [Arc<dyn Fft<f64>>; 2],
    pub(super) kernel: Kernel,
    /// Fine grid: points of the whole circle in theta, and in phi.
    pub(super) size: [usize; 2],
    /// Rows of it that points can touch, and how many of these lie before theta = 0.
    rows: usize,
    pub(super) margin: usize,
    transforms: RingTransforms,
    /// One over the transform of the kernel, for each degree in theta and order in phi.
    factors: [Vec<f64>; 2],
}

impl std::fmt::Debug for Fast {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Fast(lmax {}, grid {:?}, width {})",
            self.lmax, self.size, self.kernel.width
        )
    }
}

/// Working memory of the fast way.
#[derive(Debug, Clone)]
pub struct FastScratch {
    /// Degree, side of the fine grid and margin of the plan, on which all sizes depend.
    fit: [usize; 3],
    legendre: SphericalScratch,
    ring: RingScratch,
    /// Rows `(C_m, S_m)` of the fine grid.
    spectra: Vec<Complex<f64>>,
    /// The fine grid, each row with its beginning repeated at its end.
    grid: Vec<f64>,
    coarse: Vec<Complex<f64>>,
    fine: Vec<Complex<f64>>,
    work: Vec<Complex<f64>>,
    angles: [Vec<f64>; 2],
    /// Of a block of points.
    values: Vec<f64>,
}

impl FastScratch {
    pub fn fits(&self, fast: &Fast) -> bool {
        self.fit == fast.fit()
    }
}

impl Fast {
    pub fn new(lmax: usize, error: f64) -> Result<Self, SpectralError> {
        if !(1e-13..=1e-2).contains(&error) {
            return Err(SpectralError::Value {
                what: "error of the fast sums",
                expected: "1e-13 to 1e-2",
                found: error.to_string(),
            });
        }
        let kernel = Kernel::new(error, SIGMA);
        let margin = kernel.width.div_ceil(2);
        let least = (SIGMA * (2 * lmax + 1) as f64) as usize;
        let side = smooth(least.max(4 * margin + 4));
        let circles = smooth(2 * (lmax + 1)) / 2;
        let thetas: Vec<f64> = (0..=circles)
            .map(|j| PI * j as f64 / circles as f64)
            .collect();
        let columns = Columns::new(lmax);
        let latitudes = Latitudes::new(&columns, &thetas);
        let rows = side / 2 + 2 * margin + 1;
        let ring = Ring {
            theta: 0.0,
            longitudes: side,
            first: 0.0,
            weight: 1.0,
        };
        let mut planner = FftPlanner::new();
        let rule = kernel.rule();
        let factor = |k: usize| 1.0 / kernel.transform(&rule, 2.0 * PI * k as f64 / side as f64);
        let factors: Vec<f64> = (0..=lmax).map(factor).collect();
        let ends = 1.0 / (2 * circles) as f64;
        Ok(Self {
            lmax,
            tables: Tables {
                lmax,
                columns,
                latitudes,
                rings: RingTransforms::new(&[]),
                poles: Vec::new(),
                ring_count: circles + 1,
            },
            circles,
            coarse: [
                planner.plan_fft_forward(2 * circles),
                planner.plan_fft_inverse(2 * circles),
            ],
            fine: [
                planner.plan_fft_forward(side),
                planner.plan_fft_inverse(side),
            ],
            size: [side, side],
            rows,
            margin,
            transforms: RingTransforms::new(&vec![ring; rows]),
            factors: [factors.iter().map(|f| f * ends).collect(), factors],
            kernel,
        })
    }

    /// Bytes held, Fourier tables not counted.
    pub fn bytes(&self) -> usize {
        let factors: usize = self.factors.iter().map(|f| size_of_val(&**f)).sum();
        self.tables.columns.bytes() + self.tables.latitudes.bytes() + factors
    }

    /// Nanoseconds for so many points: see the constant for direct sums.
    pub fn cost(&self, points: usize) -> f64 {
        let cells = (self.rows * self.size[1]) as f64;
        let degree = self.lmax as f64;
        let each = 20.0 + 0.25 * (self.kernel.width * self.kernel.taps) as f64;
        2.6 * cells + 0.06 * degree * degree * degree + each * points as f64
    }

    pub fn scratch(&self) -> FastScratch {
        let zero = Complex::default();
        let coarse = self.coarse.iter().map(|fft| fft.get_inplace_scratch_len());
        let fine = self.fine.iter().map(|fft| fft.get_inplace_scratch_len());
        FastScratch {
            fit: self.fit(),
            legendre: self.tables.scratch(),
            ring: self.transforms.scratch(self.lmax),
            spectra: vec![zero; self.rows * self.stride()],
            grid: vec![0.0; self.rows * self.width()],
            coarse: vec![zero; 2 * self.circles],
            fine: vec![zero; self.size[0]],
            work: vec![zero; coarse.chain(fine).max().unwrap_or(0)],
            angles: [vec![0.0; BLOCK], vec![0.0; BLOCK]],
            values: vec![0.0; BLOCK],
        }
    }

    fn fit(&self) -> [usize; 3] {
        [self.lmax, self.size[0], self.margin]
    }

    fn stride(&self) -> usize {
        (self.lmax + 1) | 1
    }

    /// Entries of a row of the fine grid.
    pub(super) fn width(&self) -> usize {
        self.size[1] + MAX_TAPS
    }

    pub fn evaluate<T: Real>(
        &self,
        arch: Arch,
        coefficients: &[T],
        points: &[[T; 3]],
        out: &mut [T],
        scratch: &mut FastScratch,
    ) -> bool {
        let get = |i: usize| coefficients[i].to_f64();
        self.tables
            .fill_rows(arch, Part::Value, get, &mut scratch.legendre);
        self.refine(scratch);
        let (side, width) = (self.size[1], self.width());
        let FastScratch {
            ring,
            spectra,
            grid,
            angles: [theta, phi],
            values,
            ..
        } = scratch;
        let rows = spectra
            .chunks_mut(self.stride())
            .zip(grid.chunks_mut(width));
        for (r, (row, samples)) in rows.enumerate() {
            let put = |i: usize, value| samples[i - r * side] = value;
            self.transforms
                .synthesise(r, &mut row[..=self.lmax], ring, put);
            samples.copy_within(..MAX_TAPS.min(side), side);
        }
        for (points, out) in points.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
            let theta = &mut theta[..points.len()];
            let phi = &mut phi[..points.len()];
            if !T::point_angles(arch, PointAngles { points, theta, phi }) {
                return false;
            }
            let values = &mut values[..points.len()];
            Interpolate {
                fast: self,
                theta,
                phi,
                grid,
                out: values,
            }
            .run(arch);
            for (out, value) in out.iter_mut().zip(&*values) {
                *out = T::from_f64(*value);
            }
        }
        true
    }

    pub fn adjoint<T: Real>(
        &self,
        arch: Arch,
        points: &[[T; 3]],
        weight: impl Fn(usize) -> T,
        out: &mut [T],
        scratch: &mut FastScratch,
    ) -> bool {
        let (side, width) = (self.size[1], self.width());
        let FastScratch {
            ring,
            spectra,
            grid,
            angles: [theta, phi],
            values,
            ..
        } = &mut *scratch;
        grid.fill(0.0);
        for (block, points) in points.chunks(BLOCK).enumerate() {
            let theta = &mut theta[..points.len()];
            let phi = &mut phi[..points.len()];
            if !T::point_angles(arch, PointAngles { points, theta, phi }) {
                return false;
            }
            let weights = &mut values[..points.len()];
            for (i, value) in weights.iter_mut().enumerate() {
                *value = weight(block * BLOCK + i).to_f64();
            }
            Spread {
                fast: self,
                theta,
                phi,
                weights,
                grid,
            }
            .run(arch);
        }
        let rows = spectra
            .chunks_mut(self.stride())
            .zip(grid.chunks_mut(width));
        for (r, (row, samples)) in rows.enumerate() {
            let (samples, wrapped) = samples.split_at_mut(side);
            for (sample, wrapped) in samples.iter_mut().zip(wrapped) {
                *sample += *wrapped;
            }
            let get = |i: usize| samples[i - r * side];
            self.transforms
                .analyse(r, 1.0, get, &mut row[..=self.lmax], ring);
        }
        self.coarsen(scratch);
        let put = |i: usize, value| out[i] = T::from_f64(value);
        self.tables
            .read_rows(arch, Part::Value, put, &mut scratch.legendre);
        true
    }

    /// From the coarse circles to the rows of the fine grid, order by order.
    fn refine(&self, scratch: &mut FastScratch) {
        let FastScratch {
            legendre,
            spectra,
            coarse,
            fine,
            work,
            ..
        } = scratch;
        let (n, side) = (self.circles, self.size[0]);
        for m in 0..=self.lmax {
            let sign = if m % 2 == 0 { 1.0 } else { -1.0 };
            for j in 0..=n {
                let value = legendre.rows[j * self.tables.stride() + m];
                coarse[j] = value;
                if j > 0 && j < n {
                    coarse[2 * n - j] = value * sign;
                }
            }
            self.coarse[0].process_with_scratch(coarse, work);
            fine.fill(Complex::default());
            for (k, factor) in self.factors[0].iter().enumerate() {
                let factor = factor * self.factors[1][m];
                fine[k] = coarse[k] * factor;
                if k > 0 {
                    fine[side - k] = coarse[2 * n - k] * factor;
                }
            }
            self.fine[1].process_with_scratch(fine, work);
            for r in 0..self.rows {
                spectra[r * self.stride() + m] = fine[(r + side - self.margin) % side];
            }
        }
    }

    /// The transpose of [`Self::refine`].
    fn coarsen(&self, scratch: &mut FastScratch) {
        let FastScratch {
            legendre,
            spectra,
            coarse,
            fine,
            work,
            ..
        } = scratch;
        let (n, side) = (self.circles, self.size[0]);
        for m in 0..=self.lmax {
            let sign = if m % 2 == 0 { 1.0 } else { -1.0 };
            fine.fill(Complex::default());
            for r in 0..self.rows {
                fine[(r + side - self.margin) % side] = spectra[r * self.stride() + m];
            }
            self.fine[0].process_with_scratch(fine, work);
            coarse.fill(Complex::default());
            for (k, factor) in self.factors[0].iter().enumerate() {
                let factor = factor * self.factors[1][m];
                coarse[k] = fine[k] * factor;
                if k > 0 {
                    coarse[2 * n - k] = fine[side - k] * factor;
                }
            }
            self.coarse[1].process_with_scratch(coarse, work);
            for j in 0..=n {
                let mut value = coarse[j];
                if j > 0 && j < n {
                    value += coarse[2 * n - j] * sign;
                }
                legendre.rows[j * self.tables.stride() + m] = value;
            }
        }
    }
}

/// The next even number without prime factors above 5: quick Fourier transforms.
fn smooth(least: usize) -> usize {
    let plain = |mut n: usize| {
        for p in [2, 3, 5] {
            while n.is_multiple_of(p) {
                n /= p;
            }
        }
        n == 1
    };
    let mut n = least.next_multiple_of(2);
    while !plain(n) {
        n += 2;
    }
    n
}
