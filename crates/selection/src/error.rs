//! Why a batch cannot be chosen.

use thiserror::Error;

/// Each message names the object and the remedy.
#[derive(Debug, Error, Clone, PartialEq)]
pub enum SelectionError {
    /// No acquisition function of this name.
    #[error("there is no acquisition function '{name}'; choose one of {known}")]
    UnknownStrategy {
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// An acquisition function that cannot work with several findings an image.
    #[error(
        "the acquisition function '{name}' needs one class an image; for findings choose 'auto' or another one"
    )]
    OneClassOnly {
        /// Its name.
        name: &'static str,
    },
    /// A setting outside its range.
    #[error("the {name} of a batch is {value}; it must be {range}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
}
