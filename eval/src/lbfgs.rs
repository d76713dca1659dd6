//! Smooth convex minimisation by limited-memory BFGS (Nocedal 1980; Nocedal and Wright, algorithm 7.4).

use std::collections::VecDeque;

/// Pairs of steps and changes of the gradient that are kept.
const MEMORY: usize = 10;
/// Share of the decrease promised by the slope that a step must bring.
const ARMIJO: f64 = 1e-4;
/// Halvings of one step at the most.
const HALVINGS: usize = 25;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Stop when the gradient's norm has fallen to this.
    pub gradient: f64,
    /// Stop after this many iterations at the latest.
    pub iterations: usize,
}

struct Pair {
    step: Vec<f32>,
    change: Vec<f32>,
    /// 1 / (step . change).
    inverse: f64,
}

/// Minimises `objective`, which gives value and gradient, from `start`. `precondition` multiplies by a symmetric positive
/// matrix that resembles the inverse Hessian up to a factor. Parameters are f32, sums f64.
pub(crate) fn minimise(
    mut objective: impl FnMut(&[f32]) -> (f64, Vec<f32>),
    precondition: impl Fn(&[f32]) -> Vec<f32>,
    start: Vec<f32>,
    limits: Limits,
) -> Vec<f32> {
    let mut at = start;
    let (mut value, mut gradient) = objective(&at);
    let mut pairs: VecDeque<Pair> = VecDeque::new();
    for _iteration in 0..limits.iterations {
        if dot(&gradient, &gradient).sqrt() <= limits.gradient {
            break;
        }
        let direction = direction(&gradient, &pairs, &precondition);
        let slope = dot(&gradient, &direction);
        let Some((next, next_value, next_gradient)) =
            search(&mut objective, &at, value, &direction, slope)
        else {
            break;
        };
        let step = difference(&next, &at);
        let change = difference(&next_gradient, &gradient);
        let curvature = dot(&step, &change);
        // The objective is convex: a curvature that is not positive is rounding, and would spoil the memory.
        if curvature > 1e-10 * dot(&change, &change).sqrt() * dot(&step, &step).sqrt() {
            if pairs.len() == MEMORY {
                pairs.pop_front();
            }
            let inverse = 1.0 / curvature;
            pairs.push_back(Pair {
                step,
                change,
                inverse,
            });
        }
        (at, value, gradient) = (next, next_value, next_gradient);
    }
    at
}

/// Minus the approximate inverse Hessian times the gradient, by the two-loop recursion.
fn direction(
    gradient: &[f32],
    pairs: &VecDeque<Pair>,
    precondition: &impl Fn(&[f32]) -> Vec<f32>,
) -> Vec<f32> {
    let mut q = gradient.to_vec();
    let mut shares = Vec::with_capacity(pairs.len());
    for pair in pairs.iter().rev() {
        let share = pair.inverse * dot(&pair.step, &q);
        add(&mut q, -share, &pair.change);
        shares.push(share);
    }
    let mut q = precondition(&q);
    if let Some(pair) = pairs.back() {
        let scale = 1.0 / (pair.inverse * dot(&pair.change, &precondition(&pair.change)));
        q.iter_mut()
            .for_each(|v| *v = (f64::from(*v) * scale) as f32);
    }
    for (pair, share) in pairs.iter().zip(shares.iter().rev()) {
        let back = pair.inverse * dot(&pair.change, &q);
        add(&mut q, share - back, &pair.step);
    }
    q.iter_mut().for_each(|v| *v = -*v);
    q
}

/// The first of the steps 1, 1/2, 1/4, ... along `direction` that decreases enough.
fn search(
    objective: &mut impl FnMut(&[f32]) -> (f64, Vec<f32>),
    at: &[f32],
    value: f64,
    direction: &[f32],
    slope: f64,
) -> Option<(Vec<f32>, f64, Vec<f32>)> {
    let mut length = 1.0f32;
    for _halving in 0..HALVINGS {
        let next: Vec<f32> = at
            .iter()
            .zip(direction)
            .map(|(x, d)| x + length * d)
            .collect();
        let (found, gradient) = objective(&next);
        if found <= value + ARMIJO * f64::from(length) * slope {
            return Some((next, found, gradient));
        }
        length *= 0.5;
    }
    None
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    // Sums of a block in f32 lanes, blocks in f64: exact enough, and vectorised.
    a.chunks(1024)
        .zip(b.chunks(1024))
        .map(|(a, b)| f64::from(ndarray::aview1(a).dot(&ndarray::aview1(b))))
        .sum()
}

fn add(to: &mut [f32], weight: f64, what: &[f32]) {
    let weight = weight as f32;
    to.iter_mut().zip(what).for_each(|(t, w)| *t += weight * w);
}

fn difference(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badly_scaled_bowl_and_a_curved_valley_are_descended() {
        let bowl = |x: &[f32]| {
            let gradient: Vec<f32> = (0..x.len())
                .map(|i| (1 << (i % 8)) as f32 * (x[i] - i as f32))
                .collect();
            let value = gradient
                .iter()
                .zip(x)
                .enumerate()
                .map(|(i, (g, x))| 0.5 * f64::from(*g) * f64::from(x - i as f32))
                .sum();
            (value, gradient)
        };
        let limits = Limits {
            gradient: 1e-4,
            iterations: 200,
        };
        let exact = |g: &[f32]| (0..20).map(|i| g[i] / (1 << (i % 8)) as f32).collect();
        let one = Limits {
            iterations: 1,
            ..limits
        };
        let found = minimise(bowl, exact, vec![0.0; 20], one);
        assert!(
            found
                .iter()
                .enumerate()
                .all(|(i, x)| (x - i as f32).abs() < 1e-4)
        );
        let found = minimise(bowl, <[f32]>::to_vec, vec![0.0; 20], limits);
        for (i, x) in found.iter().enumerate() {
            assert!((x - i as f32).abs() < 1e-3, "{i}: {x}");
        }
        // log(1 + e^-x) + x^2 / 200 has its minimum where 1 / (1 + e^x) = x / 100.
        let valley = |x: &[f32]| {
            let x = f64::from(x[0]);
            let slope = -1.0 / (1.0 + x.exp()) + x / 100.0;
            ((-x).exp().ln_1p() + x * x / 200.0, vec![slope as f32])
        };
        let x = f64::from(minimise(valley, <[f32]>::to_vec, vec![-30.0], limits)[0]);
        assert!((1.0 / (1.0 + x.exp()) - x / 100.0).abs() < 1e-3, "{x}");
    }
}
