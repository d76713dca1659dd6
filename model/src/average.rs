//! Exponential moving averages of weights, for evaluation and for what is written at the end.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::kernels::lerp;
use crate::nets::{Generator, Walker};
use crate::spectral_norm::is_state;

/// Averaged weights of H, G and Z; never trained.
#[derive(Clone)]
pub(crate) struct Average {
    pub generator: Generator,
    pub walker: Walker,
}

impl Average {
    /// Starts from the weights as they are.
    pub(crate) fn begin(generator: &Generator, walker: &Walker) -> Average {
        Average {
            generator: generator.clone().no_grad(),
            walker: walker.clone().no_grad(),
        }
    }

    /// Takes in the weights after `step` (from 1). The first steps count for more than `decay` says, so that the random
    /// start is soon forgotten.
    pub(crate) fn update(
        self,
        generator: &Generator,
        walker: &Walker,
        decay: f64,
        step: u64,
    ) -> Average {
        let early = (1.0 + step as f64) / (10.0 + step as f64);
        let decay = decay.min(early);
        Average {
            generator: blend(self.generator, generator, decay),
            walker: blend(self.walker, walker, decay),
        }
    }
}

/// `decay` times the weights of `average`, plus the rest of those of `current`.
fn blend<M: Module>(average: M, current: &M, decay: f64) -> M {
    let mut gather = Gather(GradientsParams::new());
    current.visit(&mut gather);
    average.map(&mut Blend {
        current: gather.0,
        decay,
    })
}

/// Collects weights by their ids; burn's container for gradients is a map from ids to tensors.
struct Gather(GradientsParams);

impl ModuleVisitor for Gather {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.register(param.id, param.val().inner());
    }
}

struct Blend {
    current: GradientsParams,
    decay: f64,
}

impl ModuleMapper for Blend {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        // Copies of a network share the states of its spectral norms.
        if is_state(param.id) {
            return param;
        }
        let Some(current) = self.current.remove::<D>(param.id) else {
            return param;
        };
        param.map(|old| {
            let autodiff = old.is_autodiff();
            let new = lerp(old.inner(), current, self.decay);
            if autodiff { new.autodiff() } else { new }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::NetworkConfig;
    use crate::encoder::to_host;
    use crate::nets::Sizes;
    use burn::tensor::Device;

    #[test]
    fn averages_stand_between_old_and_new() {
        let device = Device::flex().autodiff();
        let config = NetworkConfig {
            width: 8,
            depth: 1,
            bottleneck: 4,
            walker: vec![8],
            ..NetworkConfig::default()
        };
        let sizes = Sizes {
            input: [1, 1, 3],
            target: [1, 1, 3],
        };
        let generator = |seed| Generator::new(&config, sizes, seed, &device).unwrap();
        let walker = |seed| Walker::new(&config, 4, seed, &device);
        let (old, new) = (generator(1), generator(2));
        let average = Average::begin(&old, &walker(1));
        let average = average.update(&new, &walker(2), 0.75, 1000);
        let values = |generator: &Generator| {
            let mut sum = Sum(0.0);
            generator.visit(&mut sum);
            sum.0
        };
        let expected = 0.75 * values(&old) + 0.25 * values(&new);
        assert!((values(&average.generator) - expected).abs() < 1e-3);
        assert!((values(&old) - values(&new)).abs() > 0.01);
    }

    struct Sum(f32);

    impl ModuleVisitor for Sum {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0 += to_host(param.val().sum()).unwrap()[0];
        }
    }
}
