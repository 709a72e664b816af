//! Tests of the loop as the server and the command line use it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(
    clippy::print_stdout,
    reason = "the guide quotes what the tests of large pools print"
)]

mod adapting;
mod discs;
mod drawings;
mod expert;
mod findings;
mod folder;

mod going_on;
mod grades;
mod import;
mod kill;
mod large_pool;
mod localization;
mod loop_to_certificate;
mod open;
mod queue;
mod refuted;
mod shapes;
mod simulating;
mod simulating_shapes;
mod slices;
mod unusual;
