//! Runs that `eval images` refuses: those that cannot stand in one table.

use spectra_datasets::images::{ImageSet, Part};
use spectra_model::complete::MaskKind;
use spectra_model::{PictureInfo, PictureKind};

use crate::cli;
use crate::outcome::Usage;

/// A table asks the same questions of all its rows: a run, shown as `name`, that would be asked others than the `first` is
/// refused. `part` is the part of each picture that the user wants scored.
pub(super) fn refuse_mixture(
    first: &PictureInfo,
    name: &str,
    info: &PictureInfo,
    part: Option<cli::Half>,
) -> anyhow::Result<()> {
    let pairs = decisions(first, part)
        .into_iter()
        .zip(decisions(info, part));
    let mut unlike = pairs.filter(|((_what, expected), (_, found))| expected != found);
    match unlike.next() {
        None => Ok(()),
        Some(((what, expected), (_, found))) => {
            let message = format!(
                "--run: expected runs of one {what}, found {expected} and {found} ({name}); evaluate them one by one: they \
                 would not be asked the same"
            );
            Err(Usage(message).into())
        }
    }
}

/// What decides the questions that a run is asked about a folder of pictures, with names. Of runs of one task the first of
/// them are alike.
fn decisions(info: &PictureInfo, part: Option<cli::Half>) -> Vec<(&'static str, String)> {
    let mut decisions = vec![
        ("task", info.kind.name().to_owned()),
        ("--size", info.size.to_string()),
        ("number of channels", info.channels.to_string()),
    ];
    if part.is_none() {
        let half = match info.part {
            Part::Whole => "whole",
            Part::Left => "left",
            Part::Right => "right",
        };
        decisions.push(("--half, unless it is given here", half.to_owned()));
    }
    match &info.kind {
        PictureKind::Complete(task) => {
            let mask = match task.mask {
                MaskKind::Top => "top",
                MaskKind::Square => "square",
            };
            decisions.push(("--mask", mask.to_owned()));
            // Squares are scored at sides of the table's own; the run's side is that of the figures of white boxes alone.
            if task.mask == MaskKind::Top || task.white_box > 0.0 {
                let [low, high] = task.side;
                decisions.push(("--mask-side", format!("{low}:{high}")));
            }
        }
        PictureKind::Colorize(_) => {}
        PictureKind::Translate(task) => {
            let from = if task.from_b { "right" } else { "left" };
            decisions.push(("--from", from.to_owned()));
        }
    }
    decisions
}

/// Pictures that a run was trained on are none to choose its settings with: refuses a run that was trained on others than the
/// training pictures that `set` was left with.
pub(super) fn refuse_trained_on(
    set: &ImageSet,
    count: usize,
    name: &str,
    info: &PictureInfo,
) -> anyhow::Result<()> {
    if count == 0 || (set.train.len() == info.rows && set.train.hash() == info.items) {
        return Ok(());
    }
    let others = match set.train.len() == info.rows {
        true => " others",
        false => "",
    };
    let message = format!(
        "--hold-out {count}: leaves {} training pictures, but the run ({name}) was trained on {}{others}; expected the number that \
         `train` held out, of the same pictures",
        set.train.len(),
        info.rows
    );
    Err(Usage(message).into())
}

#[cfg(test)]
mod tests {
    use spectra_model::colorize::Colorize;
    use spectra_model::complete::Complete;
    use spectra_model::translate::Translate;

    use super::*;

    fn info(kind: PictureKind) -> PictureInfo {
        PictureInfo {
            version: 1,
            kind,
            dataset: "pictures".into(),
            items: "hash".into(),
            rows: 8,
            channels: 3,
            size: 32,
            part: Part::Left,
        }
    }

    #[test]
    fn runs_that_would_be_asked_other_questions_are_refused() {
        let refused = |first: &PictureInfo, info: &PictureInfo, part| {
            let result = refuse_mixture(first, "run", info, part);
            result.err().map(|error| error.to_string())
        };
        let digits = info(PictureKind::Complete(Complete::digits()));
        let photographs = info(PictureKind::Complete(Complete::photographs()));
        let [left, right] =
            [false, true].map(|from_b| info(PictureKind::Translate(Translate { from_b })));
        let whole_top = info(PictureKind::Complete(Complete {
            side: [1.0, 1.0],
            ..Complete::digits()
        }));
        let large = PictureInfo {
            size: 64,
            ..digits.clone()
        };
        let grey = PictureInfo {
            channels: 1,
            ..digits.clone()
        };
        let other_half = PictureInfo {
            part: Part::Right,
            ..digits.clone()
        };
        for (first, other, word) in [
            (&digits, &left, "task, found complete and translate"),
            (&digits, &photographs, "--mask, found top and square"),
            (&digits, &whole_top, "--mask-side, found 0.5:1 and 1:1"),
            (&digits, &large, "--size, found 32 and 64"),
            (&digits, &grey, "channels, found 3 and 1"),
            (&digits, &other_half, "--half"),
            (&right, &left, "--from, found right and left"),
        ] {
            let message = refused(first, other, None).unwrap_or_default();
            assert!(message.contains(word), "{word}: {message}");
        }
        // What is scored is then the same part of both.
        assert_eq!(refused(&digits, &other_half, Some(cli::Half::Left)), None);
    }

    #[test]
    fn runs_that_differ_in_training_alone_stand_in_one_table() {
        let complete = |task| info(PictureKind::Complete(task));
        let colorize = |lambda| {
            info(PictureKind::Colorize(Colorize {
                lambda,
                ..Colorize::default()
            }))
        };
        for (first, other) in [
            (
                complete(Complete::digits()),
                complete(Complete {
                    overlay: 0.0,
                    white_box: 0.3,
                    ..Complete::digits()
                }),
            ),
            (
                complete(Complete::photographs()),
                complete(Complete {
                    side: [0.5, 0.5],
                    ..Complete::photographs()
                }),
            ),
            (colorize(0.0), colorize(0.5)),
        ] {
            assert!(refuse_mixture(&first, "run", &other, None).is_ok());
        }
    }
}
