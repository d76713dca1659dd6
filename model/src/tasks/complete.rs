//! Completion: a part of the picture is hidden, and the network says what is there (section 5.1, Figures 4, 5 and 9).

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use spectra_datasets::images::Images;

use super::pictures::{PictureTask, Row, signed, unsigned};
use crate::ModelError;
use crate::nets::Sizes;

/// What is hidden, and how the training pictures are disturbed. Every random choice is made anew in each epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Complete {
    /// Where the hidden rectangle may lie.
    pub mask: MaskKind,
    /// Smallest and largest side of the rectangle, as a share of the region's sides.
    pub side: [f64; 2],
    /// Share of training pictures whose top half is overlaid with the top half of another.
    pub overlay: f64,
    /// Share of training targets with a white box in their top half: a second mode, which nothing in the input tells.
    pub white_box: f64,
}

/// Where the hidden rectangle may lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MaskKind {
    /// In the top half; width and height are drawn one by one (the paper's masks for MNIST).
    Top,
    /// Anywhere; a square (the paper's masks for photographs).
    Square,
}

impl Complete {
    /// The MNIST experiment of section 5.1.
    pub fn digits() -> Complete {
        Complete {
            mask: MaskKind::Top,
            side: [0.5, 1.0],
            overlay: 0.2,
            white_box: 0.0,
        }
    }

    /// Photographs with random squares.
    pub fn photographs() -> Complete {
        Complete {
            mask: MaskKind::Square,
            side: [0.2, 0.55],
            overlay: 0.0,
            white_box: 0.0,
        }
    }

    /// Refuses shares that are none.
    pub fn check(&self) -> Result<(), ModelError> {
        let [low, high] = self.side;
        let fine = 0.0 < low && low <= high && high <= 1.0;
        let shares = [self.overlay, self.white_box];
        if fine && shares.iter().all(|share| (0.0..=1.0).contains(share)) {
            return Ok(());
        }
        Err(ModelError::Input(format!(
            "expected a mask side of 0 < low <= high <= 1 and shares in 0..=1, found side {low}:{high}, overlay {}, white box {}",
            self.overlay, self.white_box
        )))
    }

    /// Rows and columns of a fresh rectangle in a picture of this side.
    fn rectangle(
        &self,
        side: usize,
        share: Option<f64>,
        rng: &mut ChaCha8Rng,
    ) -> [std::ops::Range<usize>; 2] {
        let region = match self.mask {
            MaskKind::Top => side / 2,
            MaskKind::Square => side,
        };
        let [low, high] = self.side;
        let drawn = |rng: &mut ChaCha8Rng| low + rng.random::<f64>() * (high - low);
        let (tall, wide) = match (share, self.mask) {
            // A square of this share of the whole picture, as far as the region has room.
            (Some(share), _) => {
                let length = share.sqrt() * side as f64;
                (length / region as f64, length / side as f64)
            }
            (None, MaskKind::Square) => {
                let length = drawn(rng);
                (length, length)
            }
            (None, MaskKind::Top) => (drawn(rng), drawn(rng)),
        };
        [(tall, region), (wide, side)].map(|(share, room)| {
            let length = ((share * room as f64).round() as usize).clamp(1, room);
            let start = rng.random_range(0..=room - length);
            start..start + length
        })
    }

    /// Hides a rectangle of `target` in the input, and marks it there and in the weights.
    fn hide(&self, side: usize, share: Option<f64>, rng: &mut ChaCha8Rng, row: Row) {
        let Row {
            input,
            target,
            weight,
        } = row;
        let [rows, columns] = self.rectangle(side, share, rng);
        let cells = side * side;
        let (values, mask) = input.split_at_mut(target.len());
        values.copy_from_slice(target);
        for y in rows {
            for at in columns.clone().map(|x| y * side + x) {
                mask[at] = 1.0;
                for plane in (0..target.len()).step_by(cells) {
                    values[plane + at] = 0.0;
                    weight[plane + at] = 1.0;
                }
            }
        }
    }
}

/// Paints the white box.
fn paint_box(target: &mut [f32], side: usize) {
    let [rows, columns] = white_box(side);
    for plane in target.chunks_exact_mut(side * side) {
        for y in rows.clone() {
            plane[y * side..][columns.clone()].fill(1.0);
        }
    }
}

/// Rows and columns of the white box in a picture of this side: a fifth of it, in the top left.
pub fn white_box(side: usize) -> [std::ops::Range<usize>; 2] {
    let length = (side / 5).max(1);
    let start = side / 16;
    [start..start + length, start..start + length]
}

impl PictureTask for Complete {
    fn name(&self) -> &'static str {
        "complete"
    }

    fn sizes(&self, channels: usize, side: usize) -> Result<Sizes, ModelError> {
        self.check()?;
        if channels > 3 || side < 4 {
            return Err(ModelError::Input(format!(
                "completion takes single pictures of a side of at least 4; found {channels} channels of side {side}"
            )));
        }
        Ok(Sizes {
            input: [channels + 1, side, side],
            target: [channels, side, side],
        })
    }

    fn example(&self, images: &Images, item: usize, rng: &mut ChaCha8Rng, row: Row) {
        let side = images.size;
        fill(images.picture(item), row.target);
        if rng.random::<f64>() < self.overlay {
            let other = images.picture(rng.random_range(0..images.len()));
            let top = side / 2 * side;
            for plane in (0..row.target.len()).step_by(side * side) {
                for (to, from) in row.target[plane..plane + top]
                    .iter_mut()
                    .zip(&other[plane..])
                {
                    *to = to.max(signed(*from));
                }
            }
        }
        let boxed = rng.random::<f64>() < self.white_box;
        let Row {
            input,
            target,
            weight,
        } = row;
        let row = Row {
            input,
            target: &mut *target,
            weight,
        };
        self.hide(side, None, rng, row);
        // After the input is made: nothing that is shown tells of the box.
        if boxed {
            paint_box(target, side);
        }
    }

    fn question(
        &self,
        images: &Images,
        item: usize,
        share: Option<f64>,
        rng: &mut ChaCha8Rng,
        row: Row,
    ) {
        fill(images.picture(item), row.target);
        self.hide(images.size, share, rng, row);
    }

    fn whole(&self, images: &Images, item: usize, input: &mut [f32]) {
        fill(images.picture(item), input);
    }

    fn shown(&self, input: &[f32], sizes: Sizes) -> Vec<f32> {
        // Hidden cells are 0 in the input and so mid-grey; the last plane is the mask.
        let values = &input[..sizes.target_cells()];
        values.iter().map(|value| unsigned(*value)).collect()
    }

    fn picture(&self, input: &[f32], output: &[f32]) -> Vec<f32> {
        let (values, mask) = input.split_at(output.len());
        let cell = |(at, value): (usize, &f32)| {
            let hidden = mask[at % mask.len()] == 1.0;
            unsigned(if hidden { output[at] } else { *value })
        };
        values.iter().enumerate().map(cell).collect()
    }
}

fn fill(pixels: &[u8], into: &mut [f32]) {
    for (to, from) in into.iter_mut().zip(pixels) {
        *to = signed(*from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectra_pointcloud::random::stream;

    const SIDE: usize = 20;
    const CELLS: usize = SIDE * SIDE;

    /// A dark picture and a brighter one.
    fn images() -> Images {
        Images {
            channels: 1,
            size: SIDE,
            pixels: [vec![0; CELLS], vec![128; CELLS]].concat(),
            labels: vec![-1; 2],
            ids: vec!["dark".into(), "bright".into()],
        }
    }

    /// Input, target and weight of the dark picture in one epoch.
    fn example(task: &Complete, epoch: u64) -> [Vec<f32>; 3] {
        let [mut input, mut target, mut weight] =
            [2 * CELLS, CELLS, CELLS].map(|cells| vec![0.0; cells]);
        let row = Row {
            input: &mut input,
            target: &mut target,
            weight: &mut weight,
        };
        task.example(&images(), 0, &mut stream(5, epoch, 0), row);
        [input, target, weight]
    }

    #[test]
    fn overlays_and_boxes_come_at_their_rates_and_masks_stay_in_the_top_half() {
        let task = Complete {
            white_box: 0.3,
            ..Complete::digits()
        };
        let [rows, columns] = white_box(SIDE);
        let (mut overlaid, mut boxed) = (0, 0);
        for epoch in 0..1000 {
            let [input, target, weight] = example(&task, epoch);
            // The other picture is drawn half of the time; overlaid with itself, nothing changes.
            overlaid += usize::from(target[SIDE - 1] > -0.5);
            boxed += usize::from(target[rows.start * SIDE + columns.start] == 1.0);
            assert!(
                input.iter().take(CELLS).all(|value| *value < 0.5),
                "no box is shown"
            );
            let hidden = weight.iter().filter(|weight| **weight == 1.0).count();
            assert!((50..=200).contains(&hidden), "{hidden}");
            assert!(weight[CELLS / 2..].iter().all(|weight| *weight == 0.0));
            assert_eq!(weight[..], input[CELLS..]);
            for ((value, target), weight) in input.iter().zip(&target).zip(&weight) {
                let box_cell = *target == 1.0;
                assert!(if *weight == 1.0 {
                    *value == 0.0
                } else {
                    box_cell || value == target
                });
            }
        }
        assert!((60..140).contains(&overlaid), "{overlaid}");
        assert!((250..350).contains(&boxed), "{boxed}");
        assert_eq!(example(&task, 7), example(&task, 7));
        assert_ne!(example(&task, 7), example(&task, 8));
    }
}
