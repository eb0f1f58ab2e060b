//! What a person can do with Yore, the same for the command line, the window and the service.

pub mod adopt;
pub mod check;
pub mod config;
pub mod demo;
pub mod error;
pub mod events;
pub mod explain;
pub mod health;
pub mod jobs;
pub mod limits;
pub mod live;
pub mod missing;
pub mod moment;
pub mod owners;
pub mod pin;
pub mod places;
pub mod rules;
pub mod setup;
pub mod size;
pub mod state;
pub mod status;
pub mod target;
pub mod text;
pub mod why;
pub mod words;
