//! Chooses the instruction set when a plan is used, by `pulp`.
//!
//! Each path compiles the same code with its own vector length and register tile. Paths differ by
//! rounding alone: the scalar one does not fuse multiplication and addition.

use pulp::{Arch, NullaryFnOnce};

use super::kernel::{BLOCK, ZernikeScratch, add_products, fill_harmonics, fill_radial, fused};
use super::tables::Tables;
use crate::Real;

struct Accumulate<'a, T, const LANES: usize, const K: usize, const M: usize, const FMA: bool> {
    tables: &'a Tables<T>,
    order: usize,
    scratch: &'a mut ZernikeScratch<T>,
}

impl<T: Real, const LANES: usize, const K: usize, const M: usize, const FMA: bool> NullaryFnOnce
    for Accumulate<'_, T, LANES, K, M, FMA>
{
    type Output = ();

    #[inline(always)]
    fn call(self) {
        fill_harmonics::<T, FMA>(self.tables, self.order, self.scratch);
        fill_radial::<T, FMA>(self.tables, self.order, self.scratch);
        add_products::<T, LANES, K, M, FMA>(self.order, self.scratch);
    }
}

struct Synthesise<'a, T, const FMA: bool> {
    tables: &'a Tables<T>,
    order: usize,
    scratch: &'a mut ZernikeScratch<T>,
    density: &'a mut [T],
}

impl<T: Real, const FMA: bool> NullaryFnOnce for Synthesise<'_, T, FMA> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        fill_harmonics::<T, FMA>(self.tables, self.order, self.scratch);
        fill_radial::<T, FMA>(self.tables, self.order, self.scratch);
        add_densities::<T, FMA>(self.order, self.scratch, self.density);
    }
}

/// `density[i] = sum_l sum_m Y_lm(i) sum_k c_klm P_kl(i)`.
#[inline(always)]
fn add_densities<T: Real, const FMA: bool>(
    order: usize,
    scratch: &mut ZernikeScratch<T>,
    density: &mut [T],
) {
    let ZernikeScratch {
        input: [.., shell, _],
        harmonics,
        radial,
        sums,
        ..
    } = scratch;
    density.fill(T::ZERO);
    let (mut row, mut place) = (0, 0);
    for l in 0..=order {
        let (shells, width) = ((order - l) / 2 + 1, 2 * l + 1);
        for m in 0..width {
            shell.fill(T::ZERO);
            for k in 0..shells {
                let value = sums[place + k * width + m];
                let radial = &radial[(row + k) * BLOCK..][..BLOCK];
                for i in 0..BLOCK {
                    shell[i] = fused::<T, FMA>(value, radial[i], shell[i]);
                }
            }
            let angular = &harmonics[(l * l + m) * BLOCK..][..BLOCK];
            for i in 0..BLOCK {
                density[i] = fused::<T, FMA>(shell[i], angular[i], density[i]);
            }
        }
        row += shells;
        place += shells * width;
    }
}

/// Adds the block in `scratch` to its sums.
pub fn accumulate<T: Real>(tables: &Tables<T>, order: usize, scratch: &mut ZernikeScratch<T>) {
    let wide = size_of::<T>() == 4;
    match Arch::new() {
        #[cfg(target_arch = "x86_64")]
        Arch::V4(simd) if wide => {
            simd.vectorize(Accumulate::<T, 16, 4, 6, true> {
                tables,
                order,
                scratch,
            });
        }
        #[cfg(target_arch = "x86_64")]
        Arch::V4(simd) => {
            simd.vectorize(Accumulate::<T, 8, 4, 6, true> {
                tables,
                order,
                scratch,
            });
        }
        #[cfg(target_arch = "x86_64")]
        Arch::V3(simd) if wide => {
            simd.vectorize(Accumulate::<T, 8, 3, 4, true> {
                tables,
                order,
                scratch,
            });
        }
        #[cfg(target_arch = "x86_64")]
        Arch::V3(simd) => {
            simd.vectorize(Accumulate::<T, 4, 3, 4, true> {
                tables,
                order,
                scratch,
            });
        }
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(simd) if wide => {
            simd.vectorize(Accumulate::<T, 4, 4, 6, true> {
                tables,
                order,
                scratch,
            });
        }
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(simd) => {
            simd.vectorize(Accumulate::<T, 2, 4, 6, true> {
                tables,
                order,
                scratch,
            });
        }
        _ => Accumulate::<T, 4, 2, 4, false> {
            tables,
            order,
            scratch,
        }
        .call(),
    }
}

/// The density at the points of the block, from coefficients in the sums.
pub fn synthesise<T: Real>(
    tables: &Tables<T>,
    order: usize,
    scratch: &mut ZernikeScratch<T>,
    density: &mut [T],
) {
    match Arch::new() {
        #[cfg(target_arch = "x86_64")]
        Arch::V4(simd) => {
            simd.vectorize(Synthesise::<T, true> {
                tables,
                order,
                scratch,
                density,
            });
        }
        #[cfg(target_arch = "x86_64")]
        Arch::V3(simd) => {
            simd.vectorize(Synthesise::<T, true> {
                tables,
                order,
                scratch,
                density,
            });
        }
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(simd) => {
            simd.vectorize(Synthesise::<T, true> {
                tables,
                order,
                scratch,
                density,
            });
        }
        _ => Synthesise::<T, false> {
            tables,
            order,
            scratch,
            density,
        }
        .call(),
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
