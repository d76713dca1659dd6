//! The bispectrum: products of three shells that no rotation changes.

use std::collections::BTreeMap;

use super::wigner3j::wigner_3j;
use crate::check::{check_finite, check_length, check_order};
use crate::{Basis, Real, SpectralError, zernike_index};

/// Entries smaller than this are zero: they come from rounding.
const NOTHING: f64 = 1e-13;
/// Highest order of [`Bispectrum::of_degrees`], whose memory grows as its fifth power: 90 MB at 32, 0.7 GB at 48.
const MAX_DEGREES: usize = 48;

/// The 2l+1 coefficients of one degree: of spherical harmonics (n counts for nothing), or of one n of Zernike functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shell {
    /// The radial order, with n - l even and not negative; equal to l for spherical harmonics.
    pub n: usize,
    /// The degree.
    pub l: usize,
}

/// Bispectrum values of selected triples of shells.
///
/// For shells a, b, c the value is `sum (l_a l_b l_c; m m' m'') a_m b_m' c_m''` over the 3j symbols, with complex coefficients (Kondor 2007;
/// Kakarala 1992): one number for each triple whose degrees satisfy the triangle inequality. Unlike norms it keeps how shells lie to each other. For
/// an odd sum of degrees the sum is imaginary, its imaginary part is given, and a reflection changes its sign.
///
/// Making it costs O(l^2 log l) for each triple of degrees, a value O(l^2): about `4 (2l+1)^2` products. Memory: 16 bytes for each product of each
/// triple of degrees, which all triples of shells of these degrees share.
///
/// ```
/// use spectra_spectral::{Basis, Bispectrum, Rotation};
///
/// let bispectrum = Bispectrum::of_degrees(Basis::Spherical, 4)?;
/// let mut a: Vec<f64> = (0..25).map(|i| (i * 7 % 5) as f64 - 2.0).collect();
/// let before = bispectrum.values(&a)?;
/// Rotation::from_euler_zyz(0.4, 1.0, 2.0, 4).apply_spherical(&mut a)?;
/// assert!(bispectrum.values(&a)?.iter().zip(&before).all(|(x, y)| (x - y).abs() < 1e-12));
/// # Ok::<(), spectra_spectral::SpectralError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Bispectrum {
    count: usize,
    triples: Vec<[Shell; 3]>,
    /// For each triple: its tensor, and where its shells begin.
    places: Vec<(usize, [usize; 3])>,
    /// One for each triple of degrees.
    tensors: Vec<Vec<Term>>,
}

/// A factor and the places `m + l` of its three coefficients within their shells.
#[derive(Debug, Clone, Copy)]
struct Term {
    factor: f64,
    place: [u16; 3],
}

impl Bispectrum {
    /// The chosen triples of coefficients up to `order`.
    ///
    /// # Errors
    /// A shell that the basis does not have up to that order, degrees that make no triangle, an order above 128.
    pub fn new(basis: Basis, order: usize, triples: &[[Shell; 3]]) -> Result<Self, SpectralError> {
        check_order(Basis::Zernike, order)?;
        let mut known: BTreeMap<[usize; 3], usize> = BTreeMap::new();
        let (mut tensors, mut places) = (Vec::new(), Vec::with_capacity(triples.len()));
        for triple in triples {
            check_triple(basis, order, triple)?;
            let degrees = triple.map(|shell| shell.l);
            let tensor = *known.entry(degrees).or_insert_with(|| {
                tensors.push(real_coupling(degrees));
                tensors.len() - 1
            });
            places.push((tensor, triple.map(|shell| start(basis, shell))));
        }
        Ok(Self {
            count: basis.count(order),
            triples: triples.to_vec(),
            places,
            tensors,
        })
    }

    /// All triples `l1 <= l2 <= l3 <= order` that do not vanish, of the lowest shell n = l of each degree: about `order^3 / 12` values.
    /// Memory grows as the fifth power of the order: 3 MB at 16, 90 MB at 32, 0.7 GB at 48.
    ///
    /// # Errors
    /// An order above 48; choose the triples of higher ones.
    pub fn of_degrees(basis: Basis, order: usize) -> Result<Self, SpectralError> {
        if order > MAX_DEGREES {
            return Err(SpectralError::Order {
                expected: "at most 48 for the bispectrum of all degrees",
                found: order,
            });
        }
        let mut triples = Vec::new();
        for c in 0..=order {
            for b in 0..=c {
                for a in c - b..=b {
                    // With two shells the same an odd sum is antisymmetric, so zero.
                    let vanishes = (a == b || b == c) && (a + b + c) % 2 == 1;
                    if !vanishes {
                        triples.push([a, b, c].map(|l| Shell { n: l, l }));
                    }
                }
            }
        }
        Self::new(basis, order, &triples)
    }

    /// Which shells each value couples.
    pub fn triples(&self) -> &[[Shell; 3]] {
        &self.triples
    }

    /// Number of products of one set of coefficients.
    pub fn cost(&self) -> usize {
        let each = self.places.iter();
        each.map(|(tensor, _starts)| 3 * self.tensors[*tensor].len())
            .sum()
    }

    /// Bytes of the tensors, the bulk of what it holds.
    pub fn bytes(&self) -> usize {
        self.tensors.iter().map(|terms| size_of_val(&**terms)).sum()
    }

    /// One value for each triple, of orthonormal coefficients in flat order.
    ///
    /// # Errors
    /// Coefficients of another length than the order's, values that are not finite.
    pub fn values<T: Real>(&self, coefficients: &[T]) -> Result<Vec<f64>, SpectralError> {
        check_length("coefficients", self.count, coefficients.len())?;
        check_finite("coefficient", coefficients)?;
        let value = |(tensor, starts): &(usize, [usize; 3])| {
            let [a, b, c] = starts.map(|start| &coefficients[start..]);
            let product = |term: &Term| {
                let [i, j, k] = term.place.map(usize::from);
                term.factor * a[i].to_f64() * b[j].to_f64() * c[k].to_f64()
            };
            self.tensors[*tensor].iter().map(product).sum()
        };
        Ok(self.places.iter().map(value).collect())
    }
}

/// The flat index of order -l of a shell.
fn start(basis: Basis, Shell { n, l }: Shell) -> usize {
    match basis {
        Basis::Spherical => l * l,
        _ => zernike_index(n, l, -(l as isize)),
    }
}

fn check_triple(basis: Basis, order: usize, triple: &[Shell; 3]) -> Result<(), SpectralError> {
    let exists = |shell: &Shell| match basis {
        Basis::Spherical => shell.n == shell.l && shell.l <= order,
        Basis::Zernike => {
            shell.l <= shell.n && shell.n <= order && (shell.n - shell.l).is_multiple_of(2)
        }
        Basis::Radius => false,
    };
    let [a, b, c] = triple.map(|shell| shell.l);
    if triple.iter().all(exists) && a.abs_diff(b) <= c && c <= a + b {
        return Ok(());
    }
    Err(SpectralError::Value {
        what: "triple of shells",
        expected: "shells of the basis up to the order, with degrees that make a triangle",
        found: format!("{triple:?}"),
    })
}

/// The invariant tensor on real coefficients.
fn real_coupling([a, b, c]: [usize; 3]) -> Vec<Term> {
    let mut entries: BTreeMap<[isize; 3], [f64; 2]> = BTreeMap::new();
    for (m, value) in wigner_3j(a, b, c) {
        let [first, second, third] = m.map(real_parts);
        for (s, x) in first.iter().flatten() {
            for (t, y) in second.iter().flatten() {
                for (u, z) in third.iter().flatten() {
                    let product = times(times(*x, *y), *z);
                    let entry = entries.entry([*s, *t, *u]).or_default();
                    entry[0] += value * product[0];
                    entry[1] += value * product[1];
                }
            }
        }
    }
    let part = (a + b + c) % 2;
    let place = |l: usize, m: isize| l.wrapping_add_signed(m) as u16;
    let all = entries.into_iter().map(|([s, t, u], value)| Term {
        factor: value[part],
        place: [place(a, s), place(b, t), place(c, u)],
    });
    all.filter(|term| term.factor.abs() > NOTHING).collect()
}

fn times(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]]
}

/// The complex coefficient of order m as a sum over real ones: see [`Coefficients::to_complex`](crate::Coefficients::to_complex).
fn real_parts(m: isize) -> [Option<(isize, [f64; 2])>; 2] {
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let sign = if m % 2 == 0 { half } else { -half };
    match m {
        0 => [Some((0, [1.0, 0.0])), None],
        m if m > 0 => [Some((m, [sign, 0.0])), Some((-m, [0.0, -sign]))],
        m => [Some((-m, [half, 0.0])), Some((m, [0.0, half]))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rotation;

    fn values(count: usize) -> Vec<f64> {
        (0..count)
            .map(|i| ((i * 53) % 29) as f64 / 29.0 - 0.5)
            .collect()
    }

    #[test]
    fn no_rotation_changes_it_and_a_reflection_turns_the_odd_ones() {
        let bispectrum = Bispectrum::of_degrees(Basis::Spherical, 12).unwrap();
        let start = values(169);
        let before = bispectrum.values(&start).unwrap();
        let mut turned = start.clone();
        Rotation::from_euler_zyz(0.3, 1.1, -2.0, 12)
            .apply_spherical(&mut turned)
            .unwrap();
        let after = bispectrum.values(&turned).unwrap();
        let size = before.iter().fold(0.0f64, |a, v| a.max(v.abs()));
        for (a, b) in after.iter().zip(&before) {
            assert!((a - b).abs() < 1e-12 * size, "{a} {b}");
        }
        // y to -y: sines change their sign.
        let mut mirrored = start;
        for l in 0..=12 {
            mirrored[l * l..l * l + l].iter_mut().for_each(|v| *v = -*v);
        }
        let mut odd = 0.0f64;
        for ((a, b), triple) in bispectrum
            .values(&mirrored)
            .unwrap()
            .iter()
            .zip(&before)
            .zip(bispectrum.triples())
        {
            let sum: usize = triple.iter().map(|shell| shell.l).sum();
            let expected = if sum % 2 == 1 { -b } else { *b };
            odd = if sum % 2 == 1 { odd.max(b.abs()) } else { odd };
            assert!((a - expected).abs() < 1e-12 * size);
        }
        assert!(odd > 1e-3 * size, "the odd ones are not all zero");
    }

    #[test]
    fn shells_of_the_ball_couple_too() {
        let shell = |n, l| Shell { n, l };
        let triples = [
            [shell(6, 2), shell(5, 3), shell(3, 1)],
            [shell(4, 0), shell(6, 4), shell(4, 4)],
        ];
        let bispectrum = Bispectrum::new(Basis::Zernike, 6, &triples).unwrap();
        let mut a = values(84);
        let before = bispectrum.values(&a).unwrap();
        Rotation::from_euler_zyz(2.0, 0.6, 0.1, 6)
            .apply_zernike(6, &mut a)
            .unwrap();
        for (x, y) in bispectrum.values(&a).unwrap().iter().zip(&before) {
            assert!((x - y).abs() < 1e-13 && y.abs() > 1e-6, "{x} {y}");
        }
        // A scalar with a degree and itself is its power: (0 l l; 0 m -m) = (-1)^(l - m) / sqrt(2l + 1).
        let power: f64 = (0..=4)
            .chain(-4..0)
            .map(|m| a[zernike_index(6, 4, m)] * a[zernike_index(4, 4, m)])
            .sum();
        let expected = a[zernike_index(4, 0, 0)] * power / 3.0;
        assert!((before[1].abs() - expected.abs()).abs() < 1e-13);
        assert!(bispectrum.values(&a[1..]).is_err());
        for bad in [
            [shell(6, 2), shell(5, 2), shell(3, 1)],
            [shell(0, 0), shell(5, 5), shell(3, 3)],
            [shell(8, 2), shell(2, 2), shell(2, 2)],
        ] {
            assert!(Bispectrum::new(Basis::Zernike, 6, &[bad]).is_err());
        }
        for order in [MAX_DEGREES + 1, 128, usize::MAX] {
            assert!(Bispectrum::of_degrees(Basis::Spherical, order).is_err());
        }
    }

    #[test]
    fn shells_of_the_same_degrees_share_a_tensor() {
        let shell = |n, l| Shell { n, l };
        let one = [shell(40, 40), shell(40, 40), shell(40, 40)];
        let alone = Bispectrum::new(Basis::Zernike, 48, &[one]).unwrap();
        let many: Vec<[Shell; 3]> = (0..64)
            .map(|i| [0, 2, 4].map(|bit| shell(40 + 2 * (i >> bit & 3), 40)))
            .collect();
        let all = Bispectrum::new(Basis::Zernike, 48, &many).unwrap();
        assert_eq!(
            (all.bytes(), all.cost()),
            (alone.bytes(), 64 * alone.cost())
        );
    }
}
