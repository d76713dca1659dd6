//! The command as a user runs it, on small shapes and pictures made on the spot. One binary, which is linked once.
#![allow(clippy::unwrap_used)] // a test may panic

mod bad_input;
mod common;
mod eval_refuses;
mod features;
mod images;
mod job;
#[cfg(unix)]
mod kills;
mod local;
mod pipes;
mod radius;
mod runs;
mod shapes;
#[cfg(unix)]
mod store;
mod supervised;
