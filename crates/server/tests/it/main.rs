//! The interface from the outside, over requests that never touch a network.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, in its helpers too"
)]

mod fixture;

mod openapi;

mod guard;

mod problems;

mod project;

mod labeling;

mod images;

mod localization;

mod drawings;
mod events;

mod release;

mod grades;

mod web;
