//! Tests of the crate from outside, on files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod disk;
mod exports;
mod folders;
mod real_tables;
mod sample;
