//! The kernels, compiled here for each type and instruction set, so that no crate that uses this one compiles them again.

use pulp::Arch;

use crate::scattered::angles::PointAngles;
use crate::scattered::direct::{AdjointBlock, EvaluateBlock, Load, SumLanes};
use crate::simd::Lane;
use crate::zernike::gradient::Gradient;
use crate::zernike::parity::{AccumulateFolded, SynthesiseFolded};
use crate::zernike::product::{Accumulate, Reduce};
use crate::zernike::synthesis::Synthesise;

macro_rules! kernels {
    (@ $type:ty, $($name:ident: $job:ident -> $output:ty;)*) => {
        impl Kernels for $type {
            $(#[inline(never)]
            fn $name(arch: Arch, job: $job<'_, Self>) -> $output {
                arch.dispatch(job)
            })*
        }
    };
    ($($name:ident: $job:ident -> $output:ty;)*) => {
        /// Runs each kernel with the instructions of `arch`.
        pub trait Kernels: Lane {
            $(#[doc = concat!("See `", stringify!($job), "`.")]
            fn $name(arch: Arch, job: $job<'_, Self>) -> $output;)*
        }
        kernels!(@ f32, $($name: $job -> $output;)*);
        kernels!(@ f64, $($name: $job -> $output;)*);
    };
}

kernels! {
    accumulate: Accumulate -> ();
    reduce: Reduce -> ();
    synthesise: Synthesise -> ();
    density_gradient: Gradient -> ();
    accumulate_folded: AccumulateFolded -> ();
    synthesise_folded: SynthesiseFolded -> ();
    load_directions: Load -> bool;
    adjoint_block: AdjointBlock -> ();
    evaluate_block: EvaluateBlock -> ();
    sum_lanes: SumLanes -> ();
    point_angles: PointAngles -> bool;
}
