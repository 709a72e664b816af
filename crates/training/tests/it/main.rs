//! Tests of the crate through its public functions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

// The attribute tells clippy that helper functions are test code too.
#[cfg(test)]
mod adaptation;
#[cfg(test)]
mod dense;
#[cfg(test)]
mod networks;
#[cfg(test)]
mod pictures;
