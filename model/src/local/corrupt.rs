//! What is hidden or disturbed in a local map, drawn for each item and epoch.
//!
//! `block` hides a neighbourhood of rows, `scatter` random rows, `band` neighbouring degrees of every row. Hidden rows are
//! never shown to H; G is asked for them first, and for shown rows where fewer are hidden than it is asked for.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use spectra_spectral::Basis;

use crate::config::CorruptConfig;
use crate::corrupt::{between, span};

/// Draws what is shown of local maps of one kind.
#[derive(Debug, Clone)]
pub(crate) struct LocalCorruptor {
    config: CorruptConfig,
    /// The degree of each value of a row.
    degrees: Vec<usize>,
    order: usize,
}

/// Rows for H and for G, and what is done to them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown {
    /// Rows that H sees.
    pub visible: Vec<usize>,
    /// Rows that G is asked for.
    pub queries: Vec<usize>,
    /// Rows that are hidden or disturbed as a whole.
    struck: Vec<bool>,
    /// Values that are hidden or disturbed in every row: a band of degrees.
    banded: Vec<bool>,
    /// Values that are hidden in every row, also where the rest is disturbed: degrees that are dropped.
    dropped: Vec<bool>,
    /// Deviation of the noise, where what is struck is disturbed and not hidden.
    sigma: Option<f32>,
    /// What stands in place of hidden values.
    fill: f32,
}

impl Shown {
    /// Whether value `value` of row `row` is hidden or disturbed.
    pub(crate) fn is_struck(&self, row: usize, value: usize) -> bool {
        self.struck[row] || self.banded[value] || self.dropped[value]
    }

    /// Hides or disturbs the values of one visible row in place and marks them in `mask`.
    pub(crate) fn apply(
        &self,
        rng: &mut ChaCha8Rng,
        row: usize,
        values: &mut [f32],
        mask: &mut [f32],
    ) {
        for (i, (value, mask)) in values.iter_mut().zip(mask).enumerate() {
            if !self.is_struck(row, i) {
                continue;
            }
            *mask = 1.0;
            *value = match self.sigma {
                _ if self.dropped[i] => self.fill,
                None => self.fill,
                Some(sigma) => {
                    let normal: f32 = StandardNormal.sample(rng);
                    *value + sigma * normal
                }
            };
        }
    }
}

impl LocalCorruptor {
    /// For rows of `radii` times the moments up to `order`.
    pub(crate) fn new(config: &CorruptConfig, order: usize, radii: usize) -> LocalCorruptor {
        let mut degrees = Vec::new();
        for _radius in 0..radii {
            let first = degrees.len();
            for degree in 0..=order {
                degrees.resize(first + Basis::Zernike.count(degree), degree);
            }
        }
        LocalCorruptor {
            config: config.clone(),
            degrees,
            order,
        }
    }

    /// Draws `visible` and `queries` rows among those at `positions`; where there are too few, some come twice.
    pub(crate) fn draw(
        &self,
        rng: &mut ChaCha8Rng,
        positions: &[&[f32]],
        visible: usize,
        queries: usize,
    ) -> Shown {
        let CorruptConfig {
            block,
            band,
            scatter,
            ..
        } = self.config;
        let pick = rng.random::<f64>() * (block + band + scatter);
        let noisy = rng.random::<f64>() < self.config.noise;
        let [low, high] = self.config.sigma;
        let sigma = noisy.then(|| between(rng, low, high) as f32);
        let in_band = (block..block + band).contains(&pick);
        let hit = match in_band {
            true => Vec::new(),
            false => self.rows(rng, positions, pick < block),
        };
        let mut struck = vec![false; positions.len()];
        hit.iter().for_each(|&row| struck[row] = true);
        // Disturbed rows are seen; hidden ones are not.
        let seen = |row: &usize| noisy || !struck[*row];
        let mut pool: Vec<usize> = (0..positions.len()).filter(seen).collect();
        pool.shuffle(rng);
        let mut asked = hit;
        asked.shuffle(rng);
        asked.extend(pool.iter().copied());
        let [banded, dropped] = self.degrees(rng, in_band);
        Shown {
            banded,
            dropped,
            visible: pool.into_iter().cycle().take(visible).collect(),
            queries: asked.into_iter().cycle().take(queries).collect(),
            struck,
            sigma,
            fill: self.config.fill as f32,
        }
    }

    /// Random rows, or those around one of them; at least one, and never all.
    fn rows(&self, rng: &mut ChaCha8Rng, positions: &[&[f32]], around: bool) -> Vec<usize> {
        let [low, high] = self.config.fraction;
        let count = (between(rng, low, high) * positions.len() as f64).round() as usize;
        let most = positions.len().saturating_sub(1);
        let mut rows: Vec<usize> = (0..positions.len()).collect();
        rows.shuffle(rng);
        if around {
            let middle = positions[rows[0]];
            let gap = |row: &usize| -> f32 {
                let pairs = positions[*row].iter().zip(middle);
                pairs.map(|(a, b)| (a - b) * (a - b)).sum()
            };
            rows.sort_by(|a, b| gap(a).total_cmp(&gap(b)));
        }
        rows.truncate(count.max(1).min(most));
        rows
    }

    /// The values of a band of degrees where `in_band`, and those of each degree that is dropped as a whole.
    fn degrees(&self, rng: &mut ChaCha8Rng, in_band: bool) -> [Vec<bool>; 2] {
        let (first, end) = match in_band {
            true => span(rng, self.order + 1, self.config.fraction, 1.0),
            false => (0, 0),
        };
        let dropped: Vec<bool> = (0..=self.order)
            .map(|_degree| rng.random::<f64>() < self.config.degree_dropout)
            .collect();
        let degrees = || self.degrees.iter();
        [
            degrees()
                .map(|degree| (first..end).contains(degree))
                .collect(),
            degrees().map(|&degree| dropped[degree]).collect(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectra_pointcloud::random::stream;

    fn draw(weights: [f64; 3], noise: f64, item: u64) -> Shown {
        let [block, band, scatter] = weights;
        let config = CorruptConfig {
            block,
            band,
            scatter,
            noise,
            fraction: [0.4, 0.4],
            ..CorruptConfig::default()
        };
        let places: Vec<[f32; 1]> = (0..20).map(|i| [i as f32]).collect();
        let positions: Vec<&[f32]> = places.iter().map(|place| &place[..]).collect();
        LocalCorruptor::new(&config, 2, 2).draw(&mut stream(1, 0, item), &positions, 8, 6)
    }

    #[test]
    fn hidden_rows_are_asked_for_and_never_shown() {
        for item in 0..50 {
            for weights in [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]] {
                let shown = draw(weights, 0.0, item);
                assert_eq!((shown.visible.len(), shown.queries.len()), (8, 6));
                assert!(shown.visible.iter().all(|&row| !shown.struck[row]));
                assert!(shown.queries.iter().all(|&row| shown.struck[row]));
                assert_eq!(shown.struck.iter().filter(|s| **s).count(), 8);
                assert_eq!(shown, draw(weights, 0.0, item));
            }
            let block = draw([1.0, 0.0, 0.0], 0.0, item);
            let (low, high) = (block.queries.iter().min(), block.queries.iter().max());
            assert!(high.unwrap() - low.unwrap() < 16, "{:?}", block.queries);
        }
    }

    #[test]
    fn a_band_strikes_whole_degrees_of_every_radius() {
        for item in 0..50 {
            let shown = draw([0.0, 1.0, 0.0], 0.0, item);
            assert!(!shown.struck.contains(&true));
            let (first, second) = shown.banded.split_at(10);
            assert_eq!(first, second);
            for range in [0..1, 1..4, 4..10] {
                let marked = first[range.clone()].iter().filter(|m| **m).count();
                assert!(marked == 0 || marked == range.len());
            }
            assert!(first.contains(&true) && first.contains(&false));
            let (mut values, mut mask) = (vec![1.0; 20], vec![0.0; 20]);
            shown.apply(&mut stream(0, 0, 0), 3, &mut values, &mut mask);
            assert!(values.iter().zip(&mask).all(|(v, m)| *v == 1.0 - m));
            assert_eq!(
                mask.iter().filter(|m| **m == 1.0).count(),
                2 * first.iter().filter(|m| **m).count()
            );
        }
    }

    #[test]
    fn disturbed_rows_are_shown_with_noise_and_marked() {
        let shown = draw([0.0, 0.0, 1.0], 1.0, 4);
        let row = *shown
            .visible
            .iter()
            .find(|&&row| shown.struck[row])
            .unwrap();
        let (mut values, mut mask) = (vec![1.0; 20], vec![0.0; 20]);
        shown.apply(&mut stream(0, 0, 0), row, &mut values, &mut mask);
        assert!(mask.iter().all(|m| *m == 1.0));
        assert!(values.iter().all(|v| *v != 1.0 && *v != 0.0));
        assert!(shown.queries.iter().all(|&row| shown.struck[row]));
    }

    #[test]
    fn small_clouds_show_rows_twice() {
        let config = CorruptConfig::default();
        let corruptor = LocalCorruptor::new(&config, 1, 1);
        for places in [vec![[0.0f32; 3]], vec![[0.0; 3], [1.0; 3]]] {
            let positions: Vec<&[f32]> = places.iter().map(|place| &place[..]).collect();
            let shown = corruptor.draw(&mut stream(0, 0, 0), &positions, 5, 4);
            assert_eq!((shown.visible.len(), shown.queries.len()), (5, 4));
        }
    }

    #[test]
    fn dropped_degrees_are_hidden_where_the_rest_is_disturbed_too() {
        let config = CorruptConfig {
            noise: 1.0,
            degree_dropout: 0.5,
            fill: -3.0,
            ..CorruptConfig::default()
        };
        let places: Vec<[f32; 1]> = (0..20).map(|i| [i as f32]).collect();
        let positions: Vec<&[f32]> = places.iter().map(|place| &place[..]).collect();
        let corruptor = LocalCorruptor::new(&config, 2, 2);
        let (mut hidden, mut disturbed) = (0, 0);
        for item in 0..20 {
            let shown = corruptor.draw(&mut stream(1, 0, item), &positions, 8, 6);
            let row = shown.queries[0];
            assert!(shown.struck[row]);
            let (mut values, mut mask) = (vec![1.0; 20], vec![0.0; 20]);
            shown.apply(&mut stream(0, 0, item), row, &mut values, &mut mask);
            assert!(mask.iter().all(|m| *m == 1.0));
            for (value, dropped) in values.iter().zip(&shown.dropped) {
                assert_eq!(*value == -3.0, *dropped);
                (hidden, disturbed) = (
                    hidden + i32::from(*dropped),
                    disturbed + i32::from(!dropped),
                );
            }
        }
        assert!(hidden > 50 && disturbed > 50, "{hidden} {disturbed}");
    }
}
