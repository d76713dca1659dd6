//! The spectral store.
mod atomic;
mod lock;
