//! Mean average precision: of class scores, and of retrieval.

use ndarray::{ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

use crate::matrix;

/// Mean over classes of the average precision with which `scores` `[objects, classes]` rank the objects of the class above
/// all others, in [0, 1]. Classes without objects are left out; a random order gives each class its share of objects.
pub fn class_precision(scores: &ArrayView2<f32>, labels: &[usize]) -> f64 {
    let of = |class: usize| {
        let relevant: Vec<bool> = labels.iter().map(|&label| label == class).collect();
        average_precision(scores.column(class), &relevant)
    };
    mean((0..scores.ncols()).filter_map(of))
}

/// Mean over `queries` of the average precision of finding objects of the same class in `gallery` by cosine, in [0, 1].
/// Where `own` is true row i of both is the same object, which does not count as found.
///
/// Rows must be centred for the cosine to tell anything. Cost: one product queries x gallery, and sorting.
pub fn retrieval_precision(
    queries: &ArrayView2<f32>,
    query_labels: &[usize],
    gallery: &ArrayView2<f32>,
    gallery_labels: &[usize],
    own: bool,
) -> f64 {
    let products = matrix::product(queries, &gallery.t());
    let lengths: Vec<f32> = gallery
        .axis_iter(Axis(0))
        .map(|row| row.dot(&row).sqrt())
        .collect();
    let of = |query: usize| {
        let mut cosine = products.row(query).to_owned();
        for (value, &length) in cosine.iter_mut().zip(&lengths) {
            *value = if length > 0.0 { *value / length } else { 0.0 };
        }
        let kept: Vec<usize> = (0..gallery_labels.len())
            .filter(|&i| !(own && i == query))
            .collect();
        let cosine = cosine.select(Axis(0), &kept);
        let same = |&i: &usize| gallery_labels[i] == query_labels[query];
        average_precision(cosine.view(), &kept.iter().map(same).collect::<Vec<bool>>())
    };
    let found: Vec<Option<f64>> = (0..query_labels.len()).into_par_iter().map(of).collect();
    mean(found.into_iter().flatten())
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// Mean over the relevant objects of the share of relevant ones among those scored at least as high, ties in their order.
fn average_precision(scores: ArrayView1<f32>, relevant: &[bool]) -> Option<f64> {
    let mut order: Vec<usize> = (0..relevant.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let (mut found, mut sum) = (0.0, 0.0);
    for (rank, _) in order.iter().enumerate().filter(|(_, i)| relevant[**i]) {
        found += 1.0;
        sum += found / (rank + 1) as f64;
    }
    (found > 0.0).then(|| sum / found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn precision_is_that_of_the_textbook() {
        // Relevant at ranks 1, 3 and 4: (1 + 2/3 + 3/4) / 3.
        let scores = array![0.9f32, 0.8, 0.7, 0.6, 0.1];
        let found = average_precision(scores.view(), &[true, false, true, true, false]).unwrap();
        assert!((found - (1.0 + 2.0 / 3.0 + 0.75) / 3.0).abs() < 1e-12);
        assert!(average_precision(scores.view(), &[false; 5]).is_none());
        let scores = array![[0.9f32, 0.1], [0.2, 0.8], [0.7, 0.3]];
        assert_eq!(class_precision(&scores.view(), &[0, 1, 0]), 1.0);
        assert!(
            (class_precision(&scores.view(), &[1, 0, 1]) - (1.0 / 3.0 + 7.0 / 12.0) / 2.0).abs()
                < 1e-12
        );
    }

    #[test]
    fn a_random_order_gives_the_share_of_the_class() {
        let scores = Array2::from_shape_fn((4000, 2), |(i, j)| ((i * 7919 + j * 31) % 4001) as f32);
        let labels: Vec<usize> = (0..4000).map(|i| usize::from(i % 5 == 0)).collect();
        assert!((class_precision(&scores.view(), &labels) - 0.5).abs() < 0.03);
    }

    #[test]
    fn an_object_does_not_find_itself() {
        let rows = array![[1.0f32, 0.0], [0.9, 0.1], [0.0, 1.0], [0.8, 0.3]];
        let labels = [0, 1, 1, 0];
        let own = retrieval_precision(&rows.view(), &labels, &rows.view(), &labels, true);
        let all = retrieval_precision(&rows.view(), &labels, &rows.view(), &labels, false);
        assert!(
            (own - (0.5 + 1.0 / 3.0 + 0.5 + 0.5) / 4.0).abs() < 1e-6,
            "{own}"
        );
        assert!(all > own);
    }
}
