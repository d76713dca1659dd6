//! k nearest neighbours by cosine.

use ndarray::{Array2, ArrayView2, Axis};

use crate::matrix;

/// The class of each row of `queries`: the most frequent among its `k` most similar training rows, ties going to the more
/// similar. Rows are compared by cosine; a zero row is similar to nothing. Cost: one product queries x train.
pub(crate) fn predict(
    train: &ArrayView2<f32>,
    labels: &[usize],
    queries: &ArrayView2<f32>,
    k: usize,
) -> Vec<usize> {
    let similarity = matrix::product(&unit(queries).view(), &unit(train).t());
    let classes = labels.iter().max().map_or(0, |largest| largest + 1);
    let vote = |row: ndarray::ArrayView1<f32>| {
        let mut order: Vec<usize> = (0..row.len()).collect();
        let k = k.clamp(1, order.len());
        let closer = |a: &usize, b: &usize| row[*b].total_cmp(&row[*a]).then(a.cmp(b));
        if k < order.len() {
            order.select_nth_unstable_by(k - 1, closer);
            order.truncate(k);
        }
        order.sort_unstable_by(closer);
        let mut votes = vec![0.0f64; classes];
        for (rank, &neighbour) in order.iter().enumerate() {
            votes[labels[neighbour]] += 1.0 - 1e-6 * rank as f64;
        }
        (0..classes)
            .max_by(|a, b| votes[*a].total_cmp(&votes[*b]).then(b.cmp(a)))
            .unwrap_or(0)
    };
    similarity.axis_iter(Axis(0)).map(vote).collect()
}

fn unit(rows: &ArrayView2<f32>) -> Array2<f32> {
    let mut rows = rows.as_standard_layout().into_owned();
    for mut row in rows.axis_iter_mut(Axis(0)) {
        let length = row.dot(&row).sqrt();
        if length > 0.0 {
            row /= length;
        }
    }
    rows
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
        assert_eq!(predict(&train.view(), &labels, &queries.view(), 1), [0, 1]);
        assert_eq!(predict(&train.view(), &labels, &queries.view(), 4), [0, 1]);
    }
}
