//! Maps as pictures: what was hidden, and how it came back.

use image::{Rgb, RgbImage};

use super::HostBatch;

/// Items on a sheet.
const ROWS: usize = 8;
/// Pixels along the side of a map cell, and between maps.
const CELL: u32 = 4;
const GAP: u32 = 4;
/// Value that gets the full colour.
const FULL: f32 = 3.0;

/// One row for each of a few items: the clean map, the corrupted one, and each completion with the corrupted cells taken
/// from the network. Blue is negative, white 0, red positive. `shape` is channels, height and width of a map, and channels
/// stand below each other; inputs hold values and mask.
pub(crate) fn sheet(shape: [usize; 3], batch: &HostBatch, completions: &[Vec<f32>]) -> RgbImage {
    let [channels, height, width] = shape;
    let cells = channels * height * width;
    let (tall, wide) = ((channels * height) as u32 * CELL, width as u32 * CELL);
    let rows = batch.rows.min(ROWS);
    let mut picture = RgbImage::from_pixel(
        (2 + completions.len() as u32) * (wide + GAP) + GAP,
        rows as u32 * (tall + GAP) + GAP,
        Rgb([120, 120, 120]),
    );
    for row in 0..rows {
        let (corrupted, mask) = batch.input[row * 2 * cells..][..2 * cells].split_at(cells);
        let clean = &batch.target[row * cells..][..cells];
        let mut maps = vec![clean.to_vec(), corrupted.to_vec()];
        for completion in completions {
            let output = &completion[row * cells..][..cells];
            let merged = (0..cells).map(|cell| match mask[cell] == 1.0 {
                true => output[cell],
                false => corrupted[cell],
            });
            maps.push(merged.collect());
        }
        let top = GAP + row as u32 * (tall + GAP);
        for (column, map) in maps.iter().enumerate() {
            let left = GAP + column as u32 * (wide + GAP);
            for y in 0..tall {
                for x in 0..wide {
                    let cell = (y / CELL) as usize * width + (x / CELL) as usize;
                    picture.put_pixel(left + x, top + y, colour(map[cell]));
                }
            }
        }
    }
    picture
}

fn colour(value: f32) -> Rgb<u8> {
    let part = (value / FULL).clamp(-1.0, 1.0);
    let fade = |strength: f32| (255.0 * (1.0 - strength)).round() as u8;
    let (weak, none) = (fade(part.abs()), fade(0.2 * part.abs()));
    match part < 0.0 {
        true => Rgb([weak, weak, none]),
        false => Rgb([none, weak, weak]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_cells_come_from_the_completion_and_the_rest_from_the_input() {
        let batch = HostBatch {
            rows: 1,
            input: vec![1.0, 0.0, 0.0, 1.0],
            target: vec![1.0, -3.0],
            weight: vec![0.0, 1.0],
        };
        let picture = sheet([1, 1, 2], &batch, &[vec![3.0, 3.0]]);
        assert_eq!(picture.dimensions(), (3 * 12 + 4, 12));
        let at = |map: u32, cell: u32| *picture.get_pixel(GAP + map * 12 + cell * CELL, GAP);
        assert_eq!(at(0, 1), colour(-3.0));
        assert_eq!(at(1, 1), colour(0.0));
        assert_eq!(at(2, 1), colour(3.0));
        assert_eq!(at(2, 0), colour(1.0));
    }
}
