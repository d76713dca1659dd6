//! How coefficients are brought to the scale of the networks.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};
use spectra_spectral::{Scaler, compat};

use crate::ModelError;
use crate::config::ScalingKind;

/// Scaling of the coefficients of global maps, as a run remembers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scaling {
    /// The authors' softmax over all cells of a map, which cannot be undone: see [`compat::softmax`].
    Softmax,
    /// A robust asinh of each coefficient, fitted on the training rows.
    #[serde(untagged)]
    Asinh(Scaler),
}

impl Scaling {
    /// The scaling that the settings name, fitted on `rows` `[items, coefficients]` where it has something to fit.
    pub(crate) fn fit(kind: ScalingKind, rows: &ArrayView2<f32>) -> Result<Scaling, ModelError> {
        Ok(match kind {
            ScalingKind::Asinh => Scaling::Asinh(Scaler::fit(rows)?),
            ScalingKind::Softmax => Scaling::Softmax,
        })
    }

    /// Whether [`inverse`](Self::inverse) can be had.
    pub(crate) fn inverts(&self) -> bool {
        matches!(self, Scaling::Asinh(_))
    }

    /// Scales one row in place.
    pub(crate) fn transform(&self, row: &mut [f32]) -> Result<(), ModelError> {
        match self {
            Scaling::Asinh(scaler) => scaler.transform(row)?,
            Scaling::Softmax => {
                let mut wide: Vec<f64> = row.iter().map(|&value| f64::from(value)).collect();
                compat::softmax(&mut wide);
                row.iter_mut()
                    .zip(wide)
                    .for_each(|(to, from)| *to = from as f32);
            }
        }
        Ok(())
    }

    /// Undoes [`transform`](Self::transform) in place.
    pub(crate) fn inverse(&self, row: &mut [f32]) -> Result<(), ModelError> {
        match self {
            Scaling::Asinh(scaler) => Ok(scaler.inverse(row)?),
            Scaling::Softmax => Err(ModelError::Input(
                "map.scaling softmax: cannot be undone, so there are no completed coefficients"
                    .into(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn both_kinds_survive_json_and_only_one_can_be_undone() {
        let rows = Array2::from_shape_fn((20, 3), |(i, j)| (i * (j + 1)) as f32);
        for kind in [ScalingKind::Asinh, ScalingKind::Softmax] {
            let scaling = Scaling::fit(kind, &rows.view()).unwrap();
            let text = serde_json::to_string(&scaling).unwrap();
            assert_eq!(serde_json::from_str::<Scaling>(&text).unwrap(), scaling);
            let mut row = [1.0, 0.0, 2.0];
            scaling.transform(&mut row).unwrap();
            assert_eq!(scaling.inverse(&mut row).is_ok(), scaling.inverts());
        }
        assert_eq!(
            serde_json::to_string(&Scaling::Softmax).unwrap(),
            "\"softmax\""
        );
        let mut row = [0.0, 0.0];
        Scaling::Softmax.transform(&mut row).unwrap();
        // Two equal shares of 1, but for the floor under the sum.
        assert!(row.iter().all(|u| u.abs() < 2e-5), "{row:?}");
    }
}
