//! Wigner 3j symbols by recurrence.

/// All nonzero `(a b c; m m' m'')` of three degrees that make a triangle, with their orders.
///
/// For each m, a three-term recurrence in m' (the eigenvalue equation of `(J_b + J_c)^2`), run from both ends towards the middle, where
/// it is stable, and normalised (Schulten and Gordon, J. Math. Phys. 16, 1975, 1961). O(a b). Error about 1e-14 times the largest.
pub fn wigner_3j(a: usize, b: usize, c: usize) -> Vec<([isize; 3], f64)> {
    let [a, b, c] = [a, b, c].map(|l| l as isize);
    let mut out = Vec::new();
    for m in -a..=a {
        let (low, high) = ((-b).max(-c - m), b.min(c - m));
        let row = row(a, b, c, m, low, high);
        let orders = (low..=high).map(|k| [m, k, -m - k]);
        out.extend(orders.zip(row));
    }
    out
}

fn row(a: isize, b: isize, c: isize, m: isize, low: isize, high: isize) -> Vec<f64> {
    let len = (high - low + 1) as usize;
    // From order k - 1 to k of b, and from -m - k + 1 to -m - k of c.
    let off = |k: isize| {
        let third = -m - k;
        (((b - k + 1) * (b + k) * (c - third) * (c + third + 1)) as f64).sqrt()
    };
    let on = |k: isize| (b * (b + 1) + c * (c + 1) - a * (a + 1) + 2 * k * (-m - k)) as f64;
    let mut up = vec![1.0; len];
    let mut meet = len - 1;
    for i in 0..len - 1 {
        let k = low + i as isize;
        let before = if i > 0 { off(k) * up[i - 1] } else { 0.0 };
        up[i + 1] = -(on(k) * up[i] + before) / off(k + 1);
        if up[i + 1].abs() < up[i].abs() {
            meet = i;
            break;
        }
    }
    let mut down = vec![1.0; len];
    for i in (meet + 1..len).rev() {
        let k = low + i as isize;
        let after = if i + 1 < len {
            off(k + 1) * down[i + 1]
        } else {
            0.0
        };
        down[i - 1] = -(on(k) * down[i] + after) / off(k);
    }
    let ratio = up[meet] / down[meet];
    let mut values: Vec<f64> = (0..len)
        .map(|i| if i <= meet { up[i] } else { ratio * down[i] })
        .collect();
    let norm: f64 = values.iter().map(|v| v * v).sum::<f64>() * (2 * a + 1) as f64;
    let sign = if (b - c - m).rem_euclid(2) == 0 {
        1.0
    } else {
        -1.0
    };
    let scale = sign * values[len - 1].signum() / norm.sqrt();
    values.iter_mut().for_each(|v| *v *= scale);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_symbols() {
        let value = |l: [usize; 3], m: [isize; 3]| {
            let all = wigner_3j(l[0], l[1], l[2]);
            all.into_iter().find(|(orders, _)| *orders == m).unwrap().1
        };
        let root = |x: f64| x.sqrt();
        assert!((value([1, 1, 2], [0, 0, 0]) - root(2.0 / 15.0)).abs() < 1e-15);
        assert!((value([1, 1, 1], [1, -1, 0]) - 1.0 / root(6.0)).abs() < 1e-15);
        assert!((value([2, 2, 2], [0, 0, 0]) + root(2.0 / 35.0)).abs() < 1e-15);
        assert!((value([2, 1, 1], [2, -1, -1]) - root(1.0 / 5.0)).abs() < 1e-15);
        assert!((value([0, 4, 4], [0, 3, -3]) + 1.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn rows_are_orthogonal_at_high_degrees() {
        // sum over m m' of the product for two third degrees vanishes at the same m''.
        for (a, b, c, d) in [(40, 33, 20, 22), (64, 64, 10, 9), (50, 20, 65, 66)] {
            let first: std::collections::BTreeMap<[isize; 3], f64> =
                wigner_3j(a, b, c).into_iter().collect();
            let second = wigner_3j(a, b, d);
            let at = |third: isize| {
                let same = second.iter().filter(|(m, _)| m[2] == third);
                same.filter_map(|(m, v)| Some(v * first.get(m)?))
                    .sum::<f64>()
            };
            for third in [-9, 0, 5] {
                assert!(
                    at(third).abs() < 1e-14,
                    "{a} {b} {c} {d} {third}: {:e}",
                    at(third)
                );
            }
        }
    }
}
