//! A diagnostic: how strongly a function stretches small changes of its input.

use burn::tensor::Tensor;

use crate::walk::{row_norm, unit};

/// Length of the finite step that stands for a derivative.
const STEP: f64 = 1e-3;

/// The largest singular value of the Jacobian of `f` at each row of `at`, `[rows, 1]`, by `iterations` rounds of
/// power iteration from the directions `from` (both `[rows, width]`, on an autodiff device).
///
/// Rows of `f` must not depend on other rows. The estimate is a lower bound of the local Lipschitz constant and rises to it
/// with the rounds. Costs two forward passes and one backward pass a round.
pub(crate) fn local_lipschitz(
    f: impl Fn(Tensor<2>) -> Tensor<2>,
    at: &Tensor<2>,
    from: &Tensor<2>,
    iterations: usize,
) -> Tensor<2> {
    let plain = |x: Tensor<2>| x.inner().autodiff();
    let mut direction = unit(plain(from.clone()));
    let here = plain(f(plain(at.clone())));
    let mut stretch = row_norm(direction.clone()) * 0.0;
    for _round in 0..iterations {
        let there = f(plain(at.clone()) + direction.clone() * STEP);
        let change = plain((there - here.clone()) / STEP);
        stretch = row_norm(change.clone());
        // The transposed Jacobian times the change.
        let leaf = plain(at.clone()).require_grad();
        let gradients = (f(leaf.clone()) * change).sum().backward();
        let Some(back) = leaf.grad(&gradients) else {
            break;
        };
        direction = unit(back).autodiff();
    }
    stretch.inner()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::to_host;
    use burn::tensor::Device;

    #[test]
    fn the_norm_of_a_matrix_is_found() {
        let device = Device::flex().autodiff();
        // Rows orthogonal, lengths 3 and 1: the largest singular value is 3.
        let matrix = Tensor::<2>::from_data([[0.0, 3.0, 0.0], [0.6, 0.0, 0.8]], &device);
        let at = Tensor::<2>::zeros([2, 2], &device);
        let from = Tensor::<2>::from_data([[0.1, 1.0], [1.0, -0.3]], &device);
        let found = local_lipschitz(|x| x.matmul(matrix.clone()), &at, &from, 12);
        for value in to_host(found).unwrap() {
            assert!((value - 3.0).abs() < 1e-2, "{value}");
        }
    }
}
