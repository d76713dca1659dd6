//! The functions at a block of points, degree by degree: three degrees are kept, so that they stay in cache.
//!
//! A table holds, for each vector of points in turn, one vector for each row, so that all rows of a few points lie
//! together. Rows of harmonics are m = -l..l, rows of radial functions k = 0..(N-l)/2.

use pulp::Simd;

use super::tables::Tables;
use crate::simd::{Aligned, Lane};

/// Vectors of points in one block.
const VECTORS: usize = 32;

/// Points of one block: whole vectors of every instruction set.
pub fn block_points<T: Lane>() -> usize {
    VECTORS * T::MOST_LANES
}

/// Working memory for a block of points, and for the sums over blocks. Once made, nothing is allocated.
#[derive(Debug, Clone)]
pub struct ZernikeScratch<T: Lane> {
    pub(super) sweep: Sweep<T>,
    /// A degree of harmonics times weights of their own.
    pub(super) weighted: Aligned<T>,
    /// Sums of each lane: degree by degree, `[k][m + l][lane]`.
    pub(super) lanes: Aligned<T>,
    /// Vectors of points that these hold.
    pub(super) held: usize,
    /// Sums of what the lanes held before, as `sums`: single precision would lose what each of many points adds.
    pub(super) totals: Vec<f64>,
    /// Sums, or coefficients without norms: degree by degree, `[k][m + l]`.
    pub(super) sums: Vec<T>,
}

impl<T: Lane> ZernikeScratch<T> {
    pub(super) fn new(order: usize) -> Self {
        let count = crate::Basis::Zernike.count(order);
        Self {
            sweep: Sweep::new(order),
            weighted: Aligned::new((2 * order + 1) * block_points::<T>()),
            lanes: Aligned::new(count * T::MOST_LANES),
            held: 0,
            totals: vec![0.0; count],
            sums: vec![T::default(); count],
        }
    }

    /// Bytes of this memory.
    pub fn bytes(&self) -> usize {
        let Sweep {
            input,
            harmonics,
            radial,
        } = &self.sweep;
        let tables: usize = input.iter().chain(harmonics).map(|t| t.len()).sum();
        let sums = self.weighted.len() + self.lanes.len() + self.sums.len();
        size_of::<T>() * (tables + radial.len() + sums) + size_of_val(&self.totals[..])
    }
}

/// Tables of one block.
#[derive(Debug, Clone)]
pub struct Sweep<T: Lane> {
    /// x, y, z and the weight, which all radial functions carry.
    pub input: [Aligned<T>; 4],
    /// Degrees l, l-1 and l-2, in places that rotate: degree l at l % 3.
    pub harmonics: [Aligned<T>; 3],
    /// Radial functions of the degree times the weight, without norm.
    pub radial: Aligned<T>,
}

impl<T: Lane> Sweep<T> {
    fn new(order: usize) -> Self {
        let points = block_points::<T>();
        Self {
            input: std::array::from_fn(|_| Aligned::new(points)),
            harmonics: std::array::from_fn(|_| Aligned::new((2 * order + 1) * points)),
            radial: Aligned::new((order / 2 + 1) * points),
        }
    }

    /// Takes in at most a block of points with their weights; the rest of the last vector is the origin with weight 0.
    pub fn load(&mut self, chunk: &[[T; 3]], weight: impl Fn(usize) -> T) {
        let [x, y, z, w] = self.input.each_mut().map(|row| &mut row[..]);
        for (i, &[px, py, pz]) in chunk.iter().enumerate() {
            (x[i], y[i], z[i]) = (px, py, pz);
            w[i] = weight(i);
        }
        let end = chunk.len().next_multiple_of(T::MOST_LANES);
        for row in [x, y, z, w] {
            row[chunk.len()..end].fill(T::default());
        }
    }

    /// The tables of degree `l` for the first `vectors` vectors of points, after those of `l - 1`.
    #[inline(always)]
    pub fn advance<S: Simd>(&mut self, s: S, tables: &Tables<T>, l: usize, vectors: usize) {
        self.fill_harmonics(s, tables, l, vectors);
        self.fill_radial(s, tables, l, vectors);
    }

    #[inline(always)]
    fn fill_harmonics<S: Simd>(&mut self, s: S, tables: &Tables<T>, l: usize, vectors: usize) {
        let [x, y, z, _] = self.input.each_ref().map(|row| T::vectors::<S>(row));
        let [a, b, c] = self.harmonics.each_mut().map(|t| T::vectors_mut::<S>(t));
        let (out, one, two) = match l % 3 {
            0 => (a, &*c, &*b),
            1 => (b, &*a, &*c),
            _ => (c, &*b, &*a),
        };
        if l == 0 {
            out[..vectors].fill(T::splat(s, tables.one));
            return;
        }
        let width = 2 * l + 1;
        let steps = &tables.steps[l][..];
        let flush = T::splat(s, tables.flush);
        for i in 0..vectors {
            let (x, y, z) = (x[i], y[i], z[i]);
            let r2 = T::fma(s, x, x, T::fma(s, y, y, T::mul(s, z, z)));
            let z2 = T::add(s, z, z);
            let out = &mut out[i * width..][..width];
            let one = &one[i * (width - 2)..][..width - 2];
            if l == 1 {
                out.copy_from_slice(&[
                    T::mul(s, y, one[0]),
                    T::mul(s, z2, one[0]),
                    T::mul(s, x, one[0]),
                ]);
                continue;
            }
            let two = &two[i * (width - 4)..][..width - 4];
            let inner = out[2..].iter_mut().zip(&one[1..]).zip(two).zip(steps);
            for (((out, &one), &two), &step) in inner {
                let older = T::mul(s, T::mul(s, T::splat(s, step), r2), two);
                *out = T::fma(s, z2, one, older);
            }
            let (sine, cosine) = (one[0], one[width - 3]);
            out[1] = T::mul(s, z2, sine);
            out[width - 2] = T::mul(s, z2, cosine);
            let flushed = |power| T::sub(s, T::add(s, power, flush), flush);
            out[0] = flushed(T::fma(s, x, sine, T::mul(s, y, cosine)));
            out[width - 1] = flushed(T::sub(s, T::mul(s, x, cosine), T::mul(s, y, sine)));
        }
    }

    #[inline(always)]
    fn fill_radial<S: Simd>(&mut self, s: S, tables: &Tables<T>, l: usize, vectors: usize) {
        let [x, y, z, w] = self.input.each_ref().map(|row| T::vectors::<S>(row));
        let out = T::vectors_mut::<S>(&mut self.radial);
        let steps = &tables.jacobi[l][..];
        let width = steps.len() + 1;
        let one = T::splat(s, tables.one);
        for i in 0..vectors {
            let (x, y, z) = (x[i], y[i], z[i]);
            let r2 = T::fma(s, x, x, T::fma(s, y, y, T::mul(s, z, z)));
            let t = T::sub(s, T::add(s, r2, r2), one);
            let (mut before, mut value) = (T::splat(s, T::default()), w[i]);
            let out = &mut out[i * width..][..width];
            out[0] = value;
            for (out, step) in out[1..].iter_mut().zip(steps) {
                let lead = T::fma(s, T::splat(s, step.slope), t, T::splat(s, step.shift));
                let older = T::mul(s, T::splat(s, step.back), before);
                (before, value) = (value, T::fma(s, lead, value, older));
                *out = value;
            }
        }
    }

    /// Rows of degree `l`, which must be the one that `advance` came to, or one of the two before it.
    #[inline(always)]
    pub fn harmonics<S: Simd>(&self, l: usize) -> &[T::V<S>] {
        T::vectors::<S>(self.degree(l))
    }

    /// As [`Self::harmonics`], lane by lane.
    #[inline(always)]
    pub fn degree(&self, l: usize) -> &[T] {
        &self.harmonics[l % 3]
    }
}
