//! Files of weights: safetensors, and what PyTorch's `torch.save` writes.

use std::collections::BTreeMap;
use std::path::Path;

use pytorch_reader::{DType, PytorchReader};
use safetensors::{Dtype, SafeTensors};

use crate::error::{EvalError, Result};

/// Shape and values by name.
pub(super) type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// All f32 tensors of a file: a PyTorch file where its name ends in `.pt`, `.pth`, `.bin` or `.ckpt`, else safetensors.
pub(super) fn read(path: &Path, into: &mut Tensors) -> Result<()> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending {
        Some("pt" | "pth" | "bin" | "ckpt") => read_pytorch(path, into),
        _ => read_safetensors(path, into),
    }
}

fn unreadable(path: &Path, message: impl std::fmt::Display) -> EvalError {
    EvalError::Encode {
        doing: "read LPIPS weights",
        message: format!("{}: {message}", path.display()),
    }
}

fn read_safetensors(path: &Path, into: &mut Tensors) -> Result<()> {
    let bytes = std::fs::read(path).map_err(|source| EvalError::Io {
        path: path.display().to_string(),
        source,
    })?;
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|error| unreadable(path, format!("not a safetensors file: {error}")))?;
    for (name, view) in file.tensors() {
        if view.dtype() == Dtype::F32 {
            let values = floats(view.data(), f32::from_le_bytes);
            into.insert(name, (view.shape().to_vec(), values));
        }
    }
    Ok(())
}

fn read_pytorch(path: &Path, into: &mut Tensors) -> Result<()> {
    let file = PytorchReader::new(path)
        .map_err(|error| unreadable(path, format!("not a PyTorch file: {error}")))?;
    for name in file.keys() {
        let tensor = file.get(&name).filter(|t| t.dtype() == DType::F32);
        if let Some(tensor) = tensor {
            let bytes = tensor.read().map_err(|error| unreadable(path, error))?;
            let values = floats(&bytes, f32::from_ne_bytes);
            into.insert(name, (tensor.shape().to_vec(), values));
        }
    }
    Ok(())
}

fn floats(bytes: &[u8], one: fn([u8; 4]) -> f32) -> Vec<f32> {
    let (values, _rest) = bytes.as_chunks::<4>();
    values.iter().map(|bytes| one(*bytes)).collect()
}

pub(super) fn absent(what: &str, expected: &str) -> EvalError {
    EvalError::Encode {
        doing: "read LPIPS weights",
        message: format!("no f32 tensor {what} of shape {expected}"),
    }
}

/// The factors of the compared layer `index`.
pub(super) fn find_factors(tensors: &Tensors, index: usize, channels: usize) -> Result<Vec<f32>> {
    let name = format!("lin{index}.model.1.weight");
    match tensors.get(&name) {
        Some((_, values)) if values.len() == channels => Ok(values.clone()),
        _ => Err(absent(&name, &format!("[1, {channels}, 1, 1]"))),
    }
}
