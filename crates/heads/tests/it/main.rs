//! Checks of the whole crate: against an independent implementation, against its own definitions,
//! and at the sizes where methods change.

#![allow(
    clippy::unwrap_used,
    reason = "a failed helper must fail the test that called it"
)]

mod class_gradient;
mod extend;
mod findings;
mod fit_after;
mod golden;
mod joint;
mod leave_one_out;
mod linear;
mod novelty;
mod ordinal;
mod sparse;
mod student;
mod threads;
mod toy;
mod transform;
