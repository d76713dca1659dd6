//! Devices by name, probed before use: burn itself panics on one that is absent.

use burn::backend::DispatchDevice;
use burn::tensor::Device;

use crate::ModelError;

/// Opens the device that a user names: `cpu`, `cuda`, `cuda:1`, `wgpu` (the last three where compiled in).
pub(crate) fn open(name: &str) -> Result<Device, ModelError> {
    let (kind, index) = match name.split_once(':') {
        None => (name, 0),
        Some((kind, index)) => {
            let index = index.parse::<usize>();
            (
                kind,
                index.map_err(|_number| {
                    refuse(name, "expected a number after the colon, as in cuda:0")
                })?,
            )
        }
    };
    match kind {
        "cpu" if index == 0 => Ok(Device::flex()),
        "cpu" => Err(refuse(name, "there is one cpu device; use cpu")),
        "cuda" => cuda(name, index),
        "wgpu" if index == 0 => wgpu(name),
        "wgpu" => Err(refuse(
            name,
            "wgpu devices have no numbers here, the system chooses one; use wgpu",
        )),
        _ => Err(refuse(name, "expected cpu, cuda, cuda:<index> or wgpu")),
    }
}

/// Whether tensors of this device lie in the host's memory.
pub(crate) fn is_cpu(device: &Device) -> bool {
    matches!(
        device.clone().inner().as_dispatch(),
        DispatchDevice::Flex(_)
    )
}

/// The names that [`crate::pretrain`] takes on this machine with this build, `cpu` first.
pub fn devices() -> Vec<String> {
    let mut names = vec!["cpu".to_owned()];
    names.extend((0..cuda_count()).map(|index| format!("cuda:{index}")));
    if wgpu("wgpu").is_ok() {
        names.push("wgpu".to_owned());
    }
    names
}

#[cfg(feature = "cuda")]
fn cuda_count() -> usize {
    Device::enumerate(burn::tensor::DeviceType::Cuda)
        .into_vec()
        .len()
}

#[cfg(not(feature = "cuda"))]
fn cuda_count() -> usize {
    0
}

#[cfg(feature = "cuda")]
fn cuda(name: &str, index: usize) -> Result<Device, ModelError> {
    let found = cuda_count();
    if index < found {
        return Ok(Device::cuda(index));
    }
    Err(refuse(
        name,
        &format!("no such device: {found} CUDA devices are visible; use --device cpu"),
    ))
}

#[cfg(not(feature = "cuda"))]
fn cuda(name: &str, _index: usize) -> Result<Device, ModelError> {
    Err(refuse(
        name,
        "CUDA is not in this build; build with --features cuda, or use --device cpu",
    ))
}

#[cfg(feature = "wgpu")]
fn wgpu(name: &str) -> Result<Device, ModelError> {
    let found = Device::enumerate(burn::tensor::DeviceType::Wgpu).into_vec();
    match found.is_empty() {
        true => Err(refuse(name, "no such device is visible; use --device cpu")),
        false => Ok(Device::wgpu(Default::default())),
    }
}

#[cfg(not(feature = "wgpu"))]
fn wgpu(name: &str) -> Result<Device, ModelError> {
    Err(refuse(
        name,
        "wgpu is not in this build; build with --features wgpu, or use --device cpu",
    ))
}

fn refuse(name: &str, message: &str) -> ModelError {
    ModelError::Device {
        name: name.to_owned(),
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_before_anything_runs() {
        assert!(open("cpu").is_ok());
        for name in ["cpu:1", "cuda:x", "wgpu:7", "tpu", ""] {
            assert!(
                matches!(open(name), Err(ModelError::Device { .. })),
                "{name}"
            );
        }
        assert!(open("wgpu:7").unwrap_err().to_string().contains("use wgpu"));
        assert_eq!(devices()[0], "cpu");
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_missing_backend_says_what_to_use() {
        assert!(
            open("cuda")
                .unwrap_err()
                .to_string()
                .contains("--device cpu")
        );
    }
}
