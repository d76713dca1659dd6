//! What can go wrong in an evaluation.

use thiserror::Error;

/// Shorthand for results of this crate.
pub type Result<T, E = EvalError> = std::result::Result<T, E>;

/// Why an evaluation could not be carried out. Each message says what was wrong, where, and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvalError {
    /// Two arrays that describe the same objects differ in length.
    #[error(
        "{what}: expected {expected} rows, found {found}; features and labels must come from the same items"
    )]
    Rows {
        /// Which array.
        what: String,
        /// How many rows it should have.
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// Two arrays that share columns differ in their number.
    #[error("{what}: expected {expected} columns, found {found}")]
    Columns {
        /// Which array.
        what: String,
        /// How many columns it should have.
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// Nothing to work on.
    #[error("{0} is empty; there is nothing to evaluate")]
    Empty(String),
    /// A value that is NaN or infinite.
    #[error(
        "{what}: row {row}, column {column} is {value}; features must be finite, so leave out the items that failed"
    )]
    NotFinite {
        /// Which array.
        what: String,
        /// Row of the value.
        row: usize,
        /// Column of the value.
        column: usize,
        /// The value.
        value: f32,
    },
    /// linfa found no logistic regression.
    #[error(
        "logistic regression: no fit with decay {decay:e}; leave this classifier out, or ask for softmax, which is the same model"
    )]
    NoFit {
        /// The weight decay.
        decay: f64,
    },
    /// A class number without a class.
    #[error("{what}: row {row} has class {class}, but there are {classes} classes")]
    Class {
        /// Which labels.
        what: String,
        /// Row of the label.
        row: usize,
        /// The label.
        class: usize,
        /// The number of classes.
        classes: usize,
    },
    /// Too few classes in the training rows to learn to tell them apart.
    #[error("the training rows hold {0} class(es); a classifier needs at least 2")]
    OneClass(usize),
    /// A parameter outside its range.
    #[error("{what} is {value}; expected {expected}")]
    Parameter {
        /// Which parameter.
        what: &'static str,
        /// Its value, printed.
        value: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// A report or a figure could not be encoded or decoded.
    #[error("cannot {doing}: {message}")]
    Encode {
        /// What was being done.
        doing: &'static str,
        /// What the encoder said.
        message: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}
