//! Options of `eval` that would change nothing beside the others: refused rather than passed over.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command};
use spectra_eval::Classifier;

use super::eval::{Eval, EvalImages, FeatureKind, LocalOptions};
use crate::commands::Poses;

/// What `eval images` takes besides its own options.
const OF_BOTH: [&str; 6] = ["target", "run", "seeds", "data", "json", "device"];
/// What a run on local maps has settled.
const OF_THE_RUN: [&str; 4] = ["centres", "radii", "levels", "local_order"];

/// The first option on the command line of `eval` that has no use there, and why.
pub fn of_eval(matches: &ArgMatches) -> Option<String> {
    let images = matches.get_one::<String>("target")? == "images";
    let kinds = matches.get_many::<FeatureKind>("features");
    let kinds: Vec<FeatureKind> = kinds.into_iter().flatten().copied().collect();
    let any = |of: fn(FeatureKind) -> bool| kinds.iter().any(|&kind| of(kind));
    let classifiers = matches.get_many::<Classifier>("classifiers");
    let mut classifiers = classifiers.into_iter().flatten();
    let no_kernels = !classifiers.any(|classifier| classifier.takes_kernels());
    let (pictures, neighbourhoods) = (names::<EvalImages>(), names::<LocalOptions>());
    let places = |kind: FeatureKind| kind.is_fisher() && kind != FeatureKind::FisherLearned;
    let beside = matches.contains_id("beside");
    let why = |argument: &Arg| {
        let name = argument.get_id().as_str();
        let is_in = |names: &[String]| names.iter().any(|other| other == name);
        if images {
            if name == "seeds" && !matches.contains_id("downstream") {
                return Some("of --downstream; scores of answers depend on --seed and --samples");
            }
            let known = is_in(&pictures) || OF_BOTH.contains(&name);
            return (!known)
                .then_some("of shapes alone; `eval images` takes --json and --pictures");
        }
        if is_in(&pictures) {
            return Some("of `eval images` alone");
        }
        if is_in(&neighbourhoods) && !any(FeatureKind::is_fisher) {
            return Some("of Fisher vectors; ask for them with --features fisher");
        }
        if OF_THE_RUN.contains(&name) && !kinds.iter().copied().any(places) {
            return Some(
                "settled by the run for fisher-learned; ask for it with --features fisher",
            );
        }
        // Without --features there are always some that come of an encoder.
        let encodes = kinds.is_empty() || any(FeatureKind::encodes) || beside;
        let frozen = kinds.is_empty() || beside || !kinds.iter().all(|kind| kind.trains());
        match name {
            "reconstruction" if !all_aligned(matches) => Some(
                "its table is of aligned objects with all labels; ask for it without --rotation and --labels",
            ),
            "epochs" if !any(FeatureKind::trains) => {
                Some("of training with labels; ask for it with --features supervised")
            }
            "stances" if !encodes => {
                Some("none of --features comes of an encoder; ask for learned or controls")
            }
            "classifiers" if !frozen => Some(
                "of frozen features; none of --features are, networks are trained with a layer of their own",
            ),
            "classifiers" if no_kernels && any(FeatureKind::gives_kernels) => Some(
                "of Fisher vectors and Fourier features inner products alone are known, which softmax and logistic cannot use; ask for svm, ridge or 1-nn",
            ),
            _ => None,
        }
    };
    let given = |argument: &&Arg| {
        matches.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine)
    };
    let eval = Eval::augment_args(Command::new("eval"));
    let idle = eval.get_arguments().filter(given);
    idle.filter_map(|argument| Some((argument.get_long()?, why(argument)?)))
        .map(|(name, why)| format!("--{name}: {why}"))
        .next()
}

/// Whether objects stand as the data set gives them, and have all of their labels.
fn all_aligned(matches: &ArgMatches) -> bool {
    let poses = matches.get_many::<Poses>("rotation");
    let labels = matches.get_many::<f64>("labels");
    let aligned = poses
        .into_iter()
        .flatten()
        .all(|&poses| poses == Poses::ALIGNED);
    aligned && labels.into_iter().flatten().all(|&share| share == 1.0)
}

/// Ids of a group of options.
fn names<A: Args>() -> Vec<String> {
    let command = A::augment_args(Command::new("options"));
    let names = command.get_arguments().map(|argument| argument.get_id());
    names.map(|id| id.as_str().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    fn idle(line: &str) -> Option<String> {
        let eval = Eval::augment_args(Command::new("eval"));
        let words = ["eval"].into_iter().chain(line.split(' '));
        of_eval(&eval.try_get_matches_from(words).unwrap())
    }

    #[test]
    fn pictures_take_no_option_of_shapes() {
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
            let told = idle(&format!("images --run r --data d {option}")).unwrap_or_default();
            assert!(told.starts_with(&format!("{name}: of shapes")), "{told}");
        }
    }

    #[test]
    fn options_without_the_one_that_they_belong_to_are_refused() {
        for (option, of) in [
            ("--lpips-net vgg", "--lpips w"),
            ("--shown 3", "--pictures p"),
            ("--downstream-limit 9", "--downstream s"),
        ] {
            let parsed = |line: String| {
                let words = ["spectra", "eval", "images", "--run", "r"].into_iter();
                crate::cli::parse(words.chain(line.split(' ')).map(Into::into))
            };
            let kind = parsed(option.into())
                .map(|_taken| ())
                .map_err(|error| error.kind());
            assert_eq!(kind, Err(ErrorKind::MissingRequiredArgument), "{option}");
            assert!(parsed(format!("{option} {of}")).is_ok(), "{option} {of}");
        }
    }

    #[test]
    fn options_of_the_other_kind_are_told() {
        for (line, told) in [
            ("images --run r --data d --seeds 2 --downstream s", None),
            (
                "images --run r --data d --seeds 2 --samples 4",
                Some("--seeds: of --downstream"),
            ),
            (
                "images --run r --data d --stances",
                Some("--stances: of shapes"),
            ),
            ("images --run r --labels 0.1", Some("--labels: of shapes")),
            ("m.spectra --run r --labels 0.1,1 --stances", None),
            (
                "m.spectra --run r --samples 8",
                Some("--samples: of `eval images`"),
            ),
            (
                "m.spectra --run r --centres 8",
                Some("--centres: of Fisher"),
            ),
            ("m.spectra --features fisher-upright --centres 8", None),
            (
                "m.spectra --run r --features fisher-learned --gaussians 8",
                None,
            ),
            (
                "m.spectra --run r --features fisher-learned,controls --local-order 3",
                Some("--local-order: settled by the run"),
            ),
            (
                "m.spectra --run r --features fisher-learned,fisher --centres 8 --radii 0.3",
                None,
            ),
            (
                "m.spectra --run r --features supervised,fine-tuned --classifiers svm",
                Some("--classifiers: of frozen"),
            ),
            (
                "m.spectra --run r --features supervised,learned --classifiers svm",
                None,
            ),
            (
                "m.spectra --run r --beside s --features fine-tuned --classifiers svm",
                None,
            ),
            (
                "m.spectra --run r --reconstruction --rotation aligned,z/so3",
                Some("--reconstruction: its table"),
            ),
            (
                "m.spectra --run r --reconstruction --labels 0.1",
                Some("--reconstruction: its table"),
            ),
            (
                "m.spectra --run r --reconstruction --labels 1 --rotation aligned",
                None,
            ),
            (
                "m.spectra --run r --epochs 3",
                Some("--epochs: of training"),
            ),
            ("m.spectra --run r --features supervised --epochs 3", None),
            ("m.spectra --run r --stances", None),
            (
                "m.spectra --run r --features fisher --stances",
                Some("--stances: none of"),
            ),
            (
                "m.spectra --run r --features fisher --beside s --stances",
                None,
            ),
            (
                "m.spectra --features fisher --classifiers softmax",
                Some("--classifiers: of Fisher"),
            ),
            (
                "m.spectra --features fisher --classifiers softmax,svm",
                None,
            ),
            ("m.spectra --features controls --classifiers softmax", None),
        ] {
            match (idle(line), told) {
                (None, None) => (),
                (Some(message), Some(told)) => assert!(message.starts_with(told), "{message}"),
                (found, _) => panic!("{line}: {found:?}"),
            }
        }
    }
}
