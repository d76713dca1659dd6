//! Shape data sets on disk to items, and the spectral store.
