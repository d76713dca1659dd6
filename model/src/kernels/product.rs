//! Matrix products, by the crate that burn's CPU backend multiplies with. Called from here they write into fresh memory
//! of the right alignment; the backend clears and then copies each result.

use gemm::Parallelism;

/// From this many multiplications on, all threads share a product.
const PARALLEL: usize = 192 * 192 * 192;

/// A matrix in a slice, with the distances between neighbours in a column and in a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub values: &'a [f32],
    pub size: [usize; 2],
    pub strides: [usize; 2],
}

impl Matrix<'_> {
    pub(super) fn transposed(self) -> Self {
        let ([rows, columns], [down, right]) = (self.size, self.strides);
        Matrix {
            size: [columns, rows],
            strides: [right, down],
            ..self
        }
    }

    /// Whether each of its cells lies in the slice.
    fn is_inside(&self) -> bool {
        let last = |axis: usize| Some((self.size[axis].checked_sub(1)?) * self.strides[axis]);
        match (last(0), last(1)) {
            (Some(down), Some(right)) => down + right < self.values.len(),
            _ => true,
        }
    }
}

/// `a` times `b`, row by row.
#[expect(unsafe_code, reason = "gemm takes pointers and strides")]
pub(super) fn product(a: Matrix, b: Matrix) -> Vec<f32> {
    let ([rows, depth], [inner, columns]) = (a.size, b.size);
    assert_eq!(depth, inner, "the columns of a are the rows of b");
    assert!(a.is_inside() && b.is_inside(), "cells lie in their slices");
    let parallelism = match rows.saturating_mul(columns).saturating_mul(depth) {
        0..PARALLEL => Parallelism::None,
        _ => Parallelism::Rayon(0),
    };
    let mut result: Vec<f32> = Vec::with_capacity(rows * columns);
    let [a_strides, b_strides] = [a, b].map(|matrix| matrix.strides.map(|s| s as isize));
    // SAFETY: all cells of both factors lie in their slices. The result has room for `rows` times `columns` values, and gemm, which is
    // told not to read them, writes each.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            depth,
            result.as_mut_ptr(),
            1,
            columns as isize,
            false,
            a.values.as_ptr(),
            a_strides[1],
            a_strides[0],
            b.values.as_ptr(),
            b_strides[1],
            b_strides[0],
            0.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
        result.set_len(rows * columns);
    }
    result
}

/// The gradient of a product with respect to its first factor, given that of the output and the second factor.
pub(super) fn first_gradient(gradient: Matrix, weight: Matrix) -> Vec<f32> {
    let [rows, inputs] = [gradient.size[0], weight.size[0]];
    if rows > inputs {
        return product(gradient, weight.transposed());
    }
    // gemm copies its second factor value by value where that is turned about: a good part of the work where the first has few
    // rows. The product turned about copies the small gradient instead.
    turned(&product(weight, gradient.transposed()), [inputs, rows])
}

/// The gradient of a product with respect to its second factor, given the first factor and the gradient of the output.
pub(super) fn second_gradient(x: Matrix, gradient: Matrix) -> Vec<f32> {
    let ([rows, inputs], outputs) = (x.size, gradient.size[1]);
    if rows < inputs || outputs > inputs / 4 {
        return product(x.transposed(), gradient);
    }
    // Narrow results leave the vectors half empty.
    turned(&product(gradient.transposed(), x), [outputs, inputs])
}

/// The transpose of a matrix of `rows` and `columns`, in blocks of one line of the cache by few enough rows that the lines of
/// a block do not drive each other out.
fn turned(values: &[f32], [rows, columns]: [usize; 2]) -> Vec<f32> {
    const BLOCK: [usize; 2] = [8, 16];
    let mut result = vec![0.0; values.len()];
    for first_row in (0..rows).step_by(BLOCK[0]) {
        for first_column in (0..columns).step_by(BLOCK[1]) {
            for column in first_column..(first_column + BLOCK[1]).min(columns) {
                let into = &mut result[column * rows..][..rows];
                for row in first_row..(first_row + BLOCK[0]).min(rows) {
                    into[row] = values[row * columns + column];
                }
            }
        }
    }
    result
}
