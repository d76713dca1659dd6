//! The operations of this module from burn's own: for GPUs, and to test the fused ones by.

use burn::tensor::Tensor;
use burn::tensor::activation::leaky_relu;

/// See [`super::unfold`].
pub(super) fn unfold(image: Tensor<4>) -> Tensor<2> {
    let [batch, height, width, channels] = image.dims();
    let (h, w) = (height / 2, width / 2);
    // With the padding, blocks of 2 x 2 cells: a window is 2 x 2 blocks.
    let blocks = image.pad([(0, 0), (1, 1), (1, 1), (0, 0)], 0.0).reshape([
        batch,
        h + 1,
        2,
        w + 1,
        2 * channels,
    ]);
    let halves = |row: usize| {
        let halves = [0, 1].map(|column| {
            let blocks = blocks.clone();
            blocks.slice([0..batch, row..row + h, 0..2, column..column + w])
        });
        // [batch, h, 2, w, columns of blocks x 2 channels]
        Tensor::cat(halves.into(), 4)
    };
    // [batch, h, 4, w, 4 channels]
    let windows = Tensor::cat(vec![halves(0), halves(1)], 2);
    windows
        .swap_dims(2, 3)
        .reshape([batch * h * w, 16 * channels])
}

/// See [`super::fold`].
pub(super) fn fold(windows: Tensor<2>, [height, width]: [usize; 2]) -> Tensor<4> {
    let (h, w) = (height / 2, width / 2);
    let [rows, cells] = windows.dims();
    let (batch, channels) = (rows / (h * w), cells / 16);
    let windows = windows
        .reshape([batch, h, w, 4, 4 * channels])
        .swap_dims(2, 3);
    let mut image = None;
    for row in [0, 1] {
        for column in [0, 1] {
            let part = windows.clone().slice([
                0..batch,
                0..h,
                2 * row..2 * row + 2,
                0..w,
                2 * column * channels..2 * (column + 1) * channels,
            ]);
            let part = part.reshape([batch, height, width, channels]).pad(
                [
                    (0, 0),
                    (2 * row, 2 - 2 * row),
                    (2 * column, 2 - 2 * column),
                    (0, 0),
                ],
                0.0,
            );
            image = Some(match image {
                None => part,
                Some(sum) => sum + part,
            });
        }
    }
    let padded: Tensor<4> = image.expect("four parts were added");
    padded.slice([0..batch, 1..height + 1, 1..width + 1])
}

/// See [`super::norm`].
pub(super) fn norm(
    x: Tensor<3>,
    gain: Tensor<1>,
    shift: Tensor<1>,
    groups: usize,
    slope: f64,
) -> Tensor<3> {
    let [items, places, channels] = x.dims();
    let width = channels / groups;
    let x = x.reshape([items, places, groups, width]);
    let mean = |x: Tensor<4>| x.mean_dim(1).mean_dim(3);
    let centred = x.clone() - mean(x);
    let variance = mean(centred.clone().square());
    let unit = (centred / (variance + 1e-5).sqrt()).reshape([items, places, channels]);
    let y = unit * gain.reshape([1, 1, channels]) + shift.reshape([1, 1, channels]);
    if slope == 1.0 {
        return y;
    }
    leaky_relu(y, slope)
}
