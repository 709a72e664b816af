//! Checks of the whole crate: against an independent implementation, against its own definitions,
//! and at the sizes where methods change.

#![allow(
    clippy::unwrap_used,
    reason = "a failed helper must fail the test that called it"
)]

mod extend;
mod golden;
mod leave_one_out;
mod linear;
mod sparse;
mod threads;
mod toy;
mod transform;
