//! Fourier transforms along the rings.
//!
//! A row holds `(C_m, S_m)`, m = 0 ..= degree, of one ring: the field is
//! `sum_m C_m cos m phi + S_m sin m phi`. Orders beyond half the samples of a ring alias, exactly as
//! sampling does it.

use std::f64::consts::PI;
use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex;

use super::sphere::Ring;

/// Powers of a phase are looked up as a product of two: this many in the fine table.
const FINE: usize = 32;

/// One length of ring.
struct Length {
    samples: usize,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
}

/// The transforms of all rings of a grid.
pub struct RingTransforms {
    lengths: Vec<Length>,
    /// For each ring: which length, and where its samples begin.
    places: Vec<(usize, usize)>,
    firsts: Vec<f64>,
    /// Samples of the longest ring, and the most numbers that a transform works in.
    most: [usize; 2],
}

/// Working memory for one ring.
#[derive(Debug, Clone)]
pub struct RingScratch {
    samples: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    work: Vec<Complex<f64>>,
    phases: Vec<Complex<f64>>,
}

impl RingTransforms {
    pub fn new(rings: &[Ring]) -> Self {
        let mut planner = RealFftPlanner::new();
        let mut lengths: Vec<Length> = Vec::new();
        let mut places = Vec::with_capacity(rings.len());
        let mut start = 0;
        let mut last = 0;
        for ring in rings {
            let n = ring.longitudes;
            let known = |i: usize| lengths.get(i).is_some_and(|length| length.samples == n);
            // Rings of one length are neighbours, or mirror each other.
            if !known(last) {
                last = lengths
                    .iter()
                    .position(|l| l.samples == n)
                    .unwrap_or_else(|| {
                        lengths.push(Length {
                            samples: n,
                            forward: planner.plan_fft_forward(n),
                            inverse: planner.plan_fft_inverse(n),
                        });
                        lengths.len() - 1
                    });
            }
            places.push((last, start));
            start += n;
        }
        let work = |l: &Length| l.forward.get_scratch_len().max(l.inverse.get_scratch_len());
        Self {
            most: [
                lengths.iter().map(|l| l.samples).max().unwrap_or(0),
                lengths.iter().map(work).max().unwrap_or(0),
            ],
            lengths,
            places,
            firsts: rings.iter().map(|ring| ring.first).collect(),
        }
    }

    /// What the size of a scratch depends on beside the degree.
    pub fn most(&self) -> [usize; 2] {
        self.most
    }

    pub fn scratch(&self, degree: usize) -> RingScratch {
        let [samples, work] = self.most;
        let zero = Complex::default();
        RingScratch {
            samples: vec![0.0; samples],
            spectrum: vec![zero; samples / 2 + 1],
            work: vec![zero; work],
            phases: vec![zero; FINE + degree / FINE + 1],
        }
    }

    /// The samples of a ring from its row; the row is used up. `put` gets index and value.
    pub fn synthesise(
        &self,
        ring: usize,
        row: &mut [Complex<f64>],
        scratch: &mut RingScratch,
        mut put: impl FnMut(usize, f64),
    ) {
        let (length, start) = (&self.lengths[self.places[ring].0], self.places[ring].1);
        let n = length.samples;
        let first = self.firsts[ring];
        let spectrum = &mut scratch.spectrum[..n / 2 + 1];
        for (m, value) in row.iter_mut().enumerate() {
            // C cos + S sin = Re((C - iS) exp(i m phi)); the transform adds the conjugate.
            let half = if m == 0 { 1.0 } else { 0.5 };
            *value = Complex::new(half * value.re, -half * value.im);
        }
        if first != 0.0 {
            turn(row, first, &mut scratch.phases);
        }
        let plain = row.len().min(n.div_ceil(2));
        spectrum[..plain].copy_from_slice(&row[..plain]);
        spectrum[plain..].fill(Complex::default());
        for (m, value) in row.iter().enumerate().skip(plain) {
            alias(spectrum, n, m, *value);
        }
        spectrum[0].im = 0.0;
        if n % 2 == 0 {
            spectrum[n / 2].im = 0.0;
        }
        let samples = &mut scratch.samples[..n];
        let work = &mut scratch.work[..length.inverse.get_scratch_len()];
        let done = length.inverse.process_with_scratch(spectrum, samples, work);
        debug_assert!(
            done.is_ok(),
            "lengths and real ends are as the transform wants them"
        );
        for (k, value) in samples.iter().enumerate() {
            put(start + k, *value);
        }
    }

    /// The row of a ring, times `weight`, from its samples: `C_m = sum f cos m phi`,
    /// `S_m = sum f sin m phi`. Returns whether all samples were finite.
    pub fn analyse(
        &self,
        ring: usize,
        weight: f64,
        get: impl Fn(usize) -> f64,
        row: &mut [Complex<f64>],
        scratch: &mut RingScratch,
    ) -> bool {
        let (length, start) = (&self.lengths[self.places[ring].0], self.places[ring].1);
        let n = length.samples;
        let first = self.firsts[ring];
        let samples = &mut scratch.samples[..n];
        let mut check = 0.0;
        for (k, sample) in samples.iter_mut().enumerate() {
            let value = get(start + k);
            check += 0.0 * value;
            *sample = weight * value;
        }
        let spectrum = &mut scratch.spectrum[..n / 2 + 1];
        let work = &mut scratch.work[..length.forward.get_scratch_len()];
        let done = length.forward.process_with_scratch(samples, spectrum, work);
        debug_assert!(done.is_ok(), "lengths are as the transform wants them");
        let plain = row.len().min(n / 2 + 1);
        for (value, found) in row[..plain].iter_mut().zip(&*spectrum) {
            *value = found.conj();
        }
        for (m, value) in row.iter_mut().enumerate().skip(plain) {
            let bin = m % n;
            let found = if bin <= n / 2 {
                spectrum[bin]
            } else {
                spectrum[n - bin].conj()
            };
            *value = found.conj();
        }
        if first != 0.0 {
            turn(row, first, &mut scratch.phases);
        }
        check == 0.0
    }
}

/// Adds order `m` where sampling puts it.
fn alias(spectrum: &mut [Complex<f64>], n: usize, m: usize, value: Complex<f64>) {
    let bin = m % n;
    if bin == 0 || 2 * bin == n {
        // Its own conjugate falls on the same place.
        spectrum[bin].re += 2.0 * value.re;
    } else if 2 * bin < n {
        spectrum[bin] += value;
    } else {
        spectrum[n - bin] += value.conj();
    }
}

/// Multiplies entry m by `exp(i m angle)`.
fn turn(row: &mut [Complex<f64>], angle: f64, phases: &mut [Complex<f64>]) {
    let (fine, coarse) = phases.split_at_mut(FINE);
    for (i, phase) in fine.iter_mut().enumerate() {
        *phase = Complex::cis(i as f64 * angle);
    }
    for (i, phase) in coarse.iter_mut().enumerate() {
        // The angle is reduced first: its product with a large order has lost digits already.
        *phase = Complex::cis(((i * FINE) as f64 * angle) % (2.0 * PI));
    }
    for (block, coarse) in row.chunks_mut(FINE).zip(coarse) {
        for (value, fine) in block.iter_mut().zip(&*fine) {
            *value *= fine * *coarse;
        }
    }
}
