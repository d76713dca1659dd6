//! One whole step of Algorithm 1, forward, backward and optimizers, as CSV on standard output:
//! `preset,map,batch,step,wall_s,cpu_s,rss_mb,error`. Arguments: preset, side of a one-channel map, batch, steps, warm-up steps,
//! and `key=value` settings; without them, `tiny` as ModelNet10 trains it. `device=cuda` names the device, and `block=10` times
//! ten steps at once, between which nothing is read back: a row is then the mean of a block.
//!
//! `cargo bench -p spectra-model --bench step -- paper 64 4 10 2`

use std::time::{Duration, Instant};

use spectra_model::{Config, Probe, keep_freed_memory};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    keep_freed_memory();
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let (settings, words): (Vec<_>, Vec<_>) = arguments.iter().partition(|a| a.contains('='));
    let number = |index: usize, default: usize| match words.get(index) {
        Some(word) => word.parse::<usize>(),
        None => Ok(default),
    };
    let preset = words.first().map_or("tiny", |word| word.as_str());
    let mut config = Config::preset(preset)?;
    let side = number(1, 17)?;
    config.train.batch = number(2, config.train.batch)?;
    let (steps, warm) = (number(3, 20)?, number(4, 2)?);
    let (mut device, mut block) = ("cpu", 1);
    for setting in settings {
        match setting.split_once('=').unwrap_or((setting, "")) {
            ("device", name) => device = name,
            ("block", count) => block = count.parse::<usize>()?.max(1),
            (key, value) => config.set(key, value)?,
        }
    }
    let mut probe = Probe::new(&config, [1, side, side], device)?;
    for _step in 0..warm {
        probe.step();
    }
    probe.error()?;
    println!("preset,map,batch,step,wall_s,cpu_s,rss_mb,error");
    for step in (0..steps).step_by(block) {
        let (wall, cpu) = (Instant::now(), cpu_time()?);
        for _step in 0..block {
            probe.step();
        }
        let error = probe.error()?;
        let (wall, cpu) = (wall.elapsed(), cpu_time()?.saturating_sub(cpu));
        println!(
            "{preset},{side},{},{step},{:.6},{:.3},{:.0},{error:.6}",
            config.train.batch,
            wall.as_secs_f64() / block as f64,
            cpu.as_secs_f64() / block as f64,
            memory_mb()?
        );
    }
    Ok(())
}

/// Processor time of all threads so far, to a hundredth of a second (Linux).
fn cpu_time() -> Result<Duration, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = text.rsplit(") ").next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split(' ').collect();
    let ticks = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}

/// Memory held by the process in MB of a million bytes (Linux).
fn memory_mb() -> Result<f64, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages = text.split(' ').nth(1).unwrap_or("0").parse::<f64>()?;
    Ok(pages * 4096.0 / 1e6)
}
