//! The backup engine: silent, synchronous, and the same for every face.
//!
//! A run goes `scan -> plan -> copy or link into a stage -> seal -> rename -> index`; FORMAT.md beside
//! this file says what lies on the drive.

pub mod acl;
pub mod adopt;
pub mod backup;
mod census;
pub mod clock;
pub mod copy;
pub mod damage;
pub mod delta;
pub mod difference;
pub mod digest;
pub mod dir;
pub mod disk;
pub mod dress;
pub mod error;
mod flusher;
mod gone;
pub mod history;
mod idle;
pub mod index;
pub mod leftover;
mod lines;
pub mod listing;
pub mod live;
pub mod lock;
pub mod mend;
pub mod meta;
pub mod monitor;
pub mod mounts;
pub mod overrides;
pub mod path;
pub mod pin;
pub mod plan;
pub mod pool;
pub mod probe;
pub mod problem;
pub mod prune;
pub mod reader;
pub mod recover;
pub mod remove;
pub mod repository;
pub mod restore;
pub mod retention;
pub mod rules;
mod salvage;
pub mod seal;
pub mod snapshot;
pub mod sqlite;
pub mod survey;
mod trash;
pub mod verify;
pub mod xattr;
mod zeros;
