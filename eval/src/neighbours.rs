//! k nearest neighbours by cosine.

use ndarray::{ArrayView1, ArrayView2, Axis};

use crate::features::{FeatureSet, Standardizer};

/// The `k` training objects whose standardised features have the largest cosine with each of the test objects `queries`,
/// nearest first: what the 1-NN classifier looks at. O((queries + 1) train columns).
///
/// # Panics
/// Where a query is not a test object of `set`.
pub fn nearest_training(set: &FeatureSet, queries: &[usize], k: usize) -> Vec<Vec<usize>> {
    let scale = Standardizer::fit(&set.train.view());
    let train = scale.transform(&set.train.view());
    let queries = scale.transform(&set.test.select(Axis(0), queries).view());
    let squares: Vec<f32> = train.outer_iter().map(|row| row.dot(&row)).collect();
    let products = queries.dot(&train.t());
    let rows = products.outer_iter();
    rows.map(|row| nearest(row, &squares, k)).collect()
}

/// The class of each row of `products` `[queries, train]`: the most frequent among the `k` training rows with the largest
/// cosine, ties going to the nearer. `squares` are the squared lengths of the training rows; one of length zero is
/// similar to nothing.
pub(crate) fn predict(
    products: &ArrayView2<f32>,
    squares: &[f32],
    labels: &[usize],
    k: usize,
) -> Vec<usize> {
    let classes = labels.iter().max().map_or(0, |largest| largest + 1);
    let vote = |row: ArrayView1<f32>| {
        let mut votes = vec![0.0f64; classes];
        for (rank, neighbour) in nearest(row, squares, k).into_iter().enumerate() {
            votes[labels[neighbour]] += 1.0 - 1e-6 * rank as f64;
        }
        (0..classes)
            .max_by(|a, b| votes[*a].total_cmp(&votes[*b]).then(b.cmp(a)))
            .unwrap_or(0)
    };
    products.axis_iter(Axis(0)).map(vote).collect()
}

/// The `k` training rows with the largest cosine, nearest first; the earlier of equal ones first.
pub(crate) fn nearest(products: ArrayView1<f32>, squares: &[f32], k: usize) -> Vec<usize> {
    let cosine: Vec<f32> = products
        .iter()
        .zip(squares)
        .map(|(product, &square)| {
            if square > 0.0 {
                product / square.sqrt()
            } else {
                0.0
            }
        })
        .collect();
    let mut order: Vec<usize> = (0..cosine.len()).collect();
    let k = k.clamp(1, order.len().max(1));
    let closer = |a: &usize, b: &usize| cosine[*b].total_cmp(&cosine[*a]).then(a.cmp(b));
    if k < order.len() {
        order.select_nth_unstable_by(k - 1, closer);
        order.truncate(k);
    }
    order.sort_unstable_by(closer);
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn angles_decide_and_ties_go_to_the_nearer() {
        let train = array![[1.0f32, 0.0], [10.0, 1.0], [0.0, 1.0], [0.1, 5.0]];
        let labels = [0, 0, 1, 1];
        let queries = array![[3.0f32, 0.1], [0.2, 0.3]];
        let (products, squares) = (
            queries.dot(&train.t()),
            train.dot(&train.t()).diag().to_vec(),
        );
        for k in [1, 4] {
            assert_eq!(predict(&products.view(), &squares, &labels, k), [0, 1]);
        }
        assert_eq!(nearest(products.row(1), &squares, 2), [3, 2]);
    }

    #[test]
    fn a_test_object_finds_the_training_objects_on_its_side() {
        let set = FeatureSet {
            name: "sides".into(),
            train: array![[1.0f32, 2.0], [-1.0, -2.0], [1.2, 2.2], [-1.2, -2.1]],
            test: array![[9.0f32, 9.0], [-0.9, -1.9]],
        };
        let found = nearest_training(&set, &[1], 2);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains(&1) && found[0].contains(&3), "{found:?}");
    }
}
