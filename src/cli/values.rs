//! Single values that are read more strictly than their types say. Possible ones are listed in the help.

use std::ops::RangeBounds;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use spectra_datasets::DatasetKind;
use spectra_eval::images::LpipsNet;

/// Points of one shape, as many as a conversion takes.
pub const MOST_POINTS: u64 = 1 << 24;

/// A whole number within bounds.
pub fn whole(range: impl RangeBounds<u64>) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(range)
}

/// Name of a layout of data on disk.
pub fn dataset() -> impl TypedValueParser<Value = DatasetKind> {
    let names = DatasetKind::ALL.map(|(_kind, name)| name);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<DatasetKind>())
}

/// Name of a network of LPIPS.
pub fn lpips_net() -> impl TypedValueParser<Value = LpipsNet> {
    PossibleValuesParser::new(["alex", "vgg"]).try_map(|name| name.parse::<LpipsNet>())
}

/// Name of a device; whether this build and machine have it is found out when it is opened.
pub fn device(text: &str) -> Result<String, String> {
    let (kind, number) = text.split_once(':').unwrap_or((text, "0"));
    match (kind, number.parse::<usize>()) {
        ("cpu" | "wgpu", Ok(0)) | ("cuda", Ok(_)) => Ok(text.to_owned()),
        _ => Err("expected cpu, cuda, cuda:NUMBER or wgpu".into()),
    }
}

/// A share that is not nothing.
pub fn share(text: &str) -> Result<f64, String> {
    let fits = |share| share > 0.0 && share <= 1.0;
    number(text, fits, "a share above 0 and at most 1, such as 0.1")
}

/// A share.
pub fn share_or_none(text: &str) -> Result<f64, String> {
    let fits = |share| (0.0..=1.0).contains(&share);
    number(text, fits, "a share in 0..=1, such as 0.1")
}

/// A weight.
pub fn not_negative<T: FromStr + Copy + Into<f64>>(text: &str) -> Result<T, String> {
    number(text, |value| value >= 0.0, "a finite number of at least 0")
}

/// A length.
pub fn positive<T: FromStr + Copy + Into<f64>>(text: &str) -> Result<T, String> {
    number(text, |value| value > 0.0, "a finite number above 0")
}

fn number<T: FromStr + Copy + Into<f64>>(
    text: &str,
    fits: impl Fn(f64) -> bool,
    expected: &str,
) -> Result<T, String> {
    match text.parse::<T>() {
        Ok(value) if value.into().is_finite() && fits(value.into()) => Ok(value),
        _ => Err(format!("expected {expected}")),
    }
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    /// What becomes of a line as a whole: the parser's verdict.
    fn verdict(line: &str) -> Option<ErrorKind> {
        let words = ["spectra"].into_iter().chain(line.split(' '));
        let parsed = crate::cli::parse(words.map(Into::into));
        parsed.err().map(|error| error.kind())
    }

    #[test]
    fn values_out_of_range_are_wrong_usage() {
        let huge = u64::MAX;
        for line in [
            "convert s -o o --dataset bogus",
            "convert s -o o --limit 0",
            "convert s -o o --points 0",
            &format!("convert s -o o --points {huge}"),
            &format!("convert s -o o --jobs {huge}"),
            "data audit s --dataset bogus",
            "pretrain s -o o --preset bogus",
            "pretrain s -o o --device gpu",
            "pretrain s -o o --device cuda:x",
            "train complete --data d -o o --preset bogus",
            "train complete --data d -o o --overlay 1.5",
            "train complete --data d -o o --white-box nan",
            "train colorize --data d -o o --lambda inf",
            "export s --npz n --device cpu:1",
            "eval s --seeds 0",
            &format!("eval s --seeds {huge}"),
            "eval s --device gpu",
            "eval s --run r --features supervised --epochs 10000000",
            "eval s --features fisher --centres 0",
            "eval s --features fisher --radii 0.1,0",
            "eval s --features fisher --local-order 9",
            "eval s --features fisher --gaussians 0",
            &format!("eval s --features fisher --gaussians {huge}"),
            "eval s --features fisher --axes 0",
            "eval s --features fisher --position nan",
            "eval s --features fisher --position=-1",
            "eval images --run r --data d --lpips f --lpips-net bogus",
            &format!("eval images --run r --data d --samples {huge}"),
            "eval images --run r --data d --samples 0",
            "eval images --run r --data d --pictures p --shown 0",
        ] {
            let found = verdict(line);
            let wrong = [ErrorKind::InvalidValue, ErrorKind::ValueValidation];
            assert!(
                found.is_some_and(|kind| wrong.contains(&kind)),
                "{line}: {found:?}"
            );
        }
    }

    #[test]
    fn values_at_the_edges_are_taken() {
        for line in [
            "convert s -o o --dataset shapenet55 --limit 1 --points 1 --jobs 0",
            "convert s -o o --dataset ModelNet",
            "pretrain s -o o --preset paper --device cuda:3",
            "train complete --data d -o o --preset digits --overlay 1 --white-box 0",
            "train colorize --data d -o o --lambda 0 --device wgpu",
            "eval s --labels 1 --seeds 1000 --device cpu:0",
            "eval s --features fisher --centres 1 --radii 2 --local-order 0 --gaussians 1 --axes 1 --position 0",
            "eval images --run r --data d --samples 1 --lpips f --lpips-net vgg --test 0",
        ] {
            assert_eq!(verdict(line), None, "{line}");
        }
    }
}
