//! Which training objects are learnt from, and which are held out.

use crate::features::Labels;
use crate::random::{purpose, shuffle, stream};

/// Parts that objects are held out in where trainings are long.
const PARTS: usize = 5;
/// Objects that are held out before parts are left over.
const ENOUGH: usize = 200;

impl Labels {
    /// The training objects whose labels may be used, rising: all for a share of 1, else at least one of each class and about
    /// `share` of all, drawn for `seed` as for every classifier.
    pub fn budget(&self, share: f64, seed: u64) -> Vec<usize> {
        match share >= 1.0 {
            true => (0..self.train.len()).collect(),
            false => budget(&self.train, self.classes.len(), share, seed),
        }
    }

    /// Positions in `rows` of training objects to hold out together, part by part, for classifiers too slow for a whole
    /// cross-validation: a fifth of each class, drawn for `seed`; more fifths in turn where one has fewer than 200 objects.
    pub fn held_out(&self, rows: &[usize], seed: u64) -> Vec<Vec<usize>> {
        let labels: Vec<usize> = rows.iter().map(|&row| self.train[row]).collect();
        let fold = folds(&labels, self.classes.len(), PARTS, seed);
        let mut parts = Vec::new();
        let mut held = 0;
        for part in 0..PARTS {
            let positions: Vec<usize> = (0..rows.len()).filter(|&i| fold[i] == part).collect();
            if held < ENOUGH && !positions.is_empty() && positions.len() < rows.len() {
                held += positions.len();
                parts.push(positions);
            }
        }
        parts
    }
}

/// The fold of each row: rows of each class, shuffled, go to the folds in turn.
pub(crate) fn folds(labels: &[usize], classes: usize, folds: usize, seed: u64) -> Vec<usize> {
    let mut fold = vec![0; labels.len()];
    for class in 0..classes {
        let mut rows: Vec<usize> = (0..labels.len())
            .filter(|&row| labels[row] == class)
            .collect();
        shuffle(&mut rows, &mut stream(seed, purpose::FOLDS, class as u64));
        for (turn, row) in rows.into_iter().enumerate() {
            fold[row] = (turn + class) % folds;
        }
    }
    fold
}

/// At least one row of each class, and about `share` of all: what a small budget of labels would hold. Ascending.
fn budget(labels: &[usize], classes: usize, share: f64, seed: u64) -> Vec<usize> {
    let mut chosen = Vec::new();
    for class in 0..classes {
        let mut rows: Vec<usize> = (0..labels.len())
            .filter(|&row| labels[row] == class)
            .collect();
        shuffle(&mut rows, &mut stream(seed, purpose::BUDGET, class as u64));
        let count = ((rows.len() as f64 * share).round() as usize).max(1);
        chosen.extend(rows.into_iter().take(count));
    }
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_stratified() {
        let labels: Vec<usize> = (0..100).map(|i| usize::from(i % 10 == 0)).collect();
        let folds = folds(&labels, 2, 5, 0);
        for fold in 0..5 {
            let rare = (0..100)
                .filter(|&i| folds[i] == fold && labels[i] == 1)
                .count();
            assert_eq!(
                (rare, folds.iter().filter(|f| **f == fold).count()),
                (2, 20)
            );
        }
    }

    #[test]
    fn a_budget_keeps_every_class() {
        let labels: Vec<usize> = (0..1000)
            .map(|i| if i < 5 { 0 } else { 1 + i % 2 })
            .collect();
        let chosen = budget(&labels, 3, 0.1, 0);
        let of = |class: usize| chosen.iter().filter(|&&row| labels[row] == class).count();
        assert_eq!((of(0), of(1), of(2)), (1, 50, 50));
        assert_eq!(budget(&labels, 3, 0.1, 0), chosen);
        assert_ne!(budget(&labels, 3, 0.1, 1), chosen);
    }

    #[test]
    fn one_fifth_is_held_out_or_all_in_turn_where_they_are_small() {
        let labels = |count: usize| Labels {
            train: (0..count).map(|i| i % 3).collect(),
            test: Vec::new(),
            classes: ["a", "b", "c"].map(String::from).to_vec(),
        };
        let many = labels(3000);
        let rows = many.budget(1.0, 0);
        assert_eq!(rows.len(), 3000);
        let parts = many.held_out(&rows, 0);
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [600]);
        assert_ne!(parts, many.held_out(&rows, 1));
        let rows = many.budget(0.01, 0);
        let parts = many.held_out(&rows, 0);
        let mut all: Vec<usize> = parts.concat();
        all.sort_unstable();
        assert_eq!((parts.len(), all), (5, (0..30).collect()));
        // Of a single object nothing can be held out.
        assert!(many.held_out(&rows[..1], 0).is_empty());
    }
}
