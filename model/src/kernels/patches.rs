//! The 4 x 4 windows at stride 2 of images `[batch, height, width, channels]`, one row of `16 channels` for each window,
//! and their sum back: with matrix products, these are the convolutions of the paper's networks and their transposes.
//!
//! An image of 2h x 2w, with one cell of padding on each side, has h x w windows. Cells of a window lie
//! in the order (row, column, channel), so that a row of a window is one run of memory.

use rayon::prelude::*;

/// Side of a window.
const SIDE: usize = 4;

/// The runs of memory of one image that make up one row of a window: where in the image, where in the window's row, how long.
struct Run {
    image: usize,
    window: usize,
    length: usize,
}

/// Runs of window (i, j) of an image `[2h, 2w, channels]`; cells of the padding are in none.
fn runs([h, w, channels]: [usize; 3], i: usize, j: usize) -> impl Iterator<Item = Run> {
    let first = (2 * j).saturating_sub(1);
    let skipped = usize::from(j == 0);
    let end = (2 * j + 3).min(2 * w);
    (0..SIDE)
        .filter(move |row| (1..=2 * h).contains(&(2 * i + row)))
        .map(move |row| Run {
            image: ((2 * i + row - 1) * 2 * w + first) * channels,
            window: (row * SIDE + skipped) * channels,
            length: (end - first) * channels,
        })
}

/// Windows `[batch h w, 16 channels]` of `image` `[batch, 2h, 2w, channels]`, given `[h, w, channels]`.
pub(super) fn unfold(image: &[f32], size: [usize; 3]) -> Vec<f32> {
    let [h, w, channels] = size;
    let window = SIDE * SIDE * channels;
    let mut windows = vec![0.0; image.len() * 4];
    // A line of windows is one task.
    windows
        .par_chunks_exact_mut(w * window)
        .enumerate()
        .for_each(|(line, windows)| {
            let (item, i) = (line / h, line % h);
            let image = &image[item * 4 * h * w * channels..][..4 * h * w * channels];
            for (j, window) in windows.chunks_exact_mut(window).enumerate() {
                for run in runs(size, i, j) {
                    window[run.window..run.window + run.length]
                        .copy_from_slice(&image[run.image..run.image + run.length]);
                }
            }
        });
    windows
}

/// The transpose of [`unfold`]: each cell of the image is the sum of its copies in `windows`.
pub(super) fn fold(windows: &[f32], size: [usize; 3]) -> Vec<f32> {
    let [h, w, channels] = size;
    let window = SIDE * SIDE * channels;
    let mut image = vec![0.0; windows.len() / 4];
    image
        .par_chunks_exact_mut(4 * h * w * channels)
        .zip(windows.par_chunks_exact(h * w * window))
        .for_each(|(image, windows)| {
            for (place, window) in windows.chunks_exact(window).enumerate() {
                for run in runs(size, place / w, place % w) {
                    let cells = &mut image[run.image..run.image + run.length];
                    let copies = &window[run.window..run.window + run.length];
                    cells.iter_mut().zip(copies).for_each(|(c, w)| *c += w);
                }
            }
        });
    image
}
