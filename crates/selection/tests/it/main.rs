//! Checks of the whole crate from outside: scores against independent implementations, and the same
//! batches for any number of threads.

#![allow(
    clippy::unwrap_used,
    reason = "a failed helper must fail the test that called it"
)]

mod batches;
mod golden;
mod threads;
