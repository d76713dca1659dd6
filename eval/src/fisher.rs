//! Fisher vectors of local maps: a descriptor in which nothing is trained but axes and a mixture.

use ndarray::parallel::prelude::*;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, concatenate, s};

use crate::error::{EvalError, Result};
use crate::features::check_finite;
use crate::mixture::{Mixture, fisher};
use crate::pca::Pca;
use crate::random::{purpose, shuffle, stream};

/// One object: its neighbourhoods, and where they are.
#[derive(Debug, Clone)]
pub struct LocalSet {
    /// `[neighbourhoods, columns]`.
    pub rows: Array2<f32>,
    /// `[neighbourhoods, coordinates]`.
    pub positions: Array2<f32>,
}

/// How the vectors are made. Where the defaults come from is told in `docs/experiments/fisher-vectors.md`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FisherOptions {
    /// Gaussians of the mixture.
    pub gaussians: usize,
    /// Principal axes of the rows that are kept.
    pub axes: usize,
    /// What the positions, standardised as one, are multiplied by.
    pub position: f32,
    /// Training objects from which axes and mixture are fitted.
    pub objects: usize,
    /// Neighbourhoods among theirs that the mixture is fitted to.
    pub samples: usize,
}

impl FisherOptions {
    /// Which of `count` training objects `seed` draws for the axes and the mixture, ascending.
    pub fn drawn(&self, count: usize, seed: u64) -> Vec<usize> {
        draw(count, self.objects, seed, 0)
    }
}

impl Default for FisherOptions {
    fn default() -> Self {
        Self {
            gaussians: 128,
            axes: 48,
            position: 2.0,
            objects: 1500,
            samples: 100_000,
        }
    }
}

/// Fitted axes, scales and mixture: what turns neighbourhoods into one vector.
#[derive(Debug, Clone)]
pub struct FisherEncoder {
    projection: Projection,
    mixture: Mixture,
}

impl FisherEncoder {
    /// Fits on training objects that [`FisherOptions::drawn`] names (given these alone, on all); labels are not used.
    ///
    /// Each axis is divided by the fourth root of its variance, half way between keeping and whitening it. Positions are
    /// centred, divided by their standard deviation over all coordinates and multiplied by `options.position`.
    ///
    /// # Errors
    /// No objects or neighbourhoods, objects of different widths, values that are not finite.
    pub fn fit(objects: &[LocalSet], options: FisherOptions, seed: u64) -> Result<Self> {
        let drawn = options.drawn(objects.len(), seed);
        let drawn: Vec<&LocalSet> = drawn.into_iter().map(|i| &objects[i]).collect();
        drawn.iter().try_for_each(|object| matched(object))?;
        let rows = stack(&drawn, |object| object.rows.view())?;
        let places = stack(&drawn, |object| object.positions.view())?;
        if rows.is_empty() {
            let what = "the list of neighbourhoods of the training objects";
            return Err(EvalError::Empty(what.into()));
        }
        check_finite(&rows.view(), "neighbourhoods of the training objects")?;
        check_finite(&places.view(), "positions of the neighbourhoods")?;
        let projection = Projection::fit(&rows, &places, options);
        let chosen = draw(rows.nrows(), options.samples, seed, 1);
        let sample = projection.prepare(
            &rows.select(Axis(0), &chosen).view(),
            &places.select(Axis(0), &chosen).view(),
        );
        Ok(Self {
            projection,
            mixture: Mixture::fit(&sample.view(), options.gaussians, seed),
        })
    }

    /// Values of one vector.
    pub fn columns(&self) -> usize {
        let (gaussians, columns) = self.mixture.means.dim();
        gaussians * (2 * columns + 1)
    }

    /// Vectors of objects, `[objects, columns]`: signed square root, then length 1. Parallel over objects; the cost of
    /// one is four products neighbourhoods x axes x gaussians.
    ///
    /// # Errors
    /// Objects of other widths than those it was fitted on, or with another number of positions than of neighbourhoods.
    pub fn encode(&self, objects: &[LocalSet]) -> Result<Array2<f32>> {
        for object in objects {
            self.projection.check(object)?;
        }
        let mut vectors = Array2::zeros((objects.len(), self.columns()));
        vectors
            .axis_iter_mut(Axis(0))
            .into_par_iter()
            .zip(objects)
            .for_each(|(mut out, object)| {
                let (rows, positions) = (object.rows.view(), object.positions.view());
                let rows = self.projection.prepare(&rows, &positions);
                out.assign(&unit_root(fisher(&self.mixture, &rows.view()).view()));
            });
        Ok(vectors)
    }
}

/// Leading principal axes of neighbourhoods, each divided by the fourth root of its variance: half way between keeping and
/// whitening them.
#[derive(Debug, Clone)]
pub struct LocalAxes {
    pca: Pca,
    /// What each axis is multiplied by.
    scale: Array1<f32>,
}

impl LocalAxes {
    /// Fits `count` axes, or as many as rows have columns, to all neighbourhoods of `objects`.
    ///
    /// # Errors
    /// No objects or neighbourhoods, objects of different widths, values that are not finite.
    pub fn fit(objects: &[LocalSet], count: usize) -> Result<Self> {
        let objects: Vec<&LocalSet> = objects.iter().collect();
        let rows = stack(&objects, |object| object.rows.view())?;
        check_finite(&rows.view(), "neighbourhoods of the training objects")?;
        Ok(Self::of(&rows, count))
    }

    fn of(rows: &Array2<f32>, count: usize) -> Self {
        let pca = Pca::fit(&rows.view(), count);
        let scale = pca
            .variances()
            .mapv(|v| v.max(f32::MIN_POSITIVE).powf(-0.25));
        Self { pca, scale }
    }

    /// Places of neighbourhoods `[neighbourhoods, columns]` along the axes, `[neighbourhoods, axes]`.
    ///
    /// # Errors
    /// Rows of another width than those it was fitted on.
    pub fn along(&self, rows: &ArrayView2<f32>) -> Result<Array2<f32>> {
        if rows.ncols() == self.pca.columns() {
            return Ok(self.transform(rows));
        }
        Err(EvalError::Columns {
            what: "neighbourhoods of an object".into(),
            expected: self.pca.columns(),
            found: rows.ncols(),
        })
    }

    fn transform(&self, rows: &ArrayView2<f32>) -> Array2<f32> {
        self.pca.transform(rows) * &self.scale
    }
}

/// What neighbourhoods become before the mixture sees them.
#[derive(Debug, Clone)]
struct Projection {
    axes: LocalAxes,
    middle: Array1<f32>,
    /// What positions are multiplied by.
    stretch: f32,
}

impl Projection {
    fn fit(rows: &Array2<f32>, places: &Array2<f32>, options: FisherOptions) -> Self {
        let middle = places
            .mean_axis(Axis(0))
            .unwrap_or_else(|| Array1::zeros(places.ncols()));
        let spread = (places - &middle)
            .iter()
            .map(|&x| f64::from(x * x))
            .sum::<f64>();
        let spread = (spread / places.len() as f64).sqrt().max(1e-12);
        Self {
            axes: LocalAxes::of(rows, options.axes),
            middle,
            stretch: options.position / spread as f32,
        }
    }

    fn check(&self, object: &LocalSet) -> Result<()> {
        matched(object)?;
        for (what, expected, found) in [
            (
                "neighbourhoods",
                self.axes.pca.columns(),
                object.rows.ncols(),
            ),
            (
                "positions of the neighbourhoods",
                self.middle.len(),
                object.positions.ncols(),
            ),
        ] {
            if expected != found {
                return Err(EvalError::Columns {
                    what: format!("{what} of an object"),
                    expected,
                    found,
                });
            }
        }
        Ok(())
    }

    /// Scaled axes with scaled positions beside them.
    fn prepare(&self, rows: &ArrayView2<f32>, positions: &ArrayView2<f32>) -> Array2<f32> {
        let axes = self.axes.scale.len();
        let mut out = Array2::zeros((rows.nrows(), axes + positions.ncols()));
        out.slice_mut(s![.., ..axes])
            .assign(&self.axes.transform(rows));
        let places = (positions - &self.middle) * self.stretch;
        out.slice_mut(s![.., axes..]).assign(&places);
        out
    }
}

/// Refuses an object that has another number of positions than of neighbourhoods.
fn matched(object: &LocalSet) -> Result<()> {
    let (expected, found) = (object.rows.nrows(), object.positions.nrows());
    if expected == found {
        return Ok(());
    }
    Err(EvalError::Rows {
        what: "positions of the neighbourhoods of an object".into(),
        expected,
        found,
    })
}

/// Signed square roots, scaled to length 1.
fn unit_root(vector: ArrayView1<f32>) -> Array1<f32> {
    let roots = vector.mapv(|x| x.signum() * x.abs().sqrt());
    let length = roots.dot(&roots).sqrt();
    if length > 0.0 { roots / length } else { roots }
}

/// `count` of `n` numbers, or all, ascending.
fn draw(n: usize, count: usize, seed: u64, item: u64) -> Vec<usize> {
    let mut all: Vec<usize> = (0..n).collect();
    shuffle(&mut all, &mut stream(seed, purpose::FISHER, item));
    all.truncate(count);
    all.sort_unstable();
    all
}

fn stack<'a>(
    objects: &[&'a LocalSet],
    part: impl Fn(&'a LocalSet) -> ArrayView2<'a, f32>,
) -> Result<Array2<f32>> {
    let parts: Vec<ArrayView2<f32>> = objects.iter().map(|object| part(object)).collect();
    if parts.is_empty() {
        return Err(EvalError::Empty("the list of training objects".into()));
    }
    concatenate(Axis(0), &parts).map_err(|_other_widths| EvalError::Columns {
        what: "neighbourhoods of the training objects".into(),
        expected: parts[0].ncols(),
        found: parts
            .iter()
            .map(|p| p.ncols())
            .find(|&c| c != parts[0].ncols())
            .unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::normal;
    use crate::{Classifier, Evaluation, Kernel, Labels, Protocol};

    /// Objects of two classes with the same mean neighbourhood: only the spread of their neighbourhoods tells them apart.
    fn objects(count: usize, first: u64) -> Vec<LocalSet> {
        (0..count)
            .map(|i| {
                let mut rng = stream(first + i as u64, 0, 0);
                let spread = if i % 2 == 0 { 0.5 } else { 1.5 };
                LocalSet {
                    rows: Array2::from_shape_simple_fn((64, 6), || {
                        (spread * normal(&mut rng)) as f32
                    }),
                    positions: Array2::from_shape_simple_fn((64, 3), || normal(&mut rng) as f32),
                }
            })
            .collect()
    }

    #[test]
    fn what_means_cannot_tell_apart_fisher_vectors_can() {
        let (train, test) = (objects(40, 0), objects(20, 1000));
        let options = FisherOptions {
            gaussians: 4,
            axes: 5,
            ..FisherOptions::default()
        };
        let labels = Labels {
            train: (0..40).map(|i| i % 2).collect(),
            test: (0..20).map(|i| i % 2).collect(),
            classes: vec!["calm".into(), "wild".into()],
        };
        let encoder = FisherEncoder::fit(&train, options, 0).unwrap();
        let vectors = encoder.encode(&train).unwrap();
        assert_eq!(vectors.dim(), (40, 4 * 17));
        assert!(vectors.outer_iter().all(|v| (v.dot(&v) - 1.0).abs() < 1e-5));
        let of_test = encoder.encode(&test).unwrap();
        let of_fisher = Kernel::of_rows("fisher", &vectors.view(), &of_test.view());
        let means = |objects: &[LocalSet]| {
            Array2::from_shape_fn((objects.len(), 6), |(i, j)| {
                objects[i].rows.column(j).mean().unwrap()
            })
        };
        let of_means = Kernel::of_rows("means", &means(&train).view(), &means(&test).view());
        let protocol = Protocol::default();
        let accuracy = |kernel: &Kernel| {
            let mut evaluation = Evaluation::new(&labels, &[Classifier::Ridge], &protocol).unwrap();
            evaluation.add_kernel(kernel).unwrap();
            evaluation.rows()[0].accuracy_mean
        };
        assert!(accuracy(&of_fisher) > 0.95, "{}", accuracy(&of_fisher));
        assert!(accuracy(&of_means) < 0.8, "{}", accuracy(&of_means));
        let again = FisherEncoder::fit(&train, options, 0)
            .unwrap()
            .encode(&train)
            .unwrap();
        assert_eq!(vectors, again);
    }

    #[test]
    fn objects_that_do_not_fit_are_refused() {
        assert!(FisherEncoder::fit(&[], FisherOptions::default(), 0).is_err());
        let mut mixed = objects(2, 0);
        mixed[1].rows = Array2::zeros((64, 7));
        let message = FisherEncoder::fit(&mixed, FisherOptions::default(), 0).unwrap_err();
        assert!(
            message.to_string().contains("expected 6 columns, found 7"),
            "{message}"
        );
        let encoder = FisherEncoder::fit(&objects(8, 0), FisherOptions::default(), 0).unwrap();
        let mut short = objects(2, 0);
        for (i, coordinates) in [(63, 3), (65, 3), (64, 2)] {
            short[1].positions = Array2::zeros((i, coordinates));
            assert!(encoder.encode(&short).is_err(), "{i} x {coordinates}");
        }
        assert!(encoder.encode(&mixed).is_err());
        // As many positions as neighbourhoods in all, but not of each object.
        let mut shifted = objects(2, 0);
        shifted[0].positions = Array2::zeros((63, 3));
        shifted[1].positions = Array2::zeros((65, 3));
        assert!(FisherEncoder::fit(&shifted, FisherOptions::default(), 0).is_err());
    }
}
