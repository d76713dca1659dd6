//! Memory of a whole pre-training, checkpoints and logs included, as CSV on standard output: `step,resident_mb,peak_mb`.
//! Arguments: a store, and `key=value` settings over the preset `tiny`; the run is written to a temporary folder.
//!
//! `cargo bench -p spectra-model --bench memory -- m10.spectra train.epochs=32`

use std::error::Error;
use std::path::Path;

use spectra_datasets::Store;
use spectra_model::{Config, TrainObserver, TrainProgress, peak_memory, pretrain};

/// Steps at which memory is printed.
const STEPS: [u64; 5] = [10, 100, 200, 500, 1000];

struct Memory;

impl TrainObserver for Memory {
    fn progress(&self, at: &TrainProgress) {
        if STEPS.contains(&at.step) {
            let peak = peak_memory().unwrap_or(0) as f64 / 1e6;
            println!("{},{:.0},{peak:.0}", at.step, resident_mb().unwrap_or(0.0));
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let Some((store, settings)) = arguments.split_first() else {
        eprintln!("give a store made by `spectra convert`");
        return Ok(());
    };
    let mut config = Config::preset("tiny")?;
    config.output.log_every = 10;
    for setting in settings {
        let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
        config.set(key, value)?;
    }
    let folder = tempfile::tempdir()?;
    println!("step,resident_mb,peak_mb");
    let store = Store::open(Path::new(store))?;
    pretrain(
        &store,
        &folder.path().join("run"),
        &config,
        "cpu",
        false,
        &Memory,
    )?;
    Ok(())
}

/// Memory held by the process in MB of a million bytes (Linux).
fn resident_mb() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096.0 / 1e6)
}
