//! Randomness as a pure function of (seed, epoch, item).

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The generator of one item: its ChaCha8 key is the three numbers themselves (little-endian, then eight zero
/// bytes), so that no thread, shard, resume or order of items changes what is drawn.
pub fn stream(seed: u64, epoch: u64, item: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (bytes, number) in key.chunks_exact_mut(8).zip([seed, epoch, item]) {
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

#[cfg(test)]
mod tests {
    use super::stream;
    use rand::RngExt;

    #[test]
    fn each_number_matters_and_nothing_else() {
        let first = |seed, epoch, item| stream(seed, epoch, item).random::<u64>();
        assert_eq!(first(1, 2, 3), first(1, 2, 3));
        for other in [
            first(2, 2, 3),
            first(1, 3, 3),
            first(1, 2, 4),
            first(3, 2, 1),
        ] {
            assert_ne!(first(1, 2, 3), other);
        }
    }
}
