//! Between coefficients and the rows of the rings: the Legendre part of every grid transform.

use pulp::Arch;
use rustfft::num_complex::Complex;

use super::latitudes::Latitudes;
use super::rings::{RingScratch, RingTransforms};
use crate::columns::{Columns, steps};
use crate::kernel::{Analysis, CHUNK, State, Synthesis};
use crate::simd::{Aligned, WIDEST};

/// Orders handled together, so that coefficients and rows are touched in whole cache lines.
const ORDERS: usize = 8;

/// Pairs whose rows are read or written together: a cache line of the panel.
const TOGETHER: usize = 8;

/// Which function of the coefficients a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The field itself.
    Value,
    /// Its derivative with respect to theta.
    South,
    /// Its derivative with respect to phi, divided by `sin theta`.
    East,
}

/// Everything of a plan that does not depend on the type of its fields.
pub struct Tables {
    pub lmax: usize,
    /// Up to `lmax + 1`, which derivatives reach.
    pub columns: Columns<f64>,
    pub latitudes: Latitudes,
    pub rings: RingTransforms,
    /// Pole rings: index, and whether it is the south pole.
    pub poles: Vec<(usize, bool)>,
    pub ring_count: usize,
}

/// All that the sizes of a scratch depend on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fit {
    lmax: usize,
    rings: usize,
    lanes: usize,
    ring: [usize; 2],
}

/// Working memory of one transform.
#[derive(Debug, Clone)]
pub struct SphericalScratch {
    fit: Fit,
    pub(crate) rows: Vec<Complex<f64>>,
    pub(super) ring: RingScratch,
    /// `[cosine, sine]` coefficients of each of [`ORDERS`] orders.
    columns: Vec<[f64; 2]>,
    blended: Vec<[f64; 4]>,
    /// Four values for each pair of each of [`ORDERS`] orders.
    panel: Aligned<f64>,
    before: Aligned<f64>,
    value: Aligned<f64>,
    lanes: Aligned<f64>,
}

impl Tables {
    /// Entries between the rows of two rings; odd, so that rows do not share cache sets.
    pub fn stride(&self) -> usize {
        (self.lmax + 1) | 1
    }

    pub fn scratch(&self) -> SphericalScratch {
        let lanes = self.latitudes.square.len();
        SphericalScratch {
            fit: self.fit(),
            rows: vec![Complex::default(); self.ring_count * self.stride()],
            ring: self.rings.scratch(self.lmax),
            columns: vec![[0.0; 2]; ORDERS * (self.lmax + 2)],
            blended: vec![[0.0; 4]; steps(self.lmax + 1, 0)],
            panel: Aligned::new(ORDERS * 4 * self.panel_stride()),
            before: Aligned::new(lanes),
            value: Aligned::new(lanes),
            lanes: Aligned::new(4 * CHUNK * WIDEST),
        }
    }

    fn fit(&self) -> Fit {
        Fit {
            lmax: self.lmax,
            rings: self.ring_count,
            lanes: self.latitudes.square.len(),
            ring: self.rings.most(),
        }
    }

    /// Whether the scratch was made for tables of these sizes.
    pub fn fits(&self, scratch: &SphericalScratch) -> bool {
        scratch.fit == self.fit()
    }

    /// Entries between two rows of the panel: an odd number of cache lines, so that rows which are
    /// walked together do not share cache sets.
    fn panel_stride(&self) -> usize {
        self.latitudes.square.len() + 8
    }

    /// The degree that the recurrence has to reach for `part`.
    fn degree(&self, part: Part) -> usize {
        self.lmax + usize::from(part == Part::South)
    }

    /// Rows `(C_m, S_m)` of all rings from the coefficients `get(l * l + l + m)`.
    pub fn fill_rows(
        &self,
        arch: Arch,
        part: Part,
        get: impl Fn(usize) -> f64,
        scratch: &mut SphericalScratch,
    ) {
        let (lmax, lanes) = (self.lmax, self.panel_stride());
        for first in (0..=lmax).step_by(ORDERS) {
            let orders = ORDERS.min(lmax + 1 - first);
            for l in first..=lmax {
                for i in 0..orders.min(l + 1 - first) {
                    let (m, centre) = (first + i, l * l + l);
                    let sine = if m == 0 { 0.0 } else { get(centre - m) };
                    scratch.columns[i * (lmax + 2) + l - m] = [get(centre + m), sine];
                }
            }
            for i in 0..orders {
                let m = first + i;
                let column = &mut scratch.columns[i * (lmax + 2)..][..lmax - m + 2];
                column[lmax - m + 1] = [0.0; 2];
                derive(part, m, column);
                let panel = &mut scratch.panel[i * 4 * lanes..][..4 * lanes];
                panel.fill(0.0);
                scratch.before.fill(0.0);
                scratch.value.fill(0.0);
                let degree = self.degree(part);
                let blended = &mut scratch.blended[..steps(degree, m)];
                self.columns.blend(m, degree, column, blended);
                Synthesis {
                    square: &self.latitudes.square,
                    active: self.latitudes.active(m),
                    steps: self.columns.steps(m, degree),
                    coefficients: blended,
                    state: State {
                        before: &mut scratch.before,
                        value: &mut scratch.value,
                    },
                    sums: quarters(panel, lanes),
                }
                .run(arch);
            }
            self.spread(part, first, orders, scratch);
        }
        if part != Part::Value {
            for &(ring, south) in &self.poles {
                let row = &mut scratch.rows[ring * self.stride()..][..=lmax];
                row[1.min(lmax)] = self.pole_row(part, south, &get);
            }
        }
    }

    /// Even and odd sums of the panel into rows of both hemispheres.
    fn spread(&self, part: Part, first: usize, orders: usize, scratch: &mut SphericalScratch) {
        let (lanes, stride) = (self.panel_stride(), self.stride());
        let (panel, rows) = (&scratch.panel[..], &mut scratch.rows[..]);
        for (block, pairs) in self.latitudes.pairs.chunks(TOGETHER).enumerate() {
            for i in 0..orders {
                for (k, pair) in pairs.iter().enumerate() {
                    let p = block * TOGETHER + k;
                    let sum = |j: usize| panel[(4 * i + j) * lanes + p];
                    let scale = self.scale(part, p);
                    let even = Complex::new(sum(0), sum(1)) * scale;
                    let odd = Complex::new(sum(2), sum(3)) * (scale * self.latitudes.cosine[p]);
                    rows[pair.first * stride + first + i] = even + odd;
                    if let Some(mirror) = pair.mirror {
                        rows[mirror * stride + first + i] = even - odd;
                    }
                }
            }
        }
    }

    /// The factor of the rows of pair `p`: `1 / sin theta` for derivatives, 0 at the poles.
    fn scale(&self, part: Part, p: usize) -> f64 {
        let sine = self.latitudes.sine[p];
        match part {
            Part::Value => 1.0,
            _ if sine < POLE => 0.0,
            _ => 1.0 / sine,
        }
    }

    /// Coefficients `put(l * l + l + m, value)` from the rows: the transpose of [`Self::fill_rows`].
    pub fn read_rows(
        &self,
        arch: Arch,
        part: Part,
        mut put: impl FnMut(usize, f64),
        scratch: &mut SphericalScratch,
    ) {
        let (lmax, lanes) = (self.lmax, self.panel_stride());
        for first in (0..=lmax).step_by(ORDERS) {
            let orders = ORDERS.min(lmax + 1 - first);
            self.collect(part, first, orders, scratch);
            for i in 0..orders {
                let m = first + i;
                let panel = &scratch.panel[i * 4 * lanes..][..4 * lanes];
                scratch.before.fill(0.0);
                scratch.value.fill(0.0);
                let degree = self.degree(part);
                let sums = &mut scratch.blended[..steps(degree, m)];
                sums.fill([0.0; 4]);
                Analysis {
                    square: &self.latitudes.square,
                    active: self.latitudes.active(m),
                    steps: self.columns.steps(m, degree),
                    data: [0, 1, 2, 3].map(|j| &panel[j * lanes..][..lanes]),
                    state: State {
                        before: &mut scratch.before,
                        value: &mut scratch.value,
                    },
                    lanes: &mut scratch.lanes,
                    sums,
                }
                .run(arch);
                let column = &mut scratch.columns[i * (lmax + 2)..][..lmax - m + 2];
                self.columns
                    .unblend(m, degree, sums, &mut column[..=degree - m]);
                derive_transposed(part, m, column);
                if m == 1 && part != Part::Value {
                    for &(ring, south) in &self.poles {
                        let row = scratch.rows[ring * self.stride() + 1];
                        add_pole(part, south, row, &mut column[..lmax]);
                    }
                }
            }
            for l in first..=lmax {
                for i in 0..orders.min(l + 1 - first) {
                    let (m, centre) = (first + i, l * l + l);
                    let [cosine, sine] = scratch.columns[i * (lmax + 2) + l - m];
                    put(centre + m, cosine);
                    if m > 0 {
                        put(centre - m, sine);
                    }
                }
            }
        }
    }

    /// Rows of both hemispheres into even and odd data of the panel: the transpose of `spread`.
    fn collect(&self, part: Part, first: usize, orders: usize, scratch: &mut SphericalScratch) {
        let (lanes, stride) = (self.panel_stride(), self.stride());
        let (panel, rows) = (&mut scratch.panel[..], &scratch.rows[..]);
        // A synthesis leaves values of no ring beyond the pairs, which may have overflowed.
        for row in panel.chunks_mut(lanes).take(4 * orders) {
            row[self.latitudes.pairs.len()..].fill(0.0);
        }
        for (block, pairs) in self.latitudes.pairs.chunks(TOGETHER).enumerate() {
            for i in 0..orders {
                for (k, pair) in pairs.iter().enumerate() {
                    let p = block * TOGETHER + k;
                    let scale = self.scale(part, p);
                    let here = rows[pair.first * stride + first + i] * scale;
                    let there = match pair.mirror {
                        Some(mirror) => rows[mirror * stride + first + i] * scale,
                        None => Complex::default(),
                    };
                    let (even, odd) = (here + there, (here - there) * self.latitudes.cosine[p]);
                    let values = [even.re, even.im, odd.re, odd.im];
                    for (j, value) in values.into_iter().enumerate() {
                        panel[(4 * i + j) * lanes + p] = value;
                    }
                }
            }
        }
    }

    /// The limit of the order-1 row at a pole, where only order 1 has a slope.
    fn pole_row(&self, part: Part, south: bool, get: &impl Fn(usize) -> f64) -> Complex<f64> {
        (1..=self.lmax)
            .map(|l| {
                let (centre, slope) = (l * l + l, pole_slope(part, l, south));
                let (cosine, sine) = (get(centre + 1), get(centre - 1));
                match part {
                    Part::East => Complex::new(sine, -cosine) * slope,
                    _ => Complex::new(cosine, sine) * slope,
                }
            })
            .sum()
    }
}

/// Sines below this are a pole.
pub const POLE: f64 = 1e-14;

/// `sqrt2 P_l1 / sin theta` towards a pole, with the sign of the derivative there.
fn pole_slope(part: Part, l: usize, south: bool) -> f64 {
    let (degree, l_odd) = (l as f64, l % 2 == 1);
    let size =
        ((2.0 * degree + 1.0) * degree * (degree + 1.0) / (8.0 * std::f64::consts::PI)).sqrt();
    let negative = south && (l_odd == (part == Part::South));
    if negative { -size } else { size }
}

fn add_pole(part: Part, south: bool, row: Complex<f64>, column: &mut [[f64; 2]]) {
    for (l, column) in (1..).zip(column) {
        let slope = pole_slope(part, l, south);
        let (cosine, sine) = match part {
            Part::East => (-row.im, row.re),
            _ => (row.re, row.im),
        };
        column[0] += slope * cosine;
        column[1] += slope * sine;
    }
}

/// `e_l` of [`crate::columns`].
fn ratio(l: usize, m: usize) -> f64 {
    (((l - m) * (l + m)) as f64 / (4 * l * l - 1) as f64).sqrt()
}

/// Coefficients of the derivative times `sin theta`, in place; degrees `m ..= lmax + 1`, the last 0.
///
/// `sin theta dP_l/dtheta = l e_(l+1) P_(l+1) - (l + 1) e_l P_(l-1)`.
fn derive(part: Part, m: usize, column: &mut [[f64; 2]]) {
    match part {
        Part::Value => {}
        Part::East => {
            for [cosine, sine] in column {
                (*cosine, *sine) = (m as f64 * *sine, -(m as f64) * *cosine);
            }
        }
        Part::South => {
            let mut below = [0.0; 2];
            for i in 0..column.len() {
                let l = m + i;
                let above = column.get(i + 1).copied().unwrap_or_default();
                let rise = if i == 0 {
                    0.0
                } else {
                    (l - 1) as f64 * ratio(l, m)
                };
                let fall = (l + 2) as f64 * ratio(l + 1, m);
                let here = column[i];
                column[i] = [0, 1].map(|j| rise * below[j] - fall * above[j]);
                below = here;
            }
        }
    }
}

/// The transpose of [`derive`].
fn derive_transposed(part: Part, m: usize, column: &mut [[f64; 2]]) {
    match part {
        Part::Value => {}
        Part::East => {
            for [cosine, sine] in column {
                (*cosine, *sine) = (-(m as f64) * *sine, m as f64 * *cosine);
            }
        }
        Part::South => {
            let mut below = [0.0; 2];
            for i in 0..column.len() - 1 {
                let l = m + i;
                let rise = l as f64 * ratio(l + 1, m);
                let fall = if i == 0 {
                    0.0
                } else {
                    (l + 1) as f64 * ratio(l, m)
                };
                let (here, above) = (column[i], column[i + 1]);
                column[i] = [0, 1].map(|j| rise * above[j] - fall * below[j]);
                below = here;
            }
        }
    }
}

fn quarters(panel: &mut [f64], lanes: usize) -> [&mut [f64]; 4] {
    let (a, rest) = panel.split_at_mut(lanes);
    let (b, rest) = rest.split_at_mut(lanes);
    let (c, d) = rest.split_at_mut(lanes);
    [a, b, c, d]
}
