//! Frozen features in, honest figures out: classifiers, cross-validation, tables and reports.
//!
//! ```
//! use ndarray::array;
//! use spectra_eval::{Classifier, FeatureSet, Labels, Protocol, evaluate};
//!
//! let train = array![[0.0_f32], [0.2], [1.0], [1.2]];
//! let features = FeatureSet { name: "height".into(), train, test: array![[0.1_f32], [1.1]] };
//! let classes = vec!["low".into(), "high".into()];
//! let labels = Labels { train: vec![0, 0, 1, 1], test: vec![0, 1], classes };
//! let rows = evaluate(&[features], &labels, &[Classifier::Knn(1)], &Protocol::default())?;
//! assert_eq!(rows[0].accuracy_mean, 1.0);
//! # Ok::<(), spectra_eval::EvalError>(())
//! ```
//!
//! # Protocol
//!
//! The official split and the full test set, as the caller gives them. Columns are standardised by the training rows.
//! C of the SVM and the decay of the softmax and of the logistic regression are chosen by stratified cross-validation inside the training rows, the ridge
//! by leaving each of them out in turn; the test rows are read once. Features that depend on a seed come as one set for each seed: the figure is their mean, with the
//! standard deviation beside it.
//!
//! # Pictures
//!
//! Answers of tasks on pictures are scored by [`images`]: PSNR, SSIM, MS-SSIM, LPIPS, diversity.
//!
//! # Threads
//!
//! Results do not depend on the number of threads.

mod chamfer;
mod cholesky;
mod classify;
mod error;
mod evaluate;
mod features;
mod figure;
mod fisher;
mod fourier;
mod html;
pub mod images;
mod kernel;
mod lbfgs;
mod linear;
mod logistic;
mod matrix;
mod mixture;
mod neighbours;
mod pca;
mod precision;
mod random;
mod reference;
mod report;
mod ridge;
mod row;
mod softmax;
mod split;
mod svm;
#[cfg(test)]
mod testing;
mod tsne;

pub use chamfer::chamfer;
pub use error::EvalError;
pub use evaluate::{Classifier, Evaluation, Protocol, evaluate, evaluate_kernels};
pub use features::{FeatureSet, Labels, Standardizer};
pub use fisher::{FisherEncoder, FisherOptions, LocalAxes, LocalSet};
pub use fourier::RandomFourier;
pub use kernel::Kernel;
pub use neighbours::nearest_training;
pub use pca::Pca;
pub use precision::{class_precision, retrieval_precision};
pub use reference::Reference;
pub use report::{Picture, Reconstruction, Report};
pub use row::{Answers, Row};
