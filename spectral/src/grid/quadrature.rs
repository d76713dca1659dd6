//! Nodes and weights over colatitude: integrals of `f(cos theta) sin theta` over `[0, pi]`.

use std::f64::consts::PI;

/// Colatitudes and weights of Gauss and Legendre's rule, north to south; exact to degree
/// `2 count - 1`. Weights sum to 2.
///
/// Newton's method in `theta` from Tricomi's guess, so that nodes near the poles keep their
/// digits. O(count^2).
pub fn gauss_legendre(count: usize) -> Vec<(f64, f64)> {
    let mut rule = vec![(0.0, 0.0); count];
    let half = count.div_ceil(2);
    for i in 0..half {
        let (theta, weight) = if 2 * i + 1 == count {
            (PI / 2.0, gauss_node(count, PI / 2.0).1)
        } else {
            gauss_node(count, (i as f64 + 0.75) / (count as f64 + 0.5) * PI)
        };
        rule[i] = (theta, weight);
        rule[count - 1 - i] = (PI - theta, weight);
    }
    rule
}

fn gauss_node(count: usize, guess: f64) -> (f64, f64) {
    let n = count as f64;
    let mut theta = guess;
    for _ in 0..6 {
        let (value, slope) = legendre_at(count, theta);
        theta -= value / slope;
        if (value / slope).abs() < 1e-9 * theta {
            break;
        }
    }
    let (value, slope) = legendre_at(count, theta);
    theta -= value / slope;
    // The slope at the refined node, by the differential equation P'' = -cot P' - n (n + 1) P.
    let step = value / slope;
    let slope = slope * (1.0 + step / theta.tan()) + step * n * (n + 1.0) * value;
    (theta, 2.0 / (slope * slope))
}

/// `P_n(cos theta)` and its derivative with respect to theta.
fn legendre_at(count: usize, theta: f64) -> (f64, f64) {
    let n = count as f64;
    // 1 - cos theta keeps its digits near the pole, so steps are taken in differences.
    let fall = 2.0 * (theta / 2.0).sin().powi(2);
    let (mut value, mut difference) = (1.0, 0.0);
    let mut before = 0.0;
    for k in 1..=count {
        let k = k as f64;
        // P_k - P_(k-1) = ((k - 1) (P_(k-1) - P_(k-2)) - (2k - 1)(1 - x) P_(k-1)) / k
        difference = ((k - 1.0) * difference - (2.0 * k - 1.0) * fall * value) / k;
        before = value;
        value += difference;
    }
    // sin theta dP/dtheta = n (x P_n - P_(n-1))
    let slope = n * (theta.cos() * value - before) / theta.sin();
    (value, slope)
}

/// Weights of Driscoll and Healy (1994) for `theta_j = pi j / count`, `j < count` (even): exact to
/// degree `count - 1`; the weight of the pole is 0. O(count^2).
pub fn driscoll_healy(count: usize) -> Vec<(f64, f64)> {
    let n = count as f64;
    weights(
        count,
        count,
        |j| 2 * j,
        |sine, j| {
            (0..count / 2)
                .map(|h| sine((2 * h + 1) * 2 * j) / (2 * h + 1) as f64)
                .sum::<f64>()
                * (4.0 / n)
                * sine(2 * j)
        },
    )
}

/// Fejer's first rule: `theta_j = pi (j + 1/2) / count`; exact to degree `count - 1`.
pub fn fejer(count: usize) -> Vec<(f64, f64)> {
    let n = count as f64;
    weights(
        count,
        count,
        |j| 2 * j + 1,
        |sine, j| {
            let cosine = |turns: usize| sine(turns + count);
            let sum: f64 = (1..=count / 2)
                .map(|h| cosine(2 * h * (2 * j + 1)) / (4 * h * h - 1) as f64)
                .sum();
            2.0 / n * (1.0 - 2.0 * sum)
        },
    )
}

/// Clenshaw and Curtis' rule with both poles: `theta_j = pi j / (count - 1)`; exact to degree
/// `count - 1`.
pub fn clenshaw_curtis(count: usize) -> Vec<(f64, f64)> {
    let n = count - 1;
    weights(
        count,
        n,
        |j| 2 * j,
        |sine, j| {
            let cosine = |turns: usize| sine(turns + n);
            let sum: f64 = (1..=n / 2)
                .map(|h| {
                    let share = if 2 * h == n { 1.0 } else { 2.0 };
                    share * cosine(4 * h * j) / (4 * h * h - 1) as f64
                })
                .sum();
            let ends = if j == 0 || j == n { 1.0 } else { 2.0 };
            ends / n as f64 * (1.0 - sum)
        },
    )
}

/// A rule whose angles are multiples of `pi / (2 parts)`. `angle` gives the multiple for a node,
/// `weight` its weight from a table of sines of those multiples. The southern half is a mirror
/// image where the rule has one, so that folding is exact.
fn weights(
    count: usize,
    parts: usize,
    angle: impl Fn(usize) -> usize,
    weight: impl Fn(&dyn Fn(usize) -> f64, usize) -> f64,
) -> Vec<(f64, f64)> {
    let turn = 4 * parts;
    let table: Vec<f64> = (0..turn)
        .map(|i| (PI * i as f64 / (2 * parts) as f64).sin())
        .collect();
    let sine = |multiple: usize| table[multiple % turn];
    (0..count)
        .map(|j| {
            let theta = PI * angle(j) as f64 / (2 * parts) as f64;
            (theta, weight(&sine, j))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_integrate_what_they_promise() {
        for count in [2, 3, 4, 7, 16, 33, 64, 130] {
            let rules = [
                ("gauss", gauss_legendre(count), 2 * count - 1),
                ("fejer", fejer(count), count - 1),
                ("clenshaw-curtis", clenshaw_curtis(count), count - 1),
                ("driscoll-healy", driscoll_healy(2 * count), 2 * count - 1),
            ];
            for (name, rule, degree) in rules {
                for l in 0..=degree {
                    let sum: f64 = rule.iter().map(|(t, w)| w * legendre_value(l, *t)).sum();
                    let expected = if l == 0 { 2.0 } else { 0.0 };
                    assert!((sum - expected).abs() < 1e-14, "{name} {count} {l} {sum}");
                }
            }
        }
    }

    fn legendre_value(l: usize, theta: f64) -> f64 {
        let (mut before, mut value) = (0.0, 1.0);
        for k in 1..=l {
            let k = k as f64;
            let next = ((2.0 * k - 1.0) * theta.cos() * value - (k - 1.0) * before) / k;
            (before, value) = (value, next);
        }
        value
    }
}
