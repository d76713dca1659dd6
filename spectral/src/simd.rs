//! The few vector operations that the kernels need, for both floating-point types.
//!
//! A kernel is written once over [`Lane`] and compiled for each instruction set by `pulp`, which
//! picks one when the program runs. Paths differ by rounding alone: the scalar one does not fuse.

use std::ops::{Deref, DerefMut, Range};

use pulp::{Arch, Simd};

/// A floating-point type and its vectors.
pub trait Lane: Copy + Default + Sized {
    /// A vector of this type.
    type V<S: Simd>: Copy;
    /// Elements of the longest vector of any instruction set.
    const MOST_LANES: usize = 64 / size_of::<Self>();
    /// -1.
    const MINUS_ONE: Self;
    /// Squares of lengths between these keep all their digits.
    const SQUARE_RANGE: (Self, Self);
    /// The inverse of the upper end of that range: its last place is still a normal number.
    const NEGLIGIBLE: Self;
    /// Elements of one vector.
    fn lanes<S: Simd>() -> usize;
    /// The same value in each lane.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::V<S>;
    /// `a + b`.
    fn add<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    /// `a - b`.
    fn sub<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    /// `a * b`.
    fn mul<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    /// `a * b + c`, fused where the instruction exists.
    fn fma<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>, c: Self::V<S>) -> Self::V<S>;
    /// Sum over the lanes.
    fn sum<S: Simd>(simd: S, a: Self::V<S>) -> Self;
    /// The slice as vectors; its length is a multiple of the lanes wherever kernels use this.
    fn vectors<S: Simd>(slice: &[Self]) -> &[Self::V<S>];
    /// As [`Self::vectors`], for writing.
    fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [Self::V<S>];
}

macro_rules! lane {
    ($type:ty, $vector:ident, $lanes:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident, $fma:ident,
     $sum:ident, $view:ident, $view_mut:ident, $range:expr) => {
        impl Lane for $type {
            type V<S: Simd> = S::$vector;
            const MINUS_ONE: Self = -1.0;
            const SQUARE_RANGE: (Self, Self) = $range;
            const NEGLIGIBLE: Self = $range.0;
            #[inline(always)]
            fn lanes<S: Simd>() -> usize {
                S::$lanes
            }
            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: Self) -> Self::V<S> {
                simd.$splat(value)
            }
            #[inline(always)]
            fn add<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S> {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn sub<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S> {
                simd.$sub(a, b)
            }
            #[inline(always)]
            fn mul<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S> {
                simd.$mul(a, b)
            }
            #[inline(always)]
            fn fma<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>, c: Self::V<S>) -> Self::V<S> {
                simd.$fma(a, b, c)
            }
            #[inline(always)]
            fn sum<S: Simd>(simd: S, a: Self::V<S>) -> Self {
                simd.$sum(a)
            }
            #[inline(always)]
            fn vectors<S: Simd>(slice: &[Self]) -> &[Self::V<S>] {
                S::$view(slice).0
            }
            #[inline(always)]
            fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [Self::V<S>] {
                S::$view_mut(slice).0
            }
        }
    };
}

lane!(
    f64,
    f64s,
    F64_LANES,
    splat_f64s,
    add_f64s,
    sub_f64s,
    mul_f64s,
    mul_add_e_f64s,
    reduce_sum_f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    (1e-280, 1e280)
);
lane!(
    f32,
    f32s,
    F32_LANES,
    splat_f32s,
    add_f32s,
    sub_f32s,
    mul_f32s,
    mul_add_e_f32s,
    reduce_sum_f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    (1e-28, 1e28)
);

/// Longest vector of any instruction set, in elements of `f32`: buffers are padded to this.
pub const WIDEST: usize = 16;

/// The next multiple of [`WIDEST`].
pub fn padded(length: usize) -> usize {
    length.next_multiple_of(WIDEST)
}

/// A buffer that begins on a cache line, so that no vector of it crosses one: a sum that is stored and
/// loaded again at once pays dearly for a crossing.
#[derive(Debug)]
pub struct Aligned<T> {
    values: Vec<T>,
    range: Range<usize>,
}

impl<T: Copy + Default> Aligned<T> {
    /// Zeros.
    pub fn new(length: usize) -> Self {
        let line = 64 / size_of::<T>();
        let values = vec![T::default(); length + line];
        // Where no offset is known the buffer is merely slower.
        let start = values.as_ptr().align_offset(64).min(line);
        Self {
            values,
            range: start..start + length,
        }
    }

    /// Memory grows where there is less than `length`; what was in it is lost then.
    pub fn at_least(&mut self, length: usize) {
        if self.len() < length {
            *self = Self::new(length);
        }
    }

    /// The first `length` elements, all zero; memory grows where there is too little.
    pub fn zeros(&mut self, length: usize) -> &mut [T] {
        self.at_least(length);
        let values = &mut self[..length];
        values.fill(T::default());
        values
    }
}

impl<T: Copy + Default> Default for Aligned<T> {
    fn default() -> Self {
        Self::new(0)
    }
}

impl<T: Copy + Default> Clone for Aligned<T> {
    fn clone(&self) -> Self {
        let mut new = Self::new(self.len());
        new.copy_from_slice(self);
        new
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values[self.range.clone()]
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.range.clone()]
    }
}

/// The instruction set in use, in words.
pub fn simd_level() -> &'static str {
    match Arch::new() {
        #[cfg(target_arch = "x86_64")]
        Arch::V4(_) => "AVX-512",
        #[cfg(target_arch = "x86_64")]
        Arch::V3(_) => "AVX2 + FMA",
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(_) => "NEON",
        _ => "scalar",
    }
}

/// Every instruction set that this machine has, scalar first: tests run each.
#[cfg(test)]
pub fn every_arch() -> Vec<Arch> {
    let mut all = vec![Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    {
        all.extend(pulp::x86::V3::try_new().map(Arch::V3));
        all.extend(pulp::x86::V4::try_new().map(Arch::V4));
    }
    #[cfg(target_arch = "aarch64")]
    all.extend(pulp::aarch64::Neon::try_new().map(Arch::Neon));
    all
}
