//! What is hidden or disturbed in a map, drawn for each item and epoch.

use rand::RngExt;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use spectra_spectral::{Basis, MapLayout};

use crate::config::CorruptConfig;

/// Draws regions of one layout and applies them.
#[derive(Debug, Clone)]
pub(crate) struct Corruptor {
    config: CorruptConfig,
    /// Channels, height, width.
    shape: [usize; 3],
    /// Cells that hold a coefficient.
    valid: Vec<usize>,
    /// The degree (n for Zernike, l for harmonics) of each of `valid`.
    degrees: Vec<usize>,
    order: usize,
}

impl Corruptor {
    pub(crate) fn new(
        config: &CorruptConfig,
        layout: &MapLayout,
        basis: Basis,
        order: usize,
    ) -> Corruptor {
        let mut degrees = Vec::with_capacity(layout.count());
        for degree in 0..=order {
            degrees.resize(basis.count(degree), degree);
        }
        Corruptor {
            config: config.clone(),
            shape: layout.shape(),
            valid: layout.index().iter().map(|cell| *cell as usize).collect(),
            degrees,
            order,
        }
    }

    /// Corrupts `values` in place and marks the region by 1 in `mask`.
    pub(crate) fn apply(&self, rng: &mut ChaCha8Rng, values: &mut [f32], mask: &mut [f32]) {
        let region = self.region(rng);
        let noisy = rng.random::<f64>() < self.config.noise;
        let [low, high] = self.config.sigma;
        let sigma = between(rng, low, high) as f32;
        for cell in region {
            mask[cell] = 1.0;
            values[cell] = if noisy {
                let normal: f32 = StandardNormal.sample(rng);
                values[cell] + sigma * normal
            } else {
                self.config.fill as f32
            };
        }
        self.drop_degrees(rng, values, mask);
    }

    /// Hides each degree as a whole with the configured probability.
    fn drop_degrees(&self, rng: &mut ChaCha8Rng, values: &mut [f32], mask: &mut [f32]) {
        if self.config.degree_dropout == 0.0 {
            return;
        }
        let dropped: Vec<bool> = (0..=self.order)
            .map(|_degree| rng.random::<f64>() < self.config.degree_dropout)
            .collect();
        for (cell, degree) in self.valid.iter().zip(&self.degrees) {
            if dropped[*degree] {
                (values[*cell], mask[*cell]) = (self.config.fill as f32, 1.0);
            }
        }
    }

    /// Valid cells of one region; at least one.
    fn region(&self, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let CorruptConfig {
            block,
            band,
            scatter,
            ..
        } = self.config;
        let pick = rng.random::<f64>() * (block + band + scatter);
        let region = if pick < block {
            self.block(rng)
        } else if pick < block + band {
            self.band(rng)
        } else {
            self.scatter(rng)
        };
        if region.is_empty() {
            vec![self.valid[rng.random_range(0..self.valid.len())]]
        } else {
            region
        }
    }

    /// A rectangle of the map, through all channels.
    fn block(&self, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let [_channels, height, width] = self.shape;
        let CorruptConfig { side, corner, .. } = self.config;
        let (top, bottom) = span(rng, height, side, corner);
        let (left, right) = span(rng, width, side, corner);
        let inside = |cell: &usize| {
            let (y, x) = (cell / width % height, cell % width);
            (top..bottom).contains(&y) && (left..right).contains(&x)
        };
        self.valid.iter().copied().filter(inside).collect()
    }

    /// All cells of neighbouring degrees.
    fn band(&self, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let (first, end) = span(rng, self.order + 1, self.config.fraction, 1.0);
        let cells = self.valid.iter().zip(&self.degrees);
        cells
            .filter(|(_cell, degree)| (first..end).contains(*degree))
            .map(|(cell, _degree)| *cell)
            .collect()
    }

    /// A random set of cells.
    fn scatter(&self, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let [low, high] = self.config.fraction;
        let count = (between(rng, low, high) * self.valid.len() as f64).round() as usize;
        index::sample(rng, self.valid.len(), count)
            .into_iter()
            .map(|i| self.valid[i])
            .collect()
    }
}

pub(crate) fn between(rng: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    low + rng.random::<f64>() * (high - low)
}

/// A random range within `0..length` whose size is a fraction between `low` and `high` of it, at least 1, and which begins at the
/// fraction `latest` of it or before.
pub(crate) fn span(
    rng: &mut ChaCha8Rng,
    length: usize,
    [low, high]: [f64; 2],
    latest: f64,
) -> (usize, usize) {
    let size = ((between(rng, low, high) * length as f64).round() as usize).clamp(1, length);
    let latest = (latest * length as f64).round() as usize;
    let start = rng.random_range(0..=latest.min(length - size));
    (start, start + size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectra_pointcloud::random::stream;
    use spectra_spectral::MapKind;

    fn corruptor(kind: [f64; 3]) -> Corruptor {
        let layout = MapLayout::new(MapKind::Flat, Basis::Zernike, 6).unwrap();
        let [block, band, scatter] = kind;
        let config = CorruptConfig {
            block,
            band,
            scatter,
            noise: 0.0,
            ..Default::default()
        };
        Corruptor::new(&config, &layout, Basis::Zernike, 6)
    }

    #[test]
    fn regions_are_valid_of_the_asked_size_and_repeatable() {
        for (kind, sizes) in [
            ([1.0, 0.0, 0.0], 1..26),
            ([0.0, 1.0, 0.0], 1..75),
            ([0.0, 0.0, 1.0], 16..52),
        ] {
            let corruptor = corruptor(kind);
            for item in 0..200 {
                let region = corruptor.region(&mut stream(3, 1, item));
                assert!(sizes.contains(&region.len()), "{kind:?}: {}", region.len());
                assert!(region.iter().all(|cell| *cell < 84));
                assert_eq!(region, corruptor.region(&mut stream(3, 1, item)));
            }
        }
    }

    #[test]
    fn rectangles_of_the_authors_begin_and_end_where_theirs_do() {
        let mut corruptor = corruptor([1.0, 0.0, 0.0]);
        let CorruptConfig {
            side, corner, fill, ..
        } = &mut corruptor.config;
        (*side, *corner, *fill) = ([0.15, 0.45], 0.5, -1.0);
        let (mut sizes, mut starts) = ([0; 11], [0; 11]);
        for item in 0..600 {
            let (start, end) = span(&mut stream(0, 0, item), 10, [0.15, 0.45], 0.5);
            sizes[end - start] += 1;
            starts[start] += 1;
            let (mut values, mut mask) = (vec![0.5; 100], vec![0.0; 100]);
            corruptor.apply(&mut stream(0, 0, item), &mut values, &mut mask);
            for (value, mark) in values.iter().zip(&mask) {
                assert_eq!(*value, if *mark == 1.0 { -1.0 } else { 0.5 });
            }
        }
        // Sides 2 to 4 and corners 0 to 5, each as often as another.
        assert!(
            sizes[2..=4].iter().all(|n| (150..250).contains(n)),
            "{sizes:?}"
        );
        assert!(
            starts[..=5].iter().all(|n| (60..140).contains(n)),
            "{starts:?}"
        );
        assert_eq!(
            starts[6..].iter().sum::<i32>() + sizes[5..].iter().sum::<i32>(),
            0
        );
    }

    #[test]
    fn a_band_is_whole_degrees_and_hidden_cells_are_zero() {
        let corruptor = corruptor([0.0, 1.0, 0.0]);
        let (mut values, mut mask) = (vec![1.0; 100], vec![0.0; 100]);
        corruptor.apply(&mut stream(0, 0, 5), &mut values, &mut mask);
        for n in 0..=6 {
            let range = if n == 0 {
                0..1
            } else {
                Basis::Zernike.count(n - 1)..Basis::Zernike.count(n)
            };
            let marked = mask[range.clone()].iter().filter(|m| **m == 1.0).count();
            assert!(marked == 0 || marked == range.len());
        }
        for (value, mark) in values.iter().zip(&mask) {
            assert_eq!(*value, 1.0 - mark);
        }
    }

    #[test]
    fn dropped_degrees_are_hidden_as_a_whole_and_as_often_as_asked() {
        let mut corruptor = corruptor([1.0, 0.0, 0.0]);
        corruptor.config.degree_dropout = 0.3;
        corruptor.config.side = [0.0, 0.0];
        let mut whole = 0;
        for item in 0..300 {
            let (mut values, mut mask) = (vec![1.0; 100], vec![0.0; 100]);
            corruptor.apply(&mut stream(0, 0, item), &mut values, &mut mask);
            for n in 1..=6 {
                let range = Basis::Zernike.count(n - 1)..Basis::Zernike.count(n);
                let marked = mask[range.clone()].iter().filter(|m| **m == 1.0).count();
                // The region itself is one cell here.
                assert!(marked <= 1 || marked == range.len());
                whole += usize::from(marked == range.len());
            }
        }
        let share = whole as f64 / 1800.0;
        assert!((share - 0.3).abs() < 0.04, "{share}");
    }
}
