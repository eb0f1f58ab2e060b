//! The tests of the whole: one binary, a module per subject.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs
)]

mod adopt;
mod bad_input;
mod changes;
mod command_line;
mod common;
mod copies;
mod cost;
mod databases;
mod delta;
mod faults;
mod fidelity;
mod golden;
mod histories;
mod history;
mod holes;
mod hostile;
mod index_pruning;
mod linking;
mod main_job;
mod plans;
mod property;
mod pruning;
mod recovery;
mod removal;
mod restoring;
mod room;
mod roundtrip;
mod rules;
mod tidy;
mod unchanged;
#[cfg(feature = "gui")]
mod window;
