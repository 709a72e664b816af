//! Tests of the store as other crates use it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod disk;
mod drawings;
mod journal;
mod kill;
mod open;
mod project;
mod replay;
mod scale;
