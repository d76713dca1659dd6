//! From coefficients as a store holds them to scaled maps.

use ndarray::{Array2, ArrayView1, ArrayView2, s};
use spectra_spectral::{Basis, MapLayout};

use crate::ModelError;
use crate::nets::Sizes;
use crate::run::GlobalInfo;
use crate::scaling::Scaling;

/// One layout of scaled coefficients up to an order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Maps {
    pub basis: Basis,
    pub order: usize,
    pub layout: MapLayout,
    pub scaler: Scaling,
}

impl Maps {
    /// What a run remembers of them.
    pub(crate) fn info(&self) -> GlobalInfo {
        GlobalInfo {
            map_order: self.order,
            layout: self.layout.kind(),
            scaler: self.scaler.clone(),
        }
    }

    /// Coefficients that enter a map.
    pub(crate) fn count(&self) -> usize {
        self.layout.count()
    }

    /// The coefficients up to the order of the maps, as a mutable copy.
    fn cut(&self, row: ArrayView1<f32>) -> Vec<f32> {
        row.slice(s![..self.count()]).to_vec()
    }

    /// Scales `coefficients` and lays them out.
    pub(crate) fn fill(
        &self,
        mut coefficients: Vec<f32>,
        map: &mut [f32],
    ) -> Result<(), ModelError> {
        self.scaler.transform(&mut coefficients)?;
        self.layout.pack(&coefficients, map)?;
        Ok(())
    }

    /// Clean network inputs `[rows, 2 cells]`: the maps, and masks that mark nothing.
    pub(crate) fn clean_inputs(
        &self,
        coefficients: &ArrayView2<f32>,
    ) -> Result<Vec<f32>, ModelError> {
        self.check(coefficients.ncols())?;
        let cells = self.layout.cells();
        let mut inputs = vec![0.0; coefficients.nrows() * 2 * cells];
        for (row, input) in coefficients
            .outer_iter()
            .zip(inputs.chunks_exact_mut(2 * cells))
        {
            self.fill(self.cut(row), &mut input[..cells])?;
        }
        Ok(inputs)
    }

    /// Scaled coefficients in flat order, `[rows, count]`: the raw map without its empty cells.
    pub(crate) fn scaled(&self, coefficients: &ArrayView2<f32>) -> Result<Array2<f32>, ModelError> {
        self.check(coefficients.ncols())?;
        let mut rows = coefficients.slice(s![.., ..self.count()]).to_owned();
        for mut row in rows.outer_iter_mut() {
            let mut values = row.to_vec();
            self.scaler.transform(&mut values)?;
            row.assign(&ArrayView1::from(&values));
        }
        Ok(rows)
    }

    pub(crate) fn check(&self, columns: usize) -> Result<(), ModelError> {
        if columns >= self.count() {
            return Ok(());
        }
        Err(ModelError::Input(format!(
            "{columns} coefficients: expected at least {} ({} up to order {})",
            self.count(),
            self.basis,
            self.order
        )))
    }

    /// Shapes of the networks' input (values and mask) and target.
    pub(crate) fn sizes(&self) -> Sizes {
        Sizes::with_mask(self.layout.shape())
    }
}
