//! Each line of Algorithm 1 by itself.

use burn::optim::AdamWConfig;
use burn::tensor::{Device, TensorData};
use rand_distr::{Distribution, StandardNormal};
use spectra_pointcloud::random::stream;

use super::*;
use crate::config::NetworkConfig;
use crate::encoder::to_host;
use crate::nets::Sizes;
use crate::walk::{advance, walk};
use crate::weights::Collected;

const ROWS: usize = 6;
const LATENT: usize = 4;
const SIZES: Sizes = Sizes {
    input: [2, 3, 3],
    target: [1, 3, 3],
};
const NOTHING: ExtraError<'static> = &|_output, _target| None;

fn normal(item: u64, shape: [usize; 2]) -> Tensor<2> {
    let mut rng = stream(5, 0, item);
    let values: Vec<f32> = (0..shape[0] * shape[1])
        .map(|_value| StandardNormal.sample(&mut rng))
        .collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex().autodiff())
}

fn setup() -> (Cgml, Batch, AlgorithmConfig) {
    let device = Device::flex().autodiff();
    let network = NetworkConfig {
        width: 24,
        depth: 1,
        bottleneck: 12,
        latent: LATENT,
        walker: vec![64, 64],
        ..NetworkConfig::default()
    };
    let generator = Generator::new(&network, SIZES, 1, &device).unwrap();
    let walker = Walker::new(&network, generator.features(), 1, &device);
    let adam = || AdamWConfig::new().with_weight_decay(0.0).init();
    let batch = Batch {
        input: normal(1, [ROWS, 18]),
        target: normal(2, [ROWS, 9]),
        weight: Tensor::ones([ROWS, 9], &device),
        latent: unit(normal(3, [ROWS, LATENT])),
        noise: normal(4, [ROWS, 12 + LATENT]) * 1e-3,
    };
    let config = AlgorithmConfig {
        steps: 5,
        walker_updates: 1,
        beta: 0.5,
        ..AlgorithmConfig::default()
    };
    let cgml = Cgml {
        generator,
        walker,
        generator_optimizer: adam(),
        walker_optimizer: adam(),
        average: None,
        precision: Precision::F32,
        adversary: None,
        inference: None,
    };
    (cgml, batch, config)
}

fn bytes<M: Module>(module: &M) -> Vec<u8> {
    let mut collected = Collected::new();
    collected.add("m", module);
    collected.to_bytes("m".as_ref()).unwrap()
}

fn recorded(cgml: &Cgml, batch: &Batch, config: &AlgorithmConfig) -> (Code, Tensor<2>, Vec<Move>) {
    let frozen = cgml.generator.clone().no_grad();
    let code = frozen.encode(batch.input.clone());
    let (z, moves, _error) = search(&frozen, &code, batch, NOTHING, config);
    (code, z, moves)
}

fn largest(a: &Tensor<2>, b: &Tensor<2>) -> f32 {
    let (a, b) = (to_host(a.clone()).unwrap(), to_host(b.clone()).unwrap());
    a.iter()
        .zip(&b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

#[test]
fn each_line_moves_only_its_own_weights() {
    let (cgml, batch, config) = setup();
    let (generator, walker) = (bytes(&cgml.generator), bytes(&cgml.walker));
    let (code, z, moves) = recorded(&cgml, &batch, &config);
    assert_eq!(
        bytes(&cgml.generator),
        generator,
        "the search of z moved H or G"
    );
    assert_eq!(bytes(&cgml.walker), walker, "the search of z moved Z");
    let (cgml, _loss) = cgml.fit_walker(&code.h, &moves, &batch.noise, &config, 1e-3);
    assert_eq!(bytes(&cgml.generator), generator, "fitting Z moved H or G");
    let fitted = bytes(&cgml.walker);
    assert_ne!(fitted, walker, "Z was not fitted");
    let rates = Rates {
        generator: 1e-3,
        walker: 1e-3,
        clip: 0.0,
    };
    let code = cgml.generator.encode(batch.input.clone());
    let networks = (cgml.generator.clone(), code);
    let (cgml, _error) = cgml.fit_generator(&batch, networks, z, NOTHING, &config, rates);
    assert_eq!(bytes(&cgml.walker), fitted, "fitting H and G moved Z");
    assert_ne!(bytes(&cgml.generator), generator, "H and G were not fitted");
}

#[test]
fn z_stays_on_its_sphere_and_every_move_starts_where_the_last_ended() {
    let (cgml, batch, config) = setup();
    let (_code, z, moves) = recorded(&cgml, &batch, &config);
    assert_eq!(moves.len(), config.steps);
    let mut at = batch.latent.clone();
    for one in &moves {
        assert_eq!(largest(&one.from, &at), 0.0);
        let lengths = to_host(one.to.clone().square().sum_dim(1)).unwrap();
        assert!(
            lengths.iter().all(|l| (l - 1.0).abs() < 1e-5),
            "{lengths:?}"
        );
        let rho = row_norm(one.to.clone() - one.from.clone()) * config.alpha;
        assert!(largest(&one.rho, &rho) < 1e-6);
        assert!(to_host(rho).unwrap().iter().all(|r| *r > 1e-3), "z moves");
        at = one.to.clone();
    }
    assert_eq!(largest(&z, &at), 0.0);
}

#[test]
fn the_search_lowers_the_error_of_the_networks_as_they_stand() {
    let (cgml, batch, mut config) = setup();
    (config.steps, config.beta) = (30, 0.2);
    let (code, z, _moves) = recorded(&cgml, &batch, &config);
    let frozen = cgml.generator.no_grad();
    let error = |z: Tensor<2>| {
        let errors = row_errors(frozen.decode(&code, z), &batch.target, &batch.weight);
        to_host(errors.mean()).unwrap()[0]
    };
    let (before, after) = (error(batch.latent.clone()), error(z));
    assert!(after < before - 0.01, "{before} -> {after}");
}

#[test]
fn the_gradient_of_z_equals_finite_differences() {
    for distance in [Distance::L1, Distance::Square, Distance::Both] {
        compare_with_finite_differences(distance);
    }
}

fn compare_with_finite_differences(distance: Distance) {
    let (cgml, mut batch, config) = setup();
    let config = AlgorithmConfig {
        error: distance,
        ..config
    };
    // No output crosses its target, where the absolute value has a kink.
    batch.target = batch.target + 20.0;
    // A term of the task's own takes part in the gradient.
    let extra: ExtraError = &|output, _target| Some(output.clone().square().mean_dim(1));
    let frozen = cgml.generator.no_grad();
    let code = frozen.encode(batch.input.clone());
    let (_errors, gradient) = latent_gradient(
        &frozen,
        &frozen.prepare(&code),
        &batch.latent,
        &batch,
        extra,
        &config,
    );
    let gradient = to_host(gradient).unwrap();
    let scale = gradient.iter().fold(0.0_f32, |most, g| most.max(g.abs()));
    assert!(scale > 1e-3);
    let h = 1e-2;
    for axis in 0..LATENT {
        let mut shift = vec![0.0; ROWS * LATENT];
        shift
            .iter_mut()
            .skip(axis)
            .step_by(LATENT)
            .for_each(|s| *s = h);
        let shift = Tensor::from_data(
            TensorData::new(shift, [ROWS, LATENT]),
            &Device::flex().autodiff(),
        );
        let error = |z: Tensor<2>| {
            let output = frozen.decode(&code, z);
            to_host(objective(output, &batch, extra, &config)).unwrap()
        };
        let up = error(batch.latent.clone() + shift.clone());
        let down = error(batch.latent.clone() - shift);
        for row in 0..ROWS {
            let slope = (up[row] - down[row]) / (2.0 * h);
            let found = gradient[row * LATENT + axis];
            assert!((slope - found).abs() < 0.02 * scale, "{slope} {found}");
        }
    }
}

#[test]
fn z_overfits_a_recorded_walk_and_then_walks_it() {
    let (mut cgml, batch, mut config) = setup();
    config.walker_consistency = 0.0;
    let (code, end, moves) = recorded(&cgml, &batch, &config);
    let mut losses = Vec::new();
    for round in 0..600 {
        let rate = if round < 400 { 3e-3 } else { 3e-4 };
        let loss;
        (cgml, loss) = cgml.fit_walker(&code.h, &moves, &batch.noise, &config, rate);
        losses.push(to_host(loss).unwrap()[0]);
    }
    let (first, last) = (losses[0], losses[losses.len() - 1]);
    assert!(last < 0.05 * first, "{first} -> {last}");
    config.inference_steps = config.steps;
    let z = walk(&cgml.walker, &code, batch.latent.clone(), &config);
    let walked = largest(&z, &end);
    let stood = largest(&batch.latent, &end);
    assert!(
        walked < 0.1 && walked < 0.25 * stood,
        "{walked}, unwalked {stood}"
    );
}

#[test]
fn every_number_of_updates_fits_z_to_other_shares() {
    let (cgml, batch, mut config) = setup();
    let (code, _z, moves) = recorded(&cgml, &batch, &config);
    let mut seen = Vec::new();
    for updates in 1..=moves.len() {
        config.walker_updates = updates;
        let copy = cgml.clone();
        let (fitted, _loss) = copy.fit_walker(&code.h, &moves, &batch.noise, &config, 1e-3);
        let fitted = bytes(&fitted.walker);
        assert!(!seen.contains(&fitted), "{updates}");
        seen.push(fitted);
    }
}

#[test]
fn the_variational_baseline_is_trained_on_the_error_that_is_set() {
    let (mut cgml, batch, mut config) = setup();
    let (device, sizes) = (Device::flex().autodiff(), SIZES);
    cgml.inference = Some(Inference {
        posterior: Posterior::new(sizes, LATENT, 1, &device),
        optimizer: adam_w(0.0),
    });
    let rates = Rates {
        generator: 1e-3,
        walker: 1e-3,
        clip: 0.0,
    };
    let mut error = |extra: ExtraError, distance| {
        config.error = distance;
        let (_cgml, losses) = cgml.clone().step(&batch, extra, &config, rates);
        to_host(losses.error).unwrap()[0]
    };
    let plain = error(NOTHING, Distance::L1);
    let added = error(
        &|output, _target| Some(output.clone().sum_dim(1) * 0.0 + 2.0),
        Distance::L1,
    );
    assert!((added - plain - 2.0).abs() < 1e-5, "{plain} {added}");
    assert!((error(NOTHING, Distance::Square) - plain).abs() > 1e-3);
}

#[test]
fn equation_4_with_perfect_predictions_reproduces_the_walk() {
    let (cgml, batch, config) = setup();
    let (_code, end, moves) = recorded(&cgml, &batch, &config);
    let mut z = batch.latent;
    for one in moves {
        z = advance(z, one.to, one.rho);
    }
    assert!(largest(&z, &end) < 1e-4);
}
