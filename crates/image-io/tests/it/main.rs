//! Tests of the crate from outside, on files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, in its helpers too"
)]

mod bad_files;
mod golden;
mod real_duplicates;
