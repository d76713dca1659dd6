//! What `eval images` refuses before any work: options that it would pass over.

use spectra_datasets::LocalOptions;
use spectra_eval::FisherOptions;
use spectra_model::SupervisedOptions;

use crate::cli;
use crate::commands::Poses;
use crate::outcome::Usage;

/// What `eval images` would leave undone is refused rather than passed over.
pub(super) fn refuse_idle(options: &cli::Eval) -> anyhow::Result<()> {
    let (local, usual) = (&options.local, LocalOptions::default());
    let fisher = FisherOptions::default();
    let given = [
        ("--beside", !options.beside.is_empty()),
        ("--stances", options.stances),
        ("--reconstruction", options.reconstruction),
        ("--features", !options.features.is_empty()),
        ("--classifiers", !options.classifiers.is_empty()),
        ("--rotation", options.rotation != [Poses::ALIGNED]),
        ("--labels", options.labels != [1.0]),
        (
            "--epochs",
            options.epochs != SupervisedOptions::default().epochs,
        ),
        ("--cache", options.cache.is_some()),
        ("--report", options.report.is_some()),
        ("--figures", options.figures.is_some()),
        ("--centres", local.centres != usual.centres),
        ("--radii", local.radii != usual.radii),
        ("--local-order", local.local_order != usual.order),
        ("--gaussians", local.gaussians != fisher.gaussians),
        ("--axes", local.axes != fisher.axes),
        ("--position", local.position != fisher.position),
    ];
    match given.iter().find(|(_name, given)| *given) {
        None => Ok(()),
        Some((name, _)) => {
            let message =
                format!("{name}: of shapes alone; `eval images` takes --json and --pictures");
            Err(Usage(message).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn options_of_shapes_alone_are_refused() {
        let refused = |more: &str| {
            let line = format!("spectra eval images --data x --run y {more}");
            let arguments = cli::Arguments::try_parse_from(line.split_whitespace()).unwrap();
            let cli::Command::Eval(options) = arguments.command else {
                unreachable!("{line} is an evaluation")
            };
            refuse_idle(&options).err().map(|error| error.to_string())
        };
        assert_eq!(
            refused("--seeds 2 --json a --pictures b --downstream c"),
            None
        );
        for option in [
            "--beside z",
            "--stances",
            "--reconstruction",
            "--features controls",
            "--classifiers svm",
            "--rotation z/so3",
            "--labels 0.1",
            "--epochs 7",
            "--cache c",
            "--report r.html",
            "--figures f",
            "--centres 9",
            "--radii 0.3",
            "--local-order 3",
            "--gaussians 3",
            "--axes 3",
            "--position 9",
        ] {
            let name = option.split(' ').next().unwrap();
            let message = refused(option).unwrap_or_default();
            assert!(message.starts_with(&format!("{name}: ")), "{message}");
        }
    }
}
