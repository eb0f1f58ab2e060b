//! Yore keeps complete, dated copies of folders on an external drive, and brings them back.
//!
//! - [`engine`]: scan, plan, copy, seal, index, history, restore. No terminal, no window, no home folder.
//! - [`app`]: what a person can do with it: set up, back up, look at the past, restore. Shared by every face.
//! - [`cli`]: the command line.
//! - `ui`: the window, with the feature `gui`.
//! - [`mod@i18n`] has the translations.

pub mod app;
pub mod cli;
pub mod engine;
pub mod i18n;
#[cfg(feature = "gui")]
pub mod ui;
