//! Weights as safetensors: names are the paths of the fields, values f32, layouts as burn keeps them
//! (linear `[in, out]`, convolution `[out, in, k, k]`, transposed convolution `[in, out, k, k]`).

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::ModelError;

/// One tensor on the host.
struct Saved {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// The bytes of a safetensors file with all weights of the named modules, and their number.
pub(crate) struct Collected(BTreeMap<String, Saved>);

impl Collected {
    pub(crate) fn new() -> Collected {
        Collected(BTreeMap::new())
    }

    /// Adds the weights of `module` under `prefix`.
    pub(crate) fn add<M: Module>(&mut self, prefix: &str, module: &M) {
        module.visit(&mut Collector {
            path: vec![prefix.to_owned()],
            into: self,
        });
    }

    /// All weights as one safetensors file.
    pub(crate) fn to_bytes(&self, path: &Path) -> Result<Vec<u8>, ModelError> {
        let failed = |error: safetensors::SafeTensorError| ModelError::run(path, error.to_string());
        let mut views = Vec::with_capacity(self.0.len());
        for (name, saved) in &self.0 {
            views.push((
                name,
                TensorView::new(Dtype::F32, saved.shape.clone(), &saved.bytes).map_err(failed)?,
            ));
        }
        safetensors::serialize(views, None).map_err(failed)
    }
}

struct Collector<'c> {
    path: Vec<String>,
    into: &'c mut Collected,
}

impl ModuleVisitor for Collector<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let data = param.val().into_data();
        let values = data.as_slice::<f32>().expect("weights are f32 throughout");
        let saved = Saved {
            shape: param.val().dims().to_vec(),
            bytes: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        };
        self.into.0.insert(self.path.join("."), saved);
    }
}

/// Puts the weights of a safetensors file into `module`, whose fields stand under `prefix`. `path` names the file in errors.
pub(crate) fn restore<M: Module>(
    module: M,
    prefix: &str,
    bytes: &[u8],
    path: &Path,
) -> Result<M, ModelError> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| ModelError::run(path, format!("not a safetensors file: {error}")))?;
    let mut restorer = Restorer {
        path: vec![prefix.to_owned()],
        file,
        problem: None,
    };
    let module = module.map(&mut restorer);
    match restorer.problem {
        None => Ok(module),
        Some(problem) => Err(ModelError::run(path, problem)),
    }
}

struct Restorer<'f> {
    path: Vec<String>,
    file: SafeTensors<'f>,
    problem: Option<String>,
}

impl Restorer<'_> {
    fn values(&self, shape: &[usize]) -> Result<Vec<f32>, String> {
        let name = self.path.join(".");
        let view = self
            .file
            .tensor(&name)
            .map_err(|_absent| format!("no weights named {name}: made by another version"))?;
        if view.shape() != shape || view.dtype() != Dtype::F32 {
            return Err(format!(
                "weights {name}: expected f32 {shape:?}, found {:?} {:?}",
                view.dtype(),
                view.shape()
            ));
        }
        Ok(view
            .data()
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect())
    }
}

impl ModuleMapper for Restorer<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let shape: [usize; D] = param.val().dims();
        match self.values(&shape) {
            Ok(values) => param.map(|old| {
                let new = Tensor::from_data(TensorData::new(values, shape), &old.device());
                if old.is_require_grad() {
                    new.require_grad()
                } else {
                    new
                }
            }),
            Err(problem) => {
                self.problem.get_or_insert(problem);
                param
            }
        }
    }
}
