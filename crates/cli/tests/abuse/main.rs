//! What a bad day does to the real program: damaged files, forbidden files, a full disk, a second
//! process, and `kill -9` at any moment. Nothing that was acknowledged may be lost, and every
//! refusal is a sentence.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "test code; clippy.toml allows these only inside the test functions themselves"
)]

mod bad_files;
mod full_disk;
mod kills;
mod second_process;

mod pictures;
mod program;
