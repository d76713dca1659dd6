//! Batches on the device, from the host and from what the device keeps.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::feed::Prepared;
use crate::ModelError;
use crate::algorithm::Batch;
use crate::device::is_cpu;
use crate::tasks::{HostBatch, Task};

/// Most bytes of targets that stay on a device: 500,000 maps of 32 x 32.
const LIMIT: usize = 2 << 30;

/// Puts batches on a device.
pub(crate) struct Uploader {
    device: Device,
    /// The targets of all items, `[items, target cells]`: batches are gathered from them.
    targets: Option<Tensor<2>>,
}

impl Uploader {
    /// Keeps the targets of `task` on a GPU where they stay the same and fit; the CPU would only copy them once more.
    pub(crate) fn new(task: &dyn Task, device: &Device) -> Result<Uploader, ModelError> {
        let bytes = task.len() * task.sizes().target_cells() * size_of::<f32>();
        match is_cpu(device) || bytes > LIMIT {
            true => Ok(Uploader {
                device: device.clone(),
                targets: None,
            }),
            false => Uploader::keeping(task, device),
        }
    }

    fn keeping(task: &dyn Task, device: &Device) -> Result<Uploader, ModelError> {
        let width = task.sizes().target_cells();
        let targets = task.targets()?.map(|values| {
            let shape = [values.len() / width, width];
            Tensor::from_data(TensorData::new(values, shape), device)
        });
        Ok(Uploader {
            device: device.clone(),
            targets,
        })
    }

    /// The batch of one step.
    pub(crate) fn upload(&self, prepared: Prepared) -> Batch {
        let HostBatch {
            rows,
            input,
            target,
            weight,
        } = prepared.batch;
        let put = |values: Vec<f32>| -> Tensor<2> {
            let shape = [rows, values.len() / rows];
            Tensor::from_data(TensorData::new(values, shape), &self.device)
        };
        let target = match &self.targets {
            Some(all) => all.clone().select(0, self.indices(&prepared.items)),
            None => put(target),
        };
        Batch {
            input: put(input),
            target,
            weight: put(weight),
            latent: put(prepared.latent),
            noise: put(prepared.noise),
        }
    }

    fn indices(&self, items: &[usize]) -> Tensor<1, Int> {
        let items: Vec<i32> = items.iter().map(|item| *item as i32).collect();
        Tensor::from_ints(items.as_slice(), &self.device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::to_host;
    use crate::nets::Sizes;
    use serde_json::Value;

    struct Squares;

    impl Task for Squares {
        fn name(&self) -> &'static str {
            "squares"
        }

        fn len(&self) -> usize {
            9
        }

        fn sizes(&self) -> Sizes {
            Sizes {
                input: [1, 1, 1],
                target: [2, 1, 1],
            }
        }

        fn batch(&self, _epoch: u64, items: &[usize]) -> Result<HostBatch, ModelError> {
            let mut batch = HostBatch::zeros(items.len(), self.sizes());
            for (target, item) in batch.target.chunks_exact_mut(2).zip(items) {
                target.copy_from_slice(&[*item as f32, (item * item) as f32]);
            }
            Ok(batch)
        }

        fn targets(&self) -> Result<Option<Vec<f32>>, ModelError> {
            let all: Vec<usize> = (0..self.len()).collect();
            Ok(Some(self.batch(1, &all)?.target))
        }

        fn info(&self) -> Vec<u8> {
            Vec::new()
        }

        fn card(&self) -> Value {
            Value::Null
        }
    }

    #[test]
    fn targets_kept_on_the_device_make_the_same_batches() {
        let device = Device::flex().autodiff();
        let items = vec![7, 0, 3, 3];
        let upload = |uploader: Uploader| {
            let batch = uploader.upload(Prepared {
                epoch: 1,
                batch: Squares.batch(1, &items).unwrap(),
                items: items.clone(),
                latent: vec![0.0; 8],
                noise: vec![0.0; 4],
            });
            to_host(batch.target).unwrap()
        };
        let keeping = Uploader::keeping(&Squares, &device).unwrap();
        assert!(keeping.targets.is_some());
        let plain = Uploader::new(&Squares, &device).unwrap();
        assert!(plain.targets.is_none());
        let kept = upload(keeping);
        assert_eq!(kept, upload(plain));
        assert_eq!(kept[..2], [7.0, 49.0]);
    }
}
