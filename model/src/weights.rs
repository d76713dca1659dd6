//! Weights as safetensors: names are the paths of the fields, values f32; linear layers `[in, out]`, and kernels as PyTorch
//! keeps them, convolutions `[out, in, 4, 4]` and transposed ones `[in, out, 4, 4]`.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use ndarray::{ArrayD, IxDyn};
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
            place: Place::new(prefix),
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

/// Where in a module a visit stands.
struct Place {
    /// Field names, outermost first, and the type that each field belongs to.
    path: Vec<(String, String)>,
}

impl Place {
    fn new(prefix: &str) -> Place {
        Place {
            path: vec![(prefix.to_owned(), String::new())],
        }
    }

    fn enter(&mut self, name: &str, container: &str) {
        self.path.push((name.to_owned(), container.to_owned()));
    }

    fn leave(&mut self) {
        self.path.pop();
    }

    fn name(&self) -> String {
        let names: Vec<&str> = self.path.iter().map(|(name, _)| name.as_str()).collect();
        names.join(".")
    }

    /// How the file lays out the parameter of this shape that stands here.
    fn layout(&self, shape: &[usize]) -> Layout {
        let container = self.path.last().map_or("", |(_, container)| container);
        match *shape {
            [windows, output] if container.ends_with("DownConv") => Layout {
                ours: vec![4, 4, windows / 16, output],
                axes: vec![3, 2, 0, 1],
            },
            [input, windows] if container.ends_with("UpConv") => Layout {
                ours: vec![input, 4, 4, windows / 16],
                axes: vec![0, 3, 1, 2],
            },
            _ => Layout {
                ours: shape.to_vec(),
                axes: (0..shape.len()).collect(),
            },
        }
    }
}

/// Axis i in the file is axis `axes[i]` of the parameter, seen in the shape `ours`.
struct Layout {
    ours: Vec<usize>,
    axes: Vec<usize>,
}

impl Layout {
    /// The shape in the file.
    fn in_file(&self) -> Vec<usize> {
        self.axes.iter().map(|axis| self.ours[*axis]).collect()
    }

    fn stored(&self, values: Vec<f32>) -> Vec<f32> {
        permuted(values, &self.ours, &self.axes)
    }

    fn restored(&self, values: Vec<f32>) -> Vec<f32> {
        let mut back = vec![0; self.axes.len()];
        for (file, ours) in self.axes.iter().enumerate() {
            back[*ours] = file;
        }
        permuted(values, &self.in_file(), &back)
    }
}

fn permuted(values: Vec<f32>, shape: &[usize], axes: &[usize]) -> Vec<f32> {
    let array = ArrayD::from_shape_vec(shape, values).expect("the shape is that of the values");
    array.permuted_axes(IxDyn(axes)).iter().copied().collect()
}

struct Collector<'c> {
    place: Place,
    into: &'c mut Collected,
}

impl ModuleVisitor for Collector<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.place.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.place.leave();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let layout = self.place.layout(&value.dims());
        let values = value
            .into_data()
            .try_to_vec::<f32>()
            .expect("weights are f32 throughout");
        let values = layout.stored(values);
        let saved = Saved {
            shape: layout.in_file(),
            bytes: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        };
        self.into.0.insert(self.place.name(), saved);
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
        place: Place::new(prefix),
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
    place: Place,
    file: SafeTensors<'f>,
    problem: Option<String>,
}

impl Restorer<'_> {
    fn values(&self, shape: &[usize]) -> Result<Vec<f32>, String> {
        let name = self.place.name();
        let layout = self.place.layout(shape);
        let view = self
            .file
            .tensor(&name)
            .map_err(|_absent| format!("no weights named {name}: made by another version"))?;
        if view.shape() != layout.in_file() || view.dtype() != Dtype::F32 {
            return Err(format!(
                "weights {name}: expected f32 {:?}, found {:?} {:?}",
                layout.in_file(),
                view.dtype(),
                view.shape()
            ));
        }
        let (values, _rest) = view.data().as_chunks::<4>();
        Ok(layout.restored(
            values
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect(),
        ))
    }
}

impl ModuleMapper for Restorer<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.place.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.place.leave();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_lead_there_and_back() {
        let mut place = Place::new("generator");
        place.enter("weight", "Struct:DownConv");
        let layout = place.layout(&[48, 5]);
        assert_eq!(layout.in_file(), [5, 3, 4, 4]);
        let values: Vec<f32> = (0..48 * 5).map(|i| i as f32).collect();
        let stored = layout.stored(values.clone());
        // Row 1, column 2, input 1, output 3 of ours.
        assert_eq!(
            stored[((3 * 3 + 1) * 4 + 1) * 4 + 2],
            ((6 * 3 + 1) * 5 + 3) as f32
        );
        assert_eq!(layout.restored(stored), values);
        place.leave();
        place.enter("gamma", "Struct:Norm");
        assert_eq!(place.name(), "generator.gamma");
        assert_eq!(place.layout(&[7]).in_file(), [7]);
    }
}
