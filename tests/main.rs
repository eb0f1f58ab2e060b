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
#[cfg(feature = "gui")]
mod decoder;
mod delta;
mod disk;
mod drafted;
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
mod mending;
mod peers;
mod plans;
mod property;
mod pruning;
mod racing;
mod recovery;
mod removal;
mod restore_plans;
mod restoring;
mod room;
mod roundtrip;
mod rules;
mod tidy;
mod unchanged;
mod verifying;
#[cfg(feature = "gui")]
mod window;
