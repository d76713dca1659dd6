//! Normalisation over groups of channels, followed by a leaky rectifier, in one pass over memory.
//!
//! Values lie as `[items, places, channels]`; each item's channels are split into equal groups, and each group is
//! brought to mean 0 and variance 1 over its places and channels. With one place and one group this is layer normalisation.

use rayon::prelude::*;

/// Added to variances.
const EPSILON: f32 = 1e-5;

/// Shape and constants of one normalisation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Norm {
    pub places: usize,
    pub channels: usize,
    pub groups: usize,
    /// Slope of the rectifier for negative values; 1 for no rectifier.
    pub slope: f32,
}

/// Gradients with respect to the values, the gains and the shifts.
pub(super) struct NormGradients {
    pub values: Vec<f32>,
    pub gain: Vec<f32>,
    pub shift: Vec<f32>,
}

/// The sum in 16 interleaved parts: fast, and the same on every machine.
#[inline(always)]
fn sum(values: &[f32]) -> f32 {
    let (whole, rest) = values.as_chunks::<16>();
    let mut parts = [0.0; 16];
    for chunk in whole {
        parts.iter_mut().zip(chunk).for_each(|(p, v)| *p += v);
    }
    parts.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

impl Norm {
    fn item(&self) -> usize {
        self.places * self.channels
    }

    /// Mean and inverse standard deviation of each channel's group.
    #[inline(always)]
    fn moments(&self, x: &[f32], mean: &mut [f32], scale: &mut [f32]) {
        let width = self.channels / self.groups;
        let count = (self.places * width) as f32;
        mean.fill(0.0);
        for row in x.chunks_exact(self.channels) {
            mean.iter_mut().zip(row).for_each(|(m, x)| *m += x);
        }
        self.share(mean, |sum| sum / count);
        scale.fill(0.0);
        for row in x.chunks_exact(self.channels) {
            for ((s, x), m) in scale.iter_mut().zip(row).zip(&*mean) {
                *s += (x - m) * (x - m);
            }
        }
        self.share(scale, |sum| 1.0 / (sum / count + EPSILON).sqrt());
    }

    /// Replaces each channel's value by a function of its group's sum.
    #[inline(always)]
    fn share(&self, values: &mut [f32], of_sum: impl Fn(f32) -> f32) {
        for group in values.chunks_exact_mut(self.channels / self.groups) {
            let value = of_sum(sum(group));
            group.fill(value);
        }
    }

    pub(super) fn forward(&self, x: &[f32], gain: &[f32], shift: &[f32]) -> Vec<f32> {
        let mut y = vec![0.0; x.len()];
        y.par_chunks_exact_mut(self.item())
            .zip(x.par_chunks_exact(self.item()))
            .for_each_init(
                || vec![0.0; 2 * self.channels],
                |scratch, (y, x)| {
                    let (mean, scale) = scratch.split_at_mut(self.channels);
                    pulp::Arch::new().dispatch(|| {
                        self.moments(x, mean, scale);
                        self.normalise(x, y, [mean, scale, gain, shift]);
                    });
                },
            );
        y
    }

    #[inline(always)]
    fn normalise(&self, x: &[f32], y: &mut [f32], [mean, scale, gain, shift]: [&[f32]; 4]) {
        for (x, y) in x
            .chunks_exact(self.channels)
            .zip(y.chunks_exact_mut(self.channels))
        {
            for c in 0..self.channels {
                let value = (x[c] - mean[c]) * scale[c] * gain[c] + shift[c];
                y[c] = if value >= 0.0 {
                    value
                } else {
                    self.slope * value
                };
            }
        }
    }

    /// Gradients of a loss, given those with respect to the output.
    pub(super) fn backward(
        &self,
        x: &[f32],
        gain: &[f32],
        shift: &[f32],
        output_gradient: &[f32],
    ) -> NormGradients {
        let items = x.len() / self.item();
        let mut values = vec![0.0; x.len()];
        // Each item's sums for gain and shift; added up in a fixed order, whatever the threads.
        let mut sums = vec![0.0; items * 2 * self.channels];
        values
            .par_chunks_exact_mut(self.item())
            .zip(sums.par_chunks_exact_mut(2 * self.channels))
            .zip(x.par_chunks_exact(self.item()))
            .zip(output_gradient.par_chunks_exact(self.item()))
            .for_each_init(
                || vec![0.0; 4 * self.channels],
                |scratch, (((values, sums), x), gradient)| {
                    pulp::Arch::new().dispatch(|| {
                        self.item_backward(x, gradient, [gain, shift], values, sums, scratch);
                    });
                },
            );
        let mut total = vec![0.0; 2 * self.channels];
        for sums in sums.chunks_exact(2 * self.channels) {
            total.iter_mut().zip(sums).for_each(|(t, s)| *t += s);
        }
        let shift = total.split_off(self.channels);
        NormGradients {
            values,
            gain: total,
            shift,
        }
    }

    #[inline(always)]
    fn item_backward(
        &self,
        x: &[f32],
        gradient: &[f32],
        [gain, shift]: [&[f32]; 2],
        values: &mut [f32],
        sums: &mut [f32],
        scratch: &mut [f32],
    ) {
        let n = self.channels;
        let (mean, rest) = scratch.split_at_mut(n);
        let (scale, rest) = rest.split_at_mut(n);
        let (mean_gradient, mean_product) = rest.split_at_mut(n);
        self.moments(x, mean, scale);
        let (gain_sum, shift_sum) = sums.split_at_mut(n);
        for ((x, g), out) in x
            .chunks_exact(n)
            .zip(gradient.chunks_exact(n))
            .zip(values.chunks_exact_mut(n))
        {
            for c in 0..n {
                let unit = (x[c] - mean[c]) * scale[c];
                let value = unit * gain[c] + shift[c];
                let g = if value >= 0.0 {
                    g[c]
                } else {
                    self.slope * g[c]
                };
                gain_sum[c] += g * unit;
                shift_sum[c] += g;
                out[c] = g * gain[c];
            }
        }
        let count = (self.places * n / self.groups) as f32;
        for c in 0..n {
            mean_gradient[c] = shift_sum[c] * gain[c];
            mean_product[c] = gain_sum[c] * gain[c];
        }
        self.share(mean_gradient, |sum| sum / count);
        self.share(mean_product, |sum| sum / count);
        for (x, out) in x.chunks_exact(n).zip(values.chunks_exact_mut(n)) {
            for c in 0..n {
                let unit = (x[c] - mean[c]) * scale[c];
                out[c] = scale[c] * (out[c] - mean_gradient[c] - unit * mean_product[c]);
            }
        }
    }
}
