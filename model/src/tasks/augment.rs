//! Changes to clean shapes in the spectral domain, drawn for each item and epoch.

use std::cell::RefCell;

use rand::RngExt;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use spectra_spectral::{Basis, Rotation, ZernikePlan};

use crate::ModelError;
use crate::config::{AugmentConfig, RotateKind};
use crate::maps::Maps;

/// Turns, samples again and disturbs items of one basis and order.
pub(crate) struct Augmenter {
    config: AugmentConfig,
    basis: Basis,
    order: usize,
    /// The coordinate that is up, 0, 1 or 2.
    up: usize,
    resampling: Option<Resampling>,
}

/// What moments of parts of clouds are computed from.
struct Resampling {
    plan: ZernikePlan<f32>,
    /// The points of each item.
    points: Vec<Vec<[f32; 3]>>,
}

impl Augmenter {
    /// `points` of each item are needed where `augment.resample` is set, and only with Zernike moments.
    pub(crate) fn new(
        config: &AugmentConfig,
        basis: Basis,
        order: usize,
        up_axis: &str,
        points: Option<Vec<Vec<[f32; 3]>>>,
    ) -> Result<Augmenter, ModelError> {
        let refuse = |message: &str| ModelError::Input(format!("augment.resample: {message}"));
        let resampling = match (config.resample > 0.0, basis, points) {
            (false, ..) => None,
            (true, Basis::Spherical | Basis::Radius, _) => {
                return Err(refuse(
                    "only Zernike moments can be taken of parts of a cloud; set it to 0",
                ));
            }
            (true, Basis::Zernike, None) => {
                return Err(refuse(
                    "the store has no points; convert again without --no-points, or set it to 0",
                ));
            }
            (true, Basis::Zernike, Some(points)) => {
                let plan = ZernikePlan::new(order)?;
                Some(Resampling { plan, points })
            }
        };
        Ok(Augmenter {
            config: config.clone(),
            basis,
            order,
            up: spectra_datasets::up_axis(up_axis),
            resampling,
        })
    }

    /// Whether anything is drawn at all.
    pub(crate) fn changes(&self) -> bool {
        let AugmentConfig {
            rotate,
            jitter,
            resample,
            angle: _,
        } = self.config;
        rotate != RotateKind::None || jitter > 0.0 || resample > 0.0
    }

    /// Writes the changed map of `item`, whose coefficients are given, to `map`.
    pub(crate) fn fill(
        &self,
        rng: &mut ChaCha8Rng,
        item: usize,
        mut coefficients: Vec<f32>,
        maps: &Maps,
        map: &mut [f32],
    ) -> Result<(), ModelError> {
        self.coefficients(rng, item, &mut coefficients)?;
        maps.fill(coefficients, map)?;
        self.map(rng, map, maps.layout.mask());
        Ok(())
    }

    /// Changes the coefficients of `item`.
    fn coefficients(
        &self,
        rng: &mut ChaCha8Rng,
        item: usize,
        coefficients: &mut [f32],
    ) -> Result<(), ModelError> {
        self.resample(rng, item, coefficients)?;
        self.rotate(rng, coefficients)
    }

    /// Moments of a random part of the item's points: what another, sparser scan of it would give.
    fn resample(
        &self,
        rng: &mut ChaCha8Rng,
        item: usize,
        coefficients: &mut [f32],
    ) -> Result<(), ModelError> {
        let Some(Resampling { plan, points }) = &self.resampling else {
            return Ok(());
        };
        thread_local! {
            static CHOSEN: RefCell<Vec<[f32; 3]>> = const { RefCell::new(Vec::new()) };
        }
        let points = &points[item];
        let least = self.config.resample;
        let share = least + (1.0 - least) * rng.random::<f64>();
        let count = ((share * points.len() as f64).round() as usize).clamp(1, points.len());
        CHOSEN.with_borrow_mut(|chosen| {
            chosen.clear();
            chosen.extend(
                index::sample(rng, points.len(), count)
                    .into_iter()
                    .map(|i| points[i]),
            );
            plan.moments_into(chosen, None, coefficients, &mut plan.scratch())
        })?;
        Ok(())
    }

    fn rotate(&self, rng: &mut ChaCha8Rng, coefficients: &mut [f32]) -> Result<(), ModelError> {
        let Some(rotation) = self.rotation(rng) else {
            return Ok(());
        };
        Ok(rotation.apply(self.basis, self.order, coefficients)?)
    }

    /// How the item is turned, where it is.
    pub(crate) fn rotation(&self, rng: &mut ChaCha8Rng) -> Option<Rotation> {
        use std::f64::consts::{FRAC_PI_2, TAU};
        let order = self.order;
        Some(match self.config.rotate {
            RotateKind::None => return None,
            RotateKind::Gravity => {
                let limit = self.config.angle.to_radians();
                let angle = (2.0 * rng.random::<f64>() - 1.0) * limit;
                match self.up {
                    0 => Rotation::from_euler_zyz(-FRAC_PI_2, angle, FRAC_PI_2, order),
                    1 => Rotation::from_euler_zyz(0.0, angle, 0.0, order),
                    _ => Rotation::about_z(angle, order),
                }
            }
            RotateKind::So3 => {
                let (a, c) = (rng.random::<f64>() * TAU, rng.random::<f64>() * TAU);
                let b = (1.0 - 2.0 * rng.random::<f64>()).acos();
                Rotation::from_euler_zyz(a, b, c, order)
            }
        })
    }

    /// Disturbs the cells of a clean map that hold a coefficient.
    pub(crate) fn map(&self, rng: &mut ChaCha8Rng, map: &mut [f32], valid: &[bool]) {
        if self.config.jitter == 0.0 {
            return;
        }
        for (value, valid) in map.iter_mut().zip(valid) {
            if *valid {
                let normal: f32 = StandardNormal.sample(rng);
                *value += self.config.jitter as f32 * normal;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectra_pointcloud::random::stream;

    fn cloud(count: usize) -> Vec<[f32; 3]> {
        let mut rng = stream(4, 0, 0);
        (0..count)
            .map(|_point| {
                std::array::from_fn(|axis| rng.random_range(-0.5..0.5) + 0.1 * axis as f32)
            })
            .collect()
    }

    fn augmented(config: &AugmentConfig, up: &str, epoch: u64) -> (Vec<f32>, Vec<f32>) {
        let points = cloud(500);
        let plan = ZernikePlan::<f32>::new(6).unwrap();
        let before = plan.moments(&points, None).unwrap();
        let augmenter = Augmenter::new(config, Basis::Zernike, 6, up, Some(vec![points])).unwrap();
        let mut after = before.clone();
        augmenter
            .coefficients(&mut stream(1, epoch, 0), 0, &mut after)
            .unwrap();
        (before, after)
    }

    fn apart(a: &[f32], b: &[f32]) -> f32 {
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max)
    }

    #[test]
    fn turns_about_gravity_keep_the_up_coordinate() {
        // Moments 1, 2, 3 are proportional to the means of y, z and x.
        for (up, kept) in [("y", 1), ("z", 2), ("+x", 3)] {
            let config = AugmentConfig {
                rotate: RotateKind::Gravity,
                ..AugmentConfig::default()
            };
            let (before, after) = augmented(&config, up, 1);
            assert!((before[kept] - after[kept]).abs() < 1e-5, "{up}");
            let others = [1, 2, 3].into_iter().filter(|i| *i != kept);
            assert!(
                others
                    .into_iter()
                    .all(|i| (before[i] - after[i]).abs() > 1e-3),
                "{up}"
            );
        }
    }

    #[test]
    fn resampled_moments_are_near_and_drawn_anew_each_epoch() {
        let config = AugmentConfig {
            resample: 0.5,
            ..AugmentConfig::default()
        };
        let (before, first) = augmented(&config, "z", 1);
        let (_same, again) = augmented(&config, "z", 1);
        let (_same, second) = augmented(&config, "z", 2);
        assert_eq!(first, again);
        assert!(apart(&first, &second) > 1e-4);
        let change = apart(&before, &first);
        assert!(change > 1e-4 && change < 0.3, "{change}");
        let whole = AugmentConfig {
            resample: 1.0,
            ..config
        };
        let (before, after) = augmented(&whole, "z", 1);
        assert!(apart(&before, &after) < 1e-5);
    }

    #[test]
    fn jitter_has_the_asked_size_and_leaves_empty_cells() {
        let config = AugmentConfig {
            jitter: 0.2,
            ..AugmentConfig::default()
        };
        let augmenter = Augmenter::new(&config, Basis::Zernike, 6, "z", None).unwrap();
        let mut map = vec![1.0; 4000];
        let valid: Vec<bool> = (0..4000).map(|cell| cell % 4 != 0).collect();
        augmenter.map(&mut stream(0, 0, 0), &mut map, &valid);
        let mut square = 0.0;
        for (value, valid) in map.iter().zip(&valid) {
            assert!(*valid || *value == 1.0);
            square += (value - 1.0) * (value - 1.0);
        }
        let sigma = (square / 3000.0).sqrt();
        assert!((sigma - 0.2).abs() < 0.01, "{sigma}");
    }

    #[test]
    fn resampling_without_points_or_moments_is_refused() {
        let config = AugmentConfig {
            resample: 0.5,
            ..AugmentConfig::default()
        };
        for (basis, points) in [(Basis::Zernike, None), (Basis::Spherical, Some(vec![]))] {
            let refused = Augmenter::new(&config, basis, 6, "z", points);
            let message = refused.err().unwrap().to_string();
            assert!(message.contains("augment.resample"), "{message}");
        }
    }
}
