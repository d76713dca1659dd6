//! Translation of one kind of picture to another, from pairs: label maps to photographs (CMP Facades), sketches to
//! pictures (Figures 12 to 14).

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use spectra_datasets::images::Images;

use super::pictures::{PictureTask, Row, signed, unsigned};
use crate::ModelError;
use crate::nets::Sizes;

/// Which half of a pair is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Translate {
    /// True if B (the right half) is given and A wanted, as for CMP Facades, whose label maps lie on the right.
    pub from_b: bool,
}

impl Translate {
    /// The given half of a pair, and the wanted one.
    fn halves<'p>(&self, pair: &'p [u8]) -> (&'p [u8], &'p [u8]) {
        let (a, b) = pair.split_at(pair.len() / 2);
        if self.from_b { (b, a) } else { (a, b) }
    }
}

impl PictureTask for Translate {
    fn name(&self) -> &'static str {
        "translate"
    }

    fn sizes(&self, channels: usize, side: usize) -> Result<Sizes, ModelError> {
        if channels != 6 {
            return Err(ModelError::Input(format!(
                "translation takes pairs of 3 + 3 channels; found {channels} channels"
            )));
        }
        Ok(Sizes {
            input: [3, side, side],
            target: [3, side, side],
        })
    }

    fn example(&self, images: &Images, item: usize, _rng: &mut ChaCha8Rng, row: Row) {
        let (given, wanted) = self.halves(images.picture(item));
        for (to, from) in row.input.iter_mut().zip(given) {
            *to = signed(*from);
        }
        for (to, from) in row.target.iter_mut().zip(wanted) {
            *to = signed(*from);
        }
        row.weight.fill(1.0);
    }

    fn repeats_targets(&self) -> bool {
        true
    }

    fn whole(&self, images: &Images, item: usize, input: &mut [f32]) {
        let picture = images.picture(item);
        // A single picture stands for the given half.
        let given = if picture.len() == input.len() {
            picture
        } else {
            self.halves(picture).0
        };
        for (to, from) in input.iter_mut().zip(given) {
            *to = signed(*from);
        }
    }

    fn shown(&self, input: &[f32], _sizes: Sizes) -> Vec<f32> {
        input.iter().map(|value| unsigned(*value)).collect()
    }

    fn picture(&self, _input: &[f32], output: &[f32]) -> Vec<f32> {
        output.iter().map(|value| unsigned(*value)).collect()
    }
}
