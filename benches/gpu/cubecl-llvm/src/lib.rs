//! The names that `cubecl-cuda` 0.11.3 takes from `cubecl-llvm`, without LLVM, whose build script downloads a
//! compiler. They are only called where cubecl's feature `cuda-cpp` is off: with it, kernels go through NVRTC.
#![allow(missing_docs)] // the names are cubecl's

use cubecl_core::ir::nvidia::SmArch;
use cubecl_server::{compiler::CompilationError, kernel::BufferIOAttr};

pub mod nvptx {
    pub mod ptx_version {
        use std::fmt;

        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct PtxVersion(u32);

        impl PtxVersion {
            pub fn for_driver(_driver: i32) -> Option<Self> {
                None
            }
        }

        impl fmt::Display for PtxVersion {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "ptx{}", self.0)
            }
        }
    }
}

pub mod shared {
    pub mod lowered_features {
        #[derive(Clone, Copy, Debug)]
        pub enum GpuTarget {
            Nvptx,
        }

        pub fn restrict_features<P>(_properties: &mut P, _target: GpuTarget) {}
    }
}

#[derive(Clone, Copy, Debug)]
pub enum LlvmTarget {
    Nvptx,
}

#[derive(Clone, Debug)]
pub struct PlironCompiler {
    pub target: LlvmTarget,
}

#[derive(Default)]
pub struct PlironOptions {
    pub arch: Option<()>,
    pub sm_arch: Option<SmArch>,
    pub ptx_version: Option<nvptx::ptx_version::PtxVersion>,
    pub grid_constants: bool,
    pub reserved: (),
}

#[derive(Clone, Debug)]
pub struct NvptxModule {
    pub ptx: Vec<core::ffi::c_char>,
    pub entrypoint: String,
    pub ir: String,
    pub shared_memory_size: usize,
    pub io: Vec<BufferIOAttr>,
}

pub enum PlironArtifact {
    NvptxCode(NvptxModule),
    Other,
}

impl PlironCompiler {
    /// Never called with `cuda-cpp`.
    pub fn compile<K>(
        &mut self,
        _kernel: K,
        _options: &PlironOptions,
    ) -> Result<PlironArtifact, CompilationError> {
        panic!("built without LLVM: build with cubecl's feature cuda-cpp, as benches/gpu does")
    }

    pub fn lang_tag(&self) -> &'static str {
        "none"
    }
}
