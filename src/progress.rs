//! Progress for people: a bar on a terminal, a line now and then elsewhere, nothing when quiet.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::outcome::tell;

/// Set by Ctrl-C; long work looks at it and ends cleanly with what is finished kept.
static STOP: AtomicBool = AtomicBool::new(false);

/// Jobs at work that look at [`stop_requested`]. Where there is none, nothing would be kept, and Ctrl-C ends at once.
static LOOKING: AtomicUsize = AtomicUsize::new(0);

/// Lets the first Ctrl-C ask a job that can keep something for a clean end; otherwise, and the second time, it ends at once.
pub fn listen_for_stop() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        if LOOKING.load(Ordering::SeqCst) == 0 || STOP.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        tell!("\nstopping: what is finished is kept (again to stop at once)");
    })?;
    Ok(())
}

/// Whether a clean end was asked for.
pub fn stop_requested() -> bool {
    STOP.load(Ordering::SeqCst)
}

/// Counts a job in [`LOOKING`] while it lives.
struct Looking;

impl Looking {
    fn begin() -> Self {
        LOOKING.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        LOOKING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Where progress goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Bar,
    Lines,
    Silent,
}

/// Progress of one job with a known or unknown number of steps.
pub struct Progress {
    mode: Mode,
    name: &'static str,
    bar: ProgressBar,
    /// The first report: what was done before it, perhaps by an earlier process, does not count in the rate.
    first: OnceLock<(usize, Instant)>,
    last: Mutex<Instant>,
    _looking: Option<Looking>,
}

/// Plain lines come at most this often.
const LINE_EVERY: Duration = Duration::from_secs(5);

impl Progress {
    /// Starts a job called `name` that looks at [`stop_requested`] and ends soon and cleanly after it.
    pub fn stoppable(name: &'static str, quiet: bool) -> Self {
        Self {
            _looking: Some(Looking::begin()),
            ..Self::start(name, quiet)
        }
    }

    /// Starts a job called `name`.
    pub fn start(name: &'static str, quiet: bool) -> Self {
        let mode = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Mode::Silent,
            (false, true) => Mode::Bar,
            (false, false) => Mode::Lines,
        };
        let bar = if mode == Mode::Bar {
            ProgressBar::no_length()
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) = ProgressStyle::with_template(
            "{prefix} {wide_bar} {pos}/{len} {per_sec} eta {eta} {msg}",
        ) {
            bar.set_style(style);
        }
        bar.set_prefix(name);
        Self {
            mode,
            name,
            bar,
            first: OnceLock::new(),
            last: Mutex::new(Instant::now()),
            _looking: None,
        }
    }

    /// Reports that `done` of `total` steps are finished.
    pub fn set(&self, done: usize, total: usize, message: &str) {
        let (first, since) = *self.first.get_or_init(|| {
            self.bar.set_position(done as u64);
            self.bar.reset_eta();
            (done, Instant::now())
        });
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
        if self.mode == Mode::Bar {
            self.bar.set_message(message.to_owned());
        } else if self.mode == Mode::Lines && self.line_is_due(done == total) {
            let rate = done.saturating_sub(first) as f64 / since.elapsed().as_secs_f64().max(1e-9);
            let speed = match rate > 0.0 {
                true => format!(
                    "{rate:.1}/s, {:.0} s left",
                    total.saturating_sub(done) as f64 / rate
                ),
                false => String::new(),
            };
            tell!("{}: {done}/{total} {speed} {message}", self.name);
        }
    }

    fn line_is_due(&self, last_one: bool) -> bool {
        let Ok(mut last) = self.last.lock() else {
            return false;
        };
        if last_one || last.elapsed() >= LINE_EVERY {
            *last = Instant::now();
            return true;
        }
        false
    }

    /// Ends the job with one line that says what came of it.
    pub fn finish(self, message: &str) {
        self.bar.finish_and_clear();
        if self.mode != Mode::Silent {
            tell!(
                "{}: {message} in {:.1} s",
                self.name,
                self.bar.elapsed().as_secs_f64()
            );
        }
    }
}
