//! The real binary from the outside: what it prints, where, and its exit codes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, in its helpers too"
)]

mod binary;
mod stripes;

mod help;

mod errors;

mod looking;

mod labeling;

mod serving;

mod simulating;
