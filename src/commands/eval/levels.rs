//! Kernels of Fisher vectors: neighbourhoods of each radius, and how they lie in wider ones.

use ndarray::{Array2, s};
use rayon::prelude::*;
use spectra_datasets::{DatasetError, Frame, LocalMapper, LocalOptions, Placed};
use spectra_eval::{FisherEncoder, FisherOptions, Kernel, LocalAxes, LocalSet};

use super::data::{Data, Side};
use crate::progress::Progress;

/// Axes that are kept of a neighbourhood where it is looked at within a wider one.
const KNOWN: usize = 12;
/// Each radius is looked at within so many of the next wider ones.
const WIDER: usize = 2;
/// Objects whose neighbourhoods are in memory at once.
const CHUNK: usize = 512;

/// One sort of neighbourhoods, of which each object gets one Fisher vector.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Part {
    /// The radius of what is near a centre.
    near: f32,
    /// On the second level, the wider radius within which it is looked at.
    within: Option<f32>,
}

/// The parts of one level, or of two.
fn parts(radii: &[f32], levels: usize) -> Vec<Part> {
    let first = radii.iter().map(|&near| Part { near, within: None });
    let mut parts: Vec<Part> = first.collect();
    if levels > 1 {
        let mut radii = radii.to_vec();
        radii.sort_by(f32::total_cmp);
        for (i, &near) in radii.iter().enumerate() {
            let wider = radii[i + 1..].iter().take(WIDER);
            parts.extend(wider.map(|&wide| Part {
                near,
                within: Some(wide),
            }));
        }
    }
    parts
}

/// One kernel for each seed: the mean over all parts of the kernels of their Fisher vectors.
pub fn kernels(
    data: &Data,
    (local, levels): (&LocalOptions, usize),
    fisher: FisherOptions,
    seeds: &[u64],
    progress: &Progress,
) -> anyhow::Result<Vec<Kernel>> {
    let mapper = LocalMapper::new(local.clone())?;
    let [train, test] = [&data.train, &data.test].map(|side| Clouds::place(&mapper, side));
    let (train, test) = (train?, test?);
    let name = name(local.frame, levels);
    let parts = parts(&local.radii, levels);
    let mut kernels: Vec<Kernel> = Vec::new();
    for (done, &part) in parts.iter().enumerate() {
        progress.set(done, parts.len(), &name);
        let axes = |wide| {
            let seed = seeds.first().copied().unwrap_or_default();
            let drawn = fisher.drawn(train.points.len(), seed);
            let sets = train.sets(&mapper, &drawn, part.near, None)?;
            anyhow::Ok((wide, LocalAxes::fit(&sets, KNOWN)?))
        };
        let within = part.within.map(axes).transpose()?;
        let sets = |clouds: &Clouds, objects: &[usize]| {
            clouds.sets(&mapper, objects, part.near, within.as_ref())
        };
        let encoder = |&seed: &u64| {
            let drawn = fisher.drawn(train.points.len(), seed);
            Ok(FisherEncoder::fit(&sets(&train, &drawn)?, fisher, seed)?)
        };
        let encoders: Vec<FisherEncoder> =
            seeds.iter().map(encoder).collect::<anyhow::Result<_>>()?;
        let vectors = |clouds: &Clouds| clouds.vectors(&encoders, |objects| sets(clouds, objects));
        let (train, test) = (vectors(&train)?, vectors(&test)?);
        for (seed, (train, test)) in train.iter().zip(&test).enumerate() {
            let kernel = Kernel::of_rows(&name, &train.view(), &test.view());
            match kernels.get_mut(seed) {
                Some(sum) => sum.add(&kernel, 1.0)?,
                None => kernels.push(kernel),
            }
        }
    }
    kernels.iter_mut().for_each(Kernel::normalise);
    Ok(kernels)
}

fn name(frame: Frame, levels: usize) -> String {
    let name = match frame {
        Frame::Object => "Fisher vector",
        Frame::AboutX | Frame::AboutY | Frame::AboutZ => "Fisher vector, upright axes",
        Frame::Own => "Fisher vector, own axes",
    };
    match levels {
        1 => name.into(),
        _ => format!("{name}, {levels} levels"),
    }
}

/// The clouds of one split, and where their neighbourhoods are.
struct Clouds<'a> {
    points: &'a [Vec<[f32; 3]>],
    placed: Vec<Placed>,
}

impl<'a> Clouds<'a> {
    fn place(mapper: &LocalMapper, side: &'a Side) -> Result<Self, DatasetError> {
        let points = side.points.as_deref().unwrap_or_default();
        let placed = points.par_iter().map(|cloud| mapper.place(cloud));
        Ok(Self {
            points,
            placed: placed.collect::<Result<_, _>>()?,
        })
    }

    /// Neighbourhoods of radius `near` of `objects`; or, with a wider radius, how these lie within it by their places along the axes.
    fn sets(
        &self,
        mapper: &LocalMapper,
        objects: &[usize],
        near: f32,
        within: Option<&(f32, LocalAxes)>,
    ) -> anyhow::Result<Vec<LocalSet>> {
        let set = |&object: &usize| {
            let placed = &self.placed[object];
            let mut rows = mapper.rows(&self.points[object], placed, near)?;
            if let Some((wide, axes)) = within {
                let known = axes.along(&rows.view())?;
                rows = mapper.wider(placed, &known.view(), *wide)?;
            }
            Ok(LocalSet {
                rows,
                positions: placed.positions.clone(),
            })
        };
        objects.par_iter().map(set).collect()
    }

    /// Fisher vectors of all objects by each encoder, `[objects, columns]`, of the `sets` of some objects at a time.
    fn vectors(
        &self,
        encoders: &[FisherEncoder],
        sets: impl Fn(&[usize]) -> anyhow::Result<Vec<LocalSet>>,
    ) -> anyhow::Result<Vec<Array2<f32>>> {
        let objects: Vec<usize> = (0..self.points.len()).collect();
        let empty = |encoder: &FisherEncoder| Array2::zeros((objects.len(), encoder.columns()));
        let mut vectors: Vec<Array2<f32>> = encoders.iter().map(empty).collect();
        for (chunk, objects) in objects.chunks(CHUNK).enumerate() {
            let sets = sets(objects)?;
            let first = chunk * CHUNK;
            for (vectors, encoder) in vectors.iter_mut().zip(encoders) {
                let mut out = vectors.slice_mut(s![first..first + objects.len(), ..]);
                out.assign(&encoder.encode(&sets)?);
            }
        }
        Ok(vectors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_radius_is_looked_at_within_the_next_two() {
        let radii = [0.2, 0.1, 0.8, 0.4];
        let part = |near, within| Part { near, within };
        let first = radii.map(|near| part(near, None));
        assert_eq!(parts(&radii, 1), first);
        let wider = [(0.1, 0.2), (0.1, 0.4), (0.2, 0.4), (0.2, 0.8), (0.4, 0.8)];
        let second = wider.map(|(near, wide)| part(near, Some(wide)));
        assert_eq!(parts(&radii, 2), [&first[..], &second[..]].concat());
    }
}
