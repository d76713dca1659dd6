//! Frozen features to classifiers, retrieval, metrics, plots and reports.
