//! What can go wrong, with the value given and the value wanted.

/// Errors of the transforms. Each names what was expected and what was found.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpectralError {
    /// A maximal degree or order outside what the plan supports.
    #[error("order {found} is out of range: expected {expected}")]
    Order {
        /// The admissible range, in words.
        expected: &'static str,
        /// The order that was asked for.
        found: usize,
    },
    /// Two lengths that belong together differ.
    #[error("{what}: expected length {expected}, found {found}")]
    Length {
        /// Which argument.
        what: &'static str,
        /// The length that fits the plan or the other argument.
        expected: usize,
        /// The length that was given.
        found: usize,
    },
    /// An input without a single element.
    #[error("{what} is empty: at least one is needed")]
    Empty {
        /// Which argument.
        what: &'static str,
    },
    /// A NaN or an infinity among the input.
    #[error("{what} {index} is not finite")]
    NotFinite {
        /// Which argument.
        what: &'static str,
        /// Position of the first offending element.
        index: usize,
    },
    /// A point outside the unit ball, where Zernike functions are not defined.
    #[error(
        "point {index} has radius {radius}: expected at most 1; scale the cloud into the unit ball"
    )]
    OutsideBall {
        /// Position of the first offending point.
        index: usize,
        /// Its distance from the origin.
        radius: f64,
    },
    /// What is wrong with one cloud of many.
    #[error("cloud {index}: {error}")]
    Cloud {
        /// Position of the first offending cloud.
        index: usize,
        /// What a call with this cloud alone gives.
        error: Box<SpectralError>,
    },
    /// A value that an argument does not admit.
    #[error("{what}: expected {expected}, found {found}")]
    Value {
        /// Which argument.
        what: &'static str,
        /// What is admissible, in words.
        expected: &'static str,
        /// What was given.
        found: String,
    },
}
