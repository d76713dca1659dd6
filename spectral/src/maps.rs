//! Coefficients laid out in 2D maps, each in one cell; cells without a coefficient are masked.

use std::fmt;
use std::str::FromStr;

use crate::check::{check_length, check_order};
use crate::{Basis, SpectralError};

/// How coefficients lie in a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MapKind {
    /// Flat order, row by row, in the smallest square: the paper's. Any basis.
    Flat,
    /// `C_lm` at (l, m), `S_lm` at (m-1, l): neighbours differ by one degree or order. Spherical harmonics only.
    Square,
    /// One channel for each radial number k = (n-l)/2, each a `square` of its degrees. Zernike only.
    Shell,
    /// Rows are neighbourhoods of a cloud, columns their moments; made by [`MapLayout::local`]. Zernike only.
    Local,
}

impl fmt::Display for MapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flat => "flat",
            Self::Square => "square",
            Self::Shell => "shell",
            Self::Local => "local",
        })
    }
}

impl FromStr for MapKind {
    type Err = SpectralError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "flat" => Ok(Self::Flat),
            "square" => Ok(Self::Square),
            "shell" => Ok(Self::Shell),
            "local" => Ok(Self::Local),
            other => Err(SpectralError::Value {
                what: "map layout",
                expected: "`flat`, `square`, `shell` or `local`",
                found: format!("`{other}`"),
            }),
        }
    }
}

/// A lossless packing of the coefficients of one basis and order into a map `[channels, height, width]`.
///
/// ```
/// use spectra_spectral::{Basis, MapKind, MapLayout};
///
/// let layout = MapLayout::new(MapKind::Flat, Basis::Zernike, 6)?;
/// assert_eq!(layout.shape(), [1, 10, 10]);
/// let coefficients: Vec<f32> = (0..84).map(|i| i as f32).collect();
/// let (mut map, mut back) = (vec![0.0; 100], vec![0.0; 84]);
/// layout.pack(&coefficients, &mut map)?;
/// layout.unpack(&map, &mut back)?;
/// assert_eq!(back, coefficients);
/// # Ok::<(), spectra_spectral::SpectralError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MapLayout {
    kind: MapKind,
    shape: [usize; 3],
    index: Vec<u32>,
    mask: Vec<bool>,
}

impl MapLayout {
    /// The layout of all coefficients up to `order`.
    ///
    /// # Errors
    /// A layout that does not serve the basis, an order that the transforms of the basis do not have.
    pub fn new(kind: MapKind, basis: Basis, order: usize) -> Result<Self, SpectralError> {
        check_order(basis, order)?;
        let side = order + 1;
        let (shape, index): ([usize; 3], Vec<u32>) = match (kind, basis) {
            (MapKind::Flat, _) => {
                let count = basis.count(order);
                let side = (1..).find(|side| side * side >= count).unwrap_or(count);
                ([1, side, side], (0..count as u32).collect())
            }
            (MapKind::Square, Basis::Spherical) => {
                let degrees = (0..=order).flat_map(|l| square_row(l, side));
                ([1, side, side], degrees.collect())
            }
            (MapKind::Shell, Basis::Zernike) => {
                let mut index = Vec::with_capacity(basis.count(order));
                for n in 0..=order {
                    for l in (n % 2..=n).step_by(2) {
                        let channel = ((n - l) / 2 * side * side) as u32;
                        index.extend(square_row(l, side).map(|cell| channel + cell));
                    }
                }
                ([order / 2 + 1, side, side], index)
            }
            (kind, basis) => {
                return Err(SpectralError::Value {
                    what: "map layout",
                    expected: "`flat`, `square` for spherical, `shell` for zernike, or `local` made by MapLayout::local",
                    found: format!("`{kind}` for {basis}"),
                });
            }
        };
        Ok(Self::of_cells(kind, shape, index))
    }

    /// The layout of the Zernike moments up to `order` of `neighbourhoods` of a cloud, one row each: shape
    /// `[1, neighbourhoods, count]`, every cell filled. Coefficients are those of
    /// [`LocalPlan::rows`](crate::LocalPlan::rows), row by row.
    ///
    /// # Errors
    /// No neighbourhood, 2^32 cells and more, an order above 128.
    pub fn local(neighbourhoods: usize, order: usize) -> Result<Self, SpectralError> {
        check_order(Basis::Zernike, order)?;
        let count = Basis::Zernike.count(order);
        let cells = neighbourhoods
            .checked_mul(count)
            .and_then(|cells| u32::try_from(cells).ok());
        match cells {
            Some(cells) if cells > 0 => {
                let shape = [1, neighbourhoods, count];
                Ok(Self::of_cells(MapKind::Local, shape, (0..cells).collect()))
            }
            _ => Err(SpectralError::Value {
                what: "neighbourhoods of a local map",
                expected: "at least one, and fewer than 2^32 cells in all",
                found: neighbourhoods.to_string(),
            }),
        }
    }

    fn of_cells(kind: MapKind, shape: [usize; 3], index: Vec<u32>) -> Self {
        let mut mask = vec![false; shape.iter().product()];
        index.iter().for_each(|&cell| mask[cell as usize] = true);
        Self {
            kind,
            shape,
            index,
            mask,
        }
    }

    /// Which layout this is.
    pub fn kind(&self) -> MapKind {
        self.kind
    }

    /// Channels, height and width of the map.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Number of coefficients.
    pub fn count(&self) -> usize {
        self.index.len()
    }

    /// Number of cells, all channels together.
    pub fn cells(&self) -> usize {
        self.mask.len()
    }

    /// For each cell, channel by channel and row by row, whether it holds a coefficient.
    pub fn mask(&self) -> &[bool] {
        &self.mask
    }

    /// The cell of each coefficient in flat order.
    pub fn index(&self) -> &[u32] {
        &self.index
    }

    /// Lays `coefficients` out in `map`; cells without one become 0.
    ///
    /// # Errors
    /// Coefficients or a map of another length than [`count`](Self::count) and [`cells`](Self::cells).
    pub fn pack(&self, coefficients: &[f32], map: &mut [f32]) -> Result<(), SpectralError> {
        self.check(coefficients.len(), map.len())?;
        map.fill(0.0);
        for (&cell, &value) in self.index.iter().zip(coefficients) {
            map[cell as usize] = value;
        }
        Ok(())
    }

    /// Gathers `coefficients` from `map`, the inverse of [`pack`](Self::pack).
    ///
    /// # Errors
    /// As [`pack`](Self::pack).
    pub fn unpack(&self, map: &[f32], coefficients: &mut [f32]) -> Result<(), SpectralError> {
        self.check(coefficients.len(), map.len())?;
        for (&cell, value) in self.index.iter().zip(coefficients) {
            *value = map[cell as usize];
        }
        Ok(())
    }

    fn check(&self, coefficients: usize, cells: usize) -> Result<(), SpectralError> {
        check_length("coefficients", self.count(), coefficients)?;
        check_length("map", self.cells(), cells)
    }
}

/// Cells of the orders -l to l of one degree in a square map.
fn square_row(l: usize, side: usize) -> impl Iterator<Item = u32> {
    let sines = (1..=l).rev().map(move |m| (m - 1) * side + l);
    let cosines = (0..=l).map(move |m| l * side + m);
    sines.chain(cosines).map(|cell| cell as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_coefficient_has_a_cell_of_its_own() {
        for order in 0..=20 {
            for (kind, basis) in [
                (MapKind::Flat, Basis::Zernike),
                (MapKind::Flat, Basis::Spherical),
                (MapKind::Square, Basis::Spherical),
                (MapKind::Shell, Basis::Zernike),
            ] {
                let layout = MapLayout::new(kind, basis, order).unwrap();
                let filled = layout.mask().iter().filter(|valid| **valid).count();
                assert_eq!(
                    (layout.count(), filled),
                    (basis.count(order), basis.count(order))
                );
                let values: Vec<f32> = (1..=layout.count()).map(|i| i as f32).collect();
                let (mut map, mut back) = (vec![9.0; layout.cells()], vec![0.0; layout.count()]);
                layout.pack(&values, &mut map).unwrap();
                layout.unpack(&map, &mut back).unwrap();
                assert_eq!(back, values);
            }
        }
    }

    #[test]
    fn the_square_is_full_and_ordered_by_degree_and_order() {
        let layout = MapLayout::new(MapKind::Square, Basis::Spherical, 7).unwrap();
        assert!(layout.mask().iter().all(|valid| *valid));
        let cell = |l: usize, m: isize| layout.index()[(l * l + l).checked_add_signed(m).unwrap()];
        assert_eq!(cell(5, 3), 5 * 8 + 3);
        assert_eq!(cell(5, -3), 2 * 8 + 5);
    }

    #[test]
    fn a_local_map_is_its_rows() {
        let layout = MapLayout::local(5, 4).unwrap();
        assert_eq!(
            (layout.shape(), layout.kind()),
            ([1, 5, 35], MapKind::Local)
        );
        let values: Vec<f32> = (0..5 * 35).map(|i| i as f32).collect();
        let mut map = vec![0.0; layout.cells()];
        layout.pack(&values, &mut map).unwrap();
        assert_eq!(map, values);
        assert!(layout.mask().iter().all(|valid| *valid));
        assert!(MapLayout::local(0, 4).is_err());
        assert!(MapLayout::local(usize::MAX, 4).is_err());
        assert!(MapLayout::new(MapKind::Local, Basis::Zernike, 4).is_err());
    }

    #[test]
    fn wrong_pairs_and_lengths_are_refused() {
        assert!(MapLayout::new(MapKind::Square, Basis::Zernike, 4).is_err());
        assert!(MapLayout::new(MapKind::Shell, Basis::Spherical, 4).is_err());
        let layout = MapLayout::new(MapKind::Flat, Basis::Zernike, 2).unwrap();
        assert!(layout.pack(&[0.0; 9], &mut [0.0; 16]).is_err());
        assert!("round".parse::<MapKind>().is_err());
    }
}
