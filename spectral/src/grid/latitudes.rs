//! Colatitudes folded about the equator, and where each one enters the recurrences.

use std::f64::consts::PI;

use crate::columns::{Columns, steps};
use crate::kernel::{Active, CHUNK};
use crate::simd::{Aligned, padded};

/// Values below this are left out: with degrees up to some thousand they change no digit of a sum.
const NEGLIGIBLE: f64 = 1e-30;
/// Colatitudes that mirror each other to this are folded.
const MIRROR: f64 = 1e-15;
/// One step of the extra exponent: values carry `2^(-512 e)`.
const SMALL: f64 = f64::from_bits((1023 - 512) << 52);
const LARGE: f64 = f64::from_bits((1023 + 512) << 52);

/// A circle and its mirror image.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// Index of the ring at `theta`.
    pub first: usize,
    /// Index of the ring at `pi - theta`, if there is one.
    pub mirror: Option<usize>,
}

/// Pairs from the equator to the poles, with the values at which the recurrences begin.
///
/// Near the poles `P_lm` is negligible until `l` is well above `m / sin theta`; the values where it
/// leaves that range are stored: 16 bytes for each order and pair that takes part.
#[derive(Debug, Clone)]
pub struct Latitudes {
    pub pairs: Vec<Pair>,
    /// `cos theta` of the first ring of each pair; padded with zeros, as are the next two.
    pub cosine: Vec<f64>,
    pub sine: Vec<f64>,
    pub square: Aligned<f64>,
    counts: Vec<u32>,
    count_offsets: Vec<usize>,
    before: Vec<f64>,
    value: Vec<f64>,
    seed_offsets: Vec<usize>,
}

impl Latitudes {
    /// For circles at these colatitudes and all degrees of `columns`.
    pub fn new(columns: &Columns<f64>, thetas: &[f64]) -> Self {
        let pairs = fold(thetas);
        let size = padded(pairs.len());
        let mut cosine = vec![0.0; size];
        let mut sine = vec![0.0; size];
        for (i, pair) in pairs.iter().enumerate() {
            let theta = thetas[pair.first];
            // Near either pole the sine is taken from the small angle.
            let (polar, sign) = if theta > PI / 2.0 {
                (PI - theta, -1.0)
            } else {
                (theta, 1.0)
            };
            sine[i] = polar.sin();
            cosine[i] = sign * polar.cos();
        }
        let mut square = Aligned::new(size);
        for (square, x) in square.iter_mut().zip(&cosine) {
            *square = x * x;
        }
        let mut latitudes = Self {
            square,
            pairs,
            cosine,
            sine,
            counts: Vec::new(),
            count_offsets: vec![0],
            before: Vec::new(),
            value: Vec::new(),
            seed_offsets: vec![0],
        };
        latitudes.seed(columns);
        latitudes.counts.shrink_to_fit();
        latitudes.before.shrink_to_fit();
        latitudes.value.shrink_to_fit();
        latitudes
    }

    fn seed(&mut self, columns: &Columns<f64>) {
        let lmax = columns.lmax();
        let mut powers = vec![(1.0, 0u32); self.pairs.len()];
        for m in 0..=lmax {
            let chunks = steps(lmax, m).div_ceil(CHUNK);
            let mut joined = vec![0; chunks];
            let mut least = 0;
            for (i, power) in powers.iter_mut().enumerate() {
                if m > 0 {
                    *power = rescaled(power.0 * self.sine[i], power.1);
                }
                let found = entry(columns.steps(m, lmax), self.square[i], *power, least);
                // Nearer the pole nothing else takes part.
                let Some((chunk, seed)) = found else { break };
                least = chunk;
                joined[chunk] += 1;
                self.before.push(seed[0]);
                self.value.push(seed[1]);
            }
            // Powers of the circles that were skipped are still needed for higher orders only if
            // they took part at this one, and they did not: sin^m only falls.
            let mut total = 0;
            self.counts.extend(joined.iter().map(|n: &u32| {
                total += n;
                total
            }));
            powers.truncate(total as usize);
            self.count_offsets.push(self.counts.len());
            self.seed_offsets.push(self.value.len());
        }
    }

    /// Who takes part at order `m`.
    pub fn active(&self, m: usize) -> Active<'_, f64> {
        let seeds = self.seed_offsets[m]..self.seed_offsets[m + 1];
        Active {
            counts: &self.counts[self.count_offsets[m]..self.count_offsets[m + 1]],
            before: &self.before[seeds.clone()],
            value: &self.value[seeds],
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        8 * (3 * self.cosine.len() + 2 * self.value.len()) + 4 * self.counts.len()
    }
}

/// Pairs of mirror images, equator first.
fn fold(thetas: &[f64]) -> Vec<Pair> {
    let polar = |i: usize| thetas[i].min(PI - thetas[i]);
    let mut order: Vec<usize> = (0..thetas.len()).collect();
    order.sort_by(|&a, &b| polar(b).total_cmp(&polar(a)).then(a.cmp(&b)));
    let mut pairs: Vec<Pair> = Vec::new();
    for i in order {
        let open = pairs.last_mut().filter(|pair| {
            pair.mirror.is_none() && (thetas[pair.first] + thetas[i] - PI).abs() <= MIRROR
        });
        match open {
            // The northern one leads: its angle is the small one and keeps its digits.
            Some(pair) if thetas[i] < thetas[pair.first] => {
                *pair = Pair {
                    first: i,
                    mirror: Some(pair.first),
                };
            }
            Some(pair) => pair.mirror = Some(i),
            None => pairs.push(Pair {
                first: i,
                mirror: None,
            }),
        }
    }
    pairs
}

fn rescaled(value: f64, exponent: u32) -> (f64, u32) {
    if value != 0.0 && value < SMALL {
        (value * LARGE, exponent + 1)
    } else {
        (value, exponent)
    }
}

/// The first chunk, not before `least`, in which the values count, and the two values at its start.
fn entry(
    steps: &[[f64; 2]],
    square: f64,
    (mantissa, mut exponent): (f64, u32),
    least: usize,
) -> Option<(usize, [f64; 2])> {
    let (mut before, mut value) = (0.0_f64, mantissa);
    for (chunk, steps) in steps.chunks(CHUNK).enumerate() {
        let start = [before, value].map(|v| if exponent == 0 { v } else { v * SMALL });
        let small_start = exponent > 1;
        let mut largest = 0.0_f64;
        for [slope, shift] in steps {
            if exponent == 0 {
                largest = largest.max(value.abs());
            }
            (before, value) = (value, (slope * square + shift).mul_add(value, before));
            if exponent > 0 && value.abs() > 1.0 {
                (before, value, exponent) = (before * SMALL, value * SMALL, exponent - 1);
            }
        }
        if chunk >= least && largest > NEGLIGIBLE && !small_start {
            return Some((chunk, start));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirror_images_are_folded_equator_first() {
        let thetas = [0.1, 1.0, PI / 2.0, PI - 1.0, PI - 0.1, 2.9];
        let pairs = fold(&thetas);
        let found: Vec<_> = pairs.iter().map(|p| (p.first, p.mirror)).collect();
        assert_eq!(found[0], (2, None));
        assert_eq!(found[1], (1, Some(3)));
        assert_eq!(found[2], (5, None));
        assert_eq!(found[3], (0, Some(4)));
    }

    #[test]
    fn seeds_agree_with_running_from_the_start() {
        let columns = Columns::<f64>::new(900);
        let thetas: Vec<f64> = (0..200).map(|i| PI * (i as f64 + 0.5) / 200.0).collect();
        let latitudes = Latitudes::new(&columns, &thetas);
        for m in [0, 5, 80, 200] {
            let active = latitudes.active(m);
            let mut chunk = 0;
            for i in 0..active.value.len() {
                while active.counts[chunk] as usize <= i {
                    chunk += 1;
                }
                let sine = latitudes.sine[i].powi(m as i32);
                if sine < 1e-290 {
                    continue;
                }
                let (mut before, mut value) = (0.0, sine);
                for [a, b] in &columns.steps(m, 900)[..chunk * CHUNK] {
                    let factor = a * latitudes.square[i] + b;
                    (before, value) = (value, factor.mul_add(value, before));
                }
                assert!(
                    (value - active.value[i]).abs() <= 1e-9 * value.abs(),
                    "{m} {i}"
                );
            }
        }
    }
}
