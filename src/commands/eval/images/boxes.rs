//! How often networks that were trained on targets with the white box paint it.

use ndarray::Array4;
use serde_json::{Value, json};
use spectra_eval::images::{Modes, modes};
use spectra_model::complete::white_box;
use spectra_model::{Painter, PictureKind};

use crate::outcome::say;

/// The white box in the targets and in the answers of one network.
pub(super) struct Boxes {
    name: String,
    rate: f64,
    painted: Modes,
}

impl Boxes {
    pub(super) fn count(name: &str, painter: &Painter, given: &[Array4<f32>]) -> Boxes {
        Boxes {
            name: name.to_owned(),
            rate: white_box_rate(painter),
            painted: modes(given, &white_box(painter.info().size)),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let Modes { second, both } = self.painted;
        json!({"name": self.name, "rate": self.rate, "second": second, "both": both})
    }
}

/// A line for each network, under a head.
pub(super) fn print_boxes(boxes: &[Boxes]) -> anyhow::Result<()> {
    if boxes.is_empty() {
        return Ok(());
    }
    say!(
        "white box: share of the targets, of the answers, and of the pictures of which some answers show it and some do not"
    );
    for found in boxes {
        say!(
            "  {:16} {:5.1} %  {:5.1} %  {:5.1} %",
            found.name,
            100.0 * found.rate,
            100.0 * found.painted.second,
            100.0 * found.painted.both
        );
    }
    Ok(())
}

/// The share of training targets with a white box; 0 for other tasks.
pub(super) fn white_box_rate(painter: &Painter) -> f64 {
    match &painter.info().kind {
        PictureKind::Complete(task) => task.white_box,
        _ => 0.0,
    }
}
