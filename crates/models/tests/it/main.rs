//! Tests of the crate through its public functions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, in its helpers too"
)]

// The attribute tells clippy that helper functions are test code too.
#[cfg(test)]
mod drop_in;
#[cfg(test)]
mod engine_search;
#[cfg(test)]
mod engines;
#[cfg(test)]
mod feature_maps;
#[cfg(test)]
mod frozen_stages;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod networks;
#[cfg(test)]
mod refusals;
