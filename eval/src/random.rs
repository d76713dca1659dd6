//! Random streams as a pure function of numbers.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The stream that belongs to (`seed`, `purpose`, `item`). The three numbers are the key, so streams of
/// different purposes or items never overlap and none depends on what was drawn before.
pub(crate) fn stream(seed: u64, purpose: u64, item: u64) -> ChaCha8Rng {
    let mut key = [0_u8; 32];
    for (slot, value) in key
        .chunks_exact_mut(8)
        .zip([seed, purpose, item, 0x7370_6563])
    {
        slot.copy_from_slice(&value.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// Fisher-Yates shuffle.
pub(crate) fn shuffle<T>(values: &mut [T], rng: &mut impl Rng) {
    for last in (1..values.len()).rev() {
        values.swap(last, rng.random_range(0..=last));
    }
}

/// A standard normal value (Box and Muller).
pub(crate) fn normal(rng: &mut impl Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// Purposes of streams in this crate, one number each.
pub(crate) mod purpose {
    pub(crate) const FOLDS: u64 = 1;
    pub(crate) const BUDGET: u64 = 2;
    pub(crate) const DUAL_ORDER: u64 = 3;
    pub(crate) const MIXTURE: u64 = 4;
    pub(crate) const FISHER: u64 = 5;
    pub(crate) const FOURIER: u64 = 6;
    pub(crate) const PCA: u64 = 7;
}
