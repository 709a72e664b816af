//! Tests of the whole crate through its public interface.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod audit_simulation;
mod certificate_file;
mod golden;
mod grades;
mod paired;
mod threshold_simulation;
