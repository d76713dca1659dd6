//! The two floating-point types that plans are made for.

use std::fmt::{Debug, Display};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `f32` or `f64`. Sealed: tables are always computed in `f64` and rounded once.
pub trait Real:
    sealed::Sealed
    + crate::simd::Lane
    + crate::kernels::Kernels
    + Copy
    + Default
    + Debug
    + Display
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + Sum
{
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;
    /// How far beyond radius 1 a point may lie by rounding alone.
    const RADIUS_SLACK: Self;
    /// Rounds a double to this type.
    fn from_f64(value: f64) -> Self;
    /// Widens to a double.
    fn to_f64(self) -> f64;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Absolute value.
    fn abs(self) -> Self;
    /// Neither NaN nor infinite.
    fn is_finite(self) -> bool;
    /// `self * a + b`, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;
}

macro_rules! real {
    ($type:ty, $slack:expr) => {
        impl Real for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const RADIUS_SLACK: Self = $slack;
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $type
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                self.sqrt()
            }
            #[inline(always)]
            fn abs(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                self.is_finite()
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                self.mul_add(a, b)
            }
        }
    };
}

real!(f32, 1e-6);
real!(f64, 1e-12);

/// The power of two at or below a size, at least the smallest normal number: dividing by it keeps every digit.
pub fn power_below(size: f64) -> f64 {
    let exponent = f64::INFINITY.to_bits();
    f64::from_bits(size.max(f64::MIN_POSITIVE).to_bits() & exponent)
}

#[cfg(test)]
mod tests {
    use super::power_below;

    #[test]
    fn a_size_lies_between_its_power_of_two_and_the_next() {
        for (size, power) in [(1.0, 1.0), (1.99, 1.0), (2.0, 2.0), (0.3, 0.25)] {
            assert_eq!(power_below(size), power);
        }
        assert_eq!(power_below(f64::MAX), 2f64.powi(1023));
        assert_eq!(power_below(5e-324), f64::MIN_POSITIVE);
        assert_eq!(power_below(0.0), f64::MIN_POSITIVE);
    }
}
